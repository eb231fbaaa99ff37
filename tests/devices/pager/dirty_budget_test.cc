// What may be dirty, and who waits.
#include "devices/pager/dirty_budget.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <array>
#include <memory>

#include "tests/devices/support/recording_answer.h"

namespace {

using pager::DirtyBudget;
using Advice = pager::DirtyBudget::Advice;

class DirtyBudgetTest : public testing::Test {
 protected:
  // Asks for `pages`; the answer goes to `records_[index]`.
  Advice Offer(size_t index, uint64_t pages) {
    return budget_.Offer({0, pages * base::kPageSize, std::make_unique<test::RecordingAnswer>(records_.at(index))});
  }
  Advice WriteBack(zx_status_t status, uint64_t left_pages = 0) {
    budget_.BeginWriteback();
    return budget_.EndWriteback(status, left_pages * base::kPageSize);
  }
  [[nodiscard]] bool Answered(size_t index, zx_status_t status) const {
    return records_.at(index).count == 1 && records_.at(index).status == status;
  }
  [[nodiscard]] bool Waits(size_t index) const { return records_.at(index).count == 0; }

  std::array<test::AnswerRecord, 4> records_;
  DirtyBudget budget_{8 * base::kPageSize};
};

TEST_F(DirtyBudgetTest, WithoutLimitEverythingIsAnsweredAtOnce) {
  DirtyBudget budget(0);
  EXPECT_EQ(budget.Offer({0, uint64_t{1} << 50, std::make_unique<test::RecordingAnswer>(records_[0])}), Advice::kNone);
  EXPECT_TRUE(Answered(0, ZX_OK));
  budget.BeginWriteback();
  EXPECT_EQ(budget.EndWriteback(ZX_OK, 0), Advice::kNone);
}

TEST_F(DirtyBudgetTest, AboveHalfAWritebackIsAdvised) {
  EXPECT_EQ(Offer(0, 4), Advice::kNone);
  EXPECT_EQ(Offer(1, 1), Advice::kWriteBack);
  EXPECT_TRUE(Answered(0, ZX_OK));
  EXPECT_TRUE(Answered(1, ZX_OK));
}

TEST_F(DirtyBudgetTest, WhatDoesNotFitWaitsForAWriteback) {
  Offer(0, 8);
  EXPECT_EQ(Offer(1, 1), Advice::kWriteBack);
  EXPECT_TRUE(Waits(1));
  EXPECT_EQ(WriteBack(ZX_OK), Advice::kNone);
  EXPECT_TRUE(Answered(1, ZX_OK));
}

TEST_F(DirtyBudgetTest, NobodyOvertakesThoseWhoWait) {
  Offer(0, 6);
  Offer(1, 4);
  Offer(2, 1);
  EXPECT_TRUE(Waits(1));
  EXPECT_TRUE(Waits(2));
  EXPECT_EQ(WriteBack(ZX_OK), Advice::kWriteBack) << "five pages are more than half of the limit";
  EXPECT_TRUE(Answered(1, ZX_OK));
  EXPECT_TRUE(Answered(2, ZX_OK));
}

TEST_F(DirtyBudgetTest, RequestLargerThanTheLimitGoesAlone) {
  Offer(0, 1);
  Offer(1, 9);
  EXPECT_TRUE(Waits(1));
  EXPECT_EQ(WriteBack(ZX_OK), Advice::kWriteBack);
  EXPECT_TRUE(Answered(1, ZX_OK));
  Offer(2, 1);
  EXPECT_TRUE(Waits(2));
  WriteBack(ZX_OK);
  EXPECT_TRUE(Answered(2, ZX_OK));
}

TEST_F(DirtyBudgetTest, WhatBecomesDirtyDuringAWritebackCountsAfterwards) {
  Offer(0, 4);
  budget_.BeginWriteback();
  Offer(1, 4);
  EXPECT_EQ(budget_.EndWriteback(ZX_OK, 0), Advice::kNone);
  Offer(2, 4);
  EXPECT_TRUE(Answered(2, ZX_OK)) << "the first four pages are clean";
  Offer(3, 1);
  EXPECT_TRUE(Waits(3));
  budget_.Reset(ZX_ERR_BAD_STATE);
}

TEST_F(DirtyBudgetTest, FailedWritebackFailsThoseWhoWaitAndKeepsTheCount) {
  Offer(0, 8);
  Offer(1, 1);
  EXPECT_EQ(WriteBack(ZX_ERR_NO_SPACE, 8), Advice::kNone) << "trying again at once would fail again";
  EXPECT_TRUE(Answered(1, ZX_ERR_NO_SPACE));
  EXPECT_EQ(Offer(2, 1), Advice::kWriteBack);
  EXPECT_TRUE(Waits(2));
  WriteBack(ZX_OK);
  EXPECT_TRUE(Answered(2, ZX_OK));
}

TEST_F(DirtyBudgetTest, ErrorsThatNoPagerMayGiveBecomeErrorsOfInputAndOutput) {
  Offer(0, 8);
  Offer(1, 1);
  WriteBack(ZX_ERR_PEER_CLOSED, 8);
  EXPECT_TRUE(Answered(1, ZX_ERR_IO));
}

TEST_F(DirtyBudgetTest, ResetAnswersAndForgets) {
  Offer(0, 8);
  Offer(1, 8);
  budget_.Reset(ZX_ERR_BAD_STATE);
  EXPECT_TRUE(Answered(1, ZX_ERR_BAD_STATE));
  EXPECT_EQ(Offer(2, 4), Advice::kNone);
  EXPECT_TRUE(Answered(2, ZX_OK));
}

}  // namespace
