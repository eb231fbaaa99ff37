// A request is answered exactly once, whatever becomes of it.
#include "devices/pager/request.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <utility>

#include "tests/devices/support/recording_answer.h"

namespace {

using pager::ReadRequest;

class ReadRequestTest : public testing::Test {
 protected:
  ReadRequest Make(test::AnswerRecord& record) {
    return ReadRequest(4096, buffer_.Pieces({1, 2}), std::make_unique<test::RecordingAnswer>(record));
  }

  test::PageBuffer buffer_{3};
  test::AnswerRecord record_;
};

TEST_F(ReadRequestTest, KnowsItsRange) {
  ReadRequest request = Make(record_);
  EXPECT_EQ(request.offset(), 4096u);
  EXPECT_EQ(request.length(), 3 * base::kPageSize);
  EXPECT_EQ(request.pages().size(), 2u);
  request.Complete(ZX_OK);
}

TEST_F(ReadRequestTest, CompletionAnswersOnce) {
  {
    ReadRequest request = Make(record_);
    EXPECT_EQ(record_.count, 0);
    request.Complete(ZX_ERR_IO);
    EXPECT_EQ(record_.status, ZX_ERR_IO);
  }
  EXPECT_EQ(record_.count, 1);
}

TEST_F(ReadRequestTest, DroppedRequestAnswersBadState) {
  { const ReadRequest request = Make(record_); }
  EXPECT_EQ(record_.count, 1);
  EXPECT_EQ(record_.status, ZX_ERR_BAD_STATE);
}

TEST_F(ReadRequestTest, MovingCarriesTheDebtAlong) {
  {
    ReadRequest first = Make(record_);
    ReadRequest second = std::move(first);
    EXPECT_EQ(record_.count, 0);
    second.Complete(ZX_OK);
  }
  EXPECT_EQ(record_.count, 1);
  EXPECT_EQ(record_.status, ZX_OK);
}

TEST_F(ReadRequestTest, AssignmentAnswersWhatItReplaces) {
  test::AnswerRecord other;
  {
    ReadRequest request = Make(record_);
    request = Make(other);
    EXPECT_EQ(record_.count, 1);
    EXPECT_EQ(record_.status, ZX_ERR_BAD_STATE);
    EXPECT_EQ(other.count, 0);
    request.Complete(ZX_OK);
  }
  EXPECT_EQ(other.count, 1);
  EXPECT_EQ(other.status, ZX_OK);
  EXPECT_EQ(record_.count, 1);
}

TEST_F(ReadRequestTest, OtherRequestsAreAnsweredOnceToo) {
  test::AnswerRecord dirty;
  test::AnswerRecord complete;
  {
    pager::DirtyRequest request(4096, 8192, std::make_unique<test::RecordingAnswer>(dirty));
    EXPECT_EQ(request.offset(), 4096u);
    EXPECT_EQ(request.length(), 8192u);
    request.Complete(ZX_ERR_NO_SPACE);
    const pager::CompleteRequest dropped(std::make_unique<test::RecordingAnswer>(complete));
  }
  EXPECT_EQ(dirty.count, 1);
  EXPECT_EQ(dirty.status, ZX_ERR_NO_SPACE);
  EXPECT_EQ(complete.count, 1);
  EXPECT_EQ(complete.status, ZX_ERR_BAD_STATE);
}

}  // namespace
