// Breakpoints in memory that programs share, that appears later, and that is used again for something else.
#include "vmm/debug/breakpoint_table.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "vmm/loader/page_tables.h"

namespace vmm {
namespace {

constexpr uint64_t kRamSize = 8 << 20;
constexpr uint64_t kCode = 0x1000'0000;   // virtual
constexpr uint64_t kOther = 0x2000'0000;  // virtual, of the same page
constexpr uint64_t kPage = 0x5000;        // physical
constexpr uint8_t kInt3 = 0xcc;

class BreakpointTableTest : public testing::Test {
 protected:
  // A program that shows `page` at `address`, and the nucleus as all do.
  uint64_t MakeProgram(uint64_t tables, uint64_t address, uint64_t page) {
    PageTableBuilder builder = PageTableBuilder::Create(ram_, tables).value();
    EXPECT_TRUE(builder.MapSmallPages(address, page, 1, PagePermission::kReadExecute).ok());
    std::memcpy(ram_.data() + builder.root() + 511 * 8, &kNucleusEntry, sizeof(kNucleusEntry));
    return builder.root();
  }
  void Fill(uint64_t page, uint8_t first) {
    for (size_t i = 0; i < 64; ++i) {
      ram_[page + i] = std::byte(first + i);
    }
  }
  [[nodiscard]] uint8_t At(uint64_t physical) const { return std::to_integer<uint8_t>(ram_[physical]); }

  static constexpr uint64_t kNucleusEntry = 0x7003;
  std::vector<std::byte> ram_ = std::vector<std::byte>(kRamSize);
  dev::GuestMemory memory_ = dev::GuestMemory::Create({{.base = 0, .host = ram_}}).value();
  BreakpointTable table_{memory_};
};

TEST_F(BreakpointTableTest, AWantedByteStandsInMemoryAndIsHiddenFromReaders) {
  const uint64_t root = MakeProgram(0x10'0000, kCode, kPage);
  Fill(kPage, 1);
  table_.Want(kCode + 3, root);
  EXPECT_EQ(At(kPage + 3), kInt3);
  EXPECT_EQ(table_.FindPlanted(kCode + 3, root), kPage + 3);
  std::vector<std::byte> shown(ram_.begin() + kPage, ram_.begin() + kPage + 8);
  table_.Hide(kPage, shown);
  EXPECT_EQ(std::to_integer<uint8_t>(shown[3]), 4);
  table_.Forget(kCode + 3);
  EXPECT_EQ(At(kPage + 3), 4);
  EXPECT_EQ(table_.planted_count(), 0u);
}

TEST_F(BreakpointTableTest, WhatIsNotMappedYetIsPlantedWhenItIs) {
  const uint64_t first = MakeProgram(0x10'0000, kOther, 0x6000);
  table_.Want(kCode, first);
  EXPECT_EQ(table_.planted_count(), 0u);
  Fill(kPage, 1);
  const uint64_t second = MakeProgram(0x20'0000, kCode, kPage);
  EXPECT_TRUE(table_.OnCodeMapped(second, kCode, 1));
  EXPECT_EQ(At(kPage), kInt3);
  EXPECT_FALSE(table_.OnCodeMapped(second, kCode, 1)) << "it is known by now";
}

TEST_F(BreakpointTableTest, ASharedPageIsHitAtAnotherAddressThatNobodyWants) {
  Fill(kPage, 1);
  const uint64_t wanted = MakeProgram(0x10'0000, kCode, kPage);
  const uint64_t other = MakeProgram(0x20'0000, kOther, kPage);
  table_.Want(kCode, wanted);
  EXPECT_TRUE(table_.FindPlanted(kOther, other).has_value());
  EXPECT_FALSE(table_.IsWanted(kOther));
}

TEST_F(BreakpointTableTest, AnotherProgramsCodeAtTheSameAddressIsLeftAlone) {
  Fill(kPage, 1);
  Fill(0x6000, 101);
  const uint64_t wanted = MakeProgram(0x10'0000, kCode, kPage);
  const uint64_t other = MakeProgram(0x20'0000, kCode, 0x6000);
  table_.Want(kCode, wanted);
  table_.OnCodeMapped(other, kCode, 1);
  EXPECT_EQ(At(kPage), kInt3);
  EXPECT_EQ(At(0x6000), 101);
}

TEST_F(BreakpointTableTest, ThePageTablesOfADeadProgramAreNotFollowed) {
  Fill(kPage, 1);
  const uint64_t dead = MakeProgram(0x10'0000, kCode, kPage);
  table_.OnCodeMapped(dead, kCode, 1);
  Fill(0x6000, 1);
  const uint64_t alive = MakeProgram(0x20'0000, kOther, 0x6000);
  table_.OnCodeMapped(alive, kOther, 1);
  EXPECT_EQ(table_.LivingRoots().size(), 2u);
  std::memset(ram_.data() + dead + 511 * 8, 0, 8);
  EXPECT_EQ(table_.LivingRoots(), std::vector<uint64_t>{alive});
  table_.Want(kCode, alive);
  EXPECT_EQ(At(kPage), 1);
}

TEST_F(BreakpointTableTest, AByteThatTheGuestHasOverwrittenIsNotPutBack) {
  Fill(kPage, 1);
  const uint64_t root = MakeProgram(0x10'0000, kCode, kPage);
  table_.Want(kCode, root);
  ram_[kPage] = std::byte{0x77};
  table_.Forget(kCode);
  EXPECT_EQ(At(kPage), 0x77);
}

TEST_F(BreakpointTableTest, WritesGoBelowWhatIsPlanted) {
  Fill(kPage, 1);
  const uint64_t root = MakeProgram(0x10'0000, kCode, kPage);
  table_.Want(kCode + 1, root);
  const std::vector<std::byte> bytes(3, std::byte{0x90});
  EXPECT_TRUE(table_.Write(kPage, bytes));
  EXPECT_EQ(At(kPage + 1), kInt3);
  table_.ForgetAll();
  EXPECT_EQ(At(kPage + 1), 0x90);
}

TEST_F(BreakpointTableTest, LiftedBytesComeBack) {
  Fill(kPage, 1);
  const uint64_t root = MakeProgram(0x10'0000, kCode, kPage);
  table_.Want(kCode, root);
  table_.LiftAll();
  EXPECT_EQ(At(kPage), 1);
  table_.ReplantAll();
  EXPECT_EQ(At(kPage), kInt3);
}

TEST_F(BreakpointTableTest, APlaceForAMomentIsInOneAddressSpaceOnly) {
  Fill(kPage, 1);
  const uint64_t one = MakeProgram(0x10'0000, kCode, kPage);
  const uint64_t two = MakeProgram(0x20'0000, kCode, kPage);
  table_.WantOnce(kCode + 2, one);
  EXPECT_TRUE(table_.IsWantedOnce(kCode + 2, one));
  EXPECT_FALSE(table_.IsWantedOnce(kCode + 2, two));
  EXPECT_FALSE(table_.IsWanted(kCode + 2));
  table_.ForgetOnce(kCode + 2, one);
  EXPECT_EQ(At(kPage + 2), 3);
}

}  // namespace
}  // namespace vmm
