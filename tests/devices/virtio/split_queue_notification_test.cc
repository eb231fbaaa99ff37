// Notification suppression in both directions, with VIRTIO_RING_F_EVENT_IDX and without (virtio 1.2 sections 2.7.7 and
// 2.7.10): at every edge of the event index, also where the 16-bit indices wrap around.
#include <gtest/gtest.h>

#include <tuple>

#include "devices/virtio/split_queue.h"
#include "tests/devices/support/driver_queue.h"
#include "tests/devices/support/test_memory.h"

namespace {

using dev::SplitQueue;
using test::Readable;

constexpr uint16_t kSize = 8;

// A queue whose indices stand at `start`: both sides have exchanged that many chains.
class NotificationTest : public testing::Test {
 protected:
  void Begin(bool event_idx, uint16_t start) {
    if (event_idx) {
      driver_.UseEventIdx();
    }
    queue_.emplace(SplitQueue::Create(memory_.guest(), driver_.layout()).value());
    for (uint32_t i = 0; i < start; ++i) {
      ExchangeOne();
    }
    driver_.ShouldNotify();
  }
  void Post() { driver_.Post({Readable(data_, 1)}); }
  void Use() { queue_->AddUsed(queue_->Pop().value()->head(), 0); }
  void ExchangeOne() {
    Post();
    Use();
    static_cast<void>(queue_->PublishUsed());
    driver_.TakeUsed();
  }

  test::TestMemory memory_;
  test::DriverQueue driver_{memory_, kSize};
  std::optional<SplitQueue> queue_;
  const uint64_t data_ = memory_.Allocate(64);
};

using PlainNotification = NotificationTest;

TEST_F(PlainNotification, InterruptFollowsTheDriversFlag) {
  Begin(/*event_idx=*/false, 0);
  Post();
  Post();
  Use();
  EXPECT_TRUE(queue_->PublishUsed());
  EXPECT_FALSE(queue_->PublishUsed()) << "nothing new";
  driver_.DisableInterrupts();
  Use();
  EXPECT_FALSE(queue_->PublishUsed());
  EXPECT_EQ(driver_.used_index(), 2);
}

TEST_F(PlainNotification, DoorbellFollowsTheDevicesFlag) {
  Begin(/*event_idx=*/false, 0);
  Post();
  EXPECT_TRUE(driver_.ShouldNotify());
  queue_->DisableNotifications();
  Post();
  EXPECT_FALSE(driver_.ShouldNotify());
  EXPECT_TRUE(queue_->EnableNotifications()) << "two chains wait, for which no doorbell comes";
  Use();
  Use();
  EXPECT_FALSE(queue_->EnableNotifications());
  Post();
  EXPECT_TRUE(driver_.ShouldNotify());
}

// Parameter: where the indices stand before the test; the interesting ones are around the wrap.
class EventIdx : public NotificationTest, public testing::WithParamInterface<uint16_t> {
 protected:
  void SetUp() override { Begin(/*event_idx=*/true, GetParam()); }
  [[nodiscard]] static uint16_t At(int offset) { return static_cast<uint16_t>(GetParam() + offset); }
};

TEST_P(EventIdx, InterruptComesWhenTheEventIsPassedAndOnlyThen) {
  for (int i = 0; i < 4; ++i) {
    Post();
  }
  driver_.SetUsedEvent(At(1));
  Use();
  EXPECT_FALSE(queue_->PublishUsed()) << "the index is at the event, not past it";
  Use();
  EXPECT_TRUE(queue_->PublishUsed());
  Use();
  EXPECT_FALSE(queue_->PublishUsed()) << "passed before";
  Use();
  EXPECT_FALSE(queue_->PublishUsed());
}

TEST_P(EventIdx, OneInterruptCoversABatchThatPassesTheEvent) {
  for (int i = 0; i < 3; ++i) {
    Post();
  }
  driver_.SetUsedEvent(At(1));
  Use();
  Use();
  Use();
  EXPECT_TRUE(queue_->PublishUsed());
  EXPECT_FALSE(queue_->PublishUsed());
}

TEST_P(EventIdx, DisabledInterruptsStayAway) {
  driver_.DisableInterrupts();
  for (int i = 0; i < 3; ++i) {
    ExchangeOne();
  }
  Post();
  Use();
  EXPECT_FALSE(queue_->PublishUsed());
  EXPECT_TRUE(driver_.EnableInterrupts()) << "one chain is used already, for which no interrupt comes";
}

TEST_P(EventIdx, DoorbellIsAskedForOnce) {
  EXPECT_FALSE(queue_->EnableNotifications());
  EXPECT_EQ(driver_.available_event(), GetParam());
  Post();
  EXPECT_TRUE(driver_.ShouldNotify());
  Post();
  EXPECT_FALSE(driver_.ShouldNotify()) << "the device has been told";
}

TEST_P(EventIdx, DisabledDoorbellStaysAway) {
  queue_->DisableNotifications();
  for (int i = 0; i < kSize; ++i) {
    Post();
    EXPECT_FALSE(driver_.ShouldNotify()) << i;
  }
}

TEST_P(EventIdx, EnablingShowsWhatCameMeanwhile) {
  queue_->DisableNotifications();
  Post();
  EXPECT_TRUE(queue_->EnableNotifications());
  Use();
  EXPECT_FALSE(queue_->EnableNotifications());
  Post();
  EXPECT_TRUE(driver_.ShouldNotify());
}

INSTANTIATE_TEST_SUITE_P(Starts, EventIdx, testing::Values(0, 1, 7, 8, 0x7fff, 0xfffd, 0xfffe, 0xffff));

}  // namespace
