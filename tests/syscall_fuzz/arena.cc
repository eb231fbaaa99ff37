#include "tests/syscall_fuzz/arena.h"

#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>

namespace fuzz {
namespace {

constexpr zx_vm_option_t kAbilities = ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC;

constexpr uint32_t kChildKinds[] = {ZX_VMO_CHILD_SNAPSHOT, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, ZX_VMO_CHILD_SLICE};

uint64_t AnySize(Random& random) { return random.Below(random.OneIn(16) ? 4096 : 64) * kPageSize; }

}  // namespace

bool Arena::Renew(Random& random) {
  zx_handle_t region = ZX_HANDLE_INVALID;
  zx_vaddr_t base = 0;
  if (zx_vmar_allocate(zx_vmar_root_self(), kAbilities, 0, kPages * kPageSize, &region, &base) != ZX_OK) {
    return false;
  }
  const zx_handle_t old = region_.exchange(region);
  if (old != ZX_HANDLE_INVALID) {
    zx_vmar_destroy(old);
    zx_handle_close(old);
  }
  base_ = base;
  for (uint64_t page = 0; page + 16 <= kPages; page += 16) {
    zx::vmo vmo;
    zx_vaddr_t address = 0;
    if (zx::vmo::create(12 * kPageSize, 0, &vmo) != ZX_OK) {
      return false;
    }
    const zx_vm_option_t write = random.OneIn(4) ? 0 : ZX_VM_PERM_WRITE;
    zx_vmar_map(region, ZX_VM_PERM_READ | write | ZX_VM_SPECIFIC, page * kPageSize, vmo.get(), 0, 12 * kPageSize,
                &address);
    Add(random, vmo.release(), false);
  }
  return true;
}

bool Arena::alive() const {
  zx_handle_t child = ZX_HANDLE_INVALID;
  zx_vaddr_t address = 0;
  const zx_status_t status = zx_vmar_allocate(region_, 0, 0, kPageSize, &child, &address);
  if (status == ZX_OK) {
    zx_vmar_destroy(child);
    zx_handle_close(child);
  }
  return status != ZX_ERR_BAD_STATE && status != ZX_ERR_BAD_HANDLE;
}

zx_handle_t Arena::AnyHandle(Random& random) const {
  if (random.OneIn(20)) {
    // The right form, so that the table is searched; a hit by chance is as good as none.
    return random.OneIn(2) ? ZX_HANDLE_INVALID : static_cast<zx_handle_t>(random.Next()) | ZX_HANDLE_FIXED_BITS_MASK;
  }
  return handles_[random.Below(kHandles)];
}

zx_handle_t Arena::AnyRegion(Random& random) const {
  switch (random.Below(8)) {
    case 0:
      return AnyHandle(random);
    case 1:
    case 2:
      return handles_[random.Below(kRegions)];
    default:
      return region_;
  }
}

uint64_t Arena::AnyAddress(Random& random) const {
  static constexpr uint64_t kStrange[] = {0,
                                          1,
                                          0x1000,
                                          0x200000,
                                          0x7fff'ffff'efff,
                                          0x7fff'ffff'f000,
                                          0x8000'0000'0000,
                                          0xffff'7fff'ffff'ffff,
                                          0xffff'8000'0000'0000,
                                          0xffff'ffff'8000'0000,
                                          UINT64_MAX,
                                          UINT64_MAX - 7,
                                          UINT64_MAX - kPageSize + 1};
  if (random.OneIn(12)) {
    return kStrange[random.Below(sizeof(kStrange) / sizeof(kStrange[0]))];
  }
  const uint64_t page = base_ + random.Below(kPages + 1) * kPageSize;
  switch (random.Below(4)) {
    case 0:
      return page;
    case 1:
      return page - random.Below(64);  // an access that crosses a page's end
    default:
      return page + random.Below(kPageSize / 8) * 8;
  }
}

void Arena::Add(Random& random, zx_handle_t handle, bool region) {
  const size_t slot = region ? random.Below(kRegions) : kRegions + random.Below(kHandles - kRegions);
  const zx_handle_t old = handles_[slot].exchange(handle);
  if (old != ZX_HANDLE_INVALID) {
    zx_handle_close(old);
  }
}

namespace {

// A pager with a VMO, and the port where its requests arrive.
void MakePager(Random& random, uint64_t size, zx_handle_t (&made)[3]) {
  static constexpr uint32_t kOptions[] = {0, ZX_VMO_RESIZABLE, ZX_VMO_TRAP_DIRTY, ZX_VMO_TRAP_DIRTY | ZX_VMO_RESIZABLE};
  zx_pager_create(0, &made[0]);
  zx_port_create(0, &made[1]);
  zx_pager_create_vmo(made[0], kOptions[random.Below(4)], made[1], random.Next(), size, &made[2]);
}

bool IsPager(zx_handle_t handle) {
  zx_info_handle_basic_t info{};
  return zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), nullptr, nullptr) == ZX_OK &&
         info.type == ZX_OBJ_TYPE_PAGER;
}

}  // namespace

void Arena::MakeSomething(Random& random) {
  zx_handle_t made[3] = {};
  zx_vaddr_t address = 0;
  bool region = false;
  switch (random.Below(14)) {
    case 0:
      zx_vmo_create(AnySize(random), random.OneIn(2) ? ZX_VMO_RESIZABLE : 0, &made[0]);
      break;
    case 1:
      zx_channel_create(0, &made[0], &made[1]);
      break;
    case 2:
      zx_eventpair_create(0, &made[0], &made[1]);
      break;
    case 3:
      region = true;
      zx_vmar_allocate(region_, kAbilities, 0, (1 + random.Below(16)) * kPageSize, &made[0], &address);
      break;
    case 4:
      zx_job_create(zx_job_default(), 0, &made[0]);
      break;
    case 5:
      zx_process_create(AnyHandle(random), "fuzz", 4, 0, &made[0], &made[1]);
      break;
    case 6:
      zx_event_create(0, &made[0]);
      break;
    case 7:
      zx_port_create(0, &made[0]);
      break;
    case 8:
      zx_timer_create(0, ZX_CLOCK_MONOTONIC, &made[0]);
      break;
    case 9:
    case 10:
      zx_vmo_create_child(AnyHandle(random), kChildKinds[random.Below(3)], AnySize(random), AnySize(random), &made[0]);
      break;
    case 11:
    case 12:
      MakePager(random, AnySize(random), made);
      break;
    default:
      zx_vmo_create(AnySize(random), ZX_VMO_DISCARDABLE, &made[0]);
  }
  for (const zx_handle_t handle : made) {
    if (handle != ZX_HANDLE_INVALID) {
      Add(random, handle, region);
    }
  }
}

void Arena::ClosePagers() {
  for (std::atomic<zx_handle_t>& slot : handles_) {
    zx_handle_t handle = slot;
    if (IsPager(handle) && slot.compare_exchange_strong(handle, ZX_HANDLE_INVALID)) {
      zx_handle_close(handle);
    }
  }
}

void Arena::CloseAll() {
  for (std::atomic<zx_handle_t>& handle : handles_) {
    zx_handle_close(handle.exchange(ZX_HANDLE_INVALID));
  }
  const zx_handle_t region = region_.exchange(ZX_HANDLE_INVALID);
  zx_vmar_destroy(region);
  zx_handle_close(region);
}

}  // namespace fuzz
