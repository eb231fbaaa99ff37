// The reader against every way in which an image can be wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "shared/base/range.h"
#include "tests/vmm/image/support.h"

namespace vmm {
namespace {

using ::testing::HasSubstr;

TEST(BootfsView, ShowsEveryFileOfAGoodImageInOrder) {
  const Image image = SampleImage();
  const auto view = BootfsView::Parse(image);
  ASSERT_TRUE(view.ok()) << view.error().message();
  ASSERT_EQ(view->files().size(), 3u);
  EXPECT_EQ(view->files()[0].name, "a");
  EXPECT_TRUE(view->files()[0].contents.empty());
  EXPECT_FALSE(view->files()[0].executable);
  EXPECT_EQ(view->files()[1].name, "bin/tool");
  EXPECT_EQ(TextOf(view->files()[1].contents), std::string(base::kPageSize + 1, 't'));
  EXPECT_TRUE(view->files()[1].executable);
  EXPECT_EQ(TextOf(view->files()[2].contents), "some text");
}

TEST(BootfsView, FindsOnlyExactNames) {
  const Image image = SampleImage();
  const auto view = BootfsView::Parse(image);
  ASSERT_TRUE(view.ok());
  ASSERT_NE(view->Find("bin/tool"), nullptr);
  EXPECT_EQ(view->Find("bin/tool")->name, "bin/tool");
  for (const char* name : {"", "bin", "bin/", "bin/too", "bin/tools", "A", "z", "/a"}) {
    EXPECT_EQ(view->Find(name), nullptr) << name;
  }
}

TEST(BootfsView, AcceptsAnImageWithoutFiles) {
  const Image image = BuildImage({});
  const auto view = BootfsView::Parse(image);
  ASSERT_TRUE(view.ok()) << view.error().message();
  EXPECT_TRUE(view->files().empty());
  EXPECT_EQ(view->Find("a"), nullptr);
}

TEST(BootfsView, RefusesEveryTruncation) {
  const Image image = SampleImage();
  for (size_t size = 0; size < image.size(); ++size) {
    ASSERT_THAT(Complaint(std::span(image).first(size)), HasSubstr("truncated")) << size;
  }
}

TEST(BootfsView, RefusesEverySingleFlippedBit) {
  Image image = SampleImage();
  for (size_t bit = 0; bit < image.size() * 8; ++bit) {
    image[bit / 8] ^= std::byte{1} << (bit % 8);
    ASSERT_NE(Complaint(image), "") << "bit " << bit;
    image[bit / 8] ^= std::byte{1} << (bit % 8);
  }
  EXPECT_EQ(Complaint(image), "");
}

TEST(BootfsView, RefusesBytesBehindTheEnd) {
  Image image = SampleImage();
  image.push_back(std::byte{0});
  EXPECT_THAT(Complaint(image), HasSubstr("1 bytes after the end"));
}

TEST(BootfsView, ErrorsAreTheUsersAndOneLine) {
  const auto view = BootfsView::Parse(BytesOf("GIF89a is not a boot image, whatever its size"));
  ASSERT_FALSE(view.ok());
  EXPECT_EQ(view.error().exit_code(), 2);
  EXPECT_THAT(view.error().message(), HasSubstr("not a boot image"));
  EXPECT_EQ(view.error().message().find('\n'), std::string::npos);
}

struct BadHeader {
  const char* title;
  const char* complaint;
  std::function<void(abi::BootfsHeader&)> change;
};

class WrongHeader : public ::testing::TestWithParam<BadHeader> {};

TEST_P(WrongHeader, IsRefusedForItsReason) {
  Image image = SampleImage();
  Forge(image, GetParam().change);
  EXPECT_THAT(Complaint(image), HasSubstr(GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(
    BootfsView, WrongHeader,
    ::testing::Values(
        BadHeader{"Magic", "magic", [](auto& header) { ++header.magic; }},
        BadHeader{"OldVersion", "version 0", [](auto& header) { header.version = 0; }},
        BadHeader{"NewVersion", "version 2", [](auto& header) { header.version = 2; }},
        BadHeader{"NoSize", "not a multiple", [](auto& header) { header.image_size = 0; }},
        BadHeader{"OddSize", "not a multiple", [](auto& header) { header.image_size -= 1; }},
        BadHeader{"LongSize", "truncated", [](auto& header) { header.image_size += 4096; }},
        BadHeader{"HugeSize", "truncated", [](auto& header) { header.image_size = 0xffff'ffff'ffff'f000; }},
        BadHeader{"ShortSize", "after the end", [](auto& header) { header.image_size -= 4096; }},
        BadHeader{"FewerEntries", "stray bytes after the names", [](auto& header) { --header.entry_count; }},
        BadHeader{"OneEntryMore", "illegal name", [](auto& header) { ++header.entry_count; }},
        BadHeader{"TooManyEntries", "at most 4096", [](auto& header) { header.entry_count = 4097; }},
        BadHeader{"MoreEntriesThanBytes", "do not fit", [](auto& header) { header.entry_count = 4096; }},
        BadHeader{"EntriesThatWrap", "at most 4096", [](auto& header) { header.entry_count = 0xffff'ffff; }},
        BadHeader{"NamesTooShort", "outside its place", [](auto& header) { --header.names_size; }},
        BadHeader{"NamesTooLong", "belong to no file", [](auto& header) { ++header.names_size; }},
        BadHeader{"NamesOutside", "do not fit", [](auto& header) { header.names_size = 0xffff'ffff; }}),
    [](const auto& information) { return information.param.title; });

TEST(BootfsView, RefusesAWrongChecksum) {
  Image image = SampleImage();
  image[offsetof(abi::BootfsHeader, crc32)] ^= std::byte{1};
  EXPECT_THAT(Complaint(image), HasSubstr("checksum"));
}

// Of the sample's entries: 0 is "a" (empty), 1 is "bin/tool" (two pages), 2 is "text" (one page).
struct BadEntry {
  const char* title;
  const char* complaint;
  size_t index;
  std::function<void(abi::BootfsEntry&)> change;
};

class WrongEntry : public ::testing::TestWithParam<BadEntry> {};

TEST_P(WrongEntry, IsRefusedForItsReason) {
  Image image = SampleImage();
  ForgeEntry(image, GetParam().index, GetParam().change);
  EXPECT_THAT(Complaint(image), HasSubstr(GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(
    BootfsView, WrongEntry,
    ::testing::Values(
        BadEntry{"Unaligned", "page boundary", 1, [](auto& entry) { entry.offset += 8; }},
        BadEntry{"InTheTables", "outside the image", 1, [](auto& entry) { entry.offset = 0; }},
        BadEntry{"EmptyInTheTables", "outside the image", 0, [](auto& entry) { entry.offset = 0; }},
        BadEntry{"BehindTheEnd", "outside the image", 0, [](auto& entry) { entry.offset = 1 << 20; }},
        BadEntry{"OffsetThatWraps", "outside the image", 1, [](auto& entry) { entry.offset = 0xffff'ffff'ffff'f000; }},
        BadEntry{"TooLong", "outside the image", 2, [](auto& entry) { entry.size = 4097; }},
        BadEntry{"SizeThatWraps", "outside the image", 2, [](auto& entry) { entry.size = UINT64_MAX; }},
        BadEntry{"TooShort", "stray bytes", 2, [](auto& entry) { --entry.size; }},
        BadEntry{"OnAnother", "overlap", 2, [](auto& entry) { entry.offset = 4096, entry.size = 4096; }},
        BadEntry{"IntoAnother", "overlap", 1, [](auto& entry) { entry.size = 2 * 4096 + 9; }},
        BadEntry{"NameElsewhere", "outside its place", 1, [](auto& entry) { ++entry.name_offset; }},
        BadEntry{"NameOfAnother", "outside its place", 1, [](auto& entry) { entry.name_offset = 0; }},
        BadEntry{"NameOutside", "outside its place", 0, [](auto& entry) { entry.name_offset = 0xffff'ffff; }},
        BadEntry{"NameTooLong", "outside its place", 2, [](auto& entry) { ++entry.name_length; }},
        BadEntry{"NameThatWraps", "outside its place", 0, [](auto& entry) { entry.name_length = 0xffff'ffff; }},
        BadEntry{"NameUnterminated", "illegal name", 1, [](auto& entry) { --entry.name_length; }},
        BadEntry{"NameWithTerminator", "illegal name", 0, [](auto& entry) { ++entry.name_length; }},
        BadEntry{"NoName", "illegal name", 0, [](auto& entry) { entry.name_length = 0; }},
        BadEntry{"UnknownFlag", "unknown flags", 0, [](auto& entry) { entry.flags = 2; }},
        BadEntry{"Reserved", "unknown flags", 0, [](auto& entry) { entry.reserved = 1; }}),
    [](const auto& information) { return information.param.title; });

size_t NamesStart(size_t files) { return sizeof(abi::BootfsHeader) + files * sizeof(abi::BootfsEntry); }

TEST(BootfsView, RefusesUnsortedAndRepeatedNames) {
  Image image = BuildImage({Input("b", "1"), Input("d", "2")});
  ForgeByte(image, NamesStart(2), 'e');
  EXPECT_THAT(Complaint(image), HasSubstr("'d' is out of order"));
  ForgeByte(image, NamesStart(2), 'd');
  EXPECT_THAT(Complaint(image), HasSubstr("'d' appears twice"));
  ForgeByte(image, NamesStart(2), 'c');
  EXPECT_EQ(Complaint(image), "");
}

TEST(BootfsView, RefusesNamesThatCouldLeaveAFolder) {
  for (const std::string_view name : {"/bc", "b//", "../", "..c", "b/.", "bc/"}) {
    Image image = BuildImage({Input("abc", "1")});
    for (size_t i = 0; i < name.size(); ++i) {
      ForgeByte(image, NamesStart(1) + i, name[i]);
    }
    EXPECT_EQ(Complaint(image).empty(), name == "..c") << name;
  }
}

TEST(BootfsView, RefusesStrayBytesInTheGaps) {
  Image image = SampleImage();
  ForgeByte(image, 4095, 1);
  EXPECT_THAT(Complaint(image), HasSubstr("after the names"));
  ForgeByte(image, 4095, 0);
  ForgeByte(image, image.size() - 1, 1);
  EXPECT_THAT(Complaint(image), HasSubstr("after the contents of 'text'"));
}

TEST(BootfsName, TheRulesOfTheFormat) {
  const std::vector<std::string> legal = {
      "a", "a/b", "...", ".a", "a.", "..a/b", "a b", "\xc3\xa9", std::string(255, 'n')};
  for (const std::string& name : legal) {
    EXPECT_TRUE(IsLegalBootfsName(name)) << name;
  }
  const std::vector<std::string> illegal = {
      "", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "a\nb", "\x7f", std::string(256, 'n')};
  for (const std::string& name : illegal) {
    EXPECT_FALSE(IsLegalBootfsName(name)) << name;
  }
  EXPECT_FALSE(IsLegalBootfsName(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace vmm
