// The split queue with a driver that keeps the rules: chains arrive whole, in order, once, and go back.
#include "devices/virtio/split_queue.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/devices/support/driver_queue.h"
#include "tests/devices/support/test_memory.h"

namespace {

using dev::DescriptorChain;
using dev::QueueError;
using dev::QueueLayout;
using dev::SplitQueue;
using test::Readable;
using test::Writable;

class SplitQueueTest : public testing::Test {
 protected:
  static constexpr uint16_t kSize = 8;

  SplitQueue Create() { return SplitQueue::Create(memory_.guest(), driver_.layout()).value(); }
  // The next chain, which must be there.
  static DescriptorChain MustPop(SplitQueue& queue) { return std::move(*queue.Pop().value()); }

  test::TestMemory memory_;
  test::DriverQueue driver_{memory_, kSize};
  const uint64_t data_ = memory_.Allocate(4096);
};

TEST_F(SplitQueueTest, FreshQueueIsEmpty) {
  SplitQueue queue = Create();
  EXPECT_EQ(queue.size(), kSize);
  EXPECT_FALSE(queue.HasWork());
  EXPECT_FALSE(queue.Pop().value());
  EXPECT_FALSE(queue.PublishUsed());
}

TEST_F(SplitQueueTest, ChainArrivesWithItsBuffersInOrder) {
  SplitQueue queue = Create();
  const uint16_t head = driver_.Post({Readable(data_, 16), Readable(data_ + 64, 8), Writable(data_ + 128, 32)});
  EXPECT_TRUE(queue.HasWork());
  const DescriptorChain chain = MustPop(queue);
  EXPECT_EQ(chain.head(), head);
  ASSERT_EQ(chain.readable().size(), 2u);
  EXPECT_EQ(chain.readable()[0].address, data_);
  EXPECT_EQ(chain.readable()[1].bytes.data(), memory_.At(data_ + 64, 8).data());
  ASSERT_EQ(chain.writable().size(), 1u);
  EXPECT_EQ(chain.writable()[0].bytes.size(), 32u);
  EXPECT_EQ(chain.readable_bytes(), 24u);
  EXPECT_EQ(chain.writable_bytes(), 32u);
  EXPECT_FALSE(queue.HasWork());
}

TEST_F(SplitQueueTest, BufferMayEndWithRamAndBeEmpty) {
  SplitQueue queue = Create();
  driver_.Post({Readable(data_, 0), Writable(test::TestMemory::end() - 4, 4)});
  const DescriptorChain chain = MustPop(queue);
  EXPECT_EQ(chain.readable_bytes(), 0u);
  EXPECT_EQ(chain.writable_bytes(), 4u);
}

TEST_F(SplitQueueTest, ChainAsLongAsTheQueueIsTaken) {
  SplitQueue queue = Create();
  const std::vector<test::DriverBuffer> buffers(kSize, Readable(data_, 1));
  driver_.Post(buffers);
  EXPECT_EQ(MustPop(queue).readable().size(), size_t{kSize});
}

TEST_F(SplitQueueTest, UsedChainsShowOnlyWhenPublished) {
  SplitQueue queue = Create();
  const uint16_t first = driver_.Post({Writable(data_, 8)});
  const uint16_t second = driver_.Post({Writable(data_, 8)});
  const uint16_t first_popped = MustPop(queue).head();
  queue.AddUsed(MustPop(queue).head(), 5);
  queue.AddUsed(first_popped, 3);
  EXPECT_FALSE(driver_.TakeUsed());
  EXPECT_TRUE(queue.PublishUsed());
  EXPECT_EQ(driver_.TakeUsed(), (test::Used{second, 5}));
  EXPECT_EQ(driver_.TakeUsed(), (test::Used{first, 3}));
  EXPECT_FALSE(driver_.TakeUsed());
}

TEST_F(SplitQueueTest, IndicesWrapAroundBothRingsAndSixteenBits) {
  SplitQueue queue = Create();
  for (uint32_t round = 0; round < 70'000; ++round) {
    const uint16_t head = driver_.Post({Readable(data_ + round % 4096, 0)});
    const DescriptorChain chain = MustPop(queue);
    ASSERT_EQ(chain.head(), head);
    ASSERT_EQ(chain.readable()[0].address, data_ + round % 4096);
    queue.AddUsed(head, round);
    ASSERT_TRUE(queue.PublishUsed());
    ASSERT_EQ(driver_.TakeUsed(), (test::Used{head, round}));
  }
  EXPECT_FALSE(queue.HasWork());
}

TEST_F(SplitQueueTest, FullQueueIsTakenWhole) {
  SplitQueue queue = Create();
  for (uint16_t i = 0; i < kSize; ++i) {
    driver_.Post({Readable(data_, 1)});
  }
  for (uint16_t i = 0; i < kSize; ++i) {
    queue.AddUsed(MustPop(queue).head(), 0);
  }
  EXPECT_FALSE(queue.Pop().value());
}

TEST_F(SplitQueueTest, IndirectTableIsFollowed) {
  driver_.UseIndirect();
  SplitQueue queue = Create();
  const uint64_t table = memory_.Allocate(2 * sizeof(vring_desc), 16);
  memory_.Store(table, vring_desc{.addr = data_, .len = 7, .flags = VRING_DESC_F_NEXT, .next = 1});
  memory_.Store(table + 16, vring_desc{.addr = data_ + 8, .len = 9, .flags = VRING_DESC_F_WRITE, .next = 0});
  // A direct buffer may come first (section 2.7.5.3.2); WRITE on the indirect descriptor itself means nothing.
  driver_.SetDescriptor(3, {.addr = data_, .len = 1, .flags = VRING_DESC_F_NEXT, .next = 5});
  driver_.SetDescriptor(5, {.addr = table, .len = 32, .flags = VRING_DESC_F_INDIRECT | VRING_DESC_F_WRITE, .next = 0});
  driver_.MakeAvailable(3);
  const DescriptorChain chain = MustPop(queue);
  EXPECT_EQ(chain.head(), 3);
  EXPECT_EQ(chain.readable_bytes(), 8u);
  EXPECT_EQ(chain.writable_bytes(), 9u);
}

TEST_F(SplitQueueTest, RewritingADescriptorAfterwardsChangesNothing) {
  SplitQueue queue = Create();
  const uint16_t head = driver_.Post({Readable(data_, 16), Writable(data_ + 64, 8)});
  const DescriptorChain chain = MustPop(queue);
  driver_.SetDescriptor(head, {.addr = 0, .len = UINT32_MAX, .flags = 0xffff, .next = 0xffff});
  driver_.SetAvailableEntry(0, 0xffff);
  EXPECT_EQ(chain.readable()[0].address, data_);
  EXPECT_EQ(chain.readable()[0].bytes.size(), 16u);
  queue.AddUsed(chain.head(), 8);
  EXPECT_TRUE(queue.PublishUsed());
  EXPECT_EQ(driver_.TakeUsed(), (test::Used{head, 8}));
}

TEST(SplitQueueCreate, RefusesSizesThatAreNoPowerOfTwo) {
  test::TestMemory memory;
  test::DriverQueue driver(memory, 8);
  QueueLayout layout = driver.layout();
  for (const uint16_t size : std::initializer_list<uint16_t>{0, 3, 7, 0xffff}) {
    layout.size = size;
    EXPECT_EQ(SplitQueue::Create(memory.guest(), layout).error(), QueueError::kBadSize) << size;
  }
  layout.size = 1;
  EXPECT_TRUE(SplitQueue::Create(memory.guest(), layout).ok());
}

TEST(SplitQueueCreate, RefusesMisalignedRings) {
  test::TestMemory memory;
  test::DriverQueue driver(memory, 8);
  QueueLayout layouts[] = {driver.layout(), driver.layout(), driver.layout()};
  layouts[0].descriptors += 8;
  layouts[1].available += 1;
  layouts[2].used += 2;
  for (const QueueLayout& layout : layouts) {
    EXPECT_EQ(SplitQueue::Create(memory.guest(), layout).error(), QueueError::kMisaligned);
  }
}

TEST(SplitQueueCreate, RefusesRingsThatLeaveRamByOneByte) {
  test::TestMemory memory;
  constexpr uint64_t kEnd = test::TestMemory::end();
  const test::DriverQueue driver(memory, 8);
  const QueueLayout good = driver.layout();
  // Sizes by section 2.7: 16 * 8, 6 + 2 * 8 and 6 + 8 * 8 bytes, rounded up to where the next aligned ring may start.
  EXPECT_TRUE(SplitQueue::Create(memory.guest(), {8, kEnd - 128, kEnd - 22, kEnd - 72, false, false}).ok());
  const QueueLayout bad[] = {
      {8, kEnd - 112, good.available, good.used, false, false},
      {8, good.descriptors, kEnd - 20, good.used, false, false},
      {8, good.descriptors, good.available, kEnd - 68, false, false},
      {8, 0, good.available, good.used, false, false},
      {8, UINT64_MAX - 15, good.available, good.used, false, false},
  };
  for (const QueueLayout& layout : bad) {
    EXPECT_EQ(SplitQueue::Create(memory.guest(), layout).error(), QueueError::kRingNotInRam);
  }
}

}  // namespace
