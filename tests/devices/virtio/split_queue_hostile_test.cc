// The split queue with a driver that breaks the rules: every breach is named, and the queue is broken from then on.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "devices/virtio/split_queue.h"
#include "tests/devices/support/driver_queue.h"
#include "tests/devices/support/test_memory.h"

namespace {

using dev::QueueError;
using dev::SplitQueue;
using test::Readable;
using test::Writable;

constexpr uint16_t kSize = 8;
constexpr uint16_t kNext = VRING_DESC_F_NEXT;
constexpr uint16_t kIndirect = VRING_DESC_F_INDIRECT;

class HostileDriverTest : public testing::Test {
 protected:
  void UseIndirect() {
    driver_.UseIndirect();
    queue_ = SplitQueue::Create(memory_.guest(), driver_.layout()).value();
  }

  // Expects this error now and for ever, whatever the driver does next.
  void ExpectBroken(QueueError error) {
    const auto popped = queue_.Pop();
    ASSERT_FALSE(popped.ok());
    EXPECT_EQ(popped.error(), error) << ToString(popped.error());
    driver_.SetAvailableIndex(0);
    EXPECT_TRUE(queue_.HasWork());
    EXPECT_EQ(queue_.Pop().error(), error);
    EXPECT_EQ(driver_.used_index(), 0);
  }

  test::TestMemory memory_;
  test::DriverQueue driver_{memory_, kSize};
  SplitQueue queue_ = SplitQueue::Create(memory_.guest(), driver_.layout()).value();
  const uint64_t data_ = memory_.Allocate(4096);
};

TEST_F(HostileDriverTest, AvailableIndexTooFarAhead) {
  driver_.SetAvailableIndex(kSize + 1);
  ExpectBroken(QueueError::kAvailableIndex);
}

TEST_F(HostileDriverTest, AvailableIndexBackwards) {
  driver_.Post({Readable(data_, 1)});
  ASSERT_TRUE(queue_.Pop().ok());
  driver_.SetAvailableIndex(0);
  ExpectBroken(QueueError::kAvailableIndex);
}

TEST_F(HostileDriverTest, SameHeadPostedMoreOftenThanTheQueueHasEntries) {
  driver_.SetDescriptor(0, {.addr = data_, .len = 1, .flags = 0, .next = 0});
  for (uint16_t i = 0; i < kSize; ++i) {
    driver_.MakeAvailable(0);
    ASSERT_TRUE(queue_.Pop().ok());
  }
  driver_.MakeAvailable(0);
  ExpectBroken(QueueError::kTooManyOutstanding);
}

TEST_F(HostileDriverTest, HeadOutsideTheTable) {
  driver_.MakeAvailable(kSize);
  ExpectBroken(QueueError::kDescriptorIndex);
}

TEST_F(HostileDriverTest, NextOutsideTheTable) {
  driver_.SetDescriptor(0, {.addr = data_, .len = 1, .flags = kNext, .next = 0xffff});
  driver_.MakeAvailable(0);
  ExpectBroken(QueueError::kDescriptorIndex);
}

TEST_F(HostileDriverTest, DescriptorThatIsItsOwnNext) {
  driver_.SetDescriptor(2, {.addr = data_, .len = 1, .flags = kNext, .next = 2});
  driver_.MakeAvailable(2);
  ExpectBroken(QueueError::kChainTooLong);
}

TEST_F(HostileDriverTest, LoopOfEmptyDescriptors) {
  for (uint16_t i = 0; i < kSize; ++i) {
    driver_.SetDescriptor(i, {.addr = data_, .len = 0, .flags = kNext, .next = static_cast<uint16_t>((i + 1) % kSize)});
  }
  driver_.MakeAvailable(0);
  ExpectBroken(QueueError::kChainTooLong);
}

TEST_F(HostileDriverTest, BufferOutsideRam) {
  driver_.Post({Readable(0, 1)});
  ExpectBroken(QueueError::kBufferNotInRam);
}

TEST_F(HostileDriverTest, BufferThatLeavesRamByOneByte) {
  driver_.Post({Writable(test::TestMemory::end() - 4, 5)});
  ExpectBroken(QueueError::kBufferNotInRam);
}

TEST_F(HostileDriverTest, BufferThatWrapsAroundTheAddressSpace) {
  driver_.Post({Readable(UINT64_MAX - 3, 8)});
  ExpectBroken(QueueError::kBufferNotInRam);
}

TEST_F(HostileDriverTest, EmptyBufferOutsideRam) {
  driver_.Post({Readable(test::TestMemory::end() + 1, 0)});
  ExpectBroken(QueueError::kBufferNotInRam);
}

TEST_F(HostileDriverTest, ReadableAfterWritable) {
  driver_.Post({Readable(data_, 1), Writable(data_, 1), Readable(data_, 1)});
  ExpectBroken(QueueError::kReadableAfterWritable);
}

TEST_F(HostileDriverTest, IndirectThatWasNotNegotiated) {
  driver_.SetDescriptor(0, {.addr = data_, .len = 16, .flags = kIndirect, .next = 0});
  driver_.MakeAvailable(0);
  ExpectBroken(QueueError::kIndirectNotNegotiated);
}

TEST_F(HostileDriverTest, IndirectWithNext) {
  UseIndirect();
  driver_.SetDescriptor(0, {.addr = data_, .len = 16, .flags = kIndirect | kNext, .next = 1});
  driver_.MakeAvailable(0);
  ExpectBroken(QueueError::kIndirectWithNext);
}

TEST_F(HostileDriverTest, IndirectInsideIndirect) {
  UseIndirect();
  memory_.Store(data_, vring_desc{.addr = data_, .len = 16, .flags = kIndirect, .next = 0});
  driver_.SetDescriptor(0, {.addr = data_, .len = 16, .flags = kIndirect, .next = 0});
  driver_.MakeAvailable(0);
  ExpectBroken(QueueError::kIndirectNested);
}

TEST_F(HostileDriverTest, IndirectNextOutsideItsTable) {
  UseIndirect();
  memory_.Store(data_, vring_desc{.addr = data_, .len = 1, .flags = kNext, .next = 1});
  driver_.SetDescriptor(0, {.addr = data_, .len = 16, .flags = kIndirect, .next = 0});
  driver_.MakeAvailable(0);
  ExpectBroken(QueueError::kDescriptorIndex);
}

TEST_F(HostileDriverTest, IndirectLoop) {
  UseIndirect();
  memory_.Store(data_, vring_desc{.addr = data_, .len = 1, .flags = kNext, .next = 0});
  driver_.SetDescriptor(0, {.addr = data_, .len = 16, .flags = kIndirect, .next = 0});
  driver_.MakeAvailable(0);
  ExpectBroken(QueueError::kChainTooLong);
}

TEST_F(HostileDriverTest, IndirectTableOutsideRam) {
  UseIndirect();
  driver_.SetDescriptor(0, {.addr = test::TestMemory::end() - 16, .len = 32, .flags = kIndirect, .next = 0});
  driver_.MakeAvailable(0);
  ExpectBroken(QueueError::kBufferNotInRam);
}

TEST_F(HostileDriverTest, DirectAndIndirectBuffersTogetherTooMany) {
  UseIndirect();
  for (uint16_t i = 0; i < kSize; ++i) {
    const uint16_t flags = i + 1 == kSize ? uint16_t{0} : kNext;
    memory_.Store(data_ + i * sizeof(vring_desc),
                  vring_desc{.addr = data_, .len = 1, .flags = flags, .next = static_cast<uint16_t>(i + 1)});
  }
  driver_.SetDescriptor(0, {.addr = data_, .len = 1, .flags = kNext, .next = 1});
  driver_.SetDescriptor(1, {.addr = data_, .len = kSize * sizeof(vring_desc), .flags = kIndirect, .next = 0});
  driver_.MakeAvailable(0);
  ExpectBroken(QueueError::kChainTooLong);
}

class IndirectTableSize : public HostileDriverTest, public testing::WithParamInterface<uint32_t> {};

TEST_P(IndirectTableSize, ThatIsNoMultipleOfADescriptor) {
  UseIndirect();
  driver_.SetDescriptor(0, {.addr = data_, .len = GetParam(), .flags = kIndirect, .next = 0});
  driver_.MakeAvailable(0);
  ExpectBroken(QueueError::kIndirectTable);
}

INSTANTIATE_TEST_SUITE_P(Sizes, IndirectTableSize, testing::Values(0, 1, 15, 17, UINT32_MAX));

TEST(HostileLengths, ThatAddUpToFourGigabytesBreakTheQueue) {
  // The sum counts, not the memory behind it: eight descriptors over the same 512 MiB, never touched.
  constexpr uint32_t kLength = uint32_t{1} << 29;
  const std::unique_ptr<std::byte[]> reserved(new std::byte[kLength]);
  test::TestMemory memory;
  test::DriverQueue driver(memory, kSize);
  std::vector<dev::MemoryRegion> regions = memory.guest().regions();
  regions.push_back({.base = uint64_t{1} << 32, .host = {reserved.get(), kLength}});
  const auto guest = dev::GuestMemory::Create(regions);
  SplitQueue queue = SplitQueue::Create(guest.value(), driver.layout()).value();
  driver.Post(std::vector(kSize, Readable(uint64_t{1} << 32, kLength)));
  EXPECT_EQ(queue.Pop().error(), QueueError::kLengthOverflow);
}

TEST(QueueErrorText, EveryErrorHasOne) {
  for (int error = 0; error <= static_cast<int>(QueueError::kIndirectTable); ++error) {
    EXPECT_NE(ToString(static_cast<QueueError>(error)), "unknown") << error;
  }
}

}  // namespace
