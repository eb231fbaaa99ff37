#include "tests/gdb/gdb_guest.h"

namespace gdb_test {
namespace {

constexpr char kMark[] = "@@@";

// gdb gives up a batch at the first command that fails; its Python interpreter goes on, and shows the error. What comes
// from the machine would go to standard error.
std::string Tolerant(const std::string& command) {
  return "python\ngdb.write('" + std::string(kMark) + "')\ntry:\n  gdb.write(gdb.execute('''" + command +
         "''', to_string=True))\nexcept gdb.error as e:\n  gdb.write(str(e) + '\\n')\nend\n";
}

std::vector<std::string> SplitAtMarks(const std::string& text) {
  std::vector<std::string> parts;
  size_t mark = text.find(kMark);
  while (mark != std::string::npos) {
    const size_t start = mark + sizeof(kMark) - 1;
    mark = text.find(kMark, start);
    parts.push_back(text.substr(start, mark == std::string::npos ? mark : mark - start));
  }
  return parts;
}

}  // namespace

void GdbGuestTest::SetUp() {
  integration::GuestTest::SetUp();
  if (!IsSkipped() && integration::Execute({"gdb", "--version"}).code != 0) {
    GTEST_SKIP() << "there is no gdb; scripts/packages test installs it";
  }
}

void GdbGuestTest::Start(const std::vector<std::string>& options, const std::vector<std::string>& program) {
  std::vector<std::string> all = {"--gdb", "unix:" + socket(), "--gdb-wait"};
  all.insert(all.end(), options.begin(), options.end());
  guest_ = std::make_unique<integration::Process>(integration::RunCommand(all, program));
  ASSERT_TRUE(guest_->WaitForError("debug with")) << guest_->Wait().err;
}

std::vector<std::string> GdbGuestTest::Gdb(const std::vector<std::string>& commands) {
  std::string script =
      "set sysroot\nset width 0\nset height 0\nset confirm off\nset breakpoint pending on\ntarget remote " + socket() +
      "\n";
  for (const std::string& command : commands) {
    script += Tolerant(command);
  }
  script += "python gdb.write('" + std::string(kMark) + "')\n";  // what follows is gdb's good-bye
  const std::string file = files_.Write("commands.gdb", script).string();
  const integration::Ending ending = integration::Execute({"gdb", "-nx", "-batch", "-x", file});
  EXPECT_FALSE(ending.hung) << ending.out << ending.err;
  std::vector<std::string> answers = SplitAtMarks(ending.out);
  EXPECT_EQ(answers.size(), commands.size() + 1) << ending.out << ending.err;
  answers.resize(commands.size());
  return answers;
}

}  // namespace gdb_test
