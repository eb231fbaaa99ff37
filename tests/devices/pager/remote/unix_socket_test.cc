// A socket's path: a dead one is replaced, a live one and other files are left alone.
#include "devices/pager/remote/unix_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <string>

#include "tests/devices/support/temporary_directory.h"

namespace {

using pager::remote::ConnectTo;
using pager::remote::SocketListener;

class UnixSocketTest : public testing::Test {
 protected:
  // As a process leaves it that was killed.
  void LeaveDeadSocket() const {
    const dev::UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }

  test::TemporaryDirectory directory_;
  std::string path_ = directory_.Path("socket");
};

TEST_F(UnixSocketTest, ListenerIsReachedAndGoesWithItsPath) {
  {
    const auto listener = SocketListener::Create(path_);
    ASSERT_TRUE(listener.ok());
    EXPECT_EQ(listener.value().Accept().error(), EAGAIN);
    const auto connection = ConnectTo(path_);
    EXPECT_TRUE(connection.ok());
    EXPECT_TRUE(listener.value().Accept().ok());
    struct stat status;
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << "for this user only";
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_FALSE(ConnectTo(path_).ok());
}

TEST_F(UnixSocketTest, DeadSocketIsReplaced) {
  LeaveDeadSocket();
  EXPECT_FALSE(ConnectTo(path_).ok());
  const auto listener = SocketListener::Create(path_);
  ASSERT_TRUE(listener.ok());
  EXPECT_TRUE(ConnectTo(path_).ok());
}

TEST_F(UnixSocketTest, LiveSocketIsLeftAlone) {
  const auto listener = SocketListener::Create(path_);
  const auto second = SocketListener::Create(path_);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message.find(path_), std::string::npos);
  EXPECT_NE(second.error().message.find("in use"), std::string::npos);
  EXPECT_TRUE(ConnectTo(path_).ok());
}

TEST_F(UnixSocketTest, SocketOfAnotherKindThatLivesIsLeftAlone) {
  const dev::UniqueFd stream(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
  ASSERT_EQ(::bind(stream.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(stream.get(), 1), 0);
  EXPECT_FALSE(SocketListener::Create(path_).ok());
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(UnixSocketTest, FileThatIsNoSocketIsLeftAlone) {
  directory_.Write("socket", "precious");
  const auto listener = SocketListener::Create(path_);
  ASSERT_FALSE(listener.ok());
  EXPECT_NE(listener.error().message.find("no socket"), std::string::npos);
  EXPECT_EQ(std::filesystem::file_size(path_), 8u);
}

TEST_F(UnixSocketTest, OneThatWasReplacedMeanwhileIsNotRemoved) {
  {
    auto listener = SocketListener::Create(path_);
    ASSERT_TRUE(listener.ok());
    std::filesystem::remove(path_);
    LeaveDeadSocket();
  }
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(UnixSocketTest, PathsThatCannotBeAreNamed) {
  const auto too_long = SocketListener::Create(directory_.Path(std::string(120, 'x')));
  ASSERT_FALSE(too_long.ok());
  EXPECT_NE(too_long.error().message.find("at most 107 bytes"), std::string::npos) << too_long.error().message;
  const auto no_folder = SocketListener::Create(directory_.Path("none/socket"));
  ASSERT_FALSE(no_folder.ok());
  EXPECT_NE(no_folder.error().message.find("No such file"), std::string::npos) << no_folder.error().message;
  EXPECT_FALSE(ConnectTo("").ok());
}

}  // namespace
