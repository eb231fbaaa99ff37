// A request is answered exactly once, whatever becomes of it.
#include "devices/pager/request.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <string>
#include <utility>
#include <vector>

#include "devices/core/unique_fd.h"
#include "tests/devices/support/recording_answer.h"
#include "tests/devices/support/temporary_directory.h"

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

// Whoever asked can read files.
class ReadingAnswer final : public pager::Answer {
 public:
  explicit ReadingAnswer(std::vector<uint64_t>& lengths) : lengths_(lengths) {}
  void OnAnswer(zx_status_t /*status*/) override { FAIL() << "answered twice"; }
  bool OnFileRange(const pager::FileRange& range) override {
    lengths_.push_back(range.length);
    return true;
  }

 private:
  std::vector<uint64_t>& lengths_;
};

TEST_F(ReadRequestTest, FileRangeGoesToWhoeverAskedAndLeavesThePagesAlone) {
  std::vector<uint64_t> lengths;
  {
    ReadRequest request(0, buffer_.Pieces({3}), std::make_unique<ReadingAnswer>(lengths));
    request.CompleteFromFile({.descriptor = -1, .offset = 0, .length = 5000});
  }
  EXPECT_EQ(lengths, std::vector<uint64_t>{5000});
  EXPECT_EQ(buffer_.text(), std::string(3 * base::kPageSize, '\xee'));
}

TEST_F(ReadRequestTest, FileRangeIsReadWhereWhoeverAskedCannot) {
  const test::TemporaryDirectory directory;
  const dev::UniqueFd file(::open(directory.Write("f", "0123456789").c_str(), O_RDONLY | O_CLOEXEC));
  ReadRequest request = Make(record_);
  request.CompleteFromFile({.descriptor = file.get(), .offset = 4, .length = 6});
  EXPECT_EQ(record_.count, 1);
  EXPECT_EQ(record_.status, ZX_OK);
  std::string expected = "456789";
  expected.resize(3 * base::kPageSize, '\0');
  EXPECT_TRUE(buffer_.text() == expected);
}

TEST_F(ReadRequestTest, FileThatEndsBeforeItsRangeIsAnError) {
  const test::TemporaryDirectory directory;
  const dev::UniqueFd file(::open(directory.Write("f", "0123456789").c_str(), O_RDONLY | O_CLOEXEC));
  ReadRequest request = Make(record_);
  request.CompleteFromFile({.descriptor = file.get(), .offset = 4, .length = 7});
  EXPECT_EQ(record_.status, ZX_ERR_IO);
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
