// Guests whose pages come from real NBD servers, and go back to them.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/integration/fixture.h"
#include "tests/support/nbd_server.h"

namespace integration {
namespace {

using test::NbdServer;

class NbdGuestTest : public GuestTest {
 protected:
  const std::string socket_ = files_.path("socket").string();
};

TEST_F(NbdGuestTest, ExportHasTheSameHashInTheGuestAsOnTheHost) {
  const std::string content = RandomContent((8 << 20) + 3);
  const NbdServer server = NbdServer::Nbdkit(socket_, {"file", files_.Write("disk", content).string()});
  const Ending ending = Execute(RunCommand({"--pager", "n=nbd:" + server.uri() + ",ro"}, {"sha256sum", "n"}));
  EXPECT_EQ(ending.code, 0) << ending.err << ending.out;
  EXPECT_EQ(ending.out.substr(0, 64), Sha256(content));
  EXPECT_EQ(ending.err, "");
}

TEST_F(NbdGuestTest, WhatAProgramWritesIsInTheExportWhenTheMachineHasStopped) {
  std::string content = RandomContent(70'001);
  const auto file = files_.Write("disk", content);
  const NbdServer server = NbdServer::NbdServerOf(socket_, files_.path("").string(), file.string());
  const Ending ending = Execute(RunCommand({"--pager", "n=nbd:" + server.uri()}, {"put", "n", "69999", "no"}));
  EXPECT_EQ(ending.code, 0) << ending.err << ending.out;
  content.replace(69999, 2, "no");
  EXPECT_TRUE(ReadFile(file) == content);
  EXPECT_EQ(ending.err, "");
}

TEST_F(NbdGuestTest, ServerThatIsKilledAndStartedAgainDuringAReadChangesNoByte) {
  const std::string content = RandomContent(40 << 20);
  NbdServer server = NbdServer::Nbdkit(socket_, {"file", files_.Write("disk", content).string()});
  // More than the guest's memory holds, so that each round reads all of it.
  std::vector<std::string> program = {"sha256sum"};
  constexpr int kRounds = 3;
  program.insert(program.end(), kRounds, "n");
  Process guest(RunCommand({"--memory", "24M", "--pager", "n=nbd:" + server.uri() + ",ro"}, program));
  const std::string line = Sha256(content) + "  n\n";
  std::string printed;
  for (int round = 1; round < kRounds; ++round) {
    printed += line;
    EXPECT_TRUE(guest.WaitForOutput(printed));
    server.Kill();
    server.Start();
  }
  const Ending ending = guest.Wait();
  EXPECT_EQ(ending.code, 0) << ending.err << ending.out;
  EXPECT_EQ(ending.out, printed + line);
  EXPECT_NE(ending.err.find("pager 'n': lost the server"), std::string::npos) << "nothing was interrupted";
  EXPECT_NE(ending.err.find("pager 'n': connected again"), std::string::npos) << ending.err;
}

TEST_F(NbdGuestTest, ServerThatCannotReadFailsTheReader) {
  const auto failing = files_.Write("failing", "");
  const NbdServer server = NbdServer::Nbdkit(
      socket_, {"--filter=error", "error-pread=EIO", "error-pread-rate=100%", "error-file=" + failing.string(), "file",
                files_.Write("disk", RandomContent(1 << 20)).string()});
  const Ending ending = Execute(RunCommand({"--pager", "n=nbd:" + server.uri() + ",ro"}, {"sha256sum", "n"}));
  EXPECT_EQ(ending.code, 139) << ending.out;
  EXPECT_NE(ending.err.find("the pager of the mapped object failed to read"), std::string::npos) << ending.err;
}

TEST_F(NbdGuestTest, WriterIsToldOfAFullServerAndGoesOnWhenThereIsRoom) {
  const auto failing = files_.Write("failing", "");
  const auto file = files_.Write("disk", std::string(32 * 4096, '\0'));
  const NbdServer server =
      NbdServer::Nbdkit(socket_, {"--filter=error", "error-pwrite=ENOSPC", "error-pwrite-rate=100%",
                                  "error-file=" + failing.string(), "file", file.string()});
  Process guest(RunCommand({"--pager", "n=nbd:" + server.uri() + ",dirty-limit=32K"}, {"fill", "n"}));
  ASSERT_TRUE(guest.WaitForOutput("ZX_ERR_NO_SPACE; trying again"));
  std::filesystem::remove(failing);
  const Ending ending = guest.Wait();
  EXPECT_EQ(ending.code, 0) << ending.err << ending.out;
  const std::string content = ReadFile(file);
  for (size_t page = 0; page < 32; ++page) {
    EXPECT_TRUE(content.substr(page * 4096, 4096) == std::string(4096, static_cast<char>('a' + page % 26))) << page;
  }
  EXPECT_EQ(ending.err, "") << "nothing was lost";
}

TEST_F(NbdGuestTest, NoServerIsOneLineAndNothingIsStarted) {
  const Ending ending = Execute(RunCommand({"--pager", "n=nbd:nbd+unix:///?socket=" + socket_}, {"hello"}));
  EXPECT_EQ(ending.code, 2);
  EXPECT_EQ(ending.out, "");
  EXPECT_EQ(ending.err.find("pagoda: --pager: pager 'n': nbd+unix:///?socket=" + socket_ + ": "), 0u) << ending.err;
  EXPECT_EQ(ending.err.find('\n'), ending.err.size() - 1) << ending.err;
}

}  // namespace
}  // namespace integration
