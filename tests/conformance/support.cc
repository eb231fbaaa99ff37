#include "tests/conformance/support.h"

#include <lib/zx/resource.h>
#include <zircon/syscalls/iommu.h>

namespace conformance {

zx::vmo MakeVmo(uint64_t pages, uint32_t options) {
  zx::vmo vmo;
  EXPECT_OK(zx::vmo::create(pages * kPageSize, options, &vmo));
  return vmo;
}

zx::vmo MakeTagged(uint64_t pages, uint32_t options) {
  zx::vmo vmo = MakeVmo(pages, options);
  for (uint64_t page = 0; page < pages; ++page) {
    EXPECT_OK(SetTag(vmo, page, static_cast<uint32_t>(page + 1)));
  }
  return vmo;
}

uint32_t TagOf(const zx::vmo& vmo, uint64_t page) {
  uint32_t tag = 0;
  return vmo.read(&tag, page * kPageSize, sizeof(tag)) == ZX_OK ? tag : UINT32_MAX;
}

zx_status_t SetTag(const zx::vmo& vmo, uint64_t page, uint32_t tag) {
  return vmo.write(&tag, page * kPageSize, sizeof(tag));
}

zx::vmo WithRights(const zx::vmo& vmo, zx_rights_t rights) {
  zx::vmo duplicate;
  EXPECT_OK(vmo.duplicate(rights, &duplicate));
  return duplicate;
}

zx::vmo MakeChild(const zx::vmo& parent, uint32_t options, uint64_t page, uint64_t pages) {
  zx::vmo child;
  EXPECT_OK(
      zx_vmo_create_child(parent.get(), options, page * kPageSize, pages * kPageSize, child.reset_and_get_address()));
  return child;
}

zx_status_t TryChild(const zx::vmo& parent, uint32_t options, uint64_t offset, uint64_t size) {
  zx::vmo child;
  return zx_vmo_create_child(parent.get(), options, offset, size, child.reset_and_get_address());
}

zx_status_t OpRange(const zx::vmo& vmo, uint32_t op, uint64_t offset, uint64_t size) {
  return zx_vmo_op_range(vmo.get(), op, offset, size, nullptr, 0);
}

zx_info_vmo_t InfoOf(const zx::vmo& vmo) {
  zx_info_vmo_t info = {};
  EXPECT_OK(zx_object_get_info(vmo.get(), ZX_INFO_VMO, &info, sizeof(info), nullptr, nullptr));
  return info;
}

zx_rights_t RightsOf(const zx::vmo& vmo) {
  zx_info_handle_basic_t info = {};
  EXPECT_OK(zx_object_get_info(vmo.get(), ZX_INFO_HANDLE_BASIC, &info, sizeof(info), nullptr, nullptr));
  return info.rights;
}

bool HasNoChildren(const zx::vmo& vmo) {
  zx_signals_t observed = 0;
  return zx_object_wait_one(vmo.get(), ZX_VMO_ZERO_CHILDREN, ZX_TIME_INFINITE_PAST, &observed) == ZX_OK;
}

uint64_t CommittedPages(const zx::vmo& vmo) { return InfoOf(vmo).committed_bytes / kPageSize; }

zx::bti MakeBti() {
  const zx_iommu_desc_dummy_t description{};
  zx::iommu iommu;
  zx::bti bti;
  EXPECT_OK(zx::iommu::create(*zx::unowned_resource(pagoda_root_resource()), ZX_IOMMU_TYPE_DUMMY, &description,
                              sizeof(description), &iommu));
  EXPECT_OK(zx::bti::create(iommu, 0, 0, &bti));
  return bti;
}

zx::pmt Pin(const zx::bti& bti, const zx::vmo& vmo, uint64_t page) {
  zx_paddr_t address = 0;
  zx::pmt pmt;
  EXPECT_OK(bti.pin(ZX_BTI_PERM_READ, vmo, page * kPageSize, kPageSize, &address, 1, &pmt));
  return pmt;
}

Mapping::Mapping(const zx::vmo& vmo, zx_vm_option_t options, uint64_t size, uint64_t vmo_offset)
    : size_(size), status_(zx::vmar::root_self()->map(options, 0, vmo, vmo_offset, size, &address_)) {}

Mapping::~Mapping() {
  if (status_ == ZX_OK) {
    zx::vmar::root_self()->unmap(address_, size_);
  }
}

bool CanRead(uintptr_t address) {
  const zx::vmo vmo = MakeVmo(1);
  return vmo.write(AtAddress<void>(address), 0, 1) == ZX_OK;
}

bool CanWrite(uintptr_t address) {
  uint8_t byte = 0;
  const zx::vmo vmo = MakeVmo(1);
  const bool kept = CanRead(address);
  if (kept) {
    byte = *AtAddress<volatile uint8_t>(address);
    vmo.write(&byte, 0, 1);
  }
  return vmo.read(AtAddress<void>(address), 0, 1) == ZX_OK;
}

Region::Region(uint64_t pages, zx_vm_option_t options, zx_handle_t parent, uint64_t offset)
    : status_(zx_vmar_allocate(parent, options, offset, pages * kPageSize, vmar_.reset_and_get_address(), &base_)) {}

Region::~Region() {
  if (vmar_.is_valid()) {
    zx_vmar_destroy(vmar_.get());
  }
}

zx_status_t Region::MapAt(uint64_t page, const zx::vmo& vmo, uint64_t pages, zx_vm_option_t options,
                          uint64_t vmo_page) const {
  zx_vaddr_t address = 0;
  return vmar_.map(options | ZX_VM_SPECIFIC, page * kPageSize, vmo, vmo_page * kPageSize, pages * kPageSize, &address);
}

zx::vmar Region::Without(zx_rights_t rights) const {
  constexpr zx_rights_t kRights =
      ZX_RIGHT_DUPLICATE | ZX_RIGHT_READ | ZX_RIGHT_WRITE | ZX_RIGHT_EXECUTE | ZX_RIGHT_OP_CHILDREN;
  zx::vmar duplicate;
  EXPECT_OK(vmar_.duplicate(kRights & ~rights, &duplicate));
  return duplicate;
}

}  // namespace conformance
