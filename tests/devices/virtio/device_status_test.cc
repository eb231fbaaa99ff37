// Every pair of status values: a driver moves forward, one step needs those before it, and nothing is taken back.
#include "devices/virtio/device_status.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "tests/devices/support/mmio_driver.h"

namespace {

constexpr std::array<uint32_t, 5> kSteps = {0, test::kAcknowledged, test::kDriverFound, test::kFeaturesOk,
                                            test::kDriverOk};

TEST(DeviceStatus, StepsGoForwardAnyNumberAtATime) {
  for (size_t from = 0; from < kSteps.size(); ++from) {
    for (size_t to = 1; to < kSteps.size(); ++to) {
      EXPECT_EQ(dev::IsLegalStatusChange(kSteps[from], kSteps[to]), to >= from) << from << " to " << to;
    }
  }
}

TEST(DeviceStatus, FailedMayBeSetAnywhereAndStays) {
  for (const uint32_t step : kSteps) {
    EXPECT_TRUE(dev::IsLegalStatusChange(step, step | VIRTIO_CONFIG_S_FAILED));
    EXPECT_FALSE(dev::IsLegalStatusChange(test::kDriverOk | VIRTIO_CONFIG_S_FAILED, step));
  }
}

TEST(DeviceStatus, ExactlyThePrefixesOfTheOrderAreLegalFromTheStart) {
  uint32_t legal = 0;
  for (uint32_t value = 1; value <= 0x1ff; ++value) {
    legal += dev::IsLegalStatusChange(0, value) ? 1u : 0u;
  }
  EXPECT_EQ(legal, 4u /* steps */ + 5u /* the same and the start, with FAILED */);
  EXPECT_FALSE(dev::IsLegalStatusChange(0, VIRTIO_CONFIG_S_DRIVER_OK));
  EXPECT_FALSE(dev::IsLegalStatusChange(0, test::kAcknowledged | VIRTIO_CONFIG_S_NEEDS_RESET));
  EXPECT_FALSE(dev::IsLegalStatusChange(0, 0x8000'0001));
}

}  // namespace
