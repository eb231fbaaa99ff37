#include "vmm/loader/page_tables.h"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <vector>

#include "shared/base/range.h"

namespace vmm {
namespace {

constexpr uint64_t kFirstPage = 0x3000;
constexpr uint64_t kSize = 0x2'0000;

constexpr uint64_t kWritable = 1u << 1;
constexpr uint64_t kUser = 1u << 2;
constexpr uint64_t kNoExecute = uint64_t{1} << 63;

struct Translation {
  uint64_t physical;
  uint64_t entry;  // the leaf
};

// What the CPU would do (SDM 3A, section 4.5), written down once more without the code under test.
std::optional<Translation> Walk(const std::vector<std::byte>& memory, uint64_t root, uint64_t address) {
  uint64_t table = root;
  for (int shift = 39;; shift -= 9) {
    uint64_t entry = 0;
    std::memcpy(&entry, memory.data() + table + (address >> shift & 511) * 8, 8);
    if ((entry & 1) == 0) {
      return std::nullopt;
    }
    const uint64_t target = entry & 0x000f'ffff'ffff'f000;
    if (shift == 12 || (entry & 0x80) != 0) {
      return Translation{target + (address & ((uint64_t{1} << shift) - 1)), entry};
    }
    table = target;
  }
}

class PageTables : public testing::Test {
 protected:
  std::optional<Translation> Lookup(const PageTableBuilder& builder, uint64_t address) const {
    return Walk(memory_, builder.root(), address);
  }
  std::vector<std::byte> memory_ = std::vector<std::byte>(kSize);
};

TEST_F(PageTables, SmallPagesMapExactlyTheirRange) {
  PageTableBuilder builder = PageTableBuilder::Create(memory_, kFirstPage).value();

  ASSERT_TRUE(builder.MapSmallPages(0xffff'ffff'8020'0000, 0x20'0000, 0x1001, PagePermission::kRead).ok());

  EXPECT_EQ(Lookup(builder, 0xffff'ffff'8020'0123)->physical, 0x20'0123u);
  EXPECT_EQ(Lookup(builder, 0xffff'ffff'8020'1fff)->physical, 0x20'1fffu);
  EXPECT_FALSE(Lookup(builder, 0xffff'ffff'8020'2000));
  EXPECT_FALSE(Lookup(builder, 0xffff'ffff'801f'f000));
  EXPECT_FALSE(Lookup(builder, 0x20'0000));
}

TEST_F(PageTables, LargePagesMapExactlyTheirRange) {
  PageTableBuilder builder = PageTableBuilder::Create(memory_, kFirstPage).value();

  ASSERT_TRUE(builder.MapLargePages(0x1000'0000'0000, 0, 2 * base::kLargePageSize, PagePermission::kReadWrite).ok());

  EXPECT_EQ(Lookup(builder, 0x1000'003f'ffff)->physical, 0x3f'ffffu);
  EXPECT_FALSE(Lookup(builder, 0x1000'0040'0000));
}

TEST_F(PageTables, PermissionsAreThoseAskedForAndNeverBoth) {
  PageTableBuilder builder = PageTableBuilder::Create(memory_, kFirstPage).value();
  ASSERT_TRUE(builder.MapSmallPages(0x1000, 0x1000, 1, PagePermission::kRead).ok());
  ASSERT_TRUE(builder.MapSmallPages(0x2000, 0x2000, 1, PagePermission::kReadWrite).ok());
  ASSERT_TRUE(builder.MapSmallPages(0x3000, 0x3000, 1, PagePermission::kReadExecute).ok());

  EXPECT_EQ(Lookup(builder, 0x1000)->entry & (kWritable | kNoExecute), kNoExecute);
  EXPECT_EQ(Lookup(builder, 0x2000)->entry & (kWritable | kNoExecute), kWritable | kNoExecute);
  EXPECT_EQ(Lookup(builder, 0x3000)->entry & (kWritable | kNoExecute), 0u);
}

TEST_F(PageTables, EveryLevelIsOpenToRing3AndAccessed) {
  PageTableBuilder builder = PageTableBuilder::Create(memory_, kFirstPage).value();
  ASSERT_TRUE(builder.MapSmallPages(0, 0, 1, PagePermission::kRead).ok());

  uint64_t table = builder.root();
  for (int level = 0; level < 4; ++level) {
    uint64_t entry = 0;
    std::memcpy(&entry, memory_.data() + table, sizeof(entry));
    EXPECT_EQ(entry & (kUser | 1u << 5), kUser | 1u << 5) << level;
    table = entry & 0x000f'ffff'ffff'f000;
  }
}

TEST_F(PageTables, TablesAreTakenUpwardsAndSharedByNeighbours) {
  PageTableBuilder builder = PageTableBuilder::Create(memory_, kFirstPage).value();
  EXPECT_EQ(builder.root(), kFirstPage);

  ASSERT_TRUE(builder.MapSmallPages(0, 0, 2 * base::kPageSize, PagePermission::kRead).ok());
  EXPECT_EQ(builder.end(), kFirstPage + 4 * base::kPageSize);
  ASSERT_TRUE(builder.MapSmallPages(0x4000, 0, base::kPageSize, PagePermission::kRead).ok());

  EXPECT_EQ(builder.end(), kFirstPage + 4 * base::kPageSize);
}

TEST_F(PageTables, RunningOutOfMemoryIsAnError) {
  EXPECT_FALSE(PageTableBuilder::Create(memory_, kSize).ok());
  PageTableBuilder builder = PageTableBuilder::Create(memory_, kSize - 2 * base::kPageSize).value();

  const auto result = builder.MapSmallPages(0, 0, 1, PagePermission::kRead);

  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().exit_code(), kExitBadInput);
}

}  // namespace
}  // namespace vmm
