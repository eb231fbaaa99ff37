// The virtio-mmio transport: register semantics, negotiation, queue set-up, activation and reset.
#include "devices/virtio/mmio_transport.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <cstring>

#include "devices/core/poll.h"
#include "tests/devices/support/mmio_driver.h"
#include "tests/devices/support/recording_device.h"
#include "tests/devices/support/recording_interrupt.h"
#include "tests/devices/support/test_memory.h"

namespace {

using test::RecordingDevice;

class MmioTransportTest : public testing::Test {
 protected:
  void Start(uint64_t features = test::kVersion1) {
    driver_.Negotiate(features);
    ASSERT_TRUE(driver_.SetUpQueue(0, queue_.layout()));
    driver_.SetStatus(test::kDriverOk);
    ASSERT_TRUE(device_.active);
  }

  test::TestMemory memory_;
  RecordingDevice device_;
  test::RecordingInterrupt interrupt_;
  std::unique_ptr<dev::VirtioMmioTransport> transport_ =
      dev::VirtioMmioTransport::Create(device_, memory_.guest(), interrupt_).value();
  test::MmioDriver driver_{*transport_};
  test::DriverQueue queue_{memory_, 8};
};

TEST_F(MmioTransportTest, IdentifiesItself) {
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_MAGIC_VALUE), 0x74726976u);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_VERSION), 2u);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_DEVICE_ID), RecordingDevice::kId);
  EXPECT_NE(driver_.Read(VIRTIO_MMIO_VENDOR_ID), 0u);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_CONFIG_GENERATION), 0u);
  EXPECT_EQ(driver_.status(), 0u);
  EXPECT_EQ(transport_->counters().bad_accesses, 0u);
}

TEST_F(MmioTransportTest, OffersTheDevicesFeaturesAndTheTransports) {
  EXPECT_EQ(driver_.OfferedFeatures(), RecordingDevice::kFeature | RecordingDevice::kHighFeature | test::kVersion1 |
                                           test::kEventIdx | test::kIndirect);
  driver_.Write(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_DEVICE_FEATURES), 0u);
  driver_.Write(VIRTIO_MMIO_DEVICE_FEATURES_SEL, UINT32_MAX);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_DEVICE_FEATURES), 0u);
}

TEST_F(MmioTransportTest, HasNoSharedMemory) {
  driver_.Write(VIRTIO_MMIO_SHM_SEL, 0);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_SHM_LEN_LOW), UINT32_MAX);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_SHM_LEN_HIGH), UINT32_MAX);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_SHM_BASE_LOW), UINT32_MAX);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_SHM_BASE_HIGH), UINT32_MAX);
}

TEST_F(MmioTransportTest, RegistersTakeWordsOnly) {
  EXPECT_EQ(driver_.ReadAs<uint8_t>(VIRTIO_MMIO_MAGIC_VALUE), 0u);
  EXPECT_EQ(driver_.ReadAs<uint16_t>(VIRTIO_MMIO_MAGIC_VALUE), 0u);
  EXPECT_EQ(driver_.ReadAs<uint64_t>(VIRTIO_MMIO_MAGIC_VALUE), 0u);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_MAGIC_VALUE + 1), 0u);
  driver_.WriteAs<uint8_t>(VIRTIO_MMIO_STATUS, 1);
  driver_.WriteAs<uint64_t>(VIRTIO_MMIO_STATUS, 1);
  driver_.Write(VIRTIO_MMIO_STATUS - 2, 1 << 16);
  EXPECT_EQ(driver_.status(), 0u);
  EXPECT_EQ(transport_->counters().bad_accesses, 7u);
}

TEST_F(MmioTransportTest, UndefinedRegistersReadZeroAndIgnoreWrites) {
  // 0x28, 0x3c and 0x40 belong to the legacy interface; the rest is write-only, read-only, or nothing at all.
  for (const uint32_t offset : {0x18u, 0x28u, 0x3cu, 0x40u, 0x4cu, 0xf8u, 0x50u, 0x38u}) {
    EXPECT_EQ(driver_.Read(offset), 0u) << offset;
  }
  EXPECT_EQ(transport_->counters().bad_accesses, 8u);
  for (const uint32_t offset : {0x18u, 0x28u, 0x3cu, 0x40u, 0x0u, 0x34u}) {
    driver_.Write(offset, UINT32_MAX);
  }
  EXPECT_EQ(transport_->counters().bad_accesses, 14u);
  EXPECT_EQ(driver_.status(), 0u);
}

TEST_F(MmioTransportTest, ConfigurationSpaceTakesAnyNaturalWidth) {
  EXPECT_EQ(driver_.ReadAs<uint8_t>(VIRTIO_MMIO_CONFIG + 1), 0x02u);
  EXPECT_EQ(driver_.ReadAs<uint16_t>(VIRTIO_MMIO_CONFIG + 2), 0x0403u);
  EXPECT_EQ(driver_.ReadAs<uint32_t>(VIRTIO_MMIO_CONFIG), 0x04030201u);
  EXPECT_EQ(driver_.ReadAs<uint64_t>(VIRTIO_MMIO_CONFIG), 0x0000060504030201u) << "zeros past the end";
  EXPECT_EQ(driver_.ReadAs<uint32_t>(VIRTIO_MMIO_CONFIG + 8), 0u);
  EXPECT_EQ(driver_.ReadAs<uint64_t>(dev::kVirtioMmioSize - 8), 0u);
  EXPECT_EQ(transport_->counters().bad_accesses, 0u);
  EXPECT_EQ(driver_.ReadAs<uint16_t>(VIRTIO_MMIO_CONFIG + 1), 0u) << "misaligned";
  EXPECT_EQ(transport_->counters().bad_accesses, 1u);
}

TEST_F(MmioTransportTest, ConfigurationWritesReachTheDevice) {
  driver_.WriteAs<uint16_t>(VIRTIO_MMIO_CONFIG + 4, 1);
  EXPECT_EQ(device_.config_writes, (std::vector<std::pair<uint64_t, size_t>>{{4, 2}}));
}

TEST_F(MmioTransportTest, NegotiationWithOfferedFeaturesSucceeds) {
  driver_.Negotiate(test::kVersion1 | RecordingDevice::kHighFeature);
  EXPECT_EQ(driver_.status(), test::kFeaturesOk);
}

TEST_F(MmioTransportTest, FeaturesOkIsRefusedForWhatWasNotOffered) {
  driver_.Negotiate(test::kVersion1 | uint64_t{1} << 1);
  EXPECT_EQ(driver_.status(), test::kDriverFound);
  driver_.AcceptFeatures(test::kVersion1);
  driver_.SetStatus(test::kFeaturesOk);
  EXPECT_EQ(driver_.status(), test::kFeaturesOk) << "the driver may think again";
  EXPECT_EQ(transport_->counters().refused_features, 1u);
}

TEST_F(MmioTransportTest, FeaturesOkIsRefusedWithoutVersion1) {
  driver_.Negotiate(RecordingDevice::kFeature);
  EXPECT_EQ(driver_.status(), test::kDriverFound);
  driver_.SetStatus(test::kDriverOk);
  EXPECT_EQ(driver_.status(), test::kDriverFound);
  EXPECT_FALSE(device_.active);
}

TEST_F(MmioTransportTest, FeaturesAreFixedByFeaturesOk) {
  driver_.Negotiate(test::kVersion1);
  driver_.AcceptFeatures(test::kVersion1 | test::kEventIdx);
  driver_.SetStatus(test::kDriverOk);
  ASSERT_TRUE(device_.active);
  EXPECT_EQ(device_.active->features, test::kVersion1);
  EXPECT_EQ(transport_->counters().refused_writes, 2u);
}

TEST_F(MmioTransportTest, FeatureBitsBeyondTheSecondWordAreRefused) {
  driver_.SetStatus(test::kAcknowledged);
  driver_.SetStatus(test::kDriverFound);
  driver_.Write(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 2);
  driver_.Write(VIRTIO_MMIO_DRIVER_FEATURES, 0);
  EXPECT_EQ(transport_->counters().refused_writes, 0u);
  driver_.Write(VIRTIO_MMIO_DRIVER_FEATURES, 1);
  EXPECT_EQ(transport_->counters().refused_writes, 1u);
}

TEST_F(MmioTransportTest, StatusBitsAreNotTakenBackOneByOne) {
  driver_.SetStatus(test::kAcknowledged);
  driver_.SetStatus(test::kDriverFound);
  driver_.SetStatus(test::kAcknowledged);
  driver_.SetStatus(VIRTIO_CONFIG_S_DRIVER_OK);
  EXPECT_EQ(driver_.status(), test::kDriverFound);
  EXPECT_EQ(transport_->counters().refused_writes, 2u);
}

TEST_F(MmioTransportTest, QueueSizesAreTheDevices) {
  EXPECT_EQ(transport_->queue_count(), 2u);
  driver_.Write(VIRTIO_MMIO_QUEUE_SEL, 1);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_QUEUE_NUM_MAX), 16u);
  driver_.Write(VIRTIO_MMIO_QUEUE_SEL, 2);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_QUEUE_NUM_MAX), 0u);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_QUEUE_READY), 0u);
}

TEST_F(MmioTransportTest, ActivationHandsOverTheQueuesThatAreReady) {
  Start(test::kVersion1 | test::kEventIdx);
  ASSERT_EQ(device_.active->queues.size(), 2u);
  ASSERT_TRUE(device_.active->queues[0]);
  EXPECT_EQ(device_.active->queues[0]->ring.size(), 8);
  EXPECT_EQ(device_.active->queues[0]->doorbell, transport_->doorbell(0));
  EXPECT_FALSE(device_.active->queues[1]);
  EXPECT_EQ(driver_.status(), test::kDriverOk);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_QUEUE_READY), 1u);
}

TEST_F(MmioTransportTest, QueuesAreSetUpOnlyBetweenFeaturesOkAndDriverOk) {
  EXPECT_FALSE(driver_.SetUpQueue(0, queue_.layout()));
  Start();
  const auto refused = transport_->counters().refused_writes;
  EXPECT_FALSE(driver_.SetUpQueue(1, queue_.layout()));
  EXPECT_EQ(transport_->counters().refused_writes, refused + 8);
  EXPECT_FALSE(device_.active->queues[1]);
}

TEST_F(MmioTransportTest, QueueBeyondTheLastIsRefused) {
  driver_.Negotiate(test::kVersion1);
  EXPECT_FALSE(driver_.SetUpQueue(2, queue_.layout()));
  EXPECT_FALSE(driver_.SetUpQueue(UINT32_MAX, queue_.layout()));
  EXPECT_EQ(transport_->counters().refused_writes, 16u);
}

TEST_F(MmioTransportTest, ReadyQueueKeepsItsLayout) {
  driver_.Negotiate(test::kVersion1);
  ASSERT_TRUE(driver_.SetUpQueue(0, queue_.layout()));
  driver_.Write(VIRTIO_MMIO_QUEUE_NUM, 4);
  driver_.SetStatus(test::kDriverOk);
  EXPECT_EQ(device_.active->queues[0]->ring.size(), 8);
  EXPECT_EQ(transport_->counters().refused_writes, 1u);
}

TEST_F(MmioTransportTest, ReadinessCanBeTakenBackBeforeDriverOk) {
  driver_.Negotiate(test::kVersion1);
  ASSERT_TRUE(driver_.SetUpQueue(0, queue_.layout()));
  driver_.Write(VIRTIO_MMIO_QUEUE_READY, 0);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_QUEUE_READY), 0u);
  driver_.SetStatus(test::kDriverOk);
  EXPECT_FALSE(device_.active->queues[0]);
}

TEST_F(MmioTransportTest, LayoutsThatCannotBeAreNotReady) {
  driver_.Negotiate(test::kVersion1);
  dev::QueueLayout too_large = queue_.layout(), odd = queue_.layout(), outside = queue_.layout();
  too_large.size = 16;  // the device's first queue has at most 8
  odd.size = 5;
  outside.used = test::TestMemory::end();
  EXPECT_FALSE(driver_.SetUpQueue(0, too_large));
  EXPECT_FALSE(driver_.SetUpQueue(0, odd));
  EXPECT_FALSE(driver_.SetUpQueue(0, outside));
  driver_.DescribeQueue(0, queue_.layout());
  driver_.Write(VIRTIO_MMIO_QUEUE_NUM, 0x10008);  // 8, if it were cut to 16 bits
  driver_.Write(VIRTIO_MMIO_QUEUE_READY, 1);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_QUEUE_READY), 0u);
  EXPECT_EQ(transport_->counters().refused_queues, 4u);
  EXPECT_TRUE(driver_.SetUpQueue(0, queue_.layout())) << "the driver may think again";
}

TEST_F(MmioTransportTest, NotificationRingsTheQueuesDoorbell) {
  Start();
  driver_.Notify(0);
  EXPECT_TRUE(dev::IsReady(transport_->doorbell(0), POLLIN));
  EXPECT_FALSE(dev::IsReady(transport_->doorbell(1), POLLIN));
  driver_.Notify(2);
  EXPECT_EQ(transport_->counters().refused_writes, 1u);
}

TEST_F(MmioTransportTest, NotificationBeforeDriverOkRingsNothing) {
  driver_.Notify(0);
  EXPECT_FALSE(dev::IsReady(transport_->doorbell(0), POLLIN));
  EXPECT_EQ(transport_->counters().refused_writes, 1u);
}

TEST_F(MmioTransportTest, UsedBuffersRaiseAndAcknowledgeClears) {
  Start();
  device_.active->interrupt.NotifyUsed();
  EXPECT_EQ(interrupt_.count(), 1u);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_INTERRUPT_STATUS), uint32_t{VIRTIO_MMIO_INT_VRING});
  driver_.Write(VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_INTERRUPT_STATUS), 0u);
}

TEST_F(MmioTransportTest, NeedsResetShowsInStatusAndIsAConfigurationChange) {
  Start();
  device_.active->interrupt.NotifyNeedsReset();
  EXPECT_EQ(driver_.status(), test::kDriverOk | VIRTIO_CONFIG_S_NEEDS_RESET);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_INTERRUPT_STATUS), uint32_t{VIRTIO_MMIO_INT_CONFIG});
  EXPECT_EQ(interrupt_.count(), 1u);
  EXPECT_EQ(transport_->counters().needs_reset, 1u);
  driver_.SetStatus(driver_.status() | VIRTIO_CONFIG_S_FAILED);
  EXPECT_EQ(driver_.status(), test::kDriverOk | VIRTIO_CONFIG_S_NEEDS_RESET | VIRTIO_CONFIG_S_FAILED);
}

TEST_F(MmioTransportTest, ResetTakesTheQueuesBackAndForgetsEverything) {
  Start();
  device_.active->interrupt.NotifyNeedsReset();
  driver_.SetStatus(0);
  EXPECT_EQ(device_.resets, 1);
  EXPECT_FALSE(device_.active);
  EXPECT_EQ(driver_.status(), 0u);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_INTERRUPT_STATUS), 0u);
  EXPECT_EQ(driver_.Read(VIRTIO_MMIO_QUEUE_READY), 0u);
  driver_.SetStatus(0);
  EXPECT_EQ(device_.resets, 1) << "an inactive device is not reset";
  Start();
  EXPECT_EQ(device_.active->features, test::kVersion1);
}

TEST_F(MmioTransportTest, DestructionResetsAnActiveDevice) {
  Start();
  transport_.reset();
  EXPECT_EQ(device_.resets, 1);
  EXPECT_FALSE(device_.active);
}

}  // namespace
