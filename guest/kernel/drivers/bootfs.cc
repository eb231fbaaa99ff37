#include "guest/kernel/drivers/bootfs.h"

#include "guest/kernel/arch/physical_map.h"
#include "shared/base/range.h"

namespace gk {
namespace {

template <typename T>
T CopyOut(PhysicalAddress address) {
  T value;
  __builtin_memcpy(&value, arch::PhysicalToVirtual(address), sizeof(value));
  return value;
}

// Bytewise, as the table is sorted: negative when `a` comes first.
int Compare(std::span<const char> a, std::span<const char> b) {
  const size_t common = a.size() < b.size() ? a.size() : b.size();
  const int order = common == 0 ? 0 : __builtin_memcmp(a.data(), b.data(), common);
  if (order != 0) {
    return order;
  }
  return a.size() == b.size() ? 0 : (a.size() < b.size() ? -1 : 1);
}

}  // namespace

uint64_t Bootfs::names_start() const {
  return sizeof(abi::BootfsHeader) + uint64_t{header_.entry_count} * sizeof(abi::BootfsEntry);
}

Result<Bootfs> Bootfs::Open(PhysicalAddress address, uint64_t size) {
  if (!base::IsPageAligned(address) || size < sizeof(abi::BootfsHeader)) {
    return Error(ZX_ERR_IO_DATA_INTEGRITY);
  }
  const Bootfs image(address, CopyOut<abi::BootfsHeader>(address));
  const abi::BootfsHeader& header = image.header_;
  if (header.magic != abi::kBootfsMagic || header.version != abi::kBootfsVersion ||
      !base::IsPageAligned(header.image_size) || header.image_size > size ||
      header.entry_count > abi::kBootfsMaxEntries ||
      !base::RangeFits(image.names_start(), header.names_size, header.image_size)) {
    return Error(ZX_ERR_IO_DATA_INTEGRITY);
  }
  return image;
}

Result<Bootfs::Entry> Bootfs::EntryAt(uint32_t index) const {
  const auto entry =
      CopyOut<abi::BootfsEntry>(address_ + sizeof(abi::BootfsHeader) + uint64_t{index} * sizeof(abi::BootfsEntry));
  // The contents end on a page boundary inside the image, so rounding up cannot pass its end.
  if (!base::RangeFits(entry.name_offset, entry.name_length, header_.names_size) ||
      !base::IsPageAligned(entry.offset) || !base::RangeFits(entry.offset, entry.size, header_.image_size)) {
    return Error(ZX_ERR_IO_DATA_INTEGRITY);
  }
  const char* name = arch::PhysicalToVirtual<const char>(address_ + names_start() + entry.name_offset);
  return Entry{.name = std::span(name, entry.name_length),
               .file = {.address = address_ + entry.offset,
                        .size = entry.size,
                        .executable = (entry.flags & abi::kBootfsExecutable) != 0}};
}

Result<BootFile> Bootfs::Find(std::span<const char> name) const {
  uint32_t first = 0;
  uint32_t last = header_.entry_count;
  while (first < last) {
    const uint32_t middle = first + (last - first) / 2;
    PAGODA_TRY_ASSIGN(const Entry entry, EntryAt(middle));
    const int order = Compare(name, entry.name);
    if (order == 0) {
      return entry.file;
    }
    if (order < 0) {
      last = middle;
    } else {
      first = middle + 1;
    }
  }
  return Error(ZX_ERR_NOT_FOUND);
}

}  // namespace gk
