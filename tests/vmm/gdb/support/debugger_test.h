// A real debugger, a server, and a target without a machine.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/devices/support/temporary_directory.h"
#include "tests/integration/process.h"
#include "tests/vmm/gdb/support/fake_target.h"
#include "tests/vmm/gdb/support/sample_program.h"
#include "vmm/gdb/server.h"

#define EXPECT_HAS(text, part) \
  EXPECT_NE((text).find(part), std::string::npos) << "no '" << (part) << "' in:\n" << (text)

namespace gdb_test {

// What a person sees: both streams, because a debugger's choice of them is its own.
inline std::string TextOf(const integration::Ending& ending) { return ending.out + ending.err; }

class DebuggerTest : public testing::Test {
 protected:
  explicit DebuggerTest(std::string debugger) : debugger_(std::move(debugger)) {}

  // How the debugger is started so that it connects and then does what these commands say.
  [[nodiscard]] virtual std::vector<std::string> CommandLine(const std::vector<std::string>& commands) const = 0;

  void SetUp() override {
    if (integration::Execute({debugger_, "--version"}).code != 0) {
      GTEST_SKIP() << "there is no " << debugger_ << "; scripts/packages test installs it";
    }
    sample_.LoadInto(target_);
  }
  void Start(const net::Address& address) {
    auto server = gdb::Server::Start(address, target_, [](const auto&) {});
    ASSERT_TRUE(server.ok()) << server.error().message();
    server_ = std::move(server).value();
  }
  void Start() { Start(net::UnixAddress{.path = folder_.Path("gdb")}); }
  // The text that the debugger prints for these commands.
  std::string Run(const std::vector<std::string>& commands) {
    if (!server_) {
      Start();
    }
    const integration::Ending ending = integration::Execute(CommandLine(commands));
    EXPECT_FALSE(ending.hung) << TextOf(ending);
    return TextOf(ending);
  }

  const std::string debugger_;
  test::TemporaryDirectory folder_;
  SampleProgram sample_{PAGODA_GDB_SAMPLE};
  FakeTarget target_;
  std::unique_ptr<gdb::Server> server_;
};

}  // namespace gdb_test
