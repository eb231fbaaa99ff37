#include "vmm/debug/describe.h"

#include <gtest/gtest.h>

#include <vector>

#include "vmm/arch/x86_64/page_table_entry.h"
#include "vmm/loader/page_tables.h"

namespace vmm {
namespace {

constexpr uint64_t kTables = 0x10'0000;

class Describe : public testing::Test {
 protected:
  [[nodiscard]] std::string Walk(uint64_t address) const {
    return DescribeWalk(WalkPageTables(memory_, builder_.root(), address));
  }

  std::vector<std::byte> ram_ = std::vector<std::byte>(2 << 20);
  dev::GuestMemory memory_ = dev::GuestMemory::Create({{.base = 0, .host = ram_}}).value();
  PageTableBuilder builder_ = PageTableBuilder::Create(ram_, kTables).value();
};

TEST_F(Describe, WalkHasALineForEachLevelAndTheAnswer) {
  ASSERT_TRUE(builder_.MapSmallPages(0x1000, 0x5000, 1, PagePermission::kRead).ok());
  EXPECT_EQ(Walk(0x1234),
            "  level 4  table 0x000100000 [  0]  0000000000101027  table writable user accessed\n"
            "  level 3  table 0x000101000 [  0]  0000000000102027  table writable user accessed\n"
            "  level 2  table 0x000102000 [  0]  0000000000103027  table writable user accessed\n"
            "  level 1  table 0x000103000 [  1]  8000000000005065  page user accessed dirty no-execute\n"
            "  0x1234: 4 KiB page at 0x5000: user, read-only\n");
}

TEST_F(Describe, WalkThatFindsNothingEndsWhereItDoes) {
  EXPECT_EQ(Walk(0x8), "  level 4  table 0x000100000 [  0]  0000000000000000  empty\n  0x8: not mapped\n");
  EXPECT_EQ(Walk(uint64_t{1} << 63), "  0x8000000000000000: not mapped: the address is not canonical\n");
}

TEST_F(Describe, WalkIntoATableOutsideOfRamSaysSo) {
  EXPECT_EQ(DescribeWalk(WalkPageTables(memory_, 0x4000'0000, 0)),
            "  level 4  table 0x040000000 [  0]  (not in RAM)\n"
            "  0x0: not mapped: the table lies outside RAM\n");
}

TEST_F(Describe, RegistersHaveFlagsInLetters) {
  gdb::Registers registers;
  registers.rip = 0x1234;
  registers.rflags = 0x246;
  const std::string text = DescribeRegisters(registers);
  EXPECT_NE(text.find("RIP 0000000000001234"), std::string::npos) << text;
  EXPECT_NE(text.find("RFLAGS 00000246 PF ZF IF\n"), std::string::npos) << text;
}

TEST_F(Describe, CodeThatCannotBeReadIsSaidToBeSo) {
  const GuestView view(memory_, builder_.root());
  EXPECT_EQ(DescribeCode(0x40, 4, 0, view, SymbolSet()), "  0x40: no code can be read there\n");
  EXPECT_EQ(DescribeAddress(0x40, view, SymbolSet()), "");
}

TEST_F(Describe, BacktraceOfAnUnknownAddressIsOneLine) {
  gdb::Registers registers;
  registers.rip = 0x40;
  EXPECT_EQ(DescribeBacktrace(registers, GuestView(memory_, builder_.root()), SymbolSet()),
            "  #0  0000000000000040 (no symbol)\n");
}

}  // namespace
}  // namespace vmm
