// What VMOs and address spaces are, said in the plainest way: the reference that the real thing is compared with.
//
// A VMO is a vector of bytes, a snapshot a copy of a vector, a slice a second view of one; an address space is an array
// of pages, each of which shows one page of a VMO or nothing. Compiled for the host and for guest programs.
#pragma once

#include <stdint.h>
#include <zircon/errors.h>
#include <zircon/types.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace model {

inline constexpr uint64_t kPageSize = 4096;

struct Content {
  std::vector<uint8_t> bytes;
  bool sourced = false;  // pages come from a page source
  // Has taken part in a snapshot, as original or copy: some operations may then be refused.
  bool snapshotted = false;
};

// Who descends from whom. A node lives as long as its VMO or any of its descendants.
struct Family {
  explicit Family(std::shared_ptr<Family> its_parent) : parent(std::move(its_parent)) {
    if (parent) {
      ++parent->children;
    }
  }
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;
  ~Family() {
    if (parent) {
      --parent->children;
    }
  }

  const std::shared_ptr<Family> parent;
  int children = 0;
};

// Kept alive by its handle (a slot of the driver) and by what is mapped.
struct Vmo {
  [[nodiscard]] uint64_t size() const { return slice ? slice_size : content->bytes.size(); }
  [[nodiscard]] uint8_t* at(uint64_t position) const { return content->bytes.data() + offset + position; }

  std::shared_ptr<Content> content;
  std::shared_ptr<Family> family;
  uint64_t offset = 0;      // of a slice, in its content
  uint64_t slice_size = 0;  // bytes
  bool slice = false;
  bool resizable = false;
};

inline std::shared_ptr<Vmo> MakeVmo(uint64_t pages, bool resizable) {
  auto vmo = std::make_shared<Vmo>();
  vmo->content = std::make_shared<Content>();
  vmo->content->bytes.resize(pages * kPageSize);
  vmo->family = std::make_shared<Family>(nullptr);
  vmo->resizable = resizable;
  return vmo;
}

// A copy of [offset, offset + size) of `parent`; zeros where that is beyond its end.
inline std::shared_ptr<Vmo> MakeSnapshot(Vmo& parent, uint64_t offset, uint64_t size, bool resizable) {
  auto vmo = std::make_shared<Vmo>();
  vmo->content = std::make_shared<Content>();
  vmo->content->bytes.resize(size);
  if (offset < parent.size()) {
    std::copy_n(parent.at(offset), std::min(size, parent.size() - offset), vmo->content->bytes.begin());
  }
  vmo->family = std::make_shared<Family>(parent.family);
  vmo->resizable = resizable;
  vmo->content->snapshotted = parent.content->snapshotted = true;
  return vmo;
}

inline std::shared_ptr<Vmo> MakeSlice(const Vmo& parent, uint64_t offset, uint64_t size) {
  auto vmo = std::make_shared<Vmo>();
  vmo->content = parent.content;
  vmo->family = std::make_shared<Family>(parent.family);
  vmo->offset = parent.offset + offset;
  vmo->slice = true;
  vmo->slice_size = size;
  return vmo;
}

// What is permitted, as ZX_VM_PERM_* bits.
inline constexpr uint32_t kAll = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE;

// What one page of an address space shows.
struct Page {
  std::shared_ptr<Vmo> vmo;  // null: nothing
  uint64_t page = 0;         // of the VMO
  uint32_t access = 0;       // what it permits now
  uint32_t allowed = 0;      // what protect may raise that to
};

class Space {
 public:
  static constexpr uint64_t kPages = 64;

  // The status of an access of user code; on success `*byte` is where the reference keeps the byte.
  zx_status_t Reach(uint64_t offset, uint32_t access, uint8_t** byte) const {
    const Page& page = pages_[offset / kPageSize];
    if (page.vmo == nullptr) {
      return ZX_ERR_NOT_FOUND;
    }
    if ((page.access & ZX_VM_PERM_READ) == 0 || (access & ~page.access) != 0) {
      return ZX_ERR_ACCESS_DENIED;
    }
    const uint64_t position = page.page * kPageSize + offset % kPageSize;
    if (position >= page.vmo->size()) {
      return ZX_ERR_OUT_OF_RANGE;
    }
    *byte = page.vmo->at(position);
    return ZX_OK;
  }

  [[nodiscard]] const Page& at(uint64_t page) const { return pages_[page]; }

  [[nodiscard]] bool IsFree(uint64_t first, uint64_t count) const {
    return std::all_of(pages_ + first, pages_ + first + count, [](const Page& page) { return page.vmo == nullptr; });
  }

  void Map(uint64_t first, uint64_t count, const Page& start) {
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

  zx_status_t Protect(uint64_t first, uint64_t count, uint32_t access) {
    for (uint64_t i = first; i < first + count; ++i) {
      if (pages_[i].vmo == nullptr) {
        return ZX_ERR_NOT_FOUND;
      }
      if ((access & ~pages_[i].allowed) != 0) {
        return ZX_ERR_ACCESS_DENIED;
      }
    }
    for (uint64_t i = first; i < first + count; ++i) {
      pages_[i].access = access;
    }
    return ZX_OK;
  }

 private:
  Page pages_[kPages];
};

}  // namespace model
