#include "tests/gdb/debugged_guest.h"

#include <cstdlib>

namespace integration {
namespace {

std::string GdbPath() {
  const char* path = getenv("GDB");
  return path != nullptr ? path : "gdb";
}

}  // namespace

void DebuggedGuest::SetUp() {
  GuestTest::SetUp();
  if (IsSkipped() || HasFatalFailure() || Execute({GdbPath(), "-nx", "--version"}).code == 0) {
    return;
  }
  const char* required = getenv("REQUIRE_GDB");
  if (required != nullptr && std::string(required) == "1") {
    FAIL() << "there is no gdb";
  }
  GTEST_SKIP() << "there is no gdb: apt-get install gdb";
}

void DebuggedGuest::Start(const std::vector<std::string>& options, const std::vector<std::string>& program) {
  std::vector<std::string> all = {"--gdb", "unix:" + files_.path("gdb").string()};
  all.insert(all.end(), options.begin(), options.end());
  guest_.emplace(RunCommand(all, program));
  ASSERT_TRUE(guest_->WaitForError("debug with: gdb -ex 'target remote ")) << guest_->Wait().err;
}

std::vector<std::string> DebuggedGuest::Gdb(const std::vector<std::string>& commands) const {
  std::vector<std::string> arguments = {GdbPath(), "-nx", "-batch"};
  const std::vector<std::string> first = {"set pagination off",        "set confirm off",
                                          "set breakpoint pending on", "set style enabled off",
                                          "set sysroot " + sysroot_,   "target remote " + files_.path("gdb").string()};
  for (const auto* list : {&first, &commands}) {
    for (const std::string& command : *list) {
      arguments.emplace_back("-ex");
      arguments.push_back(command);
    }
  }
  return arguments;
}

std::string DebuggedGuest::Debug(const std::vector<std::string>& commands) {
  const Ending gdb = Execute(Gdb(commands));
  EXPECT_FALSE(gdb.hung) << "gdb had to be killed";
  return gdb.out + gdb.err;
}

testing::AssertionResult Shows(const std::string& text, const std::vector<std::string>& parts) {
  size_t from = 0;
  for (const std::string& part : parts) {
    const size_t at = text.find(part, from);
    if (at == std::string::npos) {
      return testing::AssertionFailure() << "'" << part << "' is missing, or not where it should be, in\n" << text;
    }
    from = at + part.size();
  }
  return testing::AssertionSuccess();
}

}  // namespace integration
