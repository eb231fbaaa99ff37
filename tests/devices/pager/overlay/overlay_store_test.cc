// An overlay: the lower never changes, the upper has exactly what was written, and keeps it over restarts and crashes.
#include "devices/pager/overlay/overlay_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <zircon/errors.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <fstream>
#include <iterator>
#include <mutex>
#include <random>
#include <string>

#include "devices/pager/pager_spec.h"
#include "tests/devices/pager/blob/blob_bytes.h"
#include "tests/devices/support/fake_vmo.h"
#include "tests/devices/support/recording_answer.h"
#include "tests/devices/support/temporary_directory.h"

namespace {

using base::kPageSize;
using pager::overlay::OpenLower;
using pager::overlay::OverlayStore;
using pager::overlay::UpperFile;
using test::Pattern;

std::string FileText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class OverlayTest : public testing::Test {
 protected:
  // As at a start: over the lower, which is made when there is none, with whatever the upper has.
  OverlayStore& Start() {
    store_.reset();  // lets go of the upper
    const auto lower = OpenLower(lower_, context_.get_executor()).value();
    store_ = std::make_unique<OverlayStore>(lower, UpperFile::Open(upper_, lower).value());
    return *store_;
  }
  OverlayStore& Start(const std::string& content) {
    content_ = content;
    lower_ = directory_.Write("lower", content);
    return Start();
  }
  // Why it does not start; "" when it does.
  std::string Refusal() {
    store_.reset();
    const auto lower = OpenLower(lower_, context_.get_executor());
    if (!lower.ok()) {
      return lower.error().message;
    }
    const auto upper = UpperFile::Open(upper_, lower.value());
    return upper.ok() ? "" : upper.error().message;
  }

  // Writes whole pages, apart from what ends with the content; `content_` follows.
  void Write(uint64_t page, std::string text) {
    const iovec piece{.iov_base = text.data(), .iov_len = text.size()};
    ASSERT_EQ(store_->Write(page * kPageSize, std::span(&piece, 1)), ZX_OK);
    content_.replace(page * kPageSize, text.size(), text);
  }
  void Zero(uint64_t page, uint64_t length) {
    ASSERT_EQ(store_->Zero(page * kPageSize, length), ZX_OK);
    content_.replace(page * kPageSize, length, std::string(length, '\0'));
  }
  [[nodiscard]] std::string Content() const {
    const uint64_t pages = store_->info().size / kPageSize;
    test::PageBuffer buffer(pages);
    const std::vector<size_t> pieces{1, pages - 1};
    EXPECT_EQ(store_->Read(0, buffer.Pieces(pieces)), ZX_OK);
    const std::string tail = buffer.text().substr(store_->info().content_size);
    EXPECT_EQ(tail, std::string(tail.size(), '\0')) << "behind the content";
    return buffer.text().substr(0, store_->info().content_size);
  }

  boost::asio::io_context context_;
  test::TemporaryDirectory directory_;
  std::string lower_;
  std::string upper_ = directory_.Path("upper");
  std::string content_;  // as it should be
  std::unique_ptr<OverlayStore> store_;
};

TEST_F(OverlayTest, VersionIsThatOfBothFiles) {
  Start(Pattern(4 * kPageSize));
  const std::string untouched = store_->content_version();
  EXPECT_NE(untouched, "");
  EXPECT_EQ(Start().content_version(), untouched) << "a start changes nothing";
  Write(1, std::string(kPageSize, 'x'));
  ASSERT_EQ(store_->Sync(), ZX_OK);
  const std::string written = store_->content_version();
  EXPECT_NE(written, untouched);
  EXPECT_EQ(Start().content_version(), written);
}

TEST_F(OverlayTest, WithoutWritesItIsTheLower) {
  const pager::ObjectInfo info = Start(Pattern(5 * kPageSize + 7)).info();
  EXPECT_EQ(info.content_size, 5 * kPageSize + 7);
  EXPECT_EQ(info.size, 6 * kPageSize);
  EXPECT_FALSE(info.read_only);
  EXPECT_FALSE(info.resizable);
  EXPECT_TRUE(Content() == content_);
}

TEST_F(OverlayTest, WritesAreReadBackAndTheLowerStays) {
  const std::string before = Pattern(9 * kPageSize + 7);
  Start(before);
  Write(1, std::string(2 * kPageSize, 'x'));
  Write(9, "1234567");
  Write(5, std::string(kPageSize, 'y'));
  EXPECT_TRUE(Content() == content_);
  EXPECT_EQ(store_->Sync(), ZX_OK);
  EXPECT_TRUE(Content() == content_);
  EXPECT_TRUE(FileText(lower_) == before);
}

TEST_F(OverlayTest, WhatWasSyncedIsThereAfterARestart) {
  Start(Pattern(70000 * kPageSize / 100));
  Write(3, std::string(kPageSize, 'x'));
  Write(600, std::string(3 * kPageSize, 'y'));
  Zero(10, 2 * kPageSize);
  ASSERT_EQ(store_->Sync(), ZX_OK);
  Start();
  EXPECT_TRUE(Content() == content_);
  Write(3, std::string(kPageSize, 'z'));
  ASSERT_EQ(store_->Sync(), ZX_OK);
  Start();
  EXPECT_TRUE(Content() == content_);
}

// The crash: what was written is in the file, its record is not.
TEST_F(OverlayTest, WhatWasNotSyncedIsTheLowersAfterACrash) {
  const std::string before = Pattern(6 * kPageSize);
  Start(before);
  Write(1, std::string(kPageSize, 'x'));
  ASSERT_EQ(store_->Sync(), ZX_OK);
  const std::string synced = content_;
  Write(2, std::string(kPageSize, 'y'));
  Zero(3, kPageSize);
  Start();
  EXPECT_TRUE(Content() == synced);
  content_ = synced;
  Zero(2, kPageSize);  // over what the crash has left there
  EXPECT_TRUE(Content() == content_);
}

TEST_F(OverlayTest, ZerosHideTheLowerAndTakeNoRoom) {
  Start(Pattern(64 * kPageSize));
  Zero(0, 63 * kPageSize);
  EXPECT_EQ(store_->Sync(), ZX_OK);
  EXPECT_TRUE(Content() == content_);
  struct stat status;
  ASSERT_EQ(::stat(upper_.c_str(), &status), 0);
  EXPECT_LT(static_cast<uint64_t>(status.st_blocks) * 512, 16 * kPageSize);
  Start();
  EXPECT_TRUE(Content() == content_);
}

TEST_F(OverlayTest, RandomWritesAndRestartsAreAsOfOneFile) {
  constexpr uint64_t kPages = 40;
  Start(Pattern(kPages * kPageSize - 100));
  std::mt19937 random(3);
  for (int i = 0; i < 200; ++i) {
    const uint64_t page = random() % kPages;
    const uint64_t count = 1 + random() % (kPages - page);
    const uint64_t length = std::min(count * kPageSize, content_.size() - page * kPageSize);
    if (random() % 3 == 0) {
      Zero(page, length);
    } else {
      Write(page, std::string(length, static_cast<char>(random())));
    }
    if (random() % 8 == 0) {
      ASSERT_EQ(store_->Sync(), ZX_OK);
      Start();
    }
    ASSERT_TRUE(Content() == content_) << i;
  }
  EXPECT_TRUE(FileText(lower_) == Pattern(kPages * kPageSize - 100));
}

TEST_F(OverlayTest, RangeOfOneFileCanBeReadThere) {
  Start(Pattern(4 * kPageSize + 10));
  Write(0, std::string(2 * kPageSize, 'x'));
  EXPECT_FALSE(store_->RangeOf(kPageSize, 2 * kPageSize));
  for (const uint64_t offset : {0 * kPageSize, 3 * kPageSize}) {
    const auto range = store_->RangeOf(offset, 2 * kPageSize);
    ASSERT_TRUE(range);
    std::string bytes(range->length, '\0');
    ASSERT_EQ(::pread(range->descriptor, bytes.data(), bytes.size(), static_cast<off_t>(range->offset)),
              static_cast<ssize_t>(bytes.size()));
    EXPECT_TRUE(bytes == content_.substr(offset, 2 * kPageSize));
  }
}

TEST_F(OverlayTest, FullDiskIsNoSpaceAndKeepsWhatThereWas) {
  Start(Pattern(4 * kPageSize));
  // A limit on the size of files stands for a full disk.
  rlimit limit;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit small{.rlim_cur = 3 * kPageSize, .rlim_max = limit.rlim_max};  // header, record, one page
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string text(kPageSize, 'x');
  const iovec piece{.iov_base = text.data(), .iov_len = text.size()};
  const zx_status_t beyond = store_->Write(kPageSize, std::span(&piece, 1));
  const zx_status_t inside = store_->Write(0, std::span(&piece, 1));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(beyond, ZX_ERR_NO_SPACE);
  EXPECT_EQ(inside, ZX_OK);
  content_.replace(0, kPageSize, text);
  EXPECT_TRUE(Content() == content_);
}

TEST_F(OverlayTest, LowerMayBeABlob) {
  content_ = Pattern(40 * kPageSize + 3);
  lower_ = "blob:" + directory_.Write("lower.blob", test::MakeBlob(content_, 4 * kPageSize));
  Start();
  EXPECT_TRUE(Content() == content_);
  Write(7, std::string(kPageSize, 'x'));
  ASSERT_EQ(store_->Sync(), ZX_OK);
  Start();
  EXPECT_TRUE(Content() == content_);
  // The same content in other chunks is the same lower.
  directory_.Write("lower.blob", test::MakeBlob(Pattern(40 * kPageSize + 3), 16 * kPageSize));
  Start();
  EXPECT_TRUE(Content() == content_);
  directory_.Write("lower.blob", test::MakeBlob(Pattern(40 * kPageSize + 2) + "x", 4 * kPageSize));
  EXPECT_NE(Refusal().find("belongs to a blob"), std::string::npos);
}

TEST_F(OverlayTest, EmptyLowerIsAnEmptyObject) {
  EXPECT_EQ(Start("").info().size, 0u);
  EXPECT_EQ(store_->Sync(), ZX_OK);
}

TEST_F(OverlayTest, UpperOfAnotherLowerIsRefusedAndKept) {
  Start(Pattern(3 * kPageSize));
  Write(1, std::string(kPageSize, 'x'));
  ASSERT_EQ(store_->Sync(), ZX_OK);
  store_.reset();
  const std::string upper = FileText(upper_);
  const std::string right = lower_;

  lower_ = directory_.Write("other", Pattern(3 * kPageSize + 1));
  EXPECT_NE(Refusal().find("belongs to a file of 12288 bytes"), std::string::npos) << Refusal();
  lower_ = right;
  const timespec times[2] = {{.tv_sec = 1, .tv_nsec = 5}, {.tv_sec = 1, .tv_nsec = 5}};
  ASSERT_EQ(::utimensat(AT_FDCWD, lower_.c_str(), times, 0), 0);
  EXPECT_NE(Refusal().find("@1.000000005"), std::string::npos) << Refusal();
  EXPECT_TRUE(FileText(upper_) == upper);
}

TEST_F(OverlayTest, FileThatIsNoUpperIsRefusedAndKept) {
  lower_ = directory_.Write("lower", Pattern(2 * kPageSize));
  directory_.Write("upper", "precious");
  EXPECT_NE(Refusal().find("is no upper"), std::string::npos);
  EXPECT_EQ(FileText(upper_), "precious");
  upper_ = lower_;
  EXPECT_NE(Refusal().find("upper and lower"), std::string::npos);
  EXPECT_TRUE(FileText(lower_) == Pattern(2 * kPageSize));
  upper_ = directory_.Path("");
  EXPECT_NE(Refusal(), "");
  upper_ = "/dev/null";
  EXPECT_NE(Refusal().find("not a regular file"), std::string::npos);
  lower_ = directory_.Path("none");
  upper_ = directory_.Path("new");
  EXPECT_NE(Refusal().find("No such file"), std::string::npos);
  EXPECT_NE(::access(upper_.c_str(), F_OK), 0) << "made for nothing";
}

TEST_F(OverlayTest, EmptyLowerIsNotTakenForAnUpper) {
  lower_ = upper_ = directory_.Write("file", "");
  EXPECT_NE(Refusal().find("upper and lower"), std::string::npos);
  EXPECT_EQ(FileText(lower_), "");
}

TEST_F(OverlayTest, UpperThatIsInUseIsRefused) {
  Start(Pattern(kPageSize));
  const auto lower = OpenLower(lower_, context_.get_executor()).value();
  const auto second = UpperFile::Open(upper_, lower);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message.find("in use"), std::string::npos);
  EXPECT_TRUE(Content() == content_);
}

// A kill leaves a file that is empty, or ends behind its header.
TEST_F(OverlayTest, UpperThatWasNotMadeToItsEndIsMade) {
  Start(Pattern(2 * kPageSize));
  store_.reset();
  for (const off_t size : {0, 4096}) {
    ASSERT_EQ(::truncate(upper_.c_str(), size), 0);
    Start();
    EXPECT_TRUE(Content() == content_);
    store_.reset();
  }
}

TEST_F(OverlayTest, UpperThatIsDamagedIsRefused) {
  Start(Pattern(2 * kPageSize));
  store_.reset();
  const std::string whole = FileText(upper_);
  for (uint64_t bit = 0; bit < 8 * 64; ++bit) {
    directory_.Write("upper", test::Flipped(whole, bit));
    EXPECT_NE(Refusal(), "") << "bit " << bit;
  }
  for (const size_t size : {1ul, 63ul, 4095ul, 4097ul, whole.size() - 1}) {
    directory_.Write("upper", whole.substr(0, size));
    EXPECT_NE(Refusal(), "") << size;
  }
  directory_.Write("upper", whole);
  EXPECT_EQ(Refusal(), "");
}

// Whatever the clock wrote is recorded before the guest may take it for clean.
TEST_F(OverlayTest, PagesBecomeCleanOnlyOnceTheyAreInTheRecord) {
  lower_ = directory_.Write("lower", std::string(4 * kPageSize, '.'));
  std::mutex mutex;
  std::condition_variable changed;
  std::string at_end;
  const auto vmo = std::make_shared<test::FakeVmo>(4 * kPageSize);
  vmo->before = [&](const std::string& operation) {
    if (operation.starts_with("end ")) {
      const std::lock_guard lock(mutex);
      at_end = FileText(upper_);
      changed.notify_all();
    }
  };
  pager::Registry registry;
  const auto spec = pager::ParsePagerSpec("o=overlay:" + upper_ + "," + lower_ + ",writeback=1ms").value();
  ASSERT_TRUE(pager::AddPager(spec, registry).ok());
  const auto source = registry.Open("o").value();
  vmo->Write(kPageSize, std::string(kPageSize, 'x'));
  source->Attach(vmo);
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, std::chrono::seconds(60), [&] { return !at_end.empty(); }));
  }
  EXPECT_EQ(at_end[kPageSize], 2) << "the bit of page 1";
  EXPECT_EQ(at_end.substr(3 * kPageSize, 4), "xxxx");
}

}  // namespace
