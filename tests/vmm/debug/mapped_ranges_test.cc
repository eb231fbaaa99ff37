#include "vmm/debug/mapped_ranges.h"

#include <gtest/gtest.h>

#include <cstring>

#include "shared/base/range.h"
#include "vmm/arch/x86_64/page_table_entry.h"
#include "vmm/loader/page_tables.h"

namespace vmm {
namespace {

constexpr uint64_t kTables = 0x10'0000;

class MappedRangesTest : public testing::Test {
 protected:
  std::vector<std::byte> ram_ = std::vector<std::byte>(4 << 20);
  dev::GuestMemory memory_ = dev::GuestMemory::Create({{.base = 0, .host = ram_}}).value();
  PageTableBuilder builder_ = PageTableBuilder::Create(ram_, kTables).value();
};

TEST_F(MappedRangesTest, NeighboursWithTheSameRightsAreOne) {
  ASSERT_TRUE(builder_.MapSmallPages(0x1000, 0x9000, 0x1000, PagePermission::kRead).ok());
  ASSERT_TRUE(builder_.MapSmallPages(0x2000, 0x5000, 0x1000, PagePermission::kRead).ok());
  ASSERT_TRUE(builder_.MapSmallPages(0x3000, 0x6000, 0x1000, PagePermission::kReadWrite).ok());
  ASSERT_TRUE(builder_.MapSmallPages(0x5000, 0x7000, 0x1000, PagePermission::kReadExecute).ok());

  const MappedRanges found = FindMappedRanges(memory_, builder_.root());

  const std::vector<MappedRange> expected = {
      {.address = 0x1000, .size = 0x2000, .writable = false, .user = true, .executable = false},
      {.address = 0x3000, .size = 0x1000, .writable = true, .user = true, .executable = false},
      {.address = 0x5000, .size = 0x1000, .writable = false, .user = true, .executable = true}};
  EXPECT_EQ(found.ranges, expected);
  EXPECT_TRUE(found.complete);
}

TEST_F(MappedRangesTest, UpperHalfAndLargePagesHaveTheirAddresses) {
  const uint64_t address = 0xffff'ffff'8000'0000;
  ASSERT_TRUE(builder_.MapLargePages(address, 0x20'0000, base::kLargePageSize, PagePermission::kReadWrite).ok());

  const MappedRanges found = FindMappedRanges(memory_, builder_.root());

  ASSERT_EQ(found.ranges.size(), 1u);
  EXPECT_EQ(found.ranges[0].address, address);
  EXPECT_EQ(found.ranges[0].size, base::kLargePageSize);
}

TEST_F(MappedRangesTest, PagesOutsideOfRamAreLeftOut) {
  ASSERT_TRUE(builder_.MapSmallPages(0x1000, 0xd000'0000, 1, PagePermission::kReadWrite).ok());
  EXPECT_TRUE(FindMappedRanges(memory_, builder_.root()).ranges.empty());
  EXPECT_TRUE(FindMappedRanges(memory_, 0xd000'0000).ranges.empty());
}

TEST_F(MappedRangesTest, TablesThatPointAtEachOtherEndInBoundedTime) {
  const uint64_t itself = builder_.root() | entry::kPresent | entry::kWritable | entry::kUser;
  for (uint64_t index = 0; index < entry::kEntriesPerTable; ++index) {
    std::memcpy(ram_.data() + builder_.root() + index * 8, &itself, sizeof(itself));
  }
  EXPECT_FALSE(FindMappedRanges(memory_, builder_.root()).complete);
}

}  // namespace
}  // namespace vmm
