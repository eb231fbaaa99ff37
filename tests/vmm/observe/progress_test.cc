// The progress line shares a terminal with the guest's output and leaves it readable.
#include "vmm/observe/progress.h"

#include <gtest/gtest.h>

namespace vmm {
namespace {

constexpr std::string_view kErase = "\r\x1b[K";

RunReport Report(uint64_t pages, std::string name = "f") {
  RunReport report;
  report.elapsed = std::chrono::seconds(pages);
  report.objects = {{.name = std::move(name), .size = 4096 * 1024, .pages_in = pages}};
  return report;
}

class ProgressTest : public testing::Test {
 protected:
  Progress Make(ProgressStyle style, bool shares = true) {
    return Progress(style, shares, 79, [this](std::string_view text) { shown_ += text; });
  }
  std::string Taken() { return std::exchange(shown_, {}); }

  std::string shown_;
};

TEST(ProgressLine, SaysObjectSizeAndSpeedSinceTheLastOne) {
  const std::string line = ProgressLine(Report(256), Report(512), 200);
  EXPECT_EQ(line, "pagoda: f: 2.0 MiB in, of 4.0; 0.0 MB/s");
}

TEST(ProgressLine, FitsTheTerminalAndHasNoControlCharacters) {
  const std::string line = ProgressLine({}, Report(1, std::string(300, 'x') + "\x1b[2Jend"), 79);
  EXPECT_LE(line.size(), 79u);
  EXPECT_NE(line.find("?[2Jend: "), std::string::npos) << line;
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_LE(ProgressLine({}, Report(1), 10).size(), 10u);
}

TEST_F(ProgressTest, IsRedrawnInPlaceAndGoneInTheEnd) {
  Progress progress = Make(ProgressStyle::kRedrawn);
  progress.Tick(Report(1));
  progress.Tick(Report(2));
  const std::string shown = Taken();
  EXPECT_EQ(shown.find('\n'), std::string::npos);
  EXPECT_EQ(shown.rfind(kErase) > 0, true);
  progress.Finish(Report(3));
  EXPECT_EQ(Taken(), kErase);
  progress.Tick(Report(3));
  EXPECT_EQ(Taken(), "");
}

TEST_F(ProgressTest, GoesBeforeOutputAndComesBackWhenItsLineHasEnded) {
  Progress progress = Make(ProgressStyle::kRedrawn);
  progress.Tick(Report(1));
  Taken();
  progress.BeforeOutput();
  EXPECT_EQ(Taken(), kErase);
  progress.AfterOutput('x');
  progress.Tick(Report(2));
  EXPECT_EQ(Taken(), "") << "drawn into the guest's line";
  progress.BeforeOutput();
  progress.AfterOutput('\n');
  progress.Tick(Report(3));
  EXPECT_NE(Taken(), "");
}

TEST_F(ProgressTest, OutputThatGoesElsewhereDoesNotMatter) {
  Progress progress = Make(ProgressStyle::kRedrawn, false);
  progress.BeforeOutput();
  progress.AfterOutput('x');
  progress.Tick(Report(1));
  EXPECT_NE(Taken(), "");
}

TEST_F(ProgressTest, LinesAreWholeAndHaveNoEscapes) {
  Progress progress = Make(ProgressStyle::kLines, false);
  progress.Tick(Report(1));
  progress.Finish(Report(2));
  progress.Tick(Report(3));
  const std::string shown = Taken();
  EXPECT_TRUE(shown.ends_with("MB/s\n")) << shown;
  EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 2);
  EXPECT_EQ(shown.find('\x1b'), std::string::npos);
  EXPECT_EQ(shown.find('\r'), std::string::npos);
}

TEST_F(ProgressTest, OtherLinesTakeItsPlace) {
  Progress progress = Make(ProgressStyle::kRedrawn);
  progress.Tick(Report(1));
  Taken();
  progress.Print("pagoda: something\n");
  EXPECT_EQ(Taken(), std::string(kErase) + "pagoda: something\n");
}

}  // namespace
}  // namespace vmm
