// The handshake: against the real transport, and against registers that do not play along.
#include "guest/kernel/drivers/virtio_mmio.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>

#include <map>
#include <utility>
#include <vector>

#include "tests/guest/kernel/drivers/test_machine.h"

namespace gk::drivers {
namespace {

using test::HandServedDevice;
using test::PluggedDevice;
using test::TestRam;
using ::testing::ElementsAre;

constexpr uint32_t kSomeId = VIRTIO_ID_CONSOLE;

// Registers that read as they were told to and remember what is written to the status.
class ScriptedRegisters final : public fake_arch::RegisterModel {
 public:
  ScriptedRegisters() {
    values_[VIRTIO_MMIO_MAGIC_VALUE] = 0x74726976;
    values_[VIRTIO_MMIO_VERSION] = 2;
    values_[VIRTIO_MMIO_DEVICE_ID] = kSomeId;
    values_[VIRTIO_MMIO_DEVICE_FEATURES] = 0xffff'ffff;  // of either half
    values_[VIRTIO_MMIO_QUEUE_NUM_MAX] = 64;
  }

  void Set(uint64_t offset, uint32_t value) { values_[offset] = value; }
  // What is written to `offset` changes nothing.
  void Freeze(uint64_t offset, uint32_t value) {
    frozen_[offset] = true;
    values_[offset] = value;
  }
  [[nodiscard]] uint32_t Get(uint64_t offset) { return values_[offset]; }
  [[nodiscard]] const std::vector<uint32_t>& statuses() const { return statuses_; }

  uint32_t Read32(uint64_t offset) override { return values_[offset]; }
  void Write32(uint64_t offset, uint32_t value) override {
    if (offset == VIRTIO_MMIO_STATUS) {
      statuses_.push_back(value);
    }
    if (!frozen_[offset]) {
      values_[offset] = value;
    }
  }
  void Write64(uint64_t, uint64_t) override { ADD_FAILURE() << "virtio-mmio has no registers of 64 bits"; }

 private:
  std::map<uint64_t, uint32_t> values_;
  std::map<uint64_t, bool> frozen_;
  std::vector<uint32_t> statuses_;
};

class VirtioMmioTest : public ::testing::Test {
 protected:
  TestRam ram_;
  ScriptedRegisters registers_;
  fake_arch::RegisterWindow window_{registers_};
  VirtioMmio driver_{window_.address()};
};

TEST_F(VirtioMmioTest, RefusesWhatIsNotTheDeviceItLooksFor) {
  EXPECT_TRUE(driver_.Identify(kSomeId).ok());
  EXPECT_EQ(driver_.Identify(kSomeId + 1).error(), Status(ZX_ERR_NOT_FOUND));
  registers_.Set(VIRTIO_MMIO_VERSION, 1);
  EXPECT_EQ(driver_.Identify(kSomeId).error(), Status(ZX_ERR_NOT_FOUND));
  registers_.Set(VIRTIO_MMIO_VERSION, 2);
  registers_.Set(VIRTIO_MMIO_MAGIC_VALUE, 0);
  EXPECT_EQ(driver_.Identify(kSomeId).error(), Status(ZX_ERR_NOT_FOUND));
  EXPECT_TRUE(registers_.statuses().empty());
}

TEST_F(VirtioMmioTest, GoesThroughTheStatusBitsInTheOrderOfTheSpecification) {
  EXPECT_TRUE(driver_.Negotiate().ok());
  driver_.Start();
  EXPECT_THAT(registers_.statuses(), ElementsAre(0, 1, 1 | 2, 1 | 2 | 8, 1 | 2 | 8 | 4));
}

TEST_F(VirtioMmioTest, RefusesADeviceWithoutVersion1) {
  registers_.Set(VIRTIO_MMIO_DEVICE_FEATURES, 0);
  EXPECT_EQ(driver_.Negotiate().error(), Status(ZX_ERR_NOT_SUPPORTED));
  EXPECT_EQ(registers_.statuses().back(), VIRTIO_CONFIG_S_FAILED | 1u | 2u);
}

TEST_F(VirtioMmioTest, GivesUpWhenTheDeviceRefusesTheFeatures) {
  // A device that never takes the status that it is given cannot show FEATURES_OK.
  registers_.Freeze(VIRTIO_MMIO_STATUS, 0);
  EXPECT_EQ(driver_.Negotiate().error(), Status(ZX_ERR_NOT_SUPPORTED));
  EXPECT_EQ(registers_.statuses().back() & VIRTIO_CONFIG_S_FAILED, uint32_t{VIRTIO_CONFIG_S_FAILED});
}

TEST_F(VirtioMmioTest, GivesUpOnADeviceThatNeverResets) {
  registers_.Freeze(VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_DRIVER_OK);
  EXPECT_EQ(driver_.Negotiate().error(), Status(ZX_ERR_NOT_SUPPORTED));
  EXPECT_FALSE(driver_.GiveUp());
}

TEST_F(VirtioMmioTest, QueueErrorsSayWhatIsWrong) {
  ASSERT_TRUE(driver_.Negotiate().ok());
  registers_.Set(VIRTIO_MMIO_QUEUE_NUM_MAX, 0);
  EXPECT_EQ(driver_.AddQueue(0, 64).error(), Status(ZX_ERR_NOT_FOUND));
  registers_.Set(VIRTIO_MMIO_QUEUE_NUM_MAX, 64);
  registers_.Freeze(VIRTIO_MMIO_QUEUE_READY, 0);
  EXPECT_EQ(driver_.AddQueue(0, 64).error(), Status(ZX_ERR_BAD_STATE));
}

TEST_F(VirtioMmioTest, QueueIsNoLargerThanTheDeviceWants) {
  ASSERT_TRUE(driver_.Negotiate().ok());
  registers_.Set(VIRTIO_MMIO_QUEUE_NUM_MAX, 48);
  const auto queue = driver_.AddQueue(0, 256);
  ASSERT_TRUE(queue.ok());
  EXPECT_EQ(queue->size(), 32);
  EXPECT_EQ(registers_.Get(VIRTIO_MMIO_QUEUE_NUM), 32u);
}

TEST(VirtioMmioWithTransport, HandshakeWithoutAComplaint) {
  const TestRam ram;
  HandServedDevice device(kSomeId, {64, 16});
  PluggedDevice plugged(device, ram);
  {
    VirtioMmio driver = plugged.driver();
    ASSERT_TRUE(driver.Identify(kSomeId).ok());
    ASSERT_TRUE(driver.Negotiate().ok());
    const auto first = driver.AddQueue(0, 64);
    const auto second = driver.AddQueue(1, 64);
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_EQ(second->size(), 16);
    EXPECT_EQ(driver.AddQueue(2, 64).error(), Status(ZX_ERR_NOT_FOUND));
    EXPECT_FALSE(device.active());
    driver.Start();
    ASSERT_TRUE(device.active());
    EXPECT_TRUE(device.has_queue(0) && device.has_queue(1));
    EXPECT_FALSE(driver.needs_reset());
    device.AskForReset();
    EXPECT_TRUE(driver.needs_reset());
    EXPECT_TRUE(driver.GiveUp());
    EXPECT_FALSE(device.active());
  }
  EXPECT_EQ(plugged.complaints(), 0u);
}

}  // namespace
}  // namespace gk::drivers
