#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "shared/base/range.h"
#include "tests/vmm/image/support.h"

namespace vmm {
namespace {

using ::testing::HasSubstr;

std::string WriterComplaint(std::vector<BootfsInput> inputs) {
  const auto image = BuildBootfs(inputs);
  return image.ok() ? std::string() : image.error().message();
}

TEST(BuildBootfs, GivesTheSameBytesWhateverTheOrderOfTheFiles) {
  const Image forwards = BuildImage({Input("a", "1"), Input("b", "2", true), Input("c", "3")});
  const Image backwards = BuildImage({Input("c", "3"), Input("b", "2", true), Input("a", "1")});
  EXPECT_EQ(forwards, backwards);
}

TEST(BuildBootfs, PutsEveryFileOnPagesOfItsOwn) {
  const Image image =
      BuildImage({Input("a", ""), Input("b", "1"), Input("c", std::string(4096, 'c')), Input("d", "2")});
  EXPECT_EQ(image.size(), 4 * base::kPageSize);
  const auto view = BootfsView::Parse(image);
  ASSERT_TRUE(view.ok()) << view.error().message();
  for (const BootfsFile& file : view->files()) {
    EXPECT_TRUE(base::IsPageAligned(static_cast<uint64_t>(file.contents.data() - image.data()))) << file.name;
  }
}

TEST(BuildBootfs, NamesBothOriginsOfANameGivenTwice) {
  BootfsInput first = Input("tool", "1");
  BootfsInput second = Input("tool", "2");
  first.origin = "build/tool";
  second.origin = "old/tool";
  EXPECT_EQ(WriterComplaint({first, Input("x", ""), second}),
            "the name 'tool' is given twice: build/tool and old/tool");
}

TEST(BuildBootfs, RefusesWhatTheReaderWouldRefuse) {
  EXPECT_THAT(WriterComplaint({Input("../up", "")}), HasSubstr("'../up' (from/../up) is no legal name"));
  EXPECT_THAT(WriterComplaint({Input("", "")}), HasSubstr("no legal name"));
  EXPECT_THAT(WriterComplaint({Input(std::string(256, 'n'), "")}), HasSubstr("no legal name"));
}

TEST(BuildBootfs, ShowsNoControlCharacters) {
  EXPECT_THAT(WriterComplaint({Input("a\x1b[2Jb", "")}), HasSubstr("'a?[2Jb'"));
}

TEST(BuildBootfs, RefusesAFileThatIsAlsoAFolder) {
  EXPECT_EQ(WriterComplaint({Input("a/b/c", ""), Input("a/b", ""), Input("a/b-c", "")}),
            "'a/b' is a file and the folder of 'a/b/c'");
  EXPECT_EQ(WriterComplaint({Input("a/b/c", ""), Input("a/b-c", ""), Input("a/bb", "")}), "");
}

TEST(BuildBootfs, TakesAsManyFilesAsTheFormatAllowsAndNoMore) {
  std::vector<BootfsInput> inputs;
  for (uint32_t i = 0; i < abi::kBootfsMaxEntries; ++i) {
    inputs.push_back(Input("file" + std::to_string(i), ""));
  }
  EXPECT_EQ(Complaint(BuildImage(inputs)), "");
  inputs.push_back(Input("one more", ""));
  EXPECT_THAT(WriterComplaint(inputs), HasSubstr("4097 files"));
}

TEST(BuildBootfs, LongestNamesComeBack) {
  const std::string longest(abi::kBootfsMaxName, 'n');
  const Image image = BuildImage({Input(longest, "1")});
  const auto view = BootfsView::Parse(image);
  ASSERT_TRUE(view.ok()) << view.error().message();
  EXPECT_NE(view->Find(longest), nullptr);
}

}  // namespace
}  // namespace vmm
