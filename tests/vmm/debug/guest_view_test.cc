#include "vmm/debug/guest_view.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "shared/base/range.h"
#include "vmm/arch/x86_64/page_table_entry.h"
#include "vmm/loader/page_tables.h"

namespace vmm {
namespace {

constexpr uint64_t kRamSize = 8 << 20;
constexpr uint64_t kTables = 0x10'0000;
constexpr uint64_t kTable = entry::kPresent | entry::kWritable | entry::kUser;

class GuestViewTest : public testing::Test {
 protected:
  void Put(uint64_t physical, const std::string& text) {
    std::memcpy(ram_.data() + physical, text.data(), text.size());
  }
  void PutEntry(uint64_t table, uint64_t index, uint64_t value) {
    std::memcpy(ram_.data() + table + index * 8, &value, sizeof(value));
  }
  std::string Text(const GuestView& view, uint64_t address, size_t size) const {
    std::string text(size, '?');
    text.resize(view.Read(address, std::as_writable_bytes(std::span(text))));
    return text;
  }

  std::vector<std::byte> ram_ = std::vector<std::byte>(kRamSize);
  dev::GuestMemory memory_ = dev::GuestMemory::Create({{.base = 0, .host = ram_}}).value();
  PageTableBuilder builder_ = PageTableBuilder::Create(ram_, kTables).value();
};

TEST_F(GuestViewTest, SmallPageIsReadWhereItLies) {
  ASSERT_TRUE(builder_.MapSmallPages(0x7000'0000'1000, 0x5000, 1, PagePermission::kRead).ok());
  Put(0x5123, "pagoda");
  const GuestView view(memory_, builder_.root());

  EXPECT_EQ(Text(view, 0x7000'0000'1123, 6), "pagoda");
  EXPECT_EQ(view.Translate(0x7000'0000'1123), 0x5123u);
  EXPECT_EQ(view.Translate(0x7000'0000'2000), std::nullopt);
}

TEST_F(GuestViewTest, RangeOverPagesThatLieApartIsReadInOnePiece) {
  ASSERT_TRUE(builder_.MapSmallPages(0x1000, 0x9000, 1, PagePermission::kRead).ok());
  ASSERT_TRUE(builder_.MapSmallPages(0x2000, 0x5000, 1, PagePermission::kRead).ok());
  Put(0x9ffd, "pag");
  Put(0x5000, "oda");

  EXPECT_EQ(Text(GuestView(memory_, builder_.root()), 0x1ffd, 6), "pagoda");
}

TEST_F(GuestViewTest, ReadStopsAtTheFirstByteThatIsNotMapped) {
  ASSERT_TRUE(builder_.MapSmallPages(0x1000, 0x9000, 1, PagePermission::kRead).ok());
  Put(0x9ffd, "pag");

  EXPECT_EQ(Text(GuestView(memory_, builder_.root()), 0x1ffd, 6), "pag");
  EXPECT_EQ(Text(GuestView(memory_, builder_.root()), 0x2000, 6), "");
}

TEST_F(GuestViewTest, LargePagesHaveAllTheirBytes) {
  const uint64_t address = 0xffff'ffff'8000'0000;
  ASSERT_TRUE(builder_.MapLargePages(address, 0x40'0000, base::kLargePageSize, PagePermission::kReadWrite).ok());
  Put(0x5f'fffa, "pagoda");
  const GuestView view(memory_, builder_.root());

  EXPECT_EQ(Text(view, address + 0x1f'fffa, 7), "pagoda");
  EXPECT_EQ(view.Walk(address + 5).page_size, base::kLargePageSize);
  EXPECT_EQ(view.Walk(address + 5).step_count, 3u);
}

TEST_F(GuestViewTest, HugePageIsALeafOfTheThirdLevel) {
  PutEntry(builder_.root(), 0, 0x11'0000 | kTable);
  PutEntry(0x11'0000, 1, 0 | kTable | entry::kLargePage);
  Put(0x5678, "pagoda");
  const GuestView view(memory_, builder_.root());

  EXPECT_EQ(Text(view, 0x4000'5678, 6), "pagoda");
  EXPECT_EQ(view.Walk(0x4000'5678).page_size, uint64_t{1} << 30);
}

TEST_F(GuestViewTest, PatBitOfALargePageIsNotPartOfItsAddress) {
  const uint64_t leaf = 0x40'0000 | kTable | entry::kLargePage | entry::kLargePat;
  ASSERT_TRUE(builder_.MapSmallPages(0, 0, 1, PagePermission::kRead).ok());
  PutEntry(GuestView(memory_, builder_.root()).Walk(0).steps[2].table, 1, leaf);

  EXPECT_EQ(GuestView(memory_, builder_.root()).Translate(0x20'0123), 0x40'0123u);
}

TEST_F(GuestViewTest, PermissionsAreWhatAllLevelsAllow) {
  ASSERT_TRUE(builder_.MapSmallPages(0x1000, 0x1000, 1, PagePermission::kReadWrite).ok());
  ASSERT_TRUE(builder_.MapSmallPages(0x2000, 0x2000, 1, PagePermission::kReadExecute).ok());
  const GuestView view(memory_, builder_.root());
  EXPECT_TRUE(view.Walk(0x1000).writable && view.Walk(0x1000).user && !view.Walk(0x1000).executable);
  EXPECT_TRUE(!view.Walk(0x2000).writable && view.Walk(0x2000).user && view.Walk(0x2000).executable);

  PutEntry(builder_.root(), 0, view.Walk(0).steps[0].entry & ~(entry::kWritable | entry::kUser));

  EXPECT_FALSE(view.Walk(0x1000).writable);
  EXPECT_FALSE(view.Walk(0x1000).user);
}

TEST_F(GuestViewTest, WalkShowsEveryStepWithItsEntry) {
  ASSERT_TRUE(builder_.MapSmallPages(0x7000'0000'1000, 0x5000, 1, PagePermission::kRead).ok());

  const PageWalk walk = WalkPageTables(memory_, builder_.root(), 0x7000'0000'1abc);

  ASSERT_EQ(walk.made().size(), 4u);
  EXPECT_EQ(walk.steps[0].level, 4);
  EXPECT_EQ(walk.steps[0].table, builder_.root());
  EXPECT_EQ(walk.steps[0].index, 0xe0u);
  EXPECT_EQ(walk.steps[1].table, walk.steps[0].entry & entry::kAddressMask);
  EXPECT_EQ(walk.steps[3].index, 1u);
  EXPECT_EQ(walk.steps[3].entry & entry::kAddressMask, 0x5000u);
  EXPECT_EQ(walk.physical, 0x5abcu);
}

TEST_F(GuestViewTest, AddressThatIsNotCanonicalHasNoWalk) {
  for (const uint64_t address : {0x0000'8000'0000'0000u, 0xffff'7fff'ffff'ffffu, 0x1234'0000'0000'0000u}) {
    const PageWalk walk = WalkPageTables(memory_, builder_.root(), address);
    EXPECT_EQ(walk.end, WalkEnd::kNotCanonical);
    EXPECT_EQ(walk.step_count, 0u);
  }
}

TEST_F(GuestViewTest, TableOutsideOfRamEndsTheWalk) {
  EXPECT_EQ(WalkPageTables(memory_, kRamSize, 0).end, WalkEnd::kTableNotRam);
  EXPECT_EQ(WalkPageTables(memory_, ~uint64_t{0}, 0).end, WalkEnd::kTableNotRam);
  PutEntry(builder_.root(), 0, entry::kAddressMask | kTable);

  const PageWalk walk = WalkPageTables(memory_, builder_.root(), 0);

  EXPECT_EQ(walk.end, WalkEnd::kTableNotRam);
  EXPECT_EQ(walk.step_count, 2u);
}

TEST_F(GuestViewTest, ReservedBitsEndTheWalk) {
  PutEntry(builder_.root(), 0, 0x11'0000 | kTable | entry::kLargePage);
  EXPECT_EQ(WalkPageTables(memory_, builder_.root(), 0).end, WalkEnd::kReservedBits);
  PutEntry(builder_.root(), 0, 0x11'0000 | kTable);
  PutEntry(0x11'0000, 0, 0x20'0000 | kTable | entry::kLargePage);  // a leaf of 1 GiB that is not aligned to one
  EXPECT_EQ(WalkPageTables(memory_, builder_.root(), 0).end, WalkEnd::kReservedBits);
}

TEST_F(GuestViewTest, TablesThatPointAtThemselvesEndAtTheLastLevel) {
  PutEntry(builder_.root(), 0, builder_.root() | kTable);

  const PageWalk walk = WalkPageTables(memory_, builder_.root(), 0x123);

  EXPECT_EQ(walk.end, WalkEnd::kMapped);
  EXPECT_EQ(walk.physical, builder_.root() + 0x123);
}

TEST_F(GuestViewTest, PageOutsideOfRamIsMappedButNotRead) {
  ASSERT_TRUE(builder_.MapSmallPages(0x1000, 0xd000'0000, 1, PagePermission::kReadWrite).ok());
  const GuestView view(memory_, builder_.root());

  EXPECT_EQ(view.Translate(0x1004), 0xd000'0004u);
  EXPECT_EQ(Text(view, 0x1004, 4), "");
  EXPECT_EQ(view.Write(0x1004, std::as_bytes(std::span("abc"))), 0u);
}

TEST_F(GuestViewTest, WriteGoesThroughReadOnlyPagesAndStopsWithTheMapping) {
  ASSERT_TRUE(builder_.MapSmallPages(0x1000, 0x9000, 1, PagePermission::kReadExecute).ok());
  const GuestView view(memory_, builder_.root());

  EXPECT_EQ(view.Write(0x1ffe, std::as_bytes(std::span("abc"))), 2u);
  EXPECT_EQ(Text(view, 0x1ffe, 8), "ab");
}

TEST_F(GuestViewTest, LastByteOfTheAddressSpaceEndsARead) {
  const uint64_t last_page = 0xffff'ffff'ffff'f000;
  ASSERT_TRUE(builder_.MapSmallPages(last_page, 0x9000, 1, PagePermission::kRead).ok());
  ASSERT_TRUE(builder_.MapSmallPages(0, 0x5000, 1, PagePermission::kRead).ok());
  Put(0x9ffe, "ab");

  EXPECT_EQ(Text(GuestView(memory_, builder_.root()), last_page + 0xffe, 8), "ab");
}

}  // namespace
}  // namespace vmm
