// Guest memory: what lies inside RAM is reached, and nothing else is.
#include "devices/core/guest_memory.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <utility>

namespace {

using dev::GuestMemory;
using dev::GuestRange;

constexpr uint64_t kLow = 0x1000;
constexpr uint64_t kHigh = 0x10'0000;

class GuestMemoryTest : public testing::Test {
 protected:
  [[nodiscard]] static bool IsRam(uint64_t address, uint64_t length, const GuestMemory& memory) {
    return memory.Contains(*GuestRange::Create(address, length));
  }

  alignas(8) std::array<std::byte, 64> low_{};
  alignas(8) std::array<std::byte, 32> high_{};
  GuestMemory memory_ = GuestMemory::Create({{.base = kHigh, .host = high_}, {.base = kLow, .host = low_}}).value();
};

TEST(GuestRange, WrapAroundIsRefused) {
  EXPECT_TRUE(GuestRange::Create(UINT64_MAX, 0));
  EXPECT_TRUE(GuestRange::Create(UINT64_MAX - 8, 8));
  EXPECT_FALSE(GuestRange::Create(UINT64_MAX, 1));
  EXPECT_FALSE(GuestRange::Create(8, UINT64_MAX - 7));
}

TEST(GuestMemoryCreate, RefusesWhatIsNoMemory) {
  std::array<std::byte, 16> host{};
  EXPECT_FALSE(GuestMemory::Create({}).ok());
  EXPECT_FALSE(GuestMemory::Create({{.base = 0, .host = {}}}).ok());
  EXPECT_FALSE(GuestMemory::Create({{.base = UINT64_MAX - 8, .host = host}}).ok());
  EXPECT_FALSE(GuestMemory::Create({{.base = 0, .host = host}, {.base = 15, .host = host}}).ok());
  EXPECT_TRUE(GuestMemory::Create({{.base = 16, .host = host}, {.base = 0, .host = host}}).ok());
}

TEST_F(GuestMemoryTest, RangesInsideARegionAreRam) {
  EXPECT_TRUE(IsRam(kLow, 64, memory_));
  EXPECT_TRUE(IsRam(kLow + 63, 1, memory_));
  EXPECT_TRUE(IsRam(kHigh, 32, memory_));
  EXPECT_TRUE(IsRam(kHigh + 32, 0, memory_));
}

TEST_F(GuestMemoryTest, RangesThatLeaveARegionAreNot) {
  EXPECT_FALSE(IsRam(kLow - 1, 1, memory_));
  EXPECT_FALSE(IsRam(kLow - 1, 2, memory_));
  EXPECT_FALSE(IsRam(kLow, 65, memory_));
  EXPECT_FALSE(IsRam(kLow + 64, 1, memory_));
  EXPECT_FALSE(IsRam(kLow, kHigh - kLow + 1, memory_));
  EXPECT_FALSE(IsRam(kHigh + 33, 0, memory_));
  EXPECT_FALSE(IsRam(0, 0, memory_));
}

TEST_F(GuestMemoryTest, SpanIsTheHostMemoryBehindTheAddress) {
  const auto span = memory_.Span(*GuestRange::Create(kHigh + 4, 8));
  ASSERT_TRUE(span);
  EXPECT_EQ(span->data(), high_.data() + 4);
  EXPECT_EQ(span->size(), 8u);
}

TEST_F(GuestMemoryTest, CopiesGoInAndOut) {
  const std::array<std::byte, 3> sent = {std::byte{1}, std::byte{2}, std::byte{3}};
  ASSERT_TRUE(memory_.CopyOut(kLow + 61, sent));
  std::array<std::byte, 3> received{};
  ASSERT_TRUE(memory_.CopyIn(kLow + 61, received));
  EXPECT_EQ(received, sent);
  EXPECT_EQ(low_[60], std::byte{0});
}

TEST_F(GuestMemoryTest, CopiesOutsideRamChangeNothing) {
  std::array<std::byte, 4> buffer = {std::byte{9}, std::byte{9}, std::byte{9}, std::byte{9}};
  EXPECT_FALSE(memory_.CopyIn(kLow + 62, buffer));
  EXPECT_EQ(buffer[0], std::byte{9});
  EXPECT_FALSE(memory_.CopyOut(kLow + 62, buffer));
  EXPECT_EQ(low_[62], std::byte{0});
  EXPECT_FALSE(memory_.CopyIn(UINT64_MAX - 1, buffer));
}

TEST_F(GuestMemoryTest, AtomicsAreInRamAndAligned) {
  EXPECT_TRUE(memory_.Atomic<uint16_t>(kLow + 62));
  EXPECT_FALSE(memory_.Atomic<uint16_t>(kLow + 61));
  EXPECT_FALSE(memory_.Atomic<uint16_t>(kLow + 64));
  EXPECT_FALSE(memory_.Atomic<uint64_t>(kLow + 4));
  EXPECT_FALSE(memory_.Atomic<uint64_t>(UINT64_MAX & ~uint64_t{7}));

  const auto value = *memory_.Atomic<uint32_t>(kLow + 8);
  value.StoreRelease(0x01020304);
  EXPECT_EQ(low_[8], std::byte{4});
  EXPECT_EQ(value.LoadAcquire(), 0x01020304u);
}

TEST(GuestMemoryAtomic, NeedsAlignedHostMemoryToo) {
  alignas(8) std::array<std::byte, 17> host{};
  const auto memory = GuestMemory::Create({{.base = 0, .host = std::span(host).subspan(1)}});
  ASSERT_TRUE(memory.ok());
  EXPECT_FALSE(memory.value().Atomic<uint32_t>(0));
}

}  // namespace
