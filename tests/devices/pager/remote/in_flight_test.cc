// No request is lost and none is answered twice, whatever becomes of the connection.
#include "devices/pager/remote/in_flight.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <vector>

#include "tests/devices/support/recording_answer.h"

namespace {

namespace remote = pager::remote;

using base::kPageSize;

class InFlightTest : public testing::Test {
 protected:
  static constexpr uint64_t kSlotSize = 4 * kPageSize;

  void Read(uint64_t object, uint64_t page, size_t pages, test::AnswerRecord& record) {
    table_.Add(object, pager::ReadRequest(page * kPageSize, buffer_.Pieces({pages}),
                                          std::make_unique<test::RecordingAnswer>(record)));
  }
  // The objects of the parts that are sent, until nothing more can be.
  std::vector<uint64_t> SendAll() {
    std::vector<uint64_t> objects;
    while (const auto sent = table_.NextToSend()) {
      objects.push_back(sent->part->object);
      last_slot_ = sent->slot;
      ids_.push_back(sent->part->id);
    }
    return objects;
  }
  static void Answer(std::vector<remote::Finished> finished) {
    for (remote::Finished& each : finished) {
      each.Answer();
    }
  }

  test::PageBuffer buffer_{64};
  remote::InFlight table_{4, kSlotSize};
  uint32_t last_slot_ = 0;
  std::vector<uint64_t> ids_;
  test::AnswerRecord first_;
  test::AnswerRecord second_;
};

TEST_F(InFlightTest, NothingIsSentBeforeTheObjectIsOpen) {
  Read(1, 0, 1, first_);
  EXPECT_FALSE(table_.NextToSend().has_value());
  table_.Release(1);
  EXPECT_EQ(SendAll(), std::vector<uint64_t>{1});
  EXPECT_EQ(table_.sent(), 1u);
  EXPECT_EQ(table_.waiting(), 0u);
  Answer(table_.Cancel(1, ZX_ERR_IO));
}

TEST_F(InFlightTest, ObjectsTakeTurns) {
  table_.Release(1);
  table_.Release(2);
  Read(1, 0, 12, first_);
  Read(2, 0, 4, second_);
  EXPECT_EQ(SendAll(), (std::vector<uint64_t>{1, 2, 1, 1}));
  Answer(table_.CancelAll(ZX_ERR_IO));
}

TEST_F(InFlightTest, RequestIsDoneWithItsLastPartAndHasTheFirstFailure) {
  table_.Release(1);
  Read(1, 0, 7, first_);
  const auto one = table_.NextToSend().value();
  const uint64_t first_id = one.part->id;
  EXPECT_EQ(one.part->length, kSlotSize);
  const auto two = table_.NextToSend().value();
  EXPECT_EQ(two.part->offset, kSlotSize);
  EXPECT_EQ(two.part->length, 3 * kPageSize);
  EXPECT_EQ(two.part->Pages().front().iov_base, static_cast<const void*>(buffer_.text().data() + kSlotSize));
  const uint64_t second_id = two.part->id;
  ASSERT_NE(table_.Find(two.slot, second_id), nullptr);
  EXPECT_FALSE(table_.TakeAnswered(two.slot).Finish(ZX_ERR_NO_SPACE).has_value());
  table_.FreeSlot(two.slot);
  EXPECT_EQ(table_.Find(two.slot, second_id), nullptr) << "answered once";
  EXPECT_EQ(table_.Find(one.slot, first_id + 99), nullptr);
  auto finished = table_.TakeAnswered(one.slot).Finish(ZX_OK);
  table_.FreeSlot(one.slot);
  ASSERT_TRUE(finished.has_value());
  finished->Answer();
  EXPECT_EQ(first_.count, 1);
  EXPECT_EQ(first_.status, ZX_ERR_NO_SPACE);
  EXPECT_EQ(table_.sent(), 0u);
}

TEST_F(InFlightTest, AfterTheConnectionEverythingUnansweredIsSentAgainInOrderWithItsId) {
  table_.Release(1);
  Read(1, 0, 4, first_);
  Read(1, 8, 24, second_);
  SendAll();
  const std::vector<uint64_t> before = ids_;
  auto finished = table_.TakeAnswered(0).Finish(ZX_OK);
  table_.FreeSlot(0);
  finished->Answer();
  Answer(table_.Hold());
  EXPECT_EQ(table_.sent(), 0u);
  EXPECT_EQ(table_.waiting(), 6u);
  EXPECT_FALSE(table_.NextToSend().has_value());
  table_.Release(1);
  ids_.clear();
  SendAll();
  EXPECT_EQ(ids_, (std::vector<uint64_t>{before[1], before[2], before[3], before[3] + 1}));
  EXPECT_EQ(first_.count, 1);
  EXPECT_EQ(second_.count, 0);
  Answer(table_.CancelAll(ZX_ERR_IO));
  EXPECT_EQ(second_.count, 1);
  EXPECT_EQ(second_.status, ZX_ERR_IO);
}

TEST_F(InFlightTest, CancelledRequestKeepsItsSlotUntilItsLateAnswer) {
  table_.Release(1);
  Read(1, 0, 1, first_);
  SendAll();
  Answer(table_.Cancel(1, ZX_ERR_BAD_STATE));
  EXPECT_EQ(first_.status, ZX_ERR_BAD_STATE);
  EXPECT_EQ(table_.sent(), 1u);
  ASSERT_NE(table_.Find(last_slot_, ids_.back()), nullptr);
  EXPECT_EQ(table_.TakeAnswered(last_slot_).job, nullptr);
  table_.FreeSlot(last_slot_);
  EXPECT_EQ(table_.sent(), 0u);
  EXPECT_EQ(first_.count, 1);
}

TEST_F(InFlightTest, CancelledRequestForGuestPagesIsDoneWithItsLateAnswer) {
  table_.Release(1);
  Read(1, 0, 1, first_);
  SendAll();
  table_.PlaceInGuestPages(last_slot_);
  Answer(table_.Cancel(1, ZX_ERR_IO));
  EXPECT_EQ(first_.count, 0) << "the pager may be writing into its pages";
  table_.TakeAnswered(last_slot_).Finish(ZX_OK)->Answer();
  table_.FreeSlot(last_slot_);
  EXPECT_EQ(first_.status, ZX_ERR_IO);
  EXPECT_EQ(first_.count, 1);
}

TEST_F(InFlightTest, CancelledRequestForGuestPagesIsDoneWhenThePagerHasGone) {
  table_.Release(1);
  Read(1, 0, 6, first_);
  const uint32_t slot = table_.NextToSend()->slot;
  table_.PlaceInGuestPages(slot);
  Answer(table_.CancelAll(ZX_ERR_IO));
  EXPECT_EQ(first_.count, 0);
  Answer(table_.Hold());
  EXPECT_EQ(first_.status, ZX_ERR_IO);
  EXPECT_EQ(first_.count, 1);
  table_.Release(1);
  EXPECT_FALSE(table_.NextToSend().has_value());
}

TEST_F(InFlightTest, CancelledRequestIsNotSentAgain) {
  table_.Release(1);
  Read(1, 0, 1, first_);
  SendAll();
  Answer(table_.Cancel(1, ZX_ERR_BAD_STATE));
  Answer(table_.Hold());
  table_.Release(1);
  EXPECT_EQ(table_.waiting(), 0u);
  EXPECT_FALSE(table_.NextToSend().has_value());
}

}  // namespace
