// Monitor and pager process, both ends as they are used, over a real socket: what goes in at one end comes out at the
// other, also when the pager dies in between.
#include "devices/pager/remote/remote_pager.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "devices/pager/file/file_pager.h"
#include "devices/pager/remote/server.h"
#include "devices/pager/runtime.h"
#include "tests/devices/support/awaited_answer.h"
#include "tests/devices/support/manual_pager.h"
#include "tests/devices/support/memory_vmo.h"
#include "tests/devices/support/recording_answer.h"
#include "tests/devices/support/recording_reports.h"
#include "tests/devices/support/shared_ram.h"
#include "tests/devices/support/temporary_directory.h"

namespace {

namespace remote = pager::remote;

using base::kPageSize;

// A pager process, but for the process.
class RunningServer {
 public:
  RunningServer(remote::Server::PagerFactory factory, const std::string& path,
                std::function<void(const std::string&)> report)
      : server_(remote::Server::Create(std::move(factory), path, std::move(report)).value()),
        thread_([this] { server_->Run(); }) {}
  ~RunningServer() {
    server_->Stop();
    thread_.join();
  }

 private:
  std::unique_ptr<remote::Server> server_;
  std::thread thread_;
};

// Objects by name: each of a factory of its own; directories never end.
class NamedPager final : public pager::Pager {
 public:
  using Sources = std::map<std::string, std::shared_ptr<pager::PageSource>, std::less<>>;
  explicit NamedPager(Sources sources) : sources_(std::move(sources)) {}
  base::Result<std::shared_ptr<pager::PageSource>, zx_status_t> Open(std::string_view path) override {
    const auto found = sources_.find(path);
    if (found == sources_.end()) {
      return base::Failure{ZX_ERR_NOT_FOUND};
    }
    return std::shared_ptr<pager::PageSource>(found->second);
  }
  base::Result<std::vector<std::string>, zx_status_t> List(std::string_view path) override {
    if (path != "many") {
      return base::Failure{ZX_ERR_NOT_FOUND};
    }
    std::vector<std::string> names;
    for (int i = 0; i < 1000; ++i) {
      names.push_back("name-" + std::to_string(i) + std::string(20, '.'));
    }
    return names;
  }

 private:
  Sources sources_;
};

class RemoteTest : public testing::Test {
 protected:
  void Serve(NamedPager::Sources sources) {
    sources_ = std::move(sources);
    Restart();
  }
  void Restart() {
    server_ = nullptr;
    const auto factory = [this] {
      return base::Result<std::unique_ptr<pager::Pager>, dev::Error>(std::make_unique<NamedPager>(sources_));
    };
    server_ = std::make_unique<RunningServer>(factory, path_, server_reports_.handler());
  }
  [[nodiscard]] std::unique_ptr<remote::RemotePager> Attach(
      std::shared_ptr<const remote::MemoryGrant> grant = nullptr) {
    return remote::RemotePager::Create({.path = path_,
                                        .patience = std::chrono::seconds(60),
                                        .grant = std::move(grant),
                                        .report = reports_.handler()})
        .value();
  }
  static zx_status_t Read(pager::PageSource& source, uint64_t offset, test::PageBuffer& buffer,
                          const std::vector<size_t>& pieces) {
    test::AwaitedAnswer answer;
    source.Read({offset, buffer.Pieces(pieces), answer.Promise()});
    return answer.Wait();
  }

  test::TemporaryDirectory directory_;
  std::string path_ = directory_.Path("socket");
  test::RecordingReports reports_;
  test::RecordingReports server_reports_;
  std::unique_ptr<pager::Runtime> runtime_ = pager::Runtime::Create(1).value();
  NamedPager::Sources sources_;
  std::unique_ptr<RunningServer> server_;
};

std::string Pattern(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>('a' + (i * 7 + i / kPageSize) % 26);
  }
  return text;
}

// Fills pages by their number, at once.
class FillingSource final : public pager::PageSource {
 public:
  [[nodiscard]] pager::ObjectInfo info() const override {
    return {.size = 300 * kPageSize, .content_size = 300 * kPageSize - 9, .resizable = true, .trap_dirty = true};
  }
  void Read(pager::ReadRequest request) override {
    if (request.offset() >= 200 * kPageSize) {
      request.Complete(ZX_ERR_IO_DATA_INTEGRITY);
      return;
    }
    test::FillByPageNumber(request);
    request.Complete(ZX_OK);
  }
  void Sync(pager::SyncRequest request) override { request.Complete(ZX_ERR_NO_SPACE); }
  void Dirty(pager::DirtyRequest request) override {
    request.Complete(request.offset() == 0 ? ZX_OK : ZX_ERR_NO_SPACE);
  }
};

std::string PagesByNumber(uint64_t first, uint64_t count) {
  std::string text;
  for (uint64_t page = first; page < first + count; ++page) {
    text += std::string(kPageSize, static_cast<char>(page + 1));
  }
  return text;
}

TEST_F(RemoteTest, ObjectIsDescribedAsItsSourceDoes) {
  Serve({{"a", std::make_shared<FillingSource>()}});
  const auto monitor = Attach();
  const auto source = monitor->Open("a").value();
  const pager::ObjectInfo info = source->info();
  EXPECT_EQ(info.size, 300 * kPageSize);
  EXPECT_EQ(info.content_size, 300 * kPageSize - 9);
  EXPECT_TRUE(info.resizable);
  EXPECT_TRUE(info.trap_dirty);
  EXPECT_FALSE(info.read_only);
  EXPECT_EQ(monitor->Open("b").error(), ZX_ERR_NOT_FOUND);
}

TEST_F(RemoteTest, ReadLargerThanASlotFillsAllItsPagesInOrder) {
  Serve({{"a", std::make_shared<FillingSource>()}});
  const auto monitor = Attach();
  const auto source = monitor->Open("a").value();
  test::PageBuffer buffer(100);
  EXPECT_EQ(Read(*source, 3 * kPageSize, buffer, {1, 40, 59}), ZX_OK);
  EXPECT_TRUE(buffer.text() == PagesByNumber(3, 100));
}

TEST_F(RemoteTest, FailureOfAPartFailsTheRead) {
  Serve({{"a", std::make_shared<FillingSource>()}});
  const auto monitor = Attach();
  const auto source = monitor->Open("a").value();
  test::PageBuffer buffer(100);
  EXPECT_EQ(Read(*source, 150 * kPageSize, buffer, {100}), ZX_ERR_IO_DATA_INTEGRITY);
}

TEST_F(RemoteTest, DirtySyncAndCompleteAreAnsweredByTheSource) {
  Serve({{"a", std::make_shared<FillingSource>()}});
  const auto monitor = Attach();
  const auto source = monitor->Open("a").value();
  test::AwaitedAnswer allowed;
  test::AwaitedAnswer refused;
  test::AwaitedAnswer sync;
  test::AwaitedAnswer complete;
  source->Sync(pager::SyncRequest(sync.Promise()));
  source->Dirty({0, kPageSize, allowed.Promise()});
  source->Dirty({kPageSize, 1000 * kPageSize, refused.Promise()});
  source->Complete(pager::CompleteRequest(complete.Promise()));
  EXPECT_EQ(allowed.Wait(), ZX_OK);
  EXPECT_EQ(refused.Wait(), ZX_ERR_NO_SPACE);
  EXPECT_EQ(sync.Wait(), ZX_ERR_NO_SPACE);
  EXPECT_EQ(complete.Wait(), ZX_OK);
}

TEST_F(RemoteTest, NamesOfOneObjectShareOneSource) {
  const auto shared = std::make_shared<FillingSource>();
  Serve({{"a", shared}, {"b", shared}, {"c", std::make_shared<FillingSource>()}});
  const auto monitor = Attach();
  const auto source = monitor->Open("a").value();
  EXPECT_EQ(monitor->Open("b").value(), source);
  EXPECT_EQ(monitor->Open("a").value(), source);
  EXPECT_NE(monitor->Open("c").value(), source);
}

TEST_F(RemoteTest, AllNamesOfALargeDirectoryArrive) {
  Serve({});
  const auto monitor = Attach();
  const auto names = monitor->List("many");
  ASSERT_TRUE(names.ok());
  ASSERT_EQ(names.value().size(), 1000u);
  EXPECT_EQ(names.value()[999], "name-999" + std::string(20, '.'));
  EXPECT_EQ(monitor->List("none").error(), ZX_ERR_NOT_FOUND);
}

TEST_F(RemoteTest, FileIsReadByTheMonitorAndItsTailIsZero) {
  const std::string content = Pattern(70 * kPageSize + 100);
  const auto pager =
      pager::FilePager::Create(runtime_->executor(), directory_.Write("file", content), pager::FileAccess::kReadOnly)
          .value();
  Serve({{"f", pager->Open("").value()}});
  const auto monitor = Attach();
  const auto source = monitor->Open("f").value();
  test::PageBuffer buffer(71);
  EXPECT_EQ(Read(*source, 0, buffer, {70, 1}), ZX_OK);
  std::string expected = content;
  expected.resize(71 * kPageSize, '\0');
  EXPECT_TRUE(buffer.text() == expected);
}

TEST_F(RemoteTest, FileThatHasShrunkIsAnErrorAndNotZeros) {
  const std::string path = directory_.Write("file", Pattern(3 * kPageSize));
  const auto pager = pager::FilePager::Create(runtime_->executor(), path, pager::FileAccess::kReadOnly).value();
  Serve({{"f", pager->Open("").value()}});
  const auto monitor = Attach();
  const auto source = monitor->Open("f").value();
  std::filesystem::resize_file(path, kPageSize);
  test::PageBuffer buffer(1);
  EXPECT_EQ(Read(*source, kPageSize, buffer, {1}), ZX_ERR_IO);
}

TEST_F(RemoteTest, RestartedPagerGetsWhatWasUnanswered) {
  const auto manual = std::make_shared<test::ManualSource>();
  Serve({{"a", manual}});
  const auto monitor = Attach();
  const auto source = monitor->Open("a").value();
  test::PageBuffer buffer(1);
  test::AwaitedAnswer answer;
  source->Read({5 * kPageSize, buffer.Pieces({1}), answer.Promise()});
  const pager::ReadRequest lost = manual->Take();
  Restart();
  pager::ReadRequest again = manual->Take();
  EXPECT_EQ(again.offset(), 5 * kPageSize);
  test::FillByPageNumber(again);
  again.Complete(ZX_OK);
  EXPECT_EQ(answer.Wait(), ZX_OK);
  EXPECT_TRUE(buffer.text() == PagesByNumber(5, 1));
}

TEST_F(RemoteTest, GrantedMemoryIsFilledByTheSourceItself) {
  Serve({{"a", std::make_shared<FillingSource>()}});
  const test::SharedRam ram;
  const auto monitor = Attach(ram.grant());
  const auto source = monitor->Open("a").value();
  test::AwaitedAnswer answer;
  source->Read({3 * kPageSize, {ram.Pages(0, 40), ram.Pages(70, 5)}, answer.Promise()});
  EXPECT_EQ(answer.Wait(), ZX_OK);
  EXPECT_TRUE(ram.Text(0, 40) + ram.Text(70, 5) == PagesByNumber(3, 45));
  EXPECT_EQ(monitor->counters().in_place_bytes, 45 * kPageSize);
  EXPECT_EQ(monitor->counters().arena_bytes, 0u);
}

TEST_F(RemoteTest, FileIsReadIntoGrantedMemoryByThePager) {
  const std::string content = Pattern(3 * kPageSize + 100);
  const auto pager =
      pager::FilePager::Create(runtime_->executor(), directory_.Write("file", content), pager::FileAccess::kReadOnly)
          .value();
  Serve({{"f", pager->Open("").value()}});
  const test::SharedRam ram;
  const auto monitor = Attach(ram.grant());
  const auto source = monitor->Open("f").value();
  test::AwaitedAnswer answer;
  source->Read({0, {ram.Pages(9, 4)}, answer.Promise()});
  EXPECT_EQ(answer.Wait(), ZX_OK);
  EXPECT_TRUE(ram.Text(9, 4) == content + std::string(kPageSize - 100, '\0'));
  EXPECT_EQ(monitor->counters().in_place_bytes, 4 * kPageSize);
  EXPECT_EQ(monitor->counters().file_bytes, 0u);
}

// A pager that ends with a request in the hands of a thread keeps its connection until that thread lets go.
TEST_F(RemoteTest, SuccessorIsAskedForGrantedPagesOnceNobodyWritesIntoThem) {
  const auto manual = std::make_shared<test::ManualSource>();
  Serve({{"a", manual}});
  const test::SharedRam ram;
  const auto monitor = Attach(ram.grant());
  const auto source = monitor->Open("a").value();
  test::AwaitedAnswer answer;
  source->Read({5 * kPageSize, {ram.Pages(1, 1)}, answer.Promise()});
  std::optional<pager::ReadRequest> lost = manual->Take();
  Restart();
  EXPECT_TRUE(reports_.lines().empty()) << "the connection is there, though the server has gone";
  std::memset(lost->pages().front().iov_base, '?', kPageSize);
  lost.reset();
  pager::ReadRequest again = manual->Take();
  test::FillByPageNumber(again);
  again.Complete(ZX_OK);
  EXPECT_EQ(answer.Wait(), ZX_OK);
  EXPECT_TRUE(ram.Text(1, 1) == PagesByNumber(5, 1));
}

TEST_F(RemoteTest, ManyRequestsSurviveManyRestarts) {
  Serve({{"a", std::make_shared<FillingSource>()}});
  const auto monitor = Attach();
  const auto source = monitor->Open("a").value();
  constexpr int kThreads = 2;
  constexpr int kRounds = 10;
  std::atomic<int> running = kThreads;
  std::vector<std::thread> guests;
  for (int thread = 0; thread < kThreads; ++thread) {
    guests.emplace_back([&source, &running, thread] {
      for (int round = 0; round < 100 * kRounds; ++round) {
        const auto page = static_cast<uint64_t>((round * 7 + thread * 31) % 150);
        test::PageBuffer buffer(2);
        EXPECT_EQ(Read(*source, page * kPageSize, buffer, {1, 1}), ZX_OK);
        EXPECT_TRUE(buffer.text() == PagesByNumber(page, 2));
      }
      --running;
    });
  }
  for (int restart = 0; restart < kRounds && running > 0; ++restart) {
    Restart();
  }
  for (std::thread& guest : guests) {
    guest.join();
  }
  EXPECT_EQ(monitor->counters().violations, 0u);
}

TEST_F(RemoteTest, MonitorsShareOneServerAndOneThatStallsDoesNotStopTheOther) {
  const auto manual = std::make_shared<test::ManualSource>();
  Serve({{"slow", manual}, {"quick", std::make_shared<FillingSource>()}});
  const auto first = Attach();
  const auto second = Attach();
  const auto slow = first->Open("slow").value();
  test::PageBuffer waiting(1);
  test::AwaitedAnswer late;
  slow->Read({0, waiting.Pieces({1}), late.Promise()});
  pager::ReadRequest held = manual->Take();
  const auto quick = second->Open("quick").value();
  test::PageBuffer buffer(1);
  EXPECT_EQ(Read(*quick, 0, buffer, {1}), ZX_OK);
  EXPECT_FALSE(late.answered());
  held.Complete(ZX_ERR_IO);
  EXPECT_EQ(late.Wait(), ZX_ERR_IO);
  EXPECT_TRUE(server_reports_.lines().empty());
}

// Keeps the VMO that it gets.
class AttachedSource final : public pager::PageSource {
 public:
  [[nodiscard]] pager::ObjectInfo info() const override {
    return {.size = 64 * kPageSize, .content_size = 64 * kPageSize};
  }
  void Attach(std::shared_ptr<pager::VmoControl> vmo) override { vmo_.set_value(std::move(vmo)); }
  void Read(pager::ReadRequest request) override { request.Complete(ZX_ERR_IO); }

  [[nodiscard]] std::shared_ptr<pager::VmoControl> vmo() { return vmo_.get_future().get(); }

 private:
  std::promise<std::shared_ptr<pager::VmoControl>> vmo_;
};

class RemoteOperationsTest : public RemoteTest {
 protected:
  void SetUp() override {
    const auto attached = std::make_shared<AttachedSource>();
    Serve({{"a", attached}});
    monitor_ = Attach();
    source_ = monitor_->Open("a").value();
    source_->Attach(guest_);
    vmo_ = attached->vmo();
  }
  // The status of an operation, waited for.
  template <typename Start>
  static zx_status_t Wait(Start start) {
    std::promise<zx_status_t> done;
    start([&done](zx_status_t status) { done.set_value(status); });
    return done.get_future().get();
  }
  zx_status_t OpRange(uint32_t op, uint64_t offset, uint64_t length) {
    return Wait([&](auto done) { vmo_->OpRange(op, offset, length, 0, done); });
  }
  std::vector<pager::DirtyRange> DirtyRanges() {
    std::promise<std::vector<pager::DirtyRange>> done;
    vmo_->QueryDirtyRanges(0, 64 * kPageSize, [&](zx_status_t status, std::vector<pager::DirtyRange> ranges, uint64_t) {
      EXPECT_EQ(status, ZX_OK);
      done.set_value(std::move(ranges));
    });
    return done.get_future().get();
  }

  const std::shared_ptr<test::MemoryVmo> guest_ = std::make_shared<test::MemoryVmo>(64);
  std::unique_ptr<remote::RemotePager> monitor_;
  std::shared_ptr<pager::PageSource> source_;
  std::shared_ptr<pager::VmoControl> vmo_;
};

TEST_F(RemoteOperationsTest, SuppliedPagesArriveEvenWhenTheyAreMoreThanOneMessageCarries) {
  std::string bytes = PagesByNumber(0, 50);
  std::vector<iovec> pieces = {{.iov_base = bytes.data(), .iov_len = bytes.size()}};
  EXPECT_EQ(Wait([&](auto done) { vmo_->SupplyPages(4 * kPageSize, pieces, done); }), ZX_OK);
  EXPECT_TRUE(guest_->bytes().substr(4 * kPageSize, 50 * kPageSize) == bytes);
  EXPECT_EQ(Wait([&](auto done) { vmo_->SupplyPages(60 * kPageSize, pieces, done); }), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(RemoteOperationsTest, DirtyPagesAreLentAndBecomeCleanAtTheEndOnly) {
  guest_->Write(3, 'x');
  guest_->Write(4, 'y');
  EXPECT_EQ(DirtyRanges(), (std::vector<pager::DirtyRange>{{3 * kPageSize, 2 * kPageSize, false}}));
  EXPECT_EQ(OpRange(ZX_PAGER_OP_WRITEBACK_BEGIN, 3 * kPageSize, 2 * kPageSize), ZX_OK);
  std::promise<std::string> lent;
  vmo_->Lend(3 * kPageSize, 2 * kPageSize, [&](zx_status_t status, pager::PageLease lease) {
    EXPECT_EQ(status, ZX_OK);
    std::string bytes(lease.length(), '\0');
    pager::CopyOutOf(lease.pages(), std::as_writable_bytes(std::span(bytes)));
    lent.set_value(bytes);
  });
  EXPECT_TRUE(lent.get_future().get() == std::string(kPageSize, 'x') + std::string(kPageSize, 'y'));
  EXPECT_EQ(guest_->dirty_pages(), 2u);
  EXPECT_EQ(OpRange(ZX_PAGER_OP_WRITEBACK_END, 3 * kPageSize, 2 * kPageSize), ZX_OK);
  EXPECT_EQ(guest_->dirty_pages(), 0u);
}

TEST_F(RemoteOperationsTest, MoreLeasesThanTheAreaHasWaitTheirTurn) {
  constexpr int kLeases = 40;
  std::mutex mutex;
  std::vector<pager::PageLease> held;
  std::promise<void> all;
  int count = 0;
  for (int i = 0; i < kLeases; ++i) {
    vmo_->Lend(0, kPageSize, [&](zx_status_t status, pager::PageLease lease) {
      EXPECT_EQ(status, ZX_OK);
      const std::lock_guard lock(mutex);
      held.push_back(std::move(lease));
      if (++count == kLeases) {
        all.set_value();
      }
    });
  }
  const auto done = all.get_future();
  // Ends leases one after the other, as a pager that writes them would.
  while (done.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    pager::PageLease ended;
    const std::lock_guard lock(mutex);
    if (!held.empty()) {
      ended = std::move(held.back());
      held.pop_back();
    }
  }
  EXPECT_EQ(count, kLeases);
}

TEST_F(RemoteOperationsTest, StatsAndDetachArrive) {
  std::promise<pager::VmoStats> stats;
  vmo_->QueryVmoStats(ZX_PAGER_RESET_VMO_STATS, [&](zx_status_t, pager::VmoStats got) { stats.set_value(got); });
  const pager::VmoStats got = stats.get_future().get();
  EXPECT_TRUE(got.modified);
  EXPECT_EQ(got.size, 64 * kPageSize);
  EXPECT_EQ(got.content_size, 5u);
  EXPECT_EQ(Wait([&](auto done) { vmo_->Detach(done); }), ZX_OK);
  EXPECT_TRUE(guest_->detached());
}

TEST_F(RemoteOperationsTest, WhatMakesNoSenseIsAnErrorOfTheCall) {
  EXPECT_EQ(OpRange(ZX_PAGER_OP_WRITEBACK_BEGIN, 1, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(OpRange(ZX_PAGER_OP_WRITEBACK_BEGIN, kPageSize, UINT64_MAX - kPageSize + 1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(OpRange(ZX_PAGER_OP_WRITEBACK_BEGIN, 64 * kPageSize, kPageSize), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(monitor_->counters().violations, 0u);
}

TEST_F(RemoteOperationsTest, VmoIsOfUseAfterCompleteUntilItIsClosed) {
  test::AwaitedAnswer complete;
  source_->Complete(pager::CompleteRequest(complete.Promise()));
  EXPECT_EQ(complete.Wait(), ZX_OK);
  EXPECT_EQ(OpRange(ZX_PAGER_OP_WRITEBACK_BEGIN, 0, kPageSize), ZX_OK);
  source_ = nullptr;
  EXPECT_EQ(OpRange(ZX_PAGER_OP_WRITEBACK_BEGIN, 0, kPageSize), ZX_ERR_PEER_CLOSED);
}

TEST_F(RemoteOperationsTest, WithoutTheMonitorOperationsEndInPeerClosed) {
  source_ = nullptr;
  monitor_ = nullptr;
  EXPECT_EQ(OpRange(ZX_PAGER_OP_WRITEBACK_BEGIN, 0, kPageSize), ZX_ERR_PEER_CLOSED);
}

}  // namespace
