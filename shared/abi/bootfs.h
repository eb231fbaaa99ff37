// The boot image: a read-only set of named files that the monitor puts into guest RAM, version 1.
//
// Layout, little-endian, offsets from the start of the image:
//   BootfsHeader
//   BootfsEntry[entry_count], sorted by name (bytewise), names unique
//   names, NUL-terminated, one after the other
//   file contents, each starting on a page boundary and zero-padded to the next, so that the kernel can map them.
// The image's size is a multiple of the page size. `crc32` (the polynomial of IEEE 802.3, reflected, as zlib's crc32)
// covers everything after the header's checksum field up to image_size.
//
// Names: 1..255 bytes, no leading '/', no empty, "." or ".." component, no byte below 0x20, no 0x7f.
// The packer and the monitor check all of this; the guest kernel checks again what it uses.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "shared/abi/namespace.h"

namespace pagoda::abi {

inline constexpr uint64_t kBootfsMagic = 0x31736642646750ff;  // ff "PgdBfs1"
inline constexpr uint32_t kBootfsVersion = 1;
inline constexpr uint32_t kBootfsMaxEntries = 4096;
inline constexpr uint32_t kBootfsMaxName = 255;

struct BootfsHeader {
  uint64_t magic;
  uint32_t version;
  uint32_t crc32;       // of [16, image_size)
  uint64_t image_size;  // bytes, a multiple of 4096
  uint32_t entry_count;
  uint32_t names_size;  // bytes
};

struct BootfsEntry {
  uint64_t offset;       // of the contents; page-aligned
  uint64_t size;         // of the contents, bytes
  uint32_t name_offset;  // from the start of the names
  uint32_t name_length;  // without the terminator
  uint32_t flags;        // kBootfsExecutable
  uint32_t reserved;     // 0
};

inline constexpr uint32_t kBootfsExecutable = 1;

static_assert(sizeof(BootfsHeader) == 32);
static_assert(sizeof(BootfsEntry) == 32);

}  // namespace pagoda::abi
