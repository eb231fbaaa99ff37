// A working set survives being written and read, and no text that somebody else made does harm.
#include "devices/pager/replay/working_set.h"

#include <gtest/gtest.h>

#include <random>

#include "shared/base/range.h"

namespace {

using pager::replay::FormatWorkingSet;
using pager::replay::ParseWorkingSet;
using pager::replay::WorkingSet;

constexpr uint64_t kPage = base::kPageSize;

WorkingSet Sample() {
  return {.objects = {{.name = "f", .size = 8 * kPage, .version = "file inode=5"},
                      {.name = "d/a b%\n\xff-", .size = kPage, .version = ""},
                      {.name = "-", .size = 0, .version = "-"}},
          .reads = {{.object = 0, .range = {.offset = kPage, .length = 2 * kPage}},
                    {.object = 1, .range = {.offset = 0, .length = kPage}},
                    {.object = 0, .range = {.offset = 0, .length = kPage}}}};
}

std::string ErrorOf(std::string_view text) {
  const auto parsed = ParseWorkingSet(text);
  return parsed.ok() ? "" : parsed.error().message;
}

const std::string kStart = "pagoda working set 1\nobject 0 4096 v f\n";

TEST(WorkingSet, IsTheSameWhenReadBack) {
  const auto parsed = ParseWorkingSet(FormatWorkingSet(Sample()));
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed.value(), Sample());
  EXPECT_EQ(ParseWorkingSet(FormatWorkingSet({})).value(), WorkingSet());
}

TEST(WorkingSet, IsLinesOfGraphicCharacters) {
  for (const char c : FormatWorkingSet(Sample())) {
    EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~'));
  }
}

TEST(WorkingSet, EachMistakeIsNamedWithItsLine) {
  EXPECT_EQ(ErrorOf(""), "is empty");
  EXPECT_EQ(ErrorOf("\x7f"
                    "ELF\n"),
            "line 1: this is no working set");
  EXPECT_EQ(ErrorOf("pagoda working set 2\nend 0\n"),
            "line 1: this is a working set of a version that is not known here");
  EXPECT_EQ(ErrorOf(kStart), "has no 'end' line: the file was cut off");
  EXPECT_EQ(ErrorOf(kStart + "read 0 0 40"), "line 3: has no end: the file was cut off");
  EXPECT_EQ(ErrorOf(kStart + "end 1\n"), "line 3: the count of reads is wrong");
  EXPECT_EQ(ErrorOf(kStart + "end 0\nend 0\n"), "line 4: something follows the end");
  EXPECT_EQ(ErrorOf(kStart + "read 1 0 4096\n"), "line 3: there is no object of that number");
  EXPECT_EQ(ErrorOf(kStart + "object 5 4096 v g\n"), "line 3: objects are numbered 0, 1, 2, ...");
  for (const std::string_view line :
       {"read 0 1 4096", "read 0 0 1", "read 0 0 0", "read 0 0 -4096", "read 0 0 18446744073709551616",
        "read 0 18446744073709547520 4096", "read 0 0 1099511627776", "read 0 0x0 4096", "read 0 0 4096k"}) {
    EXPECT_EQ(ErrorOf(kStart + std::string(line) + "\n"),
              "line 3: offset and length are multiples of the page size, and not too large")
        << line;
  }
  for (const std::string_view line :
       {"", "read", "read 0 0", "read 0 0 4096 ", "read  0 0 4096", "read 0 0 4096 5 6 7", "end", "what 0", " end 0"}) {
    EXPECT_TRUE(ErrorOf(kStart + std::string(line) + "\n").starts_with("line 3: neither")) << line;
  }
  for (const std::string_view name : {"%", "%2", "%zz", "a%", "-", "\x01"}) {
    EXPECT_NE(ErrorOf("pagoda working set 1\nobject 0 4096 v " + std::string(name) + "\nend 0\n"), "") << name;
  }
}

TEST(WorkingSet, ChangedBytesGiveAnErrorOrASetThatIsOne) {
  const std::string good = FormatWorkingSet(Sample());
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::string text = good;
    for (unsigned change = random() % 4; change > 0; --change) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    text.resize(random() % 8 == 0 ? random() % text.size() : text.size());
    const auto parsed = ParseWorkingSet(text);
    if (parsed.ok()) {
      EXPECT_EQ(ParseWorkingSet(FormatWorkingSet(parsed.value())).value(), parsed.value());
    }
  }
}

}  // namespace
