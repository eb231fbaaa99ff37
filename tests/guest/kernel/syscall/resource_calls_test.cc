#include <zircon/syscalls/object.h>
#include <zircon/syscalls/resource.h>

#include <cstring>

#include "guest/kernel/object/resource_dispatcher.h"
#include "guest/kernel/vm/physical_ranges.h"
#include "tests/guest/kernel/object/object_fakes.h"
#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;

class ResourceCallsTest : public test::SyscallTest {
 protected:
  ResourceCallsTest()
      : out_(Put(ZX_HANDLE_INVALID)),
        name_(PutText("mine")),
        machine_(Add(ResourceDispatcher::CreateRoot(), ZX_DEFAULT_RESOURCE_RIGHTS)) {
    physical_ranges::SetAside(4);
    base_ = physical_ranges::Granted().base;
  }
  ~ResourceCallsTest() override { physical_ranges::TakeBack(); }

  int64_t Create(zx_handle_t parent, uint32_t options, uint64_t base, uint64_t size) {
    return Call(Syscall::resource_create, parent, options, base, size, name_, 4, out_);
  }
  zx_handle_t Created() { return Get<zx_handle_t>(out_); }

  VirtualAddress out_;
  VirtualAddress name_;
  zx_handle_t machine_;
  uint64_t base_ = 0;
};

TEST_F(ResourceCallsTest, TheRootMakesAnyKindAndAResourceHandsOnPartsOfItself) {
  EXPECT_EQ(Create(machine_, ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_VMEX_BASE, 1), ZX_OK);
  EXPECT_EQ(RightsOf(Created()), ZX_DEFAULT_RESOURCE_RIGHTS);
  EXPECT_EQ(Create(machine_, ZX_RSRC_KIND_IRQ, 0, 10), ZX_OK);
  const zx_handle_t interrupts = Created();
  EXPECT_EQ(Create(interrupts, ZX_RSRC_KIND_IRQ, 9, 1), ZX_OK);
  EXPECT_EQ(Create(interrupts, ZX_RSRC_KIND_IRQ, 9, 2), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Create(interrupts, ZX_RSRC_KIND_IOPORT, 9, 1), ZX_ERR_ACCESS_DENIED);
}

TEST_F(ResourceCallsTest, MemoryOfTheKernelIsGivenToNobody) {
  EXPECT_EQ(Create(machine_, ZX_RSRC_KIND_MMIO, base_, 4 * kPageSize), ZX_OK);
  EXPECT_EQ(Create(machine_, ZX_RSRC_KIND_MMIO, base_, 5 * kPageSize), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Create(machine_, ZX_RSRC_KIND_MMIO, base_ - 1, kPageSize), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Create(machine_, ZX_RSRC_KIND_MMIO, 0, UINT64_MAX), ZX_ERR_NOT_FOUND);
}

TEST_F(ResourceCallsTest, WhatIsHeldExclusivelyCannotBeHadTwice) {
  EXPECT_EQ(Create(machine_, ZX_RSRC_KIND_IRQ, 5, 5), ZX_OK);
  const zx_handle_t shared = Created();
  EXPECT_EQ(Create(machine_, ZX_RSRC_KIND_IRQ | ZX_RSRC_FLAG_EXCLUSIVE, 9, 1), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Call(Syscall::handle_close, shared), ZX_OK);
  EXPECT_EQ(Create(machine_, ZX_RSRC_KIND_IRQ | ZX_RSRC_FLAG_EXCLUSIVE, 9, 1), ZX_OK);
  EXPECT_EQ(Create(machine_, ZX_RSRC_KIND_IRQ, 5, 5), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Create(machine_, ZX_RSRC_KIND_IRQ, 5, 4), ZX_OK);
}

TEST_F(ResourceCallsTest, CreateChecksParentThenOptionsThenNameThenRangeThenOut) {
  const zx_handle_t event = Add(MakeRefCounted<test::FakeEvent>(), ZX_RIGHT_WRITE);
  EXPECT_EQ(Create(ZX_HANDLE_INVALID, 99, 0, 1), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Create(event, 99, 0, 1), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Create(Without(machine_, ZX_RIGHT_WRITE), 99, 0, 1), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Create(machine_, ZX_RSRC_KIND_COUNT, 0, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Create(machine_, ZX_RSRC_KIND_IRQ | 0x20000u, 0, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Create(machine_, ZX_RSRC_KIND_IRQ, 0, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Create(machine_, ZX_RSRC_KIND_IRQ, UINT64_MAX, 2), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Create(machine_, ZX_RSRC_KIND_ROOT, 0, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::resource_create, machine_, ZX_RSRC_KIND_IRQ, 0, 1, kBadAddress, 1, out_),
            ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::resource_create, machine_, ZX_RSRC_KIND_IRQ, 0, 1, kBadAddress, 0, kBadAddress),
            ZX_ERR_INVALID_ARGS);
}

TEST_F(ResourceCallsTest, InfoTellsWhatAResourceIs) {
  EXPECT_EQ(Create(machine_, ZX_RSRC_KIND_IRQ | ZX_RSRC_FLAG_EXCLUSIVE, 5, 6), ZX_OK);
  const VirtualAddress buffer = Put(zx_info_resource_t{});
  const VirtualAddress null = 0;
  EXPECT_EQ(Call(Syscall::object_get_info, Created(), ZX_INFO_RESOURCE, buffer, sizeof(zx_info_resource_t), null, null),
            ZX_OK);
  const auto info = Get<zx_info_resource_t>(buffer);
  EXPECT_EQ(info.kind, ZX_RSRC_KIND_IRQ);
  EXPECT_EQ(info.flags, ZX_RSRC_FLAG_EXCLUSIVE);
  EXPECT_EQ(info.base, 5u);
  EXPECT_EQ(info.size, 6u);
  EXPECT_STREQ(info.name, "mine");
}

TEST_F(ResourceCallsTest, MemoryStatisticsAddUpAndNeedAResource) {
  const VirtualAddress buffer = Put(zx_info_kmem_stats_t{});
  const VirtualAddress null = 0;
  auto get = [&](zx_handle_t handle) {
    return Call(Syscall::object_get_info, handle, ZX_INFO_KMEM_STATS, buffer, sizeof(zx_info_kmem_stats_t), null, null);
  };
  EXPECT_EQ(get(machine_), ZX_OK);
  const auto info = Get<zx_info_kmem_stats_t>(buffer);
  EXPECT_EQ(info.total_bytes, fake_arch::FakeRam::kDefaultSize);
  EXPECT_GT(info.vmo_bytes, 0u);
  EXPECT_GT(info.mmu_overhead_bytes, 0u);
  EXPECT_EQ(info.total_bytes, info.free_bytes + info.wired_bytes + info.total_heap_bytes + info.vmo_bytes +
                                  info.mmu_overhead_bytes + info.ipc_bytes + info.other_bytes);
  EXPECT_EQ(Create(machine_, ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_INFO_BASE, 1), ZX_OK);
  EXPECT_EQ(get(Created()), ZX_OK);
  EXPECT_EQ(Create(machine_, ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_VMEX_BASE, 1), ZX_OK);
  EXPECT_EQ(get(Created()), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(get(root_), ZX_ERR_WRONG_TYPE);
}

}  // namespace
}  // namespace gk
