// User memory behind 2 MiB page-table entries: where they come from and how they are cut.
#include <gtest/gtest.h>

#include "guest/kernel/vm/torture.h"
#include "guest/kernel/vm/user_copy.h"
#include "tests/guest/kernel/vm/vm_fixture.h"

namespace gk {
namespace {

constexpr uint64_t kLarge = base::kLargePageSize;
constexpr uint64_t kLargePages = base::kPagesPerLargePage;
constexpr zx_vm_option_t kRw = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;

class LargePageTest : public VmTest {
 protected:
  LargePageTest() : space_(MakeSpace()), vmo_(MakeVmo(4 * kLargePages)) {
    EXPECT_TRUE(vmo_->Commit(0, vmo_->size()).ok());
    va_ = MapAll(*space_, vmo_, kMapReadWrite | ZX_VM_ALIGN_2MB);
  }

  uint64_t LeafSize(VirtualAddress address) {
    const auto found = fake_arch::Walk(space_->page_table_root(), address);
    return found.has_value() ? found->leaf_size : 0;
  }
  // A store into each of the object's large pages.
  void TouchAll() {
    for (VirtualAddress address = va_; address < va_ + vmo_->size(); address += kLarge) {
      ASSERT_EQ(Store(*space_, address, 1), ZX_OK);
      ASSERT_EQ(LeafSize(address), kLarge);
    }
  }

  RefPtr<AddressSpace> space_;
  RefPtr<Vmo> vmo_;
  VirtualAddress va_;
};

TEST_F(LargePageTest, OneFaultEntersTwoMebibytesOfACommittedObject) {
  EXPECT_EQ(Store(*space_, va_ + kLarge + 5 * kPageSize, 7), ZX_OK);
  EXPECT_EQ(LeafSize(va_ + kLarge), kLarge);
  EXPECT_EQ(LeafSize(va_), 0u);
  EXPECT_EQ(LeafSize(va_ + 2 * kLarge), 0u);
  EXPECT_EQ(Load(*space_, va_ + kLarge + 5 * kPageSize), 7);
}

TEST_F(LargePageTest, UnmapCutsTheEntryAndLeavesTheRest) {
  TouchAll();
  ASSERT_TRUE(space_->root().Unmap(va_ + kLarge + kPageSize, kPageSize).ok());
  EXPECT_FALSE(IsEntered(*space_, va_ + kLarge + kPageSize));
  EXPECT_EQ(LeafSize(va_ + kLarge), kPageSize);
  EXPECT_EQ(LeafSize(va_ + 2 * kLarge - kPageSize), kPageSize);
  EXPECT_EQ(LeafSize(va_), kLarge);
  EXPECT_EQ(Touch(*space_, va_ + kLarge + kPageSize, kRead), ZX_ERR_NOT_FOUND);
}

TEST_F(LargePageTest, ProtectCutsTheEntryAndLeavesTheRest) {
  TouchAll();
  ASSERT_TRUE(space_->root().Protect(va_ + kLarge / 2, kLarge, ZX_VM_PERM_READ).ok());
  EXPECT_EQ(Store(*space_, va_, 2), ZX_OK);
  EXPECT_EQ(Store(*space_, va_ + kLarge / 2, 2), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Store(*space_, va_ + kLarge, 2), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Store(*space_, va_ + kLarge + kLarge / 2, 2), ZX_OK);
  EXPECT_EQ(Load(*space_, va_ + kLarge), 1);
}

TEST_F(LargePageTest, DecommittedPageLeavesItsLargeEntry) {
  TouchAll();
  const VirtualAddress gone = va_ + 3 * kPageSize;
  ASSERT_EQ(Store(*space_, gone, 9), ZX_OK);
  ASSERT_TRUE(vmo_->Decommit(3 * kPageSize, kPageSize).ok());
  EXPECT_FALSE(IsEntered(*space_, gone));
  EXPECT_EQ(Load(*space_, gone), 0);
  EXPECT_EQ(Load(*space_, va_), 1);
}

TEST_F(LargePageTest, SnapshotTakesWritePermissionFromLargeEntries) {
  TouchAll();
  const RefPtr<Vmo> child = vmo_->CreateChild(ChildKind::kSnapshot, 0, vmo_->size(), Resizability::kFixed).value();
  ASSERT_EQ(Store(*space_, va_, 2), ZX_OK);
  uint8_t byte = 0;
  ASSERT_TRUE(child->Read(&byte, 0, 1).ok());
  EXPECT_EQ(byte, 1);
  EXPECT_EQ(LeafSize(va_), kPageSize);
  EXPECT_EQ(Load(*space_, va_ + kLarge), 1);
}

TEST_F(LargePageTest, WithoutMemoryToCutAnEntryAllOfItGoesAndComesBack) {
  TouchAll();
  torture::FailAllocation(2);  // the first is for the second mapping, the next for the table of small entries
  ASSERT_TRUE(space_->root().Protect(va_ + kLarge - kPageSize, kPageSize + kLarge * 3, ZX_VM_PERM_READ).ok());
  torture::FailAllocation(0);
  EXPECT_EQ(Store(*space_, va_ + kLarge - kPageSize, 2), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Load(*space_, va_), 1);
  EXPECT_EQ(Store(*space_, va_, 3), ZX_OK);
}

TEST_F(LargePageTest, SmallEntriesGiveWayToALargeOne) {
  const VirtualAddress va = MapAll(*space_, vmo_, kMapRead | ZX_VM_ALIGN_2MB);
  RefPtr<Vmo> late = MakeVmo(kLargePages);
  const VirtualAddress other = MapAll(*space_, late, kMapReadWrite | ZX_VM_ALIGN_2MB);
  ASSERT_EQ(Load(*space_, other + kPageSize), 0);  // the zero page
  ASSERT_TRUE(late->Commit(0, late->size()).ok());
  ASSERT_EQ(Load(*space_, other), 0);
  EXPECT_EQ(LeafSize(other), kLarge);
  EXPECT_EQ(Load(*space_, va), 0);
  EXPECT_EQ(Store(*space_, va, 1), ZX_ERR_ACCESS_DENIED);
}

TEST_F(LargePageTest, MappingThatIsNotCongruentOrTooSmallHasSmallEntries) {
  const auto map = [&](uint64_t offset, uint64_t length) {
    return space_->root()
        .Map({.vmo = vmo_, .vmo_offset = offset, .length = length, .options = kRw | ZX_VM_ALIGN_2MB})
        .value();
  };
  const VirtualAddress shifted = map(kPageSize, 2 * kLarge);
  EXPECT_EQ(Store(*space_, shifted + kLarge, 1), ZX_OK);
  EXPECT_EQ(LeafSize(shifted + kLarge), kPageSize);
  const VirtualAddress small = map(0, kLarge - kPageSize);
  EXPECT_EQ(Store(*space_, small, 1), ZX_OK);
  EXPECT_EQ(LeafSize(small), kPageSize);
}

TEST_F(LargePageTest, WritableAndExecutableMemoryHasSmallEntries) {
  const VirtualAddress va = MapAll(*space_, vmo_, kMapReadWrite | ZX_VM_PERM_EXECUTE | ZX_VM_ALIGN_2MB);
  EXPECT_EQ(Touch(*space_, va, kExecute), ZX_OK);
  EXPECT_EQ(Store(*space_, va + kPageSize, 1), ZX_OK);
  EXPECT_EQ(LeafSize(va), kPageSize);
  EXPECT_TRUE(fake_arch::Walk(space_->page_table_root(), va)->attributes.access.execute);
}

TEST_F(LargePageTest, MapRangeEntersLargePagesAndWhatIsLeft) {
  RefPtr<Vmo> vmo = MakeVmo(kLargePages + 8);
  ASSERT_TRUE(vmo->Commit(0, vmo->size()).ok());
  const VirtualAddress va = MapAll(*space_, vmo, kRw | ZX_VM_MAP_RANGE | ZX_VM_ALIGN_2MB);
  EXPECT_EQ(LeafSize(va), kLarge);
  for (uint64_t i = 0; i < 8; ++i) {
    EXPECT_EQ(LeafSize(va + kLarge + i * kPageSize), kPageSize);
  }
}

TEST_F(LargePageTest, ContiguousObjectIsShownByLargeEntries) {
  const RefPtr<Vmo> vmo = Vmo::CreateContiguous(2 * kLarge, kLarge).value();
  const VirtualAddress va = MapAll(*space_, vmo, kRw);
  EXPECT_TRUE(base::IsAligned(va, kLarge)) << "a large mapping is placed where that is possible";
  EXPECT_EQ(Store(*space_, va + kLarge + 1, 1), ZX_OK);
  EXPECT_EQ(LeafSize(va + kLarge), kLarge);
}

TEST_F(LargePageTest, CopiesReachWholeLargePages) {
  const std::vector<uint8_t> out(3 * kPageSize, 5);
  ASSERT_TRUE(CopyToUser(*space_, va_ + kLarge - kPageSize - 7, out.data(), out.size()).ok());
  std::vector<uint8_t> back(out.size());
  ASSERT_TRUE(CopyFromUser(*space_, back.data(), va_ + kLarge - kPageSize - 7, back.size()).ok());
  EXPECT_EQ(back, out);
  EXPECT_EQ(Load(*space_, va_ + kLarge + 2 * kPageSize - 8), 5);
  EXPECT_EQ(Load(*space_, va_ + kLarge + 2 * kPageSize - 7), 0);
}

TEST_F(LargePageTest, EverythingIsGivenBack) {
  TouchAll();
  const uint64_t in_use = ram_.pages_in_use();
  ASSERT_TRUE(space_->root().Unmap(va_, vmo_->size()).ok());
  vmo_ = nullptr;
  EXPECT_LE(ram_.pages_in_use() + 4 * kLargePages, in_use);
}

TEST(LargePageCommit, ScatteredMemoryIsCommittedAllTheSame) {
  fake_arch::FakeRam ram({{0, uint64_t{16} << 20}});
  RefPtr<Vmo> vmo = MakeVmo(2 * kLargePages);
  std::vector<Page*> holes;
  std::vector<Page*> kept;
  for (Page* page = AllocatePage(); page != nullptr; page = AllocatePage()) {
    (kept.size() <= holes.size() ? kept : holes).push_back(page);
  }
  for (Page* page : holes) {
    FreePage(page);
  }
  EXPECT_TRUE(vmo->Commit(0, vmo->size()).ok());
  EXPECT_EQ(vmo->committed_pages(), 2 * kLargePages);
  for (Page* page : kept) {
    FreePage(page);
  }
}

}  // namespace
}  // namespace gk
