// The reference for the model test: what VMOs and address spaces are, said in the plainest way.
//
// A VMO is a vector of bytes; an address space is an array of pages, each of which shows one page of a VMO or nothing.
// Statuses are those of the interfaces' comments.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tests/guest/kernel/vm/vm_fixture.h"

namespace gk {

struct ModelVmo {
  RefPtr<Vmo> vmo;  // null: the handle was closed, only mappings are left
  bool sourced = false;
  std::vector<uint8_t> bytes;  // size is the VMO's
};

// What one page of an address space shows.
struct ModelPage {
  std::shared_ptr<ModelVmo> vmo;  // null: nothing
  uint64_t page = 0;              // of the VMO
  Access access;
  Access allowed;
};

class ModelSpace {
 public:
  static constexpr uint64_t kPages = 64;

  [[nodiscard]] ModelPage& at(uint64_t page) { return pages_[page]; }

  // The status of an access of user code; on success `*byte` is where the model keeps the byte.
  zx_status_t Reach(uint64_t offset, Access access, uint8_t** byte) {
    const ModelPage& page = pages_[offset / kPageSize];
    if (page.vmo == nullptr) {
      return ZX_ERR_NOT_FOUND;
    }
    if (!page.access.read || !IsSubset(access, page.access)) {
      return ZX_ERR_ACCESS_DENIED;
    }
    const uint64_t position = page.page * kPageSize + offset % kPageSize;
    if (position >= page.vmo->bytes.size()) {
      return ZX_ERR_OUT_OF_RANGE;
    }
    *byte = &page.vmo->bytes[position];
    return ZX_OK;
  }

  [[nodiscard]] bool IsFree(uint64_t first, uint64_t count) const {
    for (uint64_t i = first; i < first + count; ++i) {
      if (pages_[i].vmo != nullptr) {
        return false;
      }
    }
    return true;
  }

  void Map(uint64_t first, uint64_t count, const ModelPage& start) {
    for (uint64_t i = 0; i < count; ++i) {
      pages_[first + i] = start;
      pages_[first + i].page += i;
    }
  }

  zx_status_t Unmap(uint64_t first, uint64_t count) {
    if (IsFree(first, count)) {
      return ZX_ERR_NOT_FOUND;
    }
    for (uint64_t i = first; i < first + count; ++i) {
      pages_[i] = {};
    }
    return ZX_OK;
  }

  zx_status_t Protect(uint64_t first, uint64_t count, Access access) {
    for (uint64_t i = first; i < first + count; ++i) {
      if (pages_[i].vmo == nullptr) {
        return ZX_ERR_NOT_FOUND;
      }
      if (!IsSubset(access, pages_[i].allowed)) {
        return ZX_ERR_ACCESS_DENIED;
      }
    }
    for (uint64_t i = first; i < first + count; ++i) {
      pages_[i].access = access;
    }
    return ZX_OK;
  }

 private:
  ModelPage pages_[kPages];
};

}  // namespace gk
