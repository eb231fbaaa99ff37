// The nbd pager against the real servers: what it reads and writes, what it refuses, and servers that go and come back.
#include "devices/pager/nbd/nbd_pager.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <zircon/errors.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <vector>

#include "devices/core/unique_fd.h"
#include "devices/pager/runtime.h"
#include "tests/devices/support/awaited_answer.h"
#include "tests/devices/support/fake_vmo.h"
#include "tests/devices/support/recording_answer.h"
#include "tests/devices/support/temporary_directory.h"
#include "tests/support/nbd_server.h"

namespace {

using base::kPageSize;
using pager::nbd::NbdOptions;
using pager::nbd::NbdPager;
using std::chrono::milliseconds;
using test::NbdServer;

std::string Pattern(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>('a' + (i * 7 + i / kPageSize) % 26);
  }
  return text;
}

class NbdPagerTest : public testing::Test {
 protected:
  // nbdkit with a file of `content`; `more`: filters and the like.
  NbdServer Nbdkit(const std::string& content, std::vector<std::string> more = {}) {
    file_ = directory_.Write("disk", content);
    more.insert(more.end(), {"file", file_});
    return NbdServer::Nbdkit(socket_, more);
  }
  base::Result<std::unique_ptr<NbdPager>, dev::Error> Connect(NbdOptions options) {
    options.report = [this](const std::string& line) {
      const std::lock_guard lock(mutex_);
      lines_.push_back(line);
    };
    return NbdPager::Create(runtime_->executor(), std::move(options));
  }
  std::shared_ptr<pager::PageSource> Serve(NbdOptions options) {
    auto pager = Connect(std::move(options));
    if (!pager.ok()) {
      ADD_FAILURE() << pager.error().message;
      std::abort();
    }
    pager_ = std::move(pager).value();
    return pager_->Open("").value();
  }
  std::string WhyNot(const std::string& uri, milliseconds patience = milliseconds(10'000)) {
    const auto pager = Connect({.uri = uri, .patience = patience});
    return pager.ok() ? "" : pager.error().message;
  }
  static test::AwaitedAnswer Ask(pager::PageSource& source, uint64_t offset, std::vector<iovec> pages) {
    test::AwaitedAnswer answer;
    source.Read({offset, std::move(pages), answer.Promise()});
    return answer;
  }
  static zx_status_t Read(pager::PageSource& source, uint64_t offset, test::PageBuffer& buffer,
                          const std::vector<size_t>& pieces) {
    return Ask(source, offset, buffer.Pieces(pieces)).Wait();
  }
  static zx_status_t Complete(pager::PageSource& source) {
    test::AwaitedAnswer answer;
    source.Complete(pager::CompleteRequest(answer.Promise()));
    return answer.Wait();
  }
  static zx_status_t Sync(pager::PageSource& source) {
    test::AwaitedAnswer answer;
    source.Sync(pager::SyncRequest(answer.Promise()));
    return answer.Wait();
  }
  [[nodiscard]] std::string File() const {
    std::ifstream file(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

  [[nodiscard]] bool HasSaid(const std::string& text) {
    const std::vector<std::string> said = lines();
    return std::any_of(said.begin(), said.end(),
                       [&text](const std::string& line) { return line.find(text) != std::string::npos; });
  }

  test::TemporaryDirectory directory_;
  const std::string socket_ = directory_.Path("socket");
  std::string file_;
  std::mutex mutex_;
  std::vector<std::string> lines_;  // guarded by mutex_
  const std::unique_ptr<pager::Runtime> runtime_ = pager::Runtime::Create(2).value();
  std::unique_ptr<NbdPager> pager_;
};

TEST_F(NbdPagerTest, PagesHoldTheExportAndZerosAfterItsEnd) {
  const std::string content = Pattern(5 * kPageSize + 100);
  const NbdServer server = Nbdkit(content);
  const auto source = Serve({.uri = server.uri()});
  EXPECT_EQ(source->info().size, 6 * kPageSize);
  EXPECT_EQ(source->info().content_size, content.size());
  EXPECT_FALSE(source->info().read_only);
  test::PageBuffer whole(6);
  EXPECT_EQ(Read(*source, 0, whole, {6}), ZX_OK);
  EXPECT_TRUE(whole.text() == content + std::string(6 * kPageSize - content.size(), '\0'));
  test::PageBuffer scattered(3);
  EXPECT_EQ(Read(*source, 3 * kPageSize, scattered, {1, 2}), ZX_OK);
  EXPECT_TRUE(scattered.text() == whole.text().substr(3 * kPageSize));
  EXPECT_TRUE(lines().empty());
}

TEST_F(NbdPagerTest, ManyReadsAreOutAtATime) {
  // Each takes 200 ms, and one after the other they would take 20 s.
  const NbdServer server = Nbdkit(Pattern(100 * kPageSize), {"--filter=delay", "delay-read=200ms", "--threads=100"});
  const auto source = Serve({.uri = server.uri()});
  const auto begin = std::chrono::steady_clock::now();
  std::vector<test::PageBuffer> buffers(100, test::PageBuffer(1));
  std::vector<test::AwaitedAnswer> answers;
  for (size_t i = 0; i < buffers.size(); ++i) {
    answers.push_back(Ask(*source, i * kPageSize, buffers[i].Pieces({1})));
  }
  for (test::AwaitedAnswer& answer : answers) {
    EXPECT_EQ(answer.Wait(), ZX_OK);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_TRUE(buffers[99].text() == Pattern(100 * kPageSize).substr(99 * kPageSize));
}

TEST_F(NbdPagerTest, NothingIsFoundBelowAnExport) {
  const NbdServer server = Nbdkit("x");
  Serve({.uri = server.uri()});
  EXPECT_EQ(pager_->Open("file").error(), ZX_ERR_NOT_FOUND);
}

struct ServerKind {
  std::string name;
  bool nbdkit;
  std::string more;  // an option of nbdkit, or what nbd-server is told of the export
};

void PrintTo(const ServerKind& kind, std::ostream* out) { *out << kind.name; }

class WritingTo : public NbdPagerTest, public testing::WithParamInterface<ServerKind> {};

INSTANTIATE_TEST_SUITE_P(Each, WritingTo,
                         testing::Values(ServerKind{"Nbdkit", true, "--threads=16"},
                                         ServerKind{"NbdkitThatCannotZero", true, "--filter=nozero"},
                                         ServerKind{"NbdServer", false, "flush = true\nfua = true\n"},
                                         ServerKind{"NbdServerThatCannotFlush", false, "fua = true\n"},
                                         ServerKind{"NbdServerThatCanNeither", false, ""}),
                         [](const auto& parameter) { return parameter.param.name; });

TEST_P(WritingTo, PutsWhatTheGuestWroteIntoTheExport) {
  const std::string content = Pattern(40 * kPageSize + 10);
  file_ = directory_.Write("disk", content);
  const NbdServer server = GetParam().nbdkit
                               ? NbdServer::Nbdkit(socket_, {"file", file_, GetParam().more})
                               : NbdServer::NbdServerOf(socket_, directory_.Path(""), file_, GetParam().more);
  const auto source = Serve({.uri = server.uri()});
  const auto vmo = std::make_shared<test::FakeVmo>(content.size());
  source->Attach(vmo);
  vmo->Write(kPageSize, std::string(2 * kPageSize, 'x'));
  vmo->Zero(4, 30);
  vmo->Write(40 * kPageSize, std::string(10, 'y'));
  EXPECT_EQ(Complete(*source), ZX_OK);
  std::string expected = content;
  expected.replace(kPageSize, 2 * kPageSize, std::string(2 * kPageSize, 'x'));
  expected.replace(4 * kPageSize, 30 * kPageSize, std::string(30 * kPageSize, '\0'));
  expected.replace(40 * kPageSize, 10, std::string(10, 'y'));
  EXPECT_TRUE(File() == expected);
  EXPECT_EQ(vmo->dirty(), "");
  EXPECT_EQ(vmo->leases(), 0);
  EXPECT_TRUE(lines().empty());
}

TEST_F(NbdPagerTest, ReadOnlyExportIsAReadOnlyObject) {
  const NbdServer server = Nbdkit(Pattern(kPageSize), {"--readonly"});
  EXPECT_TRUE(Serve({.uri = server.uri()})->info().read_only);
  EXPECT_EQ(Complete(*pager_->Open("").value()), ZX_OK);
}

TEST_F(NbdPagerTest, BlockSizesOfTheServerAreKeptTo) {
  const std::string content = Pattern(16 * kPageSize);
  // The server ends connections that do not.
  const NbdServer server =
      Nbdkit(content, {"--filter=blocksize-policy", "blocksize-error-policy=error", "blocksize-minimum=512",
                       "blocksize-preferred=4096", "blocksize-maximum=8192"});
  const auto source = Serve({.uri = server.uri()});
  const auto vmo = std::make_shared<test::FakeVmo>(content.size());
  source->Attach(vmo);
  test::PageBuffer buffer(16);
  EXPECT_EQ(Read(*source, 0, buffer, {16}), ZX_OK);
  EXPECT_TRUE(buffer.text() == content);
  vmo->Write(0, std::string(5 * kPageSize, 'x'));
  EXPECT_EQ(Complete(*source), ZX_OK);
  EXPECT_TRUE(File() == std::string(5 * kPageSize, 'x') + content.substr(5 * kPageSize));
  EXPECT_TRUE(lines().empty());
}

TEST_F(NbdPagerTest, ExportsThatCannotBeServedAreRefusedInWords) {
  {
    const NbdServer server = NbdServer::Nbdkit(socket_, {"null", "size=5E"});
    EXPECT_NE(WhyNot(server.uri()).find("too large"), std::string::npos) << WhyNot(server.uri());
  }
  {
    const NbdServer server = NbdServer::Nbdkit(
        socket_, {"--filter=blocksize-policy", "blocksize-minimum=65536", "blocksize-preferred=65536", "null", "1M"});
    EXPECT_NE(WhyNot(server.uri()).find("no blocks smaller than 65536"), std::string::npos) << WhyNot(server.uri());
  }
  const NbdServer server = NbdServer::NbdServerOf(socket_, directory_.Path(""), directory_.Write("disk", "x"));
  const std::string reason = WhyNot("nbd+unix:///other?socket=" + socket_);
  EXPECT_NE(reason.find("other"), std::string::npos) << reason;
}

TEST_F(NbdPagerTest, ServerThatIsNotThereIsSaidAtOnce) {
  const std::string reason = WhyNot("nbd+unix:///?socket=" + socket_);
  EXPECT_NE(reason.find(socket_), std::string::npos) << reason;
  EXPECT_NE(reason.find("No such file"), std::string::npos) << reason;
  EXPECT_EQ(reason.find('\n'), std::string::npos);
  EXPECT_NE(WhyNot("nonsense"), "");
}

TEST_F(NbdPagerTest, SomebodyElsesSocketIsGivenUpInTime) {
  const dev::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  socket_.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  const std::string reason = WhyNot("nbd+unix:///?socket=" + socket_, milliseconds(50));
  EXPECT_NE(reason.find("does not answer as an NBD server"), std::string::npos) << reason;
}

TEST_F(NbdPagerTest, EncryptedConnectionIsMadeWhereTheUriSaysSo) {
  const std::string keys = directory_.Write("keys", "guest:00112233445566778899aabbccddeeff\n");
  std::filesystem::permissions(keys, std::filesystem::perms::owner_read);
  const NbdServer server = Nbdkit(Pattern(kPageSize), {"--tls=require", "--tls-psk=" + keys});
  EXPECT_NE(WhyNot(server.uri()), "") << "without a key";
  const auto source = Serve({.uri = "nbds+unix://guest@/?socket=" + socket_ + "&tls-psk-file=" + keys});
  test::PageBuffer buffer(1);
  EXPECT_EQ(Read(*source, 0, buffer, {1}), ZX_OK);
  EXPECT_TRUE(buffer.text() == Pattern(kPageSize));
}

TEST_F(NbdPagerTest, ErrorOfTheServerIsAnErrorOfTheReaderAndPagesStayDirty) {
  const NbdServer server = Nbdkit(Pattern(4 * kPageSize),
                                  {"--filter=error", "error-pread=EIO", "error-pread-rate=100%", "error-pwrite=ENOSPC",
                                   "error-pwrite-rate=100%", "error-file=" + directory_.Path("failing")});
  const auto source = Serve({.uri = server.uri()});
  const auto vmo = std::make_shared<test::FakeVmo>(4 * kPageSize);
  source->Attach(vmo);
  vmo->Write(0, "x");
  directory_.Write("failing", "");
  test::PageBuffer buffer(1);
  EXPECT_EQ(Read(*source, 0, buffer, {1}), ZX_ERR_IO);
  EXPECT_EQ(Sync(*source), ZX_ERR_NO_SPACE);
  EXPECT_EQ(vmo->dirty(), "0+1");
  std::filesystem::remove(directory_.Path("failing"));
  EXPECT_EQ(Read(*source, 0, buffer, {1}), ZX_OK);
  EXPECT_EQ(Sync(*source), ZX_OK);
  EXPECT_EQ(vmo->dirty(), "");
  EXPECT_TRUE(lines().empty()) << "the connection was never at fault";
}

TEST_F(NbdPagerTest, RequestsInFlightAreSentAgainToTheServerThatComesBack) {
  const std::string content = Pattern(16 * kPageSize);
  NbdServer server = Nbdkit(content);
  const auto source = Serve({.uri = server.uri()});
  const auto vmo = std::make_shared<test::FakeVmo>(content.size());
  source->Attach(vmo);
  vmo->Write(8 * kPageSize, std::string(4 * kPageSize, 'x'));
  server.Signal(SIGSTOP);  // whatever is asked now is in flight
  test::PageBuffer buffer(4);
  test::AwaitedAnswer read = Ask(*source, 0, buffer.Pieces({2, 2}));
  test::AwaitedAnswer completed;
  source->Complete(pager::CompleteRequest(completed.Promise()));
  server.Kill();
  EXPECT_FALSE(read.answered());
  EXPECT_FALSE(completed.answered());
  server.Start();
  EXPECT_EQ(read.Wait(), ZX_OK);
  EXPECT_TRUE(buffer.text() == content.substr(0, 4 * kPageSize));
  EXPECT_EQ(completed.Wait(), ZX_OK);
  EXPECT_TRUE(File().substr(8 * kPageSize, 4 * kPageSize) == std::string(4 * kPageSize, 'x'));
  EXPECT_EQ(vmo->leases(), 0);
}

TEST_F(NbdPagerTest, ServerThatStaysAwayFailsReadersKeepsPagesDirtyAndIsUsedAgainWhenItIsBack) {
  const std::string content = Pattern(4 * kPageSize);
  NbdServer server = Nbdkit(content);
  const auto source = Serve({.uri = server.uri(), .patience = milliseconds(100)});
  const auto vmo = std::make_shared<test::FakeVmo>(content.size());
  source->Attach(vmo);
  vmo->Write(0, "x");
  server.Kill();
  test::PageBuffer buffer(1);
  EXPECT_EQ(Read(*source, kPageSize, buffer, {1}), ZX_ERR_IO);
  EXPECT_EQ(Sync(*source), ZX_ERR_IO);
  EXPECT_EQ(vmo->dirty(), "0+1");
  ASSERT_EQ(lines().size(), 2u);
  EXPECT_NE(lines()[0].find("lost the server"), std::string::npos) << lines()[0];
  EXPECT_NE(lines()[1].find("no server came back within 100 ms"), std::string::npos) << lines()[1];
  server.Start();
  while (Read(*source, kPageSize, buffer, {1}) != ZX_OK) {
  }
  EXPECT_TRUE(buffer.text() == content.substr(kPageSize, kPageSize));
  EXPECT_EQ(Sync(*source), ZX_OK);
  EXPECT_EQ(vmo->dirty(), "");
  EXPECT_EQ(File(), "x" + std::string(kPageSize - 1, '\0') + content.substr(kPageSize));
  EXPECT_EQ(lines().back(), "connected again");
}

// A server with memory of its own: what it had not been told to flush is gone with it.
TEST_F(NbdPagerTest, WhatARestartedServerMayHaveForgottenIsWrittenAgain) {
  NbdServer server = NbdServer::Nbdkit(socket_, {"memory", "64K", "--filter=delay", "delay-write=100ms"});
  const auto source = Serve({.uri = server.uri()});
  const auto vmo = std::make_shared<test::FakeVmo>(16 * kPageSize);
  source->Attach(vmo);
  vmo->max_lent_pages = 1;
  vmo->Write(0, std::string(4 * kPageSize, 'x'));
  // After the second page has been lent, the first one is written. The server is another one from there on.
  bool killed = false;
  vmo->before = [&](const std::string& operation) {
    if (operation.starts_with("lend 2") && !std::exchange(killed, true)) {
      server.Kill();
      server.Start();
    }
  };
  EXPECT_EQ(Complete(*source), ZX_OK);
  EXPECT_TRUE(killed);
  test::PageBuffer buffer(4);
  EXPECT_EQ(Read(*source, 0, buffer, {4}), ZX_OK);
  EXPECT_TRUE(buffer.text() == std::string(4 * kPageSize, 'x'));
}

TEST_F(NbdPagerTest, AnotherExportIsNotTakenForTheOldOne) {
  const std::string content = Pattern(4 * kPageSize);
  for (const size_t pages : {size_t{1}, size_t{9}}) {
    lines_.clear();
    NbdServer server = Nbdkit(content);
    const auto source = Serve({.uri = server.uri(), .patience = milliseconds(100)});
    server.Kill();
    std::filesystem::resize_file(file_, pages * kPageSize);
    server.Start();
    const std::string reason =
        "not used: the export has " + std::to_string(pages * kPageSize) + " bytes now, and had 16384";
    test::PageBuffer buffer(1);
    do {
      EXPECT_EQ(Read(*source, 3 * kPageSize, buffer, {1}), ZX_ERR_IO);
      EXPECT_EQ(Read(*source, 0, buffer, {1}), ZX_ERR_IO) << "also what both have";
    } while (!HasSaid(reason));
    EXPECT_EQ(buffer.text(), std::string(kPageSize, '\xee'));
    server.Kill();
    std::filesystem::resize_file(file_, content.size());
    server.Start();
    while (Read(*source, 0, buffer, {1}) != ZX_OK) {
    }
    pager_.reset();
  }
}

TEST_F(NbdPagerTest, NobodyWaitsForAServerWhenTheGuestHasEnded) {
  NbdServer server = Nbdkit(Pattern(kPageSize));
  const auto source = Serve({.uri = server.uri(), .patience = std::chrono::hours(1)});
  server.Kill();
  test::PageBuffer buffer(1);
  test::AwaitedAnswer read = Ask(*source, 0, buffer.Pieces({1}));
  pager_->OnGuestEnded();
  EXPECT_EQ(read.Wait(), ZX_ERR_IO);
}

TEST_F(NbdPagerTest, EndOfThePagerAnswersWhatIsLeft) {
  NbdServer server = Nbdkit(Pattern(kPageSize));
  const auto source = Serve({.uri = server.uri()});
  server.Signal(SIGSTOP);
  test::PageBuffer buffer(1);
  test::AwaitedAnswer before = Ask(*source, 0, buffer.Pieces({1}));
  pager_.reset();
  EXPECT_EQ(before.Wait(), ZX_ERR_IO);
  EXPECT_EQ(Read(*source, 0, buffer, {1}), ZX_ERR_IO);
}

}  // namespace
