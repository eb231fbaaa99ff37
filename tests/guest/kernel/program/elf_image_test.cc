#include "guest/kernel/program/elf_image.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <random>
#include <string>

#include "guest/kernel/vm/address_space.h"
#include "tests/guest/kernel/program/elf_builder.h"

namespace gk::program {
namespace {

using test::ElfBuilder;

std::optional<ElfDefect> DefectOf(std::span<const uint8_t> file) {
  const base::Result<ElfImage, ElfDefect> image = ParseElf(file);
  return image.ok() ? std::nullopt : std::optional(image.error());
}

TEST(ElfImage, AGoodFileGivesItsSegmentsAndEntry) {
  const std::vector<uint8_t> file = ElfBuilder().Build();
  const base::Result<ElfImage, ElfDefect> image = ParseElf(file);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image->entry, 0x10000004u);
  ASSERT_EQ(image->segment_count, 2u);
  const ElfSegment& text = image->segments()[0];
  EXPECT_EQ(text.address, 0x10000000u);
  EXPECT_TRUE(text.access.read && text.access.execute && !text.access.write);
  const ElfSegment& data = image->segments()[1];
  EXPECT_EQ(data.file_offset, 0x1010u);
  EXPECT_EQ(data.file_size, 16u);
  EXPECT_EQ(data.memory_size, 0x2010u);
  EXPECT_TRUE(data.access.read && data.access.write && !data.access.execute);
}

TEST(ElfImage, ASegmentCoversTheWholePagesThatItTouches) {
  ElfSegment segment{.address = 0x201ff0, .memory_size = 0x20, .file_offset = 0, .file_size = 0, .access = {}};
  EXPECT_EQ(segment.first_page(), 0x201000u);
  EXPECT_EQ(segment.pages_size(), 0x2000u);
  segment.memory_size = 0x10;
  EXPECT_EQ(segment.pages_size(), 0x1000u);
}

TEST(ElfImage, SegmentsThatAreNotLoadedOrEmptyAreIgnored) {
  ElfBuilder builder;
  builder.AddSegment(PF_R, 0, 0, 0, 0);
  builder.AddSegment(PF_R | PF_W | PF_X, 0, 0, 0, 0).p_type = PT_GNU_STACK;
  builder.AddSegment(PF_R, 0x7, 0, 1u << 30, 1u << 30).p_type = PT_NOTE;
  const base::Result<ElfImage, ElfDefect> image = ParseElf(builder.Build());
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image->segment_count, 2u);
}

TEST(ElfImage, SegmentsMayReachBothEndsOfUserSpaceAndTouchEachOther) {
  ElfBuilder builder;
  builder.AddSegment(PF_R, AddressSpace::kUserBase, 0, 1, 0x1000);
  builder.AddSegment(PF_R, AddressSpace::kUserEnd - 0x1000, 0, 1, 0x1000);
  builder.AddSegment(PF_R, ElfBuilder::kTextAddress + 0x1000, 0, 1, 0x1000);
  EXPECT_EQ(DefectOf(builder.Build()), std::nullopt);
}

struct Defective {
  const char* name;
  ElfDefect defect;
  std::function<void(ElfBuilder&)> spoil;
};

class DefectiveElf : public testing::TestWithParam<Defective> {};

TEST_P(DefectiveElf, IsRefusedForWhatIsWrong) {
  ElfBuilder builder;
  builder.header.e_phnum = 2;
  GetParam().spoil(builder);
  const bool counted = builder.segments.size() != 2;
  EXPECT_EQ(DefectOf(counted ? builder.Build() : builder.BuildWithHeader(builder.header)), GetParam().defect);
}

const Defective kDefects[] = {
    {"Magic", ElfDefect::kNotElf, [](ElfBuilder& b) { b.header.e_ident[1] = 'e'; }},
    {"Class32", ElfDefect::kNotElf64, [](ElfBuilder& b) { b.header.e_ident[EI_CLASS] = ELFCLASS32; }},
    {"BigEndian", ElfDefect::kNotElf64, [](ElfBuilder& b) { b.header.e_ident[EI_DATA] = ELFDATA2MSB; }},
    {"Version", ElfDefect::kNotElf64, [](ElfBuilder& b) { b.header.e_ident[EI_VERSION] = 2; }},
    {"Machine", ElfDefect::kWrongMachine, [](ElfBuilder& b) { b.header.e_machine = EM_AARCH64; }},
    {"SharedObject", ElfDefect::kNotExecutable, [](ElfBuilder& b) { b.header.e_type = ET_DYN; }},
    {"Relocatable", ElfDefect::kNotExecutable, [](ElfBuilder& b) { b.header.e_type = ET_REL; }},
    {"HeaderSize", ElfDefect::kBadProgramHeaders, [](ElfBuilder& b) { b.header.e_phentsize = 32; }},
    {"HeadersBehindEnd", ElfDefect::kBadProgramHeaders, [](ElfBuilder& b) { b.header.e_phoff = 0x1000; }},
    {"HeadersWrap", ElfDefect::kBadProgramHeaders, [](ElfBuilder& b) { b.header.e_phoff = UINT64_MAX - 8; }},
    {"HeaderCountEscape", ElfDefect::kBadProgramHeaders, [](ElfBuilder& b) { b.header.e_phnum = PN_XNUM; }},
    {"TooManyHeaders", ElfDefect::kBadProgramHeaders, [](ElfBuilder& b) { b.header.e_phnum = 1000; }},
    {"NoHeaders", ElfDefect::kNoSegments, [](ElfBuilder& b) { b.header.e_phnum = 0; }},
    {"NothingToLoad", ElfDefect::kNoSegments,
     [](ElfBuilder& b) { b.segments[0].p_type = b.segments[1].p_type = PT_NOTE; }},
    {"Interpreter", ElfDefect::kNeedsInterpreter, [](ElfBuilder& b) { b.segments[1].p_type = PT_INTERP; }},
    {"FileRangeBehindEnd", ElfDefect::kSegmentOutsideFile, [](ElfBuilder& b) { b.segments[1].p_offset += 1; }},
    {"FileRangeWraps", ElfDefect::kSegmentOutsideFile, [](ElfBuilder& b) { b.segments[1].p_offset = UINT64_MAX; }},
    {"MoreFileThanMemory", ElfDefect::kSegmentOutsideFile, [](ElfBuilder& b) { b.segments[0].p_memsz = 15; }},
    {"BelowUserSpace", ElfDefect::kSegmentOutsideUserSpace, [](ElfBuilder& b) { b.segments[1].p_vaddr = 0x1ff000; }},
    {"AcrossEndOfUserSpace", ElfDefect::kSegmentOutsideUserSpace,
     [](ElfBuilder& b) { b.segments[1].p_vaddr = AddressSpace::kUserEnd - 0x2000; }},
    {"KernelAddress", ElfDefect::kSegmentOutsideUserSpace,
     [](ElfBuilder& b) { b.segments[1].p_vaddr = 0xffff'ffff'8000'0000; }},
    {"MemoryWraps", ElfDefect::kSegmentOutsideUserSpace, [](ElfBuilder& b) { b.segments[1].p_memsz = UINT64_MAX; }},
    {"WritableAndExecutable", ElfDefect::kWritableAndExecutable, [](ElfBuilder& b) { b.segments[1].p_flags |= PF_X; }},
    {"SamePlace", ElfDefect::kSegmentsOverlap, [](ElfBuilder& b) { b.segments[1].p_vaddr = ElfBuilder::kTextAddress; }},
    {"SharedPage", ElfDefect::kSegmentsOverlap,
     [](ElfBuilder& b) { b.segments[1].p_vaddr = ElfBuilder::kTextAddress + 0x800; }},
    {"EntryInData", ElfDefect::kEntryOutside, [](ElfBuilder& b) { b.header.e_entry = b.segments[1].p_vaddr; }},
    {"EntryBehindText", ElfDefect::kEntryOutside, [](ElfBuilder& b) { b.header.e_entry = b.segments[0].p_vaddr + 16; }},
    {"EntryNull", ElfDefect::kEntryOutside, [](ElfBuilder& b) { b.header.e_entry = 0; }},
    {"SeventeenSegments", ElfDefect::kTooManySegments,
     [](ElfBuilder& b) {
       for (uint64_t i = 0; i < 15; ++i) {
         b.AddSegment(PF_R, 0x20000000 + i * 0x1000, 0, 1, 1);
       }
     }},
};

INSTANTIATE_TEST_SUITE_P(EveryDefect, DefectiveElf, testing::ValuesIn(kDefects),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

TEST(ElfImage, EveryTruncationOfAGoodFileIsRefused) {
  const std::vector<uint8_t> file = ElfBuilder().Build();
  for (size_t size = 0; size < file.size(); ++size) {
    const std::vector<uint8_t> cut(file.begin(), file.begin() + static_cast<ptrdiff_t>(size));  // ASan sees its end
    EXPECT_NE(DefectOf(cut), std::nullopt) << size;
  }
}

TEST(ElfImage, RandomDamageIsRefusedOrGivesAnImageThatHoldsItsPromises) {
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    std::vector<uint8_t> file = ElfBuilder().Build();
    for (int i = 0; i < 3; ++i) {
      file[random() % (sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr))] = static_cast<uint8_t>(random());
    }
    const base::Result<ElfImage, ElfDefect> image = ParseElf(file);
    if (!image.ok()) {
      continue;
    }
    for (const ElfSegment& segment : image->segments()) {
      EXPECT_LE(segment.file_offset + segment.file_size, file.size());
      EXPECT_GE(segment.first_page(), AddressSpace::kUserBase);
      EXPECT_LE(segment.first_page() + segment.pages_size(), AddressSpace::kUserEnd);
      EXPECT_FALSE(segment.access.write && segment.access.execute);
    }
  }
}

TEST(ElfImage, EveryDefectHasADescriptionOfItsOwn) {
  for (const Defective& defective : kDefects) {
    EXPECT_NE(std::string(Describe(defective.defect)), "is defective");
  }
}

}  // namespace
}  // namespace gk::program
