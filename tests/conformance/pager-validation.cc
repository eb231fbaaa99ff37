// What the pager calls say to arguments that are not right, in which order.
#include <lib/zx/resource.h>

#include "tests/conformance/user_pager.h"

namespace conformance {
namespace {

constexpr zx_rights_t kPagerRights = ZX_DEFAULT_PAGER_RIGHTS;

// A new pager whose handle lacks rights; pagers cannot be duplicated.
zx::pager PagerWithout(zx_rights_t rights) {
  zx::pager pager;
  EXPECT_OK(zx::pager::create(0, &pager));
  zx::pager less;
  EXPECT_OK(zx_handle_replace(pager.release(), kPagerRights & ~rights, less.reset_and_get_address()));
  return less;
}

zx::port PortWithout(zx_rights_t rights) {
  zx::port port;
  EXPECT_OK(zx::port::create(0, &port));
  zx::port less;
  EXPECT_OK(port.duplicate(ZX_DEFAULT_PORT_RIGHTS & ~rights, &less));
  return less;
}

zx::vmo VmoWithout(const zx::vmo& vmo, zx_rights_t rights) { return WithRights(vmo, kVmoRights & ~rights); }

zx_status_t TryCreate(zx_handle_t pager, uint32_t options, zx_handle_t port, uint64_t size) {
  zx::vmo vmo;
  return zx_pager_create_vmo(pager, options, port, 1, size, vmo.reset_and_get_address());
}

// pager create | options is not 0 | INVALID_ARGS
TEST(PagerCreate, UnknownOptionsAreRefused) {
  zx_handle_t pager = ZX_HANDLE_INVALID;
  EXPECT_STATUS(zx_pager_create(1, &pager), ZX_ERR_INVALID_ARGS);
}

// pager create | the rights of the handle | INSPECT, TRANSFER, ATTACH_VMO, MANAGE_VMO
TEST(PagerCreate, DefaultRights) {
  const UserPager pager;
  zx_info_handle_basic_t info = {};
  ASSERT_OK(zx_object_get_info(pager.pager().get(), ZX_INFO_HANDLE_BASIC, &info, sizeof(info), nullptr, nullptr));
  EXPECT_EQ(info.type, ZX_OBJ_TYPE_PAGER);
  EXPECT_EQ(info.rights, kPagerRights);
}

// pager create_vmo | options has an unknown bit | INVALID_ARGS
TEST(PagerCreateVmo, UnknownOptionsAreRefused) {
  const UserPager pager;
  EXPECT_STATUS(TryCreate(pager.pager().get(), ~0u, pager.port().get(), kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TryCreate(pager.pager().get(), ZX_VMO_DISCARDABLE, pager.port().get(), kPageSize), ZX_ERR_INVALID_ARGS);
}

// pager create_vmo | out is an invalid pointer or NULL | INVALID_ARGS
TEST(PagerCreateVmo, InvalidOutIsRefused) {
  const UserPager pager;
  EXPECT_STATUS(zx_pager_create_vmo(pager.pager().get(), 0, pager.port().get(), 1, kPageSize, nullptr),
                ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(zx_pager_create_vmo(pager.pager().get(), 0, pager.port().get(), 1, kPageSize,
                                    AtAddress<zx_handle_t>(kKernelAddress)),
                ZX_ERR_INVALID_ARGS);
}

// pager create_vmo | pager or port is not a valid handle | BAD_HANDLE
TEST(PagerCreateVmo, NoHandleIsRefused) {
  const UserPager pager;
  EXPECT_STATUS(TryCreate(ZX_HANDLE_INVALID, 0, pager.port().get(), kPageSize), ZX_ERR_BAD_HANDLE);
  EXPECT_STATUS(TryCreate(pager.pager().get(), 0, ZX_HANDLE_INVALID, kPageSize), ZX_ERR_BAD_HANDLE);
}

// pager create_vmo | port does not have ZX_RIGHT_WRITE | ACCESS_DENIED
// pager create_vmo | pager does not have ZX_RIGHT_ATTACH_VMO | ACCESS_DENIED
TEST(PagerCreateVmo, NeedsTheRights) {
  const UserPager pager;
  EXPECT_STATUS(TryCreate(pager.pager().get(), 0, PortWithout(ZX_RIGHT_WRITE).get(), kPageSize), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(TryCreate(PagerWithout(ZX_RIGHT_ATTACH_VMO).get(), 0, pager.port().get(), kPageSize),
                ZX_ERR_ACCESS_DENIED);
  EXPECT_OK(TryCreate(PagerWithout(ZX_RIGHT_MANAGE_VMO).get(), 0, pager.port().get(), kPageSize));
}

// pager create_vmo | pager is not a pager handle or port is not a port handle | WRONG_TYPE
TEST(PagerCreateVmo, OtherObjectsAreRefused) {
  const UserPager pager;
  EXPECT_STATUS(TryCreate(pager.port().get(), 0, pager.port().get(), kPageSize), ZX_ERR_WRONG_TYPE);
  EXPECT_STATUS(TryCreate(pager.pager().get(), 0, MakeVmo(1).get(), kPageSize), ZX_ERR_WRONG_TYPE);
}

// pager create_vmo | the requested size is larger than the maximum VMO size | OUT_OF_RANGE
TEST(PagerCreateVmo, TooLargeIsRefused) {
  const UserPager pager;
  EXPECT_STATUS(TryCreate(pager.pager().get(), 0, pager.port().get(), 0xffff'ffff'ffff'f001), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(TryCreate(pager.pager().get(), 0, pager.port().get(), UINT64_MAX), ZX_ERR_OUT_OF_RANGE);
}

// pager create_vmo | size is not a multiple of the page size | it is rounded up
TEST(PagerCreateVmo, SizeIsRoundedUp) {
  const UserPager pager;
  zx::vmo vmo;
  ASSERT_OK(pager.pager().create_vmo(0, pager.port(), 1, kPageSize + 1, &vmo));
  EXPECT_EQ(InfoOf(vmo).size_bytes, 2 * kPageSize);
}

// pager create_vmo | the VMO's rights and ZX_INFO_VMO | those of zx_vmo_create; ZX_INFO_VMO_PAGER_BACKED
TEST(PagerCreateVmo, InfoSaysThatAPagerBacksIt) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(4096);
  EXPECT_EQ(InfoOf(vmo.vmo()).flags & ZX_INFO_VMO_PAGER_BACKED, ZX_INFO_VMO_PAGER_BACKED);
  EXPECT_EQ(InfoOf(vmo.vmo()).flags & ZX_INFO_VMO_RESIZABLE, 0u);
  EXPECT_EQ(RightsOf(vmo.vmo()), RightsOf(MakeVmo(1)));
  EXPECT_EQ(InfoOf(MakeVmo(1)).flags & ZX_INFO_VMO_PAGER_BACKED, 0u);
  EXPECT_EQ(InfoOf(pager.Create(1, ZX_VMO_RESIZABLE).vmo()).flags & ZX_INFO_VMO_RESIZABLE, ZX_INFO_VMO_RESIZABLE);
}

// pager create_vmo | ZX_VMO_ZERO_CHILDREN | behaves as that of zx_vmo_create
TEST(PagerCreateVmo, ZeroChildrenIsAsForOtherVmos) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  EXPECT_TRUE(HasNoChildren(vmo.vmo()));
  {
    const PagedVmo clone = vmo.Clone();
    EXPECT_FALSE(HasNoChildren(vmo.vmo()));
  }
  EXPECT_TRUE(HasNoChildren(vmo.vmo()));
}

// pager detach_vmo | pager or vmo is not a valid handle | BAD_HANDLE
// pager detach_vmo | pager is not a pager or vmo not a VMO, whatever its rights | WRONG_TYPE
// pager detach_vmo | vmo lacks ZX_RIGHT_WRITE | ACCESS_DENIED
// pager detach_vmo | vmo is not a VMO of this pager | INVALID_ARGS
TEST(PagerDetachVmoArguments, AreChecked) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  const zx_handle_t handle = pager.pager().get();
  EXPECT_STATUS(zx_pager_detach_vmo(ZX_HANDLE_INVALID, vmo.get()), ZX_ERR_BAD_HANDLE);
  EXPECT_STATUS(zx_pager_detach_vmo(handle, ZX_HANDLE_INVALID), ZX_ERR_BAD_HANDLE);
  EXPECT_STATUS(zx_pager_detach_vmo(vmo.get(), vmo.get()), ZX_ERR_WRONG_TYPE);
  EXPECT_STATUS(zx_pager_detach_vmo(handle, handle), ZX_ERR_WRONG_TYPE);
  EXPECT_STATUS(zx_pager_detach_vmo(handle, VmoWithout(vmo.vmo(), ZX_RIGHT_WRITE).get()), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(zx_pager_detach_vmo(handle, MakeVmo(1).get()), ZX_ERR_INVALID_ARGS);
  UserPager other;
  EXPECT_STATUS(zx_pager_detach_vmo(handle, other.Create(1).get()), ZX_ERR_INVALID_ARGS);
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager detach_vmo | pager lacks ZX_RIGHT_ATTACH_VMO or ZX_RIGHT_MANAGE_VMO | ACCESS_DENIED
TEST(PagerDetachVmoArguments, PagerNeedsBothRights) {
  const UserPager port;
  for (const zx_rights_t right : {ZX_RIGHT_ATTACH_VMO, ZX_RIGHT_MANAGE_VMO}) {
    zx::pager pager;
    ASSERT_OK(zx::pager::create(0, &pager));
    zx::vmo vmo;
    ASSERT_OK(pager.create_vmo(0, port.port(), 1, kPageSize, &vmo));
    zx::pager less;
    ASSERT_OK(zx_handle_replace(pager.release(), kPagerRights & ~right, less.reset_and_get_address()));
    EXPECT_STATUS(less.detach_vmo(vmo), ZX_ERR_ACCESS_DENIED);
  }
}

// Supplies a page (or nothing) to `vmo`.
zx_status_t TrySupply(zx_handle_t pager, zx_handle_t vmo, zx_handle_t source, uint64_t offset = 0, uint64_t length = 0,
                      uint64_t source_offset = 0) {
  return zx_pager_supply_pages(pager, vmo, offset, length, source, source_offset);
}

// pager supply_pages | pager, pager_vmo or aux_vmo is not a valid handle | BAD_HANDLE
// pager supply_pages | one of them is of another type, a pager as the VMO too | WRONG_TYPE
TEST(PagerSupplyPagesArguments, HandlesAreChecked) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  const zx_handle_t handle = pager.pager().get();
  const zx::vmo source = MakeVmo(1);
  EXPECT_STATUS(TrySupply(ZX_HANDLE_INVALID, vmo.get(), source.get()), ZX_ERR_BAD_HANDLE);
  EXPECT_STATUS(TrySupply(handle, ZX_HANDLE_INVALID, source.get()), ZX_ERR_BAD_HANDLE);
  EXPECT_STATUS(TrySupply(handle, vmo.get(), ZX_HANDLE_INVALID), ZX_ERR_BAD_HANDLE);
  EXPECT_STATUS(TrySupply(vmo.get(), vmo.get(), source.get()), ZX_ERR_WRONG_TYPE);
  EXPECT_STATUS(TrySupply(handle, handle, source.get()), ZX_ERR_WRONG_TYPE);
  EXPECT_STATUS(TrySupply(handle, vmo.get(), handle), ZX_ERR_WRONG_TYPE);
  EXPECT_OK(TrySupply(handle, vmo.get(), source.get()));
}

// pager supply_pages | pager_vmo is not a VMO of the pager, whatever aux_vmo is | INVALID_ARGS
TEST(PagerSupplyPagesArguments, OnlyItsOwnVmosAreServed) {
  UserPager pager;
  const zx_handle_t handle = pager.pager().get();
  const zx::vmo source = MakeVmo(1);
  EXPECT_STATUS(TrySupply(handle, MakeVmo(1).get(), source.get()), ZX_ERR_INVALID_ARGS);
  UserPager other;
  const PagedVmo others = other.Create(1);
  EXPECT_STATUS(TrySupply(handle, others.get(), source.get()), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TrySupply(handle, others.get(), ZX_HANDLE_INVALID), ZX_ERR_INVALID_ARGS);
  const PagedVmo vmo = pager.Create(1);
  const PagedVmo clone = vmo.Clone();
  EXPECT_STATUS(TrySupply(handle, clone.get(), source.get()), ZX_ERR_INVALID_ARGS);
}

// pager supply_pages | aux_vmo lacks ZX_RIGHT_READ or ZX_RIGHT_WRITE, or pager_vmo ZX_RIGHT_WRITE | ACCESS_DENIED
// pager supply_pages | pager lacks ZX_RIGHT_MANAGE_VMO | ACCESS_DENIED
TEST(PagerSupplyPagesArguments, RightsAreNeeded) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  const zx_handle_t handle = pager.pager().get();
  const zx::vmo source = MakeVmo(1);
  EXPECT_STATUS(TrySupply(handle, vmo.get(), VmoWithout(source, ZX_RIGHT_WRITE).get()), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(TrySupply(handle, vmo.get(), VmoWithout(source, ZX_RIGHT_READ).get()), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(TrySupply(handle, VmoWithout(vmo.vmo(), ZX_RIGHT_WRITE).get(), source.get()), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(TrySupply(PagerWithout(ZX_RIGHT_MANAGE_VMO).get(), vmo.get(), source.get()), ZX_ERR_ACCESS_DENIED);
}

// pager supply_pages | offset, length or aux_offset is not page-aligned | INVALID_ARGS, also for length 0
// pager supply_pages | a range is beyond its VMO | OUT_OF_RANGE
TEST(PagerSupplyPagesArguments, RangesAreChecked) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  const zx_handle_t handle = pager.pager().get();
  const zx::vmo source = MakeVmo(1);
  EXPECT_STATUS(TrySupply(handle, vmo.get(), source.get(), 1, 0, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TrySupply(handle, vmo.get(), source.get(), 0, 1, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TrySupply(handle, vmo.get(), source.get(), 0, 0, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TrySupply(handle, vmo.get(), source.get(), kPageSize, kPageSize, 0), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(TrySupply(handle, vmo.get(), source.get(), 0, kPageSize, kPageSize), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(CommittedPages(vmo), 0u);
}

// pager supply_pages | aux_vmo is physical or backed by a pager | NOT_SUPPORTED
// pager supply_pages | a page of aux_vmo is pinned | BAD_STATE
TEST(PagerSupplyPagesArguments, SourceMustBeAbleToGivePagesAway) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  const zx_handle_t handle = pager.pager().get();
  const PagedVmo paged = pager.Create(1);
  EXPECT_STATUS(TrySupply(handle, vmo.get(), paged.get(), 0, kPageSize), ZX_ERR_NOT_SUPPORTED);
  ASSERT_OK(pager.Supply(paged, 0, 1));
  EXPECT_STATUS(TrySupply(handle, vmo.get(), paged.get(), 0, kPageSize), ZX_ERR_NOT_SUPPORTED);

  zx_info_resource_t memory = {};
  ASSERT_OK(zx_object_get_info(pagoda_mmio_resource(), ZX_INFO_RESOURCE, &memory, sizeof(memory), nullptr, nullptr));
  zx::vmo physical;
  ASSERT_OK(zx_vmo_create_physical(pagoda_mmio_resource(), memory.base, kPageSize, physical.reset_and_get_address()));
  EXPECT_STATUS(TrySupply(handle, vmo.get(), physical.get(), 0, kPageSize), ZX_ERR_NOT_SUPPORTED);

  const zx::bti bti = MakeBti();
  const zx::vmo pinned = MakeVmo(1);
  zx_paddr_t address = 0;
  zx::pmt pin;
  ASSERT_OK(bti.pin(ZX_BTI_PERM_READ, pinned, 0, kPageSize, &address, 1, &pin));
  EXPECT_STATUS(TrySupply(handle, vmo.get(), pinned.get(), 0, kPageSize), ZX_ERR_BAD_STATE);
  EXPECT_OK(pin.unpin());
  EXPECT_EQ(CommittedPages(vmo), 0u);
  EXPECT_OK(TrySupply(handle, vmo.get(), pinned.get(), 0, kPageSize));
}

}  // namespace
}  // namespace conformance
