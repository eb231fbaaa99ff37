// The boot image in RAM (shared/abi/bootfs.h): from a name to the pages that hold the file.
//
// The packer and the monitor have checked the whole image; here each thing is checked again at the moment it is used,
// so that a wrong image costs a file, never the kernel. The image is neither copied nor changed.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <span>

#include "guest/kernel/arch/types.h"
#include "guest/kernel/lib/status.h"
#include "shared/abi/bootfs.h"

namespace gk {

// The contents of a file, in place.
struct BootFile {
  PhysicalAddress address;  // page-aligned
  uint64_t size;            // bytes; the rest of the last page is zero
  bool executable;
};

class Bootfs {
 public:
  // The image of `size` bytes at `address`, as boot info names it; both must lie in RAM and stay as they are for the
  // life of the object. ZX_ERR_IO_DATA_INTEGRITY: it is no image of version 1, or its tables do not fit into it.
  static Result<Bootfs> Open(PhysicalAddress address, uint64_t size);

  // ZX_ERR_NOT_FOUND; ZX_ERR_IO_DATA_INTEGRITY: the search met an entry that points outside of the image.
  [[nodiscard]] Result<BootFile> Find(std::span<const char> name) const;

  // For listing. Precondition of EntryAt: index < entry_count(). The name stays valid as long as the image.
  [[nodiscard]] uint32_t entry_count() const { return header_.entry_count; }
  struct Entry {
    std::span<const char> name;
    BootFile file;
  };
  [[nodiscard]] Result<Entry> EntryAt(uint32_t index) const;

 private:
  Bootfs(PhysicalAddress address, const abi::BootfsHeader& header) : address_(address), header_(header) {}
  [[nodiscard]] uint64_t names_start() const;

  PhysicalAddress address_;
  abi::BootfsHeader header_;  // a copy, checked
};

}  // namespace gk
