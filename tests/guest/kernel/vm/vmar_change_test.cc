// Unmap, Protect, and regions inside regions.
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/vm/vm_fixture.h"

namespace gk {
namespace {

constexpr zx_vm_option_t kCanMapAll =
    ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE | ZX_VM_CAN_MAP_SPECIFIC;
constexpr zx_vm_option_t kRw = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;

class VmarChangeTest : public VmTest {
 protected:
  VmarChangeTest() : space_(MakeSpace()), root_(space_->root()), vmo_(MakeVmo(4)) {}

  // A region in the middle of nowhere with one mapping of `pages` pages of vmo_ at each offset (in pages).
  RefPtr<Vmar> MakeRegion(uint64_t pages, std::initializer_list<uint64_t> offsets, uint64_t mapping_pages = 4) {
    RefPtr<Vmar> region = root_.Allocate({.size = pages * kPageSize, .options = kCanMapAll}).value();
    for (const uint64_t offset : offsets) {
      MapIn(*region, offset, mapping_pages);
    }
    return region;
  }
  VirtualAddress MapIn(Vmar& region, uint64_t offset, uint64_t pages) {
    const VirtualAddress va = region
                                  .Map({.vmo = vmo_,
                                        .length = pages * kPageSize,
                                        .vmar_offset = offset * kPageSize,
                                        .options = kMapReadWrite | ZX_VM_SPECIFIC})
                                  .value();
    for (uint64_t i = 0; i < pages; ++i) {
      EXPECT_EQ(Store(*space_, va + i * kPageSize, 1), ZX_OK);
    }
    return va;
  }
  // "rw", "r", "-" (mapped without permission or not at all) for each page.
  std::string Show(const Vmar& region) {
    std::string shown;
    for (VirtualAddress page = region.base(); page < region.end(); page += kPageSize) {
      const bool readable = Touch(*space_, page, kRead) == ZX_OK;
      const bool writable = Touch(*space_, page, kWrite) == ZX_OK;
      shown += writable ? 'w' : readable ? 'r' : '-';
    }
    return shown;
  }
  static VirtualAddress At(const Vmar& region, uint64_t page) { return region.base() + page * kPageSize; }
  zx_status_t Unmap(Vmar& vmar, const Vmar& region, uint64_t page, uint64_t pages) {
    return ValueOf(vmar.Unmap(At(region, page), pages * kPageSize));
  }
  zx_status_t Protect(Vmar& vmar, const Vmar& region, uint64_t page, uint64_t pages, zx_vm_option_t options) {
    return ValueOf(vmar.Protect(At(region, page), pages * kPageSize, options));
  }

  RefPtr<AddressSpace> space_;
  Vmar& root_;
  RefPtr<Vmo> vmo_;
};

TEST_F(VmarChangeTest, UnmapTakesFrontBackAndMiddle) {
  const RefPtr<Vmar> front = MakeRegion(4, {0});
  const RefPtr<Vmar> back = MakeRegion(4, {0});
  const RefPtr<Vmar> middle = MakeRegion(4, {0});
  EXPECT_EQ(Unmap(*front, *front, 0, 2), ZX_OK);
  EXPECT_EQ(Unmap(*back, *back, 2, 2), ZX_OK);
  EXPECT_EQ(Unmap(*middle, *middle, 1, 2), ZX_OK);
  EXPECT_EQ(Show(*front), "--ww");
  EXPECT_EQ(Show(*back), "ww--");
  EXPECT_EQ(Show(*middle), "w--w");
  EXPECT_EQ(vmo_->mapping_count(), 4u);
}

TEST_F(VmarChangeTest, RemainingPiecesShowTheSameContent) {
  const RefPtr<Vmar> region = MakeRegion(4, {0});
  for (uint8_t i = 0; i < 4; ++i) {
    ASSERT_EQ(Store(*space_, At(*region, i), static_cast<uint8_t>(i + 10)), ZX_OK);
  }
  ASSERT_EQ(Unmap(*region, *region, 1, 1), ZX_OK);
  EXPECT_EQ(Load(*space_, At(*region, 0)), 10);
  EXPECT_EQ(Load(*space_, At(*region, 2)), 12);
  EXPECT_EQ(Load(*space_, At(*region, 3)), 13);
}

TEST_F(VmarChangeTest, UnmapSpansMappingsAndHoles) {
  const RefPtr<Vmar> region = MakeRegion(16, {2, 8, 12});
  EXPECT_EQ(Unmap(*region, *region, 0, 14), ZX_OK);
  EXPECT_EQ(Show(*region), "--------------ww");
}

TEST_F(VmarChangeTest, UnmapChecksItsRange) {
  const RefPtr<Vmar> region = MakeRegion(4, {0}, 2);
  EXPECT_EQ(ValueOf(region->Unmap(region->base() + 1, kPageSize)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(region->Unmap(region->base(), 0)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(region->Unmap(region->base(), 100)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(region->Unmap(region->base(), SIZE_MAX)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(region->Unmap(region->base() - kPageSize, kPageSize)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Unmap(*region, *region, 0, 5), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Unmap(*region, *region, 2, 2), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Show(*region), "ww--");
}

TEST_F(VmarChangeTest, UnmapDestroysRegionsThatItCoversAndRefusesThoseItCuts) {
  const RefPtr<Vmar> outer = MakeRegion(10, {0});
  const RefPtr<Vmar> inner =
      outer->Allocate({.offset = 5 * kPageSize, .size = 3 * kPageSize, .options = kCanMapAll | ZX_VM_SPECIFIC}).value();
  MapIn(*inner, 0, 3);

  EXPECT_EQ(Unmap(*outer, *outer, 0, 7), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Unmap(*outer, *outer, 6, 4), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Show(*outer), "wwww-www--");
  EXPECT_TRUE(outer->TouchesRegion(At(*outer, 0), 7 * kPageSize));

  EXPECT_EQ(Unmap(*outer, *outer, 3, 5), ZX_OK);
  EXPECT_EQ(Show(*outer), "www-------");
  EXPECT_FALSE(inner->alive());
  EXPECT_EQ(ValueOf(inner->Unmap(inner->base(), kPageSize)), ZX_ERR_BAD_STATE);
  EXPECT_EQ(ValueOf(inner->Destroy()), ZX_ERR_BAD_STATE);
}

TEST_F(VmarChangeTest, UnmapOutOfMemoryChangesNothing) {
  const RefPtr<Vmar> region = MakeRegion(4, {0});
  torture::FailAllocation(2);  // the second of the two cuts
  EXPECT_EQ(Unmap(*region, *region, 1, 2), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(Show(*region), "wwww");
  EXPECT_EQ(Unmap(*region, *region, 1, 2), ZX_OK);
  EXPECT_EQ(Show(*region), "w--w");
}

TEST_F(VmarChangeTest, LastMappingFreesTheObject) {
  const RefPtr<Vmar> region = MakeRegion(4, {0});
  vmo_.reset();
  const uint64_t in_use = ram_.pages_in_use();
  ASSERT_EQ(Unmap(*region, *region, 0, 4), ZX_OK);
  EXPECT_LE(ram_.pages_in_use() + 4, in_use);
}

TEST_F(VmarChangeTest, ProtectChangesPartsOfMappings) {
  const RefPtr<Vmar> region = MakeRegion(12, {0, 4, 8});
  EXPECT_EQ(Protect(*region, *region, 2, 7, ZX_VM_PERM_READ), ZX_OK);
  EXPECT_EQ(Show(*region), "wwrrrrrrrwww");
  EXPECT_EQ(Protect(*region, *region, 3, 2, 0), ZX_OK);
  EXPECT_EQ(Show(*region), "wwr--rrrrwww");
  EXPECT_EQ(Protect(*region, *region, 0, 12, kRw), ZX_OK);
  EXPECT_EQ(Show(*region), "wwwwwwwwwwww");
  EXPECT_EQ(Unmap(*region, *region, 0, 12), ZX_OK);
  EXPECT_EQ(vmo_->mapping_count(), 0u);
}

TEST_F(VmarChangeTest, PiecesThatShowTheSameAgainBecomeOneMapping) {
  const RefPtr<Vmar> region = MakeRegion(4, {0});
  EXPECT_EQ(Protect(*region, *region, 1, 2, ZX_VM_PERM_READ), ZX_OK);
  EXPECT_EQ(region->children().size(), 3u);
  EXPECT_EQ(Protect(*region, *region, 2, 1, kRw), ZX_OK);
  EXPECT_EQ(Show(*region), "wrww");
  EXPECT_EQ(region->children().size(), 3u);
  EXPECT_EQ(Protect(*region, *region, 1, 1, kRw), ZX_OK);
  EXPECT_EQ(Show(*region), "wwww");
  EXPECT_EQ(region->children().size(), 1u);
  EXPECT_EQ(vmo_->mapping_count(), 1u);
  EXPECT_EQ(Unmap(*region, *region, 0, 4), ZX_OK);
  EXPECT_EQ(vmo_->mapping_count(), 0u);
}

TEST_F(VmarChangeTest, MappingThatFillsAHoleWithWhatWasThereJoinsItsNeighbours) {
  const RefPtr<Vmar> region = MakeRegion(8, {0});
  ASSERT_EQ(Unmap(*region, *region, 1, 2), ZX_OK);
  MapRequest request{.vmo = vmo_,
                     .vmo_offset = kPageSize,
                     .length = 2 * kPageSize,
                     .vmar_offset = kPageSize,
                     .options = kMapReadWrite | ZX_VM_SPECIFIC};
  ASSERT_TRUE(region->Map(request).ok());
  EXPECT_EQ(region->children().size(), 1u);
  EXPECT_EQ(Show(*region), "wwww----");
}

TEST_F(VmarChangeTest, NeighboursThatDifferStayApart) {
  const RefPtr<Vmar> region = MakeRegion(8, {0});
  const auto map_behind = [&](MapRequest request) {
    request.length = kPageSize;
    request.vmar_offset = 4 * kPageSize;
    request.options |= ZX_VM_PERM_READ | ZX_VM_ALLOW_FAULTS | ZX_VM_SPECIFIC;
    ASSERT_TRUE(region->Map(request).ok());
    EXPECT_EQ(region->children().size(), 2u);
    ASSERT_EQ(Unmap(*region, *region, 4, 1), ZX_OK);
  };
  map_behind({.vmo = vmo_, .vmo_offset = 5 * kPageSize, .options = ZX_VM_PERM_WRITE});  // another offset
  map_behind({.vmo = vmo_, .vmo_offset = 4 * kPageSize});                               // fewer permissions
  map_behind({.vmo = MakeVmo(8), .vmo_offset = 4 * kPageSize, .options = ZX_VM_PERM_WRITE});
  map_behind({.vmo = vmo_, .vmo_offset = 4 * kPageSize, .options = ZX_VM_PERM_WRITE, .vmo_rights = kReadWrite});
}

TEST_F(VmarChangeTest, FailedCutLeavesNoTrace) {
  const RefPtr<Vmar> region = MakeRegion(4, {0});
  torture::FailAllocation(2);  // the second of the two cuts
  EXPECT_EQ(Protect(*region, *region, 1, 2, ZX_VM_PERM_READ), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(region->children().size(), 1u);
  torture::FailAllocation(2);
  EXPECT_EQ(Unmap(*region, *region, 1, 2), ZX_ERR_NO_MEMORY);
  torture::FailAllocation(0);
  EXPECT_EQ(region->children().size(), 1u);
  EXPECT_EQ(Show(*region), "wwww");
}

TEST_F(VmarChangeTest, ProtectNeedsEveryPageMapped) {
  const RefPtr<Vmar> region = MakeRegion(12, {0, 6});
  EXPECT_EQ(Protect(*region, *region, 0, 10, ZX_VM_PERM_READ), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Protect(*region, *region, 4, 1, ZX_VM_PERM_READ), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Protect(*region, *region, 6, 5, ZX_VM_PERM_READ), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Show(*region), "wwww--wwww--");
}

TEST_F(VmarChangeTest, ProtectChecksItsOptions) {
  const RefPtr<Vmar> region = MakeRegion(4, {0});
  EXPECT_EQ(Protect(*region, *region, 0, 4, ZX_VM_PERM_WRITE), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Protect(*region, *region, 0, 4, ZX_VM_PERM_READ | ZX_VM_CAN_MAP_WRITE), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Protect(*region, *region, 0, 4, kRw | ZX_VM_ALIGN_4KB), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(region->Protect(region->base() + 1, kPageSize, kRw)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Show(*region), "wwww");
}

TEST_F(VmarChangeTest, ProtectOfManyRefusesAllWhenOneRefuses) {
  const RefPtr<Vmar> region = MakeRegion(8, {0});
  ASSERT_TRUE(region
                  ->Map({.vmo = vmo_,
                         .length = 4 * kPageSize,
                         .vmar_offset = 4 * kPageSize,
                         .options = ZX_VM_PERM_READ | ZX_VM_SPECIFIC,
                         .vmo_rights = kRead})
                  .ok());
  ASSERT_EQ(Protect(*region, *region, 0, 2, ZX_VM_PERM_READ), ZX_OK);
  EXPECT_EQ(Protect(*region, *region, 0, 8, kRw), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Show(*region), "rrwwrrrr");
}

TEST_F(VmarChangeTest, ThroughAnAncestorPermissionsOnlyShrink) {
  const RefPtr<Vmar> outer = MakeRegion(4, {});
  const RefPtr<Vmar> inner =
      outer->Allocate({.offset = 0, .size = 4 * kPageSize, .options = kCanMapAll | ZX_VM_SPECIFIC}).value();
  EXPECT_EQ(Protect(*outer, *outer, 0, 4, ZX_VM_PERM_READ), ZX_ERR_NOT_FOUND);
  MapIn(*inner, 0, 4);

  EXPECT_EQ(Protect(*outer, *outer, 1, 2, ZX_VM_PERM_READ), ZX_OK);
  EXPECT_EQ(Show(*outer), "wrrw");
  EXPECT_EQ(Protect(*outer, *outer, 0, 4, kRw), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Show(*outer), "wrrw");
  EXPECT_EQ(Protect(*inner, *inner, 0, 4, kRw), ZX_OK);
  EXPECT_EQ(Show(*outer), "wwww");
}

TEST_F(VmarChangeTest, ProtectCrossesRegionsOnlyWhereTheyAreFull) {
  const RefPtr<Vmar> outer = MakeRegion(12, {0, 8});
  const RefPtr<Vmar> inner =
      outer->Allocate({.offset = 4 * kPageSize, .size = 4 * kPageSize, .options = kCanMapAll | ZX_VM_SPECIFIC}).value();
  EXPECT_EQ(Protect(*outer, *outer, 2, 8, ZX_VM_PERM_READ), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Show(*outer), "wwww----wwww");
  MapIn(*inner, 0, 4);
  EXPECT_EQ(Protect(*outer, *outer, 2, 8, ZX_VM_PERM_READ), ZX_OK);
  EXPECT_EQ(Show(*outer), "wwrrrrrrrrww");
}

TEST_F(VmarChangeTest, ProtectOfASparseGibibyteIsQuick) {
  RefPtr<Vmo> large = MakeVmo((uint64_t{1} << 30) / kPageSize);
  const VirtualAddress va = MapAll(*space_, large, kRw);
  ASSERT_EQ(Store(*space_, va, 1), ZX_OK);
  ASSERT_EQ(Store(*space_, va + (uint64_t{1} << 29), 1), ZX_OK);
  const uint64_t stores = fake_arch::GetMmuStatistics().stores;
  ASSERT_TRUE(root_.Protect(va + kPageSize, (uint64_t{1} << 30) - kPageSize, ZX_VM_PERM_READ).ok());
  EXPECT_EQ(Store(*space_, va, 2), ZX_OK);
  EXPECT_EQ(Store(*space_, va + (uint64_t{1} << 29), 2), ZX_ERR_ACCESS_DENIED);
  EXPECT_LE(fake_arch::GetMmuStatistics().stores - stores, 4u);
}

TEST_F(VmarChangeTest, DestroyTakesEverythingInsideAndTheSpaceCanBeUsedAgain) {
  const RefPtr<Vmar> outer = MakeRegion(8, {0});
  const RefPtr<Vmar> inner =
      outer->Allocate({.offset = 4 * kPageSize, .size = 4 * kPageSize, .options = kCanMapAll | ZX_VM_SPECIFIC}).value();
  const VirtualAddress va = MapIn(*inner, 0, 4);

  ASSERT_TRUE(outer->Destroy().ok());

  EXPECT_EQ(Touch(*space_, va, kRead), ZX_ERR_NOT_FOUND);
  EXPECT_FALSE(inner->alive());
  EXPECT_EQ(vmo_->mapping_count(), 0u);
  EXPECT_EQ(ValueOf(outer->Map({.vmo = vmo_, .length = kPageSize, .options = kRw})), ZX_ERR_BAD_STATE);
  EXPECT_EQ(ValueOf(outer->Allocate({.size = kPageSize})), ZX_ERR_BAD_STATE);
  EXPECT_EQ(ValueOf(outer->Protect(va, kPageSize, kRw)), ZX_ERR_BAD_STATE);
  EXPECT_EQ(ValueOf(root_.Destroy()), ZX_ERR_NOT_SUPPORTED);
  const Result<VirtualAddress> again = root_.Map(
      {.vmo = vmo_, .length = 4 * kPageSize, .vmar_offset = va - root_.base(), .options = kRw | ZX_VM_SPECIFIC});
  EXPECT_EQ(again.value(), va);
}

// Deep enough to overflow the stack of whoever walks it by recursion.
TEST_F(VmarChangeTest, RegionsCanBeNestedWithoutEnd) {
  const RefPtr<Vmar> outermost = MakeRegion(4, {});
  RefPtr<Vmar> innermost = outermost;
  for (int i = 0; i < 100'000; ++i) {
    innermost = innermost->Allocate({.size = 4 * kPageSize, .options = kCanMapAll}).value();
  }
  MapIn(*innermost, 0, 4);
  EXPECT_EQ(Protect(*outermost, *outermost, 1, 2, ZX_VM_PERM_READ), ZX_OK);
  EXPECT_EQ(Show(*outermost), "wrrw");
  ASSERT_TRUE(outermost->Destroy().ok());
  EXPECT_FALSE(innermost->alive());
  EXPECT_EQ(vmo_->mapping_count(), 0u);
}

TEST_F(VmarChangeTest, RegionsCannotHaveMoreThanTheirParent) {
  const RefPtr<Vmar> outer = root_.Allocate({.size = 8 * kPageSize, .options = ZX_VM_CAN_MAP_READ}).value();
  EXPECT_EQ(ValueOf(outer->Allocate({.size = kPageSize, .options = kCanMapAll})), ZX_ERR_ACCESS_DENIED);
  EXPECT_TRUE(outer->Allocate({.size = kPageSize, .options = ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_SPECIFIC}).ok());
  EXPECT_EQ(ValueOf(outer->Map({.vmo = vmo_, .length = kPageSize, .options = kRw})), ZX_ERR_ACCESS_DENIED);
  const VirtualAddress va = outer->Map({.vmo = vmo_, .length = kPageSize, .options = ZX_VM_PERM_READ}).value();
  EXPECT_EQ(ValueOf(outer->Protect(va, kPageSize, kRw)), ZX_ERR_ACCESS_DENIED);
}

TEST_F(VmarChangeTest, AllocateChecksItsArguments) {
  EXPECT_EQ(ValueOf(root_.Allocate({.size = 0})), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(root_.Allocate({.size = 100})), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(root_.Allocate({.offset = kPageSize, .size = kPageSize})), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(root_.Allocate({.size = kPageSize, .options = ZX_VM_PERM_READ})), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(root_.Allocate({.size = kPageSize, .options = ZX_VM_SPECIFIC_OVERWRITE})), ZX_ERR_INVALID_ARGS);
  const RefPtr<Vmar> region = MakeRegion(10, {});
  EXPECT_EQ(ValueOf(region->Allocate({.size = 11 * kPageSize})), ZX_ERR_INVALID_ARGS);
  EXPECT_TRUE(region->Allocate({.size = 10 * kPageSize}).ok());
  EXPECT_EQ(ValueOf(region->Allocate({.size = kPageSize})), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(ValueOf(region->Allocate({.size = kPageSize, .options = ZX_VM_SPECIFIC})), ZX_ERR_ALREADY_EXISTS);
}

TEST_F(VmarChangeTest, DestroyedSpaceLetsGoOfEverything) {
  const RefPtr<Vmar> region = MakeRegion(8, {0});
  space_->Destroy();
  EXPECT_FALSE(region->alive());
  EXPECT_EQ(vmo_->mapping_count(), 0u);
  EXPECT_EQ(Touch(*space_, region->base(), kRead), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(ValueOf(root_.Map({.vmo = vmo_, .length = kPageSize, .options = kRw})), ZX_ERR_BAD_STATE);
}

TEST_F(VmarChangeTest, SpaceThatFindsNoMemoryLeavesNoTrace) {
  for (uint64_t n = 1;; ++n) {
    torture::FailAllocation(n);
    const Result<RefPtr<AddressSpace>> space = AddressSpace::Create(0, 1);
    torture::FailAllocation(0);
    if (space.ok()) {
      EXPECT_GE(n, 4u);
      break;
    }
    EXPECT_EQ(space.error().value(), ZX_ERR_NO_MEMORY);
  }
}

}  // namespace
}  // namespace gk
