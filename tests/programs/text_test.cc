// cat, wc and grep say of an object what the host's tools say of the file.
#include "tests/programs/support.h"

namespace programs_test {
namespace {

using TextTest = GuestTest;

std::string Shape(const std::string& name) {
  if (name == "Empty") {
    return "";
  }
  if (name == "NoNewline") {
    return "one two\tthree\n\n  four";
  }
  if (name == "OnlyNewlines") {
    return std::string(5000, '\n');
  }
  if (name == "AnyBytes") {
    std::string bytes;
    std::mt19937 random(7);
    for (int i = 0; i < 300000; ++i) {
      bytes += static_cast<char>(random());
    }
    return bytes;
  }
  return MakeText(1 << 20, 1);
}

class TextShape : public GuestTest, public testing::WithParamInterface<const char*> {};

TEST_P(TextShape, IsCountedAsOnTheHost) {
  const auto file = files_.Write("f", Shape(GetParam()));
  const Ending guest = RunInGuest({File("f", file, ",ro")}, {"wc", "f"});
  EXPECT_EQ(guest.code, 0) << guest.err;
  std::string host;
  for (const char* option : {"-l", "-w", "-c"}) {
    const std::string out = RunOnHost({"wc", option, file}).out;
    host += out.substr(0, out.find(' ')) + " ";
  }
  EXPECT_EQ(guest.out, host + "f\n");
}

TEST_P(TextShape, IsPrintedByteForByte) {
  const std::string content = Shape(GetParam());
  const Ending guest = RunInGuest({File("f", files_.Write("f", content), ",ro")}, {"cat", "f"});
  EXPECT_EQ(guest.code, 0) << guest.err;
  EXPECT_TRUE(guest.out == content) << guest.out.size() << " bytes in place of " << content.size();
}

INSTANTIATE_TEST_SUITE_P(Of, TextShape, testing::Values("Empty", "NoNewline", "OnlyNewlines", "AnyBytes", "Text"),
                         [](const auto& parameter) { return std::string(parameter.param); });

TEST_F(TextTest, SeveralObjectsAreCountedTogether) {
  const Ending guest =
      RunInGuest({File("a", files_.Write("a", "x y\n"), ",ro"), File("b", files_.Write("b", "z"), ",ro")},
                 {"wc", "-lw", "a", "nothing", "b"});
  EXPECT_EQ(guest.code, 1) << "one of them is not there";
  EXPECT_NE(guest.out.find("1 2 a\n"), std::string::npos) << guest.out;
  EXPECT_NE(guest.out.find("0 1 b\n1 3 total\n"), std::string::npos) << guest.out;
}

// Each as arguments of grep; the guest's and the host's must agree in output and exit code.
struct Pattern {
  const char* name;
  std::vector<std::string> arguments;
};

class GrepOf : public GuestTest, public testing::WithParamInterface<Pattern> {};

TEST_P(GrepOf, FindsTheLinesThatTheHostFinds) {
  const auto file = files_.Write("f", MakeText(300000, 3) + "last.line [without] an end* $x^");
  std::vector<std::string> guest_command = GetParam().arguments;
  guest_command.insert(guest_command.begin(), "grep");
  std::vector<std::string> host_command = guest_command;
  guest_command.emplace_back("f");
  host_command.push_back(file);
  const Ending guest = RunInGuest({File("f", file, ",ro")}, guest_command);
  const Ending host = RunOnHost(host_command);
  EXPECT_EQ(guest.code, host.code) << guest.err << host.err;
  EXPECT_TRUE(guest.out == host.out) << guest.out.size() << " bytes in place of " << host.out.size();
}

INSTANTIATE_TEST_SUITE_P(Pattern, GrepOf,
                         testing::Values(Pattern{"Fixed", {"-F", "e.l"}}, Pattern{"FixedAnyCase", {"-Fi", "LAST.LINE"}},
                                         Pattern{"Literal", {"-n", "ab"}}, Pattern{"Dot", {"a.c.e"}},
                                         Pattern{"Star", {"-c", "ab*c.*d"}}, Pattern{"Set", {"[aeiou][aeiou][x-z]"}},
                                         Pattern{"NegatedSet", {"-c", "^[^a-y ]"}}, Pattern{"Start", {"-n", "^z"}},
                                         Pattern{"End", {"-n", "[0-9] q*x$"}}, Pattern{"Whole", {"^[a-f]*$"}},
                                         Pattern{"EmptyLines", {"-cv", "^$"}}, Pattern{"AnyCase", {"-in", "^QU[A-M]"}},
                                         Pattern{"Escapes", {"t\\.line \\[without\\] an end\\* \\$x\\^"}},
                                         Pattern{"StarFirst", {"-c", "*"}}, Pattern{"AnchorsInside", {"$x^"}},
                                         Pattern{"StarBehindAnchor", {"-c", "^*"}}, Pattern{"Bracket", {"[]a]t[.]"}},
                                         Pattern{"Everything", {"-c", ""}}, Pattern{"Nothing", {"zqzqzq"}}),
                         integration::NameOfParameter());

TEST_F(TextTest, GrepRefusesWhatItCannotDoInOneLine) {
  const auto file = files_.Write("f", "aa\n");
  for (const char* pattern : {"\\(a\\)", "a\\|b", "a\\{2\\}", "[[:alpha:]]", "[a", "a\\", "\\w"}) {
    const Ending guest = RunInGuest({File("f", file, ",ro")}, {"grep", pattern, "f"});
    EXPECT_EQ(guest.code, 2) << pattern;
    EXPECT_EQ(guest.out.find("aa"), std::string::npos);
    EXPECT_NE((guest.out + guest.err).find(std::string("grep: '") + pattern + "' cannot be searched for: "),
              std::string::npos)
        << guest.out << guest.err;
  }
}

TEST_F(TextTest, WhatIsLargerThanTheGuestsMemoryIsReadToItsEnd) {
  const auto file = files_.Write("f", MakeText(30 << 20, 5));
  const Ending lines = RunInGuest({File("f", file, ",ro")}, {"wc", "-l", "f"}, 24);
  EXPECT_EQ(lines.code, 0) << lines.err;
  const std::string host = RunOnHost({"wc", "-l", file}).out;
  EXPECT_EQ(lines.out, host.substr(0, host.find(' ')) + " f\n");
  const Ending found = RunInGuest({File("f", file, ",ro")}, {"grep", "-n", "^-[0-9]* qu.*z", "f"}, 24);
  EXPECT_TRUE(found.out == RunOnHost({"grep", "-n", "^-[0-9]* qu.*z", file}).out);
}

}  // namespace
}  // namespace programs_test
