// The server with real sockets: clients that come, go, break off, and come two at a time.
#include "vmm/gdb/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "devices/core/unique_fd.h"
#include "tests/devices/support/temporary_directory.h"
#include "tests/vmm/gdb/support/fake_target.h"
#include "vmm/gdb/packet.h"

namespace gdb_test {
namespace {

// Only a hang misses it.
constexpr int kPatienceMs = 60'000;

// The client's end of a connection.
class Socket {
 public:
  explicit Socket(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    connected_ = Connect(&address, sizeof(address));
  }
  explicit Socket(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = Connect(&address, sizeof(address));
  }

  [[nodiscard]] bool connected() const { return connected_; }
  void Send(std::string_view bytes) const {
    EXPECT_EQ(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  void Ask(std::string_view payload) const { Send(gdb::FramePacket(payload)); }
  // The payload of the next packet; "(end)" when the connection ends before.
  std::string Answer() {
    while (true) {
      while (auto item = reader_.Next()) {
        if (item->kind == gdb::PacketItem::Kind::kPacket) {
          return item->payload;
        }
      }
      if (!Receive()) {
        return "(end)";
      }
    }
  }
  // Whether the other side closes, now or soon.
  bool Ends() {
    while (Receive()) {
    }
    return ended_;
  }
  void Reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    fd_ = dev::UniqueFd();
  }

 private:
  bool Connect(const void* address, socklen_t size) const {
    // SAFETY: the socket calls take every kind of address through this type.
    return ::connect(fd_.get(), static_cast<const sockaddr*>(address), size) == 0;
  }
  bool Receive() {
    pollfd readable{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    std::byte bytes[64 * 1024];
    if (::poll(&readable, 1, kPatienceMs) != 1) {
      return false;
    }
    const ssize_t count = ::recv(fd_.get(), bytes, sizeof(bytes), 0);
    ended_ = count <= 0;
    reader_.Append(std::span(bytes).first(static_cast<size_t>(std::max<ssize_t>(count, 0))));
    return count > 0;
  }

  dev::UniqueFd fd_;
  bool connected_ = false;
  bool ended_ = false;
  gdb::PacketReader reader_;
};

class ServerTest : public testing::Test {
 protected:
  void StartAt(const net::Address& address) {
    auto server = gdb::Server::Start(address, target_, [this](const std::string& line) {
      const std::lock_guard lock(mutex_);
      reports_ += line + "\n";
    });
    ASSERT_TRUE(server.ok()) << server.error().message();
    server_ = std::move(server).value();
  }
  void SetUp() override { StartAt(net::UnixAddress{.path = path_}); }
  std::string reports() {
    const std::lock_guard lock(mutex_);
    return reports_;
  }

  test::TemporaryDirectory folder_;
  const std::string path_ = folder_.Path("gdb");
  FakeTarget target_;
  std::mutex mutex_;
  std::string reports_;  // guarded by mutex_
  std::unique_ptr<gdb::Server> server_;
};

TEST_F(ServerTest, AnswersOverAUnixSocket) {
  EXPECT_EQ(server_->connect_text(), path_);
  Socket client(path_);
  client.Ask("qC");
  EXPECT_EQ(client.Answer(), "QC1");
}

TEST_F(ServerTest, AnswersOverTcpAtAPortOfItsChoice) {
  server_.reset();
  StartAt(net::TcpAddress{.host = "127.0.0.1", .port = 0});
  const std::string text = server_->connect_text();
  Socket client(static_cast<uint16_t>(std::stoi(text.substr(text.rfind(':') + 1))));
  client.Ask("qC");
  EXPECT_EQ(client.Answer(), "QC1");
}

TEST_F(ServerTest, NamesThePortThatIsInUse) {
  server_.reset();
  StartAt(net::TcpAddress{.host = "127.0.0.1", .port = 0});
  const auto address = net::ParseAddress("tcp:" + server_->connect_text());
  FakeTarget other;
  const auto second = gdb::Server::Start(*address, other, [](const auto&) {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().message(), "cannot listen at tcp:" + server_->connect_text() + ": Address already in use");
}

TEST_F(ServerTest, LetsOnlyThisUserConnectAndRemovesItsSocket) {
  struct stat status;
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  server_->Stop();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ServerTest, ReplacesTheSocketOfAProcessThatDied) {
  server_.reset();
  {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
    const dev::UniqueFd dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    // SAFETY: as above.
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  StartAt(net::UnixAddress{.path = path_});
  EXPECT_TRUE(Socket(path_).connected());
}

TEST_F(ServerTest, LeavesAFileThatIsNoSocketAlone) {
  const std::string file = folder_.Write("file", "content");
  FakeTarget other;
  const auto server = gdb::Server::Start(net::UnixAddress{.path = file}, other, [](const auto&) {});
  ASSERT_FALSE(server.ok());
  EXPECT_EQ(server.error().message(), "cannot listen at unix:" + file + ": exists and is no socket");
}

TEST_F(ServerTest, RefusesASecondClientInWordsAndTheFirstOneStays) {
  Socket first(path_);
  first.Ask("qC");
  EXPECT_EQ(first.Answer(), "QC1");
  Socket second(path_);
  second.Send("+");
  second.Ask("qSupported:multiprocess+");
  EXPECT_EQ(
      second.Answer(),
      "E.Another debugger is connected to this guest already: a program on this host. Detach it or end it, and try "
      "again.");
  EXPECT_TRUE(second.Ends());
  first.Ask("qC");
  EXPECT_EQ(first.Answer(), "QC1");
  EXPECT_NE(reports().find("refused a debugger"), std::string::npos);
}

TEST_F(ServerTest, TakesTheNextClientAfterADetach) {
  {
    Socket first(path_);
    first.Ask("D");
    EXPECT_EQ(first.Answer(), "OK");
    EXPECT_TRUE(first.Ends());
  }
  ASSERT_TRUE(target_.WaitForCall("gone"));
  EXPECT_FALSE(target_.stop().has_value());
  Socket second(path_);
  second.Ask("?");
  EXPECT_EQ(second.Answer().substr(0, 3), "T02");
}

// Whatever is under way: an answer that nobody reads, a packet without its end, a guest that runs.
TEST_F(ServerTest, TakesTheNextClientAfterOneThatBreaksOff) {
  target_.AddMemory(gdb::AddressSpace::kVirtual, 0, std::string(1 << 20, 'x'));
  const std::string endings[] = {"",
                                 "$",
                                 "$m0,",
                                 "$m0,1000#",
                                 gdb::FramePacket("m0,20000"),
                                 gdb::FramePacket("vCont;c"),
                                 gdb::FramePacket("qRcmd,68656c70"),
                                 gdb::FramePacket("vCont;c") + "\x03" + gdb::FramePacket("g") + "$"};
  size_t gone = 0;
  for (const std::string& ending : endings) {
    Socket client(path_);
    client.Ask("?");
    EXPECT_EQ(client.Answer().substr(0, 1), "T");
    client.Send(ending);
    client.Reset();
    ASSERT_TRUE(target_.WaitForCall("gone", ++gone));
  }
}

TEST_F(ServerTest, LeavesTheGuestRunningForWhoeverOnlyLooksForOpenPorts) {
  target_.Run();
  {
    Socket scanner(path_);
    scanner.Send("GET / HTTP/1.1\r\n\r\n");
  }
  Socket client(path_);
  while (reports().find("has gone") == std::string::npos) {
    std::this_thread::yield();
  }
  EXPECT_FALSE(target_.stop().has_value());
  EXPECT_TRUE(target_.calls().empty());
}

TEST_F(ServerTest, MakesAClientThatDoesNotReadWaitForItself) {
  target_.AddMemory(gdb::AddressSpace::kVirtual, 0, std::string(1 << 20, 'x'));
  Socket client(path_);
  std::string requests;
  for (int i = 0; i < 40; ++i) {
    requests += gdb::FramePacket("m0,20000");
  }
  client.Send(requests);  // of which the answers would be 5 MiB
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(client.Answer().size(), gdb::kMaxPayload) << i;
  }
}

TEST_F(ServerTest, PassesControlCOnWhileTheGuestRuns) {
  Socket client(path_);
  client.Ask("vCont;c");
  ASSERT_TRUE(target_.WaitForCall("resume"));
  client.Send("\x03");
  EXPECT_EQ(client.Answer().substr(0, 3), "T02");
}

TEST_F(ServerTest, TellsAWaitingClientHowTheGuestEndedBeforeItStops) {
  Socket client(path_);
  client.Ask("vCont;c");
  ASSERT_TRUE(target_.WaitForCall("resume"));
  target_.StopWith(gdb::GuestExited{.code = 5});
  server_->Stop();
  EXPECT_EQ(client.Answer(), "W05");
  EXPECT_TRUE(client.Ends());
}

TEST_F(ServerTest, StopsThoughAClientDoesNotListen) {
  target_.AddMemory(gdb::AddressSpace::kVirtual, 0, std::string(1 << 20, 'x'));
  Socket client(path_);
  for (int i = 0; i < 50; ++i) {
    client.Ask("m0,20000");
  }
  ASSERT_TRUE(target_.WaitForCall("attached"));
  const auto start = std::chrono::steady_clock::now();
  server_->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
  EXPECT_EQ(target_.calls().back(), "gone");
}

TEST_F(ServerTest, StopsTwice) {
  server_->Stop();
  server_->Stop();
  EXPECT_FALSE(Socket(path_).connected());
}

}  // namespace
}  // namespace gdb_test
