#include <gtest/gtest.h>

#include "guest/kernel/vm/api_policy.h"
#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/vm/vm_fixture.h"

namespace gk {
namespace {

constexpr zx_vm_option_t kCanMapAll =
    ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE | ZX_VM_CAN_MAP_SPECIFIC;
constexpr zx_vm_option_t kRw = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;

class VmarMapTest : public VmTest {
 protected:
  VmarMapTest() : space_(MakeSpace()), root_(space_->root()), vmo_(MakeVmo(4)) {}
  ~VmarMapTest() override { api_policy = ApiPolicy::kDocumented; }

  // The status of mapping all of vmo_, with `change` applied to the request.
  template <typename Change>
  zx_status_t MapStatus(Change change) {
    MapRequest request{.vmo = vmo_, .length = vmo_->size(), .options = kRw};
    change(request);
    return ValueOf(root_.Map(request));
  }
  zx_status_t MapAt(Vmar& vmar, uint64_t offset, uint64_t length, zx_vm_option_t options) {
    return ValueOf(vmar.Map({.vmo = vmo_,
                             .length = length,
                             .vmar_offset = offset,
                             .options = options | ZX_VM_PERM_READ | ZX_VM_ALLOW_FAULTS}));
  }
  RefPtr<Vmar> MakeRegion(uint64_t pages, zx_vm_option_t options = kCanMapAll) {
    return root_.Allocate({.size = pages * kPageSize, .options = options}).value();
  }

  RefPtr<AddressSpace> space_;
  Vmar& root_;
  RefPtr<Vmo> vmo_;
};

TEST_F(VmarMapTest, MappingIsInsideTheRegionAlignedAndNotZero) {
  const VirtualAddress va = MapAll(*space_, vmo_, kRw);
  EXPECT_GE(va, AddressSpace::kUserBase);
  EXPECT_LE(va + vmo_->size(), AddressSpace::kUserEnd);
  EXPECT_TRUE(base::IsPageAligned(va));
  EXPECT_EQ(vmo_->mapping_count(), 1u);
}

TEST_F(VmarMapTest, LayoutFollowsTheSeedAndDiffersBetweenSeeds) {
  const RefPtr<AddressSpace> same = MakeSpace(1);
  const RefPtr<AddressSpace> other = MakeSpace(2);
  const VirtualAddress va = MapAll(*space_, vmo_, kRw);
  EXPECT_EQ(MapAll(*same, vmo_, kRw), va);
  EXPECT_NE(MapAll(*other, vmo_, kRw), va);
}

TEST_F(VmarMapTest, InvalidArguments) {
  EXPECT_EQ(MapStatus([](auto& r) { r.length = 0; }), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapStatus([](auto& r) { r.vmo_offset = 1; }), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapStatus([](auto& r) { r.length = kPageSize + 1; }), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapStatus([](auto& r) { r.vmar_offset = kPageSize; }), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapStatus([](auto& r) { r.options = ZX_VM_PERM_WRITE; }), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapStatus([](auto& r) { r.options = ZX_VM_PERM_EXECUTE; }), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapStatus([](auto& r) { r.options |= ZX_VM_CAN_MAP_EXECUTE; }), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapStatus([](auto& r) { r.options |= 1u << 31; }), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapStatus([](auto& r) { r.options |= 9u << ZX_VM_ALIGN_BASE; }), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapStatus([](auto& r) { r.options |= 33u << ZX_VM_ALIGN_BASE; }), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapStatus([](auto& r) { r.options |= ZX_VM_SPECIFIC | ZX_VM_OFFSET_IS_UPPER_LIMIT; }), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapStatus([](auto& r) { r.options |= ZX_VM_SPECIFIC_OVERWRITE | ZX_VM_MAP_RANGE; }), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapStatus([](auto& r) {
              r.options |= ZX_VM_SPECIFIC;
              r.vmar_offset = 1;
            }),
            ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapStatus([](auto& r) {
              r.options |= ZX_VM_SPECIFIC;
              r.vmar_offset = UINT64_MAX - (kPageSize - 1);
            }),
            ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(vmo_->mapping_count(), 0u);
}

TEST_F(VmarMapTest, OffsetAndLengthMustNotReachTheEndOfTheNumbers) {
  EXPECT_EQ(MapStatus([](auto& r) {
              r.vmo_offset = UINT64_MAX - kPageSize + 1;
              r.length = kPageSize;
            }),
            ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(MapStatus([](auto& r) {
              r.vmo_offset = UINT64_MAX - 2 * kPageSize + 1;
              r.length = kPageSize;
              r.options |= ZX_VM_ALLOW_FAULTS;
            }),
            ZX_OK);
}

TEST_F(VmarMapTest, AlignmentIsKept) {
  for (unsigned exponent = 10; exponent <= 32; ++exponent) {
    const Result<VirtualAddress> va =
        root_.Map({.vmo = vmo_, .length = kPageSize, .options = kRw | exponent << ZX_VM_ALIGN_BASE});
    ASSERT_TRUE(va.ok());
    EXPECT_TRUE(base::IsAligned(va.value(), uint64_t{1} << exponent));
  }
}

TEST_F(VmarMapTest, WritableAndExecutableIsForThoseWithBothRights) {
  EXPECT_EQ(MapStatus([](auto& r) { r.options = kRw | ZX_VM_PERM_EXECUTE; }), ZX_OK);
  EXPECT_EQ(MapStatus([](auto& r) {
              r.options = kRw | ZX_VM_PERM_EXECUTE;
              r.vmo_rights = kReadWrite;
            }),
            ZX_ERR_ACCESS_DENIED);
}

TEST_F(VmarMapTest, RightsOfTheVmoHandleAreTheCeiling) {
  EXPECT_EQ(MapStatus([](auto& r) { r.vmo_rights = {.read = true}; }), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(MapStatus([](auto& r) {
              r.vmo_rights = {.write = true};
              r.options = ZX_VM_PERM_READ;
            }),
            ZX_ERR_ACCESS_DENIED);
  const VirtualAddress va =
      root_.Map({.vmo = vmo_, .length = kPageSize, .options = ZX_VM_PERM_READ, .vmo_rights = {.read = true}}).value();
  EXPECT_EQ(ValueOf(root_.Protect(va, kPageSize, kRw)), ZX_ERR_ACCESS_DENIED);
}

TEST_F(VmarMapTest, ExecuteOnlyBecomesReadableWhereTheProgramPermitsThat) {
  EXPECT_EQ(MapStatus([](auto& r) { r.options = ZX_VM_PERM_EXECUTE | ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED; }), ZX_OK);
  EXPECT_EQ(MapStatus([](auto& r) {
              r.options = ZX_VM_PERM_EXECUTE | ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED;
              r.vmo_rights = {.execute = true};
            }),
            ZX_ERR_ACCESS_DENIED)
      << "readable it becomes only for those who may read";
}

TEST_F(VmarMapTest, WhatCanFaultNeedsLeaveToFault) {
  vmo_ = MakeVmo(4, Resizability::kResizable);
  EXPECT_EQ(MapStatus([](auto&) {}), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(MapStatus([](auto& r) { r.options |= ZX_VM_ALLOW_FAULTS; }), ZX_OK);
  EXPECT_EQ(MapStatus([](auto& r) { r.options |= ZX_VM_ALLOW_FAULTS | ZX_VM_REQUIRE_NON_RESIZABLE; }),
            ZX_ERR_NOT_SUPPORTED);
  PagedObject object(4);
  EXPECT_EQ(MapStatus([&](auto& r) { r.vmo = object.vmo; }), ZX_ERR_NOT_SUPPORTED);
  vmo_ = MakeVmo(4);
  EXPECT_EQ(MapStatus([](auto& r) { r.length += kPageSize; }), ZX_ERR_BUFFER_TOO_SMALL);
}

TEST_F(VmarMapTest, ZirconPolicyIsLax) {
  api_policy = ApiPolicy::kZircon;
  vmo_ = MakeVmo(4, Resizability::kResizable);
  EXPECT_EQ(MapStatus([](auto& r) { r.length += kPageSize + 1; }), ZX_OK);
  EXPECT_EQ(MapStatus([](auto& r) { r.length = SIZE_MAX - 2; }), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(ValueOf(root_.Unmap(0x40000000, kPageSize)), ZX_OK);
}

TEST_F(VmarMapTest, FixedPlaceIsTakenOnceAndMustLieInside) {
  const RefPtr<Vmar> region = MakeRegion(10);
  EXPECT_EQ(MapAt(*region, 2 * kPageSize, 2 * kPageSize, ZX_VM_SPECIFIC), ZX_OK);
  EXPECT_EQ(MapAt(*region, kPageSize, 2 * kPageSize, ZX_VM_SPECIFIC), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(MapAt(*region, 3 * kPageSize, kPageSize, ZX_VM_SPECIFIC), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(MapAt(*region, 4 * kPageSize, kPageSize, ZX_VM_SPECIFIC), ZX_OK);
  EXPECT_EQ(MapAt(*region, 9 * kPageSize, 2 * kPageSize, ZX_VM_SPECIFIC), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapAt(*region, 10 * kPageSize, kPageSize, ZX_VM_SPECIFIC), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapAt(*region, 0, 11 * kPageSize, 0), ZX_ERR_INVALID_ARGS);
}

TEST_F(VmarMapTest, FixedPlaceNeedsTheAbility) {
  const RefPtr<Vmar> region = MakeRegion(4, ZX_VM_CAN_MAP_READ);
  EXPECT_EQ(MapAt(*region, 0, kPageSize, ZX_VM_SPECIFIC), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(MapAt(*region, 0, kPageSize, ZX_VM_SPECIFIC_OVERWRITE), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(MapAt(*region, kPageSize, kPageSize, ZX_VM_OFFSET_IS_UPPER_LIMIT), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(MapAt(*region, 0, kPageSize, 0), ZX_OK);
}

TEST_F(VmarMapTest, UpperLimitIsKeptAndTheRegionFillsCompletely) {
  const RefPtr<Vmar> region = MakeRegion(100);
  EXPECT_EQ(MapAt(*region, 101 * kPageSize, kPageSize, ZX_VM_OFFSET_IS_UPPER_LIMIT), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapAt(*region, kPageSize, 2 * kPageSize, ZX_VM_OFFSET_IS_UPPER_LIMIT), ZX_ERR_INVALID_ARGS);
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(MapAt(*region, 50 * kPageSize, kPageSize, ZX_VM_OFFSET_IS_UPPER_LIMIT), ZX_OK);
  }
  EXPECT_EQ(MapAt(*region, 50 * kPageSize, kPageSize, ZX_VM_OFFSET_IS_UPPER_LIMIT), ZX_ERR_NO_RESOURCES);
  EXPECT_EQ(MapAt(*region, 0, 50 * kPageSize, 0), ZX_OK);
  EXPECT_EQ(MapAt(*region, 0, kPageSize, 0), ZX_ERR_NO_RESOURCES);
}

TEST_F(VmarMapTest, CompactRegionIsFilledFromItsStart) {
  const RefPtr<Vmar> region = MakeRegion(10, kCanMapAll | ZX_VM_COMPACT);
  for (uint64_t i = 0; i < 10; ++i) {
    EXPECT_EQ(region->Map({.vmo = vmo_, .length = kPageSize, .options = ZX_VM_PERM_READ}).value(),
              region->base() + i * kPageSize);
  }
}

TEST_F(VmarMapTest, OverwriteReplacesWhatIsThereAndKeepsTheRest) {
  RefPtr<Vmo> other = MakeVmo(4);
  const VirtualAddress va = MapAll(*space_, vmo_, kRw);
  ASSERT_EQ(Store(*space_, va, 1), ZX_OK);
  ASSERT_EQ(Store(*space_, va + kPageSize, 1), ZX_OK);
  ASSERT_EQ(Store(*space_, va + 3 * kPageSize, 1), ZX_OK);

  ASSERT_TRUE(root_
                  .Map({.vmo = other,
                        .length = 2 * kPageSize,
                        .vmar_offset = va + kPageSize - root_.base(),
                        .options = kRw | ZX_VM_SPECIFIC_OVERWRITE})
                  .ok());

  EXPECT_EQ(Load(*space_, va), 1);
  EXPECT_EQ(Load(*space_, va + kPageSize), 0);
  EXPECT_EQ(Load(*space_, va + 3 * kPageSize), 1);
  EXPECT_EQ(vmo_->mapping_count(), 2u);
  EXPECT_EQ(other->mapping_count(), 1u);
}

TEST_F(VmarMapTest, OverwriteSparesRegions) {
  const RefPtr<Vmar> outer = MakeRegion(10);
  ASSERT_TRUE(outer->Allocate({.offset = 2 * kPageSize, .size = kPageSize, .options = ZX_VM_SPECIFIC}).ok());
  EXPECT_EQ(MapAt(*outer, 0, 4 * kPageSize, ZX_VM_SPECIFIC_OVERWRITE), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapAt(*outer, 0, 2 * kPageSize, ZX_VM_SPECIFIC_OVERWRITE), ZX_OK);
}

TEST_F(VmarMapTest, MapRangeEntersWhatIsPresent) {
  ASSERT_TRUE(vmo_->Commit(kPageSize, kPageSize).ok());
  const VirtualAddress va = MapAll(*space_, vmo_, kRw | ZX_VM_MAP_RANGE);
  EXPECT_FALSE(IsEntered(*space_, va));
  EXPECT_TRUE(IsEntered(*space_, va + kPageSize));
  EXPECT_EQ(vmo_->committed_pages(), 1u);
}

TEST_F(VmarMapTest, MapRangeOfAnOffsetEntersTheRightPages) {
  const uint8_t byte = 7;
  ASSERT_TRUE(vmo_->Write(&byte, 3 * kPageSize, 1).ok());
  const VirtualAddress va = root_
                                .Map({.vmo = vmo_,
                                      .vmo_offset = 2 * kPageSize,
                                      .length = 2 * kPageSize,
                                      .options = ZX_VM_PERM_READ | ZX_VM_MAP_RANGE})
                                .value();
  EXPECT_TRUE(IsEntered(*space_, va + kPageSize));
  EXPECT_EQ(Load(*space_, va + kPageSize), 7);
}

TEST_F(VmarMapTest, MapRangeWithoutPermissionsEntersNothing) {
  ASSERT_TRUE(vmo_->Commit(0, vmo_->size()).ok());
  MapRequest request{.vmo = vmo_, .vmo_offset = 2 * kPageSize, .length = kPageSize, .options = ZX_VM_MAP_RANGE};
  const VirtualAddress va = root_.Map(request).value();
  EXPECT_FALSE(IsEntered(*space_, va));
  EXPECT_EQ(Touch(*space_, va, kRead), ZX_ERR_ACCESS_DENIED);
  ASSERT_TRUE(root_.Protect(va, kPageSize, ZX_VM_PERM_READ).ok());
  EXPECT_EQ(Touch(*space_, va, kRead), ZX_OK);
}

TEST_F(VmarMapTest, ProtectIsBoundByTheHandleThatWasMapped) {
  constexpr zx_vm_option_t kRwx = kRw | ZX_VM_PERM_EXECUTE;
  const struct {
    Access rights;
    zx_vm_option_t options;
  } rows[] = {{{.read = true}, ZX_VM_PERM_READ},
              {{.read = true, .write = true}, kRw},
              {{.read = true, .execute = true}, ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE}};
  for (const auto& row : rows) {
    MapRequest request{.vmo = vmo_, .length = kPageSize, .options = kRwx, .vmo_rights = row.rights};
    EXPECT_EQ(ValueOf(root_.Map(request)), ZX_ERR_ACCESS_DENIED);
    request.options = row.options;
    const VirtualAddress va = root_.Map(request).value();
    EXPECT_EQ(ValueOf(root_.Protect(va, kPageSize, kRwx)), ZX_ERR_ACCESS_DENIED);
    EXPECT_EQ(ValueOf(root_.Protect(va, kPageSize, row.options)), ZX_OK);
  }
}

TEST_F(VmarMapTest, MappingsFollowTheCachePolicy) {
  const struct {
    uint32_t policy;
    arch::Caching caching;
  } rows[] = {{ZX_CACHE_POLICY_CACHED, arch::Caching::kCached},
              {ZX_CACHE_POLICY_UNCACHED, arch::Caching::kUncached},
              {ZX_CACHE_POLICY_UNCACHED_DEVICE, arch::Caching::kUncached},
              {ZX_CACHE_POLICY_WRITE_COMBINING, arch::Caching::kWriteCombining}};
  for (const auto& row : rows) {
    const RefPtr<Vmo> vmo = MakeVmo(1);
    ASSERT_TRUE(vmo->SetCachePolicy(row.policy).ok());
    const VirtualAddress va = MapAll(*space_, vmo, kRw);
    ASSERT_EQ(Touch(*space_, va, kWrite), ZX_OK);
    EXPECT_EQ(fake_arch::Walk(space_->page_table_root(), va)->attributes.caching, row.caching) << row.policy;
    EXPECT_EQ(space_->page_table().Query(va)->attributes.caching, row.caching) << row.policy;
  }
}

TEST_F(VmarMapTest, OutOfMemoryChangesNothing) {
  for (uint64_t n = 1;; ++n) {
    torture::FailAllocation(n);
    const zx_status_t status = MapStatus([](auto&) {});
    torture::FailAllocation(0);
    if (status == ZX_OK) {
      EXPECT_GE(n, 2u);
      break;
    }
    EXPECT_EQ(status, ZX_ERR_NO_MEMORY);
    EXPECT_EQ(vmo_->mapping_count(), 0u);
  }
}

}  // namespace
}  // namespace gk
