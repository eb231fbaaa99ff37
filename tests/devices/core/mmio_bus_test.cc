// The bus: each address reaches the one device that owns it, or nobody.
#include "devices/core/mmio_bus.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace {

constexpr uint64_t kBase = 0xd000'0000;
constexpr uint64_t kSize = 0x1000;

class RecordingDevice final : public dev::MmioDevice {
 public:
  void ReadRegister(uint64_t offset, std::span<std::byte> data) override {
    reads.push_back(offset);
    std::fill(data.begin(), data.end(), std::byte{0x5a});
  }
  void WriteRegister(uint64_t offset, std::span<const std::byte> data) override {
    writes.push_back(offset);
    written.assign(data.begin(), data.end());
  }

  std::vector<uint64_t> reads, writes;
  std::vector<std::byte> written;
};

class MmioBusTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(bus_.Insert("first", kBase, kSize, device_).ok()); }

  RecordingDevice device_;
  dev::MmioBus bus_;
  std::array<std::byte, 4> word_{};
};

TEST_F(MmioBusTest, AccessReachesTheDeviceWithItsOffset) {
  EXPECT_TRUE(bus_.Read(kBase + 0x10, word_));
  EXPECT_EQ(device_.reads, std::vector<uint64_t>{0x10});
  EXPECT_EQ(word_[3], std::byte{0x5a});
  EXPECT_TRUE(bus_.Write(kBase + kSize - 4, word_));
  EXPECT_EQ(device_.writes, std::vector<uint64_t>{kSize - 4});
  EXPECT_EQ(device_.written, std::vector<std::byte>(4, std::byte{0x5a}));
}

TEST_F(MmioBusTest, AccessOutsideIsAMiss) {
  EXPECT_FALSE(bus_.Read(kBase - 1, std::span(word_).first(1)));
  EXPECT_FALSE(bus_.Read(kBase + kSize, std::span(word_).first(1)));
  EXPECT_FALSE(bus_.Write(0, word_));
  EXPECT_FALSE(bus_.Write(UINT64_MAX, word_));
  EXPECT_TRUE(device_.reads.empty());
  EXPECT_TRUE(device_.writes.empty());
  EXPECT_EQ(word_[0], std::byte{0});
}

TEST_F(MmioBusTest, AccessAcrossTheEdgeIsAMiss) {
  EXPECT_FALSE(bus_.Read(kBase - 2, word_));
  EXPECT_FALSE(bus_.Write(kBase + kSize - 2, word_));
  EXPECT_FALSE(bus_.Read(kBase, std::span<std::byte>()));
  EXPECT_TRUE(device_.reads.empty());
}

TEST_F(MmioBusTest, NeighboursDoNotMeet) {
  RecordingDevice second;
  ASSERT_TRUE(bus_.Insert("second", kBase + kSize, kSize, second).ok());
  EXPECT_TRUE(bus_.Read(kBase + kSize, word_));
  EXPECT_EQ(second.reads, std::vector<uint64_t>{0});
  EXPECT_FALSE(bus_.Read(kBase + kSize - 2, word_));
  EXPECT_TRUE(device_.reads.empty());
}

TEST_F(MmioBusTest, OverlapIsRefusedAndNamesBoth) {
  RecordingDevice second;
  for (const uint64_t base : {kBase - kSize + 1, kBase, kBase + kSize - 1}) {
    const auto inserted = bus_.Insert("second", base, kSize, second);
    ASSERT_FALSE(inserted.ok());
    EXPECT_NE(inserted.error().message.find("first"), std::string::npos);
    EXPECT_NE(inserted.error().message.find("second"), std::string::npos);
  }
  EXPECT_FALSE(bus_.Read(kBase + kSize, word_));
}

TEST_F(MmioBusTest, EmptyAndWrappingRangesAreRefused) {
  RecordingDevice second;
  EXPECT_FALSE(bus_.Insert("empty", 0, 0, second).ok());
  EXPECT_FALSE(bus_.Insert("wrapping", UINT64_MAX - 1, 4, second).ok());
  EXPECT_TRUE(bus_.Insert("last", UINT64_MAX - 16, 16, second).ok());
}

}  // namespace
