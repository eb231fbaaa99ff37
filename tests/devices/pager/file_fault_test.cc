// Media that fail, stutter or are full: what a guest is told, that it keeps what it has written, and that trying again
// later succeeds.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "devices/core/unique_fd.h"
#include "devices/pager/file/file_store.h"
#include "devices/pager/store_source.h"
#include "tests/devices/support/fake_vmo.h"
#include "tests/devices/support/faulty_io.h"
#include "tests/devices/support/recording_answer.h"
#include "tests/devices/support/temporary_directory.h"

namespace {

using base::kPageSize;
using Call = test::FaultyIo::Call;

constexpr uint64_t kPages = 8;

std::string Letters(size_t count, char letter) { return std::string(count, letter); }

class FileFaultTest : public testing::Test {
 protected:
  void SetUp() override { source_->Attach(vmo_); }

  zx_status_t Flush() {
    zx_status_t status = ZX_ERR_INTERNAL;
    source_->Flush([&status](zx_status_t answer) { status = answer; });
    Poll();
    return status;
  }
  zx_status_t Read(uint64_t offset, test::PageBuffer& buffer) {
    test::AnswerRecord record;
    source_->Read({offset, buffer.Pieces({2, 1}), std::make_unique<test::RecordingAnswer>(record)});
    Poll();
    EXPECT_EQ(record.count, 1);
    return record.status;
  }
  void Poll() {
    context_.restart();
    context_.poll();
  }
  [[nodiscard]] std::string File() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  test::TemporaryDirectory directory_;
  const std::string path_ = directory_.Write("file", Letters(kPages* kPageSize, '.'));
  test::FaultyIo io_;
  boost::asio::io_context context_;
  std::shared_ptr<pager::FileStore> store_ =
      std::make_shared<pager::FileStore>(dev::UniqueFd(::open(path_.c_str(), O_RDWR | O_CLOEXEC)), path_,
                                         kPages* kPageSize, pager::FileAccess::kResizable, io_);
  std::shared_ptr<test::FakeVmo> vmo_ = std::make_shared<test::FakeVmo>(kPages * kPageSize);
  std::shared_ptr<pager::StoreSource> source_ =
      std::make_shared<pager::StoreSource>(context_.get_executor(), store_, pager::WritebackOptions{});
};

TEST_F(FileFaultTest, ShortReadsAndWritesAreContinued) {
  io_.most_bytes = 1000;
  vmo_->Write(0, Letters(3 * kPageSize, 'x'));
  EXPECT_EQ(Flush(), ZX_OK);
  EXPECT_TRUE(File() == Letters(3 * kPageSize, 'x') + Letters(5 * kPageSize, '.'));
  test::PageBuffer buffer(3);
  EXPECT_EQ(Read(kPageSize, buffer), ZX_OK);
  EXPECT_TRUE(buffer.text() == Letters(2 * kPageSize, 'x') + Letters(kPageSize, '.'));
}

TEST_F(FileFaultTest, InterruptedCallsAreMadeAgain) {
  for (const Call call : {Call::kRead, Call::kWrite, Call::kAllocate, Call::kTruncate, Call::kSync}) {
    io_.Fail(call, {EINTR, EINTR, EINTR});
  }
  vmo_->Write(0, "x");
  vmo_->Zero(2, 1);
  vmo_->Resize(4 * kPageSize);
  EXPECT_EQ(Flush(), ZX_OK);
  EXPECT_EQ(vmo_->dirty(), "");
  EXPECT_EQ(File().size(), 4 * kPageSize);
  test::PageBuffer buffer(3);
  EXPECT_EQ(Read(kPageSize, buffer), ZX_OK);
  EXPECT_TRUE(buffer.text() == Letters(kPageSize, '.') + Letters(kPageSize, '\0') + Letters(kPageSize, '.'));
}

TEST_F(FileFaultTest, ReadThatWouldWaitIsMadeAgainByAThreadThatMay) {
  io_.Fail(Call::kRead, {EAGAIN});
  test::PageBuffer buffer(3);
  EXPECT_EQ(Read(0, buffer), ZX_OK);
  EXPECT_TRUE(buffer.text() == Letters(3 * kPageSize, '.'));
}

TEST_F(FileFaultTest, ReadThatFailsIsAnErrorAndTheNextOneIsNot) {
  for (const int error : {EIO, EBADMSG, ESTALE, ENODEV}) {
    io_.Fail(Call::kRead, {error});
    test::PageBuffer buffer(3);
    EXPECT_EQ(Read(0, buffer), ZX_ERR_IO) << error;
    EXPECT_EQ(Read(0, buffer), ZX_OK) << error;
    EXPECT_TRUE(buffer.text() == Letters(3 * kPageSize, '.'));
  }
}

TEST_F(FileFaultTest, ReadThatFailsHalfwayIsAnErrorOfTheWhole) {
  io_.most_bytes = kPageSize;
  io_.Fail(Call::kRead, {0, EIO});
  test::PageBuffer buffer(3);
  EXPECT_EQ(Read(0, buffer), ZX_ERR_IO);
}

struct Fault {
  std::string name;
  Call call;
  int error;
  zx_status_t status;
};

void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }

class FaultDuringWriteback : public FileFaultTest, public testing::WithParamInterface<Fault> {};

INSTANTIATE_TEST_SUITE_P(Each, FaultDuringWriteback,
                         testing::Values(Fault{"DiskFull", Call::kWrite, ENOSPC, ZX_ERR_NO_SPACE},
                                         Fault{"QuotaExceeded", Call::kWrite, EDQUOT, ZX_ERR_NO_SPACE},
                                         Fault{"FileTooLarge", Call::kWrite, EFBIG, ZX_ERR_NO_SPACE},
                                         Fault{"WriteError", Call::kWrite, EIO, ZX_ERR_IO},
                                         Fault{"WriteThatWouldWait", Call::kWrite, EAGAIN, ZX_ERR_IO},
                                         Fault{"DiskFullForZeros", Call::kAllocate, ENOSPC, ZX_ERR_NO_SPACE},
                                         Fault{"ErrorInZeroing", Call::kAllocate, EIO, ZX_ERR_IO},
                                         Fault{"DiskFullForASize", Call::kTruncate, ENOSPC, ZX_ERR_NO_SPACE},
                                         Fault{"ErrorInResizing", Call::kTruncate, EIO, ZX_ERR_IO},
                                         Fault{"ErrorInSyncing", Call::kSync, EIO, ZX_ERR_IO},
                                         Fault{"DiskFullInSyncing", Call::kSync, ENOSPC, ZX_ERR_NO_SPACE},
                                         Fault{"QuotaExceededInSyncing", Call::kSync, EDQUOT, ZX_ERR_NO_SPACE}),
                         [](const auto& parameter) { return parameter.param.name; });

// Pages, zeros and a new size, each of which the fault hits in one of its ways.
TEST_P(FaultDuringWriteback, IsToldKeepsWhatIsDirtyAndIsOverWithTheNextFlush) {
  const Fault& fault = GetParam();
  vmo_->Resize((kPages + 1) * kPageSize);
  vmo_->Write(kPageSize, Letters(2 * kPageSize, 'x'));
  vmo_->Zero(5, 2);
  io_.Fail(fault.call, {fault.error});
  EXPECT_EQ(Flush(), fault.status);
  EXPECT_NE(vmo_->dirty(), "") << "the guest was told of a failure, so it must have what failed";
  EXPECT_EQ(vmo_->leases(), 0);
  EXPECT_EQ(Flush(), ZX_OK);
  EXPECT_EQ(vmo_->dirty(), "");
  EXPECT_TRUE(File().substr(kPageSize, 2 * kPageSize) == Letters(2 * kPageSize, 'x'));
  EXPECT_TRUE(File().substr(5 * kPageSize, 2 * kPageSize) == Letters(2 * kPageSize, '\0'));
  EXPECT_EQ(File().size(), (kPages + 1) * kPageSize);
}

// What was not written must be dirty: the half that was is written again.
TEST_F(FileFaultTest, WriteThatFailsHalfwayKeepsTheWholeRangeDirty) {
  io_.most_bytes = kPageSize;
  io_.Fail(Call::kWrite, {0, ENOSPC});
  vmo_->Write(0, Letters(3 * kPageSize, 'x'));
  EXPECT_EQ(Flush(), ZX_ERR_NO_SPACE);
  EXPECT_EQ(vmo_->dirty(), "0+3");
  EXPECT_EQ(Flush(), ZX_OK);
  EXPECT_TRUE(File() == Letters(3 * kPageSize, 'x') + Letters(5 * kPageSize, '.'));
}

TEST_F(FileFaultTest, FaultAtCompleteIsAnswered) {
  io_.Fail(Call::kSync, {EIO});
  vmo_->Write(0, "x");
  test::AnswerRecord record;
  testing::internal::CaptureStderr();
  source_->Complete(pager::CompleteRequest(std::make_unique<test::RecordingAnswer>(record)));
  Poll();
  EXPECT_EQ(record.status, ZX_ERR_IO);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("what the guest wrote is lost"), std::string::npos);
}

}  // namespace
