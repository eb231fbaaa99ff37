// What the conformance tests share: VMOs with a number in each page, mappings that undo themselves, probes of a byte.
#pragma once

#include <lib/zx/bti.h>
#include <lib/zx/pmt.h>
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zircon/types.h>
#include <zxtest/zxtest.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace conformance {

inline constexpr uint64_t kPageSize = 4096;
inline constexpr zx_vm_option_t kRead = ZX_VM_PERM_READ;
inline constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
inline constexpr zx_rights_t kVmoRights = ZX_RIGHT_DUPLICATE | ZX_RIGHT_TRANSFER | ZX_RIGHT_WAIT | ZX_RIGHT_INSPECT |
                                          ZX_RIGHT_READ | ZX_RIGHT_WRITE | ZX_RIGHT_MAP | ZX_RIGHT_GET_PROPERTY |
                                          ZX_RIGHT_SET_PROPERTY | ZX_RIGHT_SIGNAL;

// A handle value of the right form that no process has.
inline constexpr zx_handle_t kNoSuchHandle = 0xffff'fff3;
// Where nothing is mapped: below the first address of user space.
inline constexpr uintptr_t kUnmapped = 0x1000;
// Where no user memory can be.
inline constexpr uintptr_t kKernelAddress = 0xffff'ffff'8000'0000;

template <typename T>
T* AtAddress(uintptr_t address) {
  return reinterpret_cast<T*>(address);
}

zx::vmo MakeVmo(uint64_t pages, uint32_t options = 0);
// A resizable VMO that has the number i + 1 at the start of page i.
zx::vmo MakeTagged(uint64_t pages, uint32_t options = ZX_VMO_RESIZABLE);
// The number at the start of a page; UINT32_MAX where it cannot be read.
uint32_t TagOf(const zx::vmo& vmo, uint64_t page);
zx_status_t SetTag(const zx::vmo& vmo, uint64_t page, uint32_t tag);
// A duplicate with these rights and no others.
zx::vmo WithRights(const zx::vmo& vmo, zx_rights_t rights);

// A child of a VMO; an invalid one, and the test fails, when it cannot be made.
zx::vmo MakeChild(const zx::vmo& parent, uint32_t options, uint64_t page, uint64_t pages);
// The status of making a child that goes at once.
zx_status_t TryChild(const zx::vmo& parent, uint32_t options, uint64_t offset, uint64_t size);
zx_status_t OpRange(const zx::vmo& vmo, uint32_t op, uint64_t offset, uint64_t size);
zx_info_vmo_t InfoOf(const zx::vmo& vmo);
zx_rights_t RightsOf(const zx::vmo& vmo);
// True when ZX_VMO_ZERO_CHILDREN is active.
bool HasNoChildren(const zx::vmo& vmo);
// Memory that the VMO has, as zx_info_vmo_t counts it.
uint64_t CommittedPages(const zx::vmo& vmo);

// A bus transaction initiator, which can pin pages.
zx::bti MakeBti();
// A page that a device may read until the result goes.
zx::pmt Pin(const zx::bti& bti, const zx::vmo& vmo, uint64_t page);

// Part of a VMO mapped into the root region, or why not.
class Mapping {
 public:
  Mapping(const zx::vmo& vmo, zx_vm_option_t options, uint64_t size, uint64_t vmo_offset = 0);
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping();

  [[nodiscard]] zx_status_t status() const { return status_; }
  [[nodiscard]] zx_vaddr_t address() const { return address_; }
  [[nodiscard]] volatile uint8_t& byte(uint64_t offset) const {
    return *AtAddress<volatile uint8_t>(address_ + offset);
  }
  [[nodiscard]] volatile uint32_t& tag(uint64_t page) const {
    return *AtAddress<volatile uint32_t>(address_ + page * kPageSize);
  }

 private:
  zx_vaddr_t address_ = 0;
  const uint64_t size_;
  const zx_status_t status_;
};

// Whether user code could read or write the byte, asked by means of a copy that the kernel makes.
bool CanRead(uintptr_t address);
bool CanWrite(uintptr_t address);

// A region inside the root region (or another), destroyed in the end.
class Region {
 public:
  static constexpr zx_vm_option_t kAll =
      ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE | ZX_VM_CAN_MAP_SPECIFIC;

  explicit Region(uint64_t pages, zx_vm_option_t options = kAll, zx_handle_t parent = zx_vmar_root_self(),
                  uint64_t offset = 0);
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;
  ~Region();

  [[nodiscard]] zx_status_t status() const { return status_; }
  [[nodiscard]] zx_vaddr_t base() const { return base_; }
  [[nodiscard]] const zx::vmar& vmar() const { return vmar_; }
  [[nodiscard]] zx_handle_t get() const { return vmar_.get(); }
  // Maps at a page of this region.
  [[nodiscard]] zx_status_t MapAt(uint64_t page, const zx::vmo& vmo, uint64_t pages,
                                  zx_vm_option_t options = kReadWrite, uint64_t vmo_page = 0) const;
  // A handle to it without these rights.
  [[nodiscard]] zx::vmar Without(zx_rights_t rights) const;

 private:
  zx::vmar vmar_;
  zx_vaddr_t base_ = 0;
  const zx_status_t status_;
};

// What user code meets at an address: ZX_OK, or the status of the fault that the kernel reports through an exception
// channel. A write leaves the byte as it is.
zx_status_t ProbeRead(uintptr_t address);
zx_status_t ProbeWrite(uintptr_t address);

}  // namespace conformance
