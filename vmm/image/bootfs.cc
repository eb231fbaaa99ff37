// The reader: validation in the order of the layout, header, checksum, table, names, contents. Each step relies on the
// ones before it and on nothing else.
#include "vmm/image/bootfs.h"

#include <libdeflate.h>

#include <algorithm>
#include <cstring>

#include "shared/abi/bootfs.h"
#include "shared/base/range.h"
#include "vmm/image/bootfs_checksum.h"

namespace vmm {
namespace {

using Bytes = std::span<const std::byte>;

// The image may lie at any address, so structures are copied out instead of pointed at.
template <typename T>
T CopyOut(Bytes image, size_t offset) {
  T value;
  std::memcpy(&value, image.data() + offset, sizeof(value));
  return value;
}

// Precondition: the image holds a header.
Result<> CheckHeader(const abi::BootfsHeader& header, Bytes image) {
  if (header.magic != abi::kBootfsMagic) {
    return BadInput("not a boot image (it does not start with the magic number)");
  }
  if (header.version != abi::kBootfsVersion) {
    return BadInput("boot image of version {}, this program knows version {}", header.version, abi::kBootfsVersion);
  }
  if (!base::IsPageAligned(header.image_size) || header.image_size == 0) {
    return BadInput("corrupt: image size {} is not a multiple of {} bytes", header.image_size, base::kPageSize);
  }
  if (header.image_size > image.size()) {
    return BadInput("truncated: {} of {} bytes are there", image.size(), header.image_size);
  }
  if (header.image_size < image.size()) {
    return BadInput("corrupt: {} bytes after the end of the image", image.size() - header.image_size);
  }
  const uint32_t checksum = BootfsChecksum(image);
  if (checksum != header.crc32) {
    return BadInput("corrupt: checksum is {:08x}, should be {:08x}", checksum, header.crc32);
  }
  return {};
}

bool IsZero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

// Walks the tables of an image whose header is known to be right.
class TableReader {
 public:
  TableReader(Bytes image, const abi::BootfsHeader& header) : image_(image), header_(header) {}

  Result<std::vector<BootfsFile>> Read() {
    PAGODA_TRY(LocateTables());
    for (uint32_t index = 0; index < header_.entry_count; ++index) {
      const size_t offset = sizeof(abi::BootfsHeader) + index * sizeof(abi::BootfsEntry);
      PAGODA_TRY(ReadEntry(index, CopyOut<abi::BootfsEntry>(image_, offset)));
    }
    if (next_name_ != header_.names_size) {
      return BadInput("corrupt: {} bytes of names belong to no file", header_.names_size - next_name_);
    }
    PAGODA_TRY(CheckOverlap());
    return std::move(files_);
  }

 private:
  Result<> LocateTables() {
    if (header_.entry_count > abi::kBootfsMaxEntries) {
      return BadInput("corrupt: {} files, at most {} are possible", header_.entry_count, abi::kBootfsMaxEntries);
    }
    names_start_ = sizeof(abi::BootfsHeader) + header_.entry_count * sizeof(abi::BootfsEntry);
    if (!base::RangeFits(names_start_, header_.names_size, image_.size())) {
      return BadInput("corrupt: the tables of {} files do not fit into the image", header_.entry_count);
    }
    const size_t tables_end = names_start_ + header_.names_size;
    contents_start_ = base::AlignUp(tables_end, base::kPageSize);
    if (!IsZero(image_.subspan(tables_end, contents_start_ - tables_end))) {
      return BadInput("corrupt: stray bytes after the names");
    }
    files_.reserve(header_.entry_count);
    return {};
  }

  Result<> ReadEntry(uint32_t index, const abi::BootfsEntry& entry) {
    PAGODA_TRY_ASSIGN(const std::string_view name, ReadName(index, entry));
    if (!files_.empty() && files_.back().name == name) {
      return BadInput("corrupt: the name '{}' appears twice", name);
    }
    if (!files_.empty() && files_.back().name > name) {
      return BadInput("corrupt: '{}' is out of order", name);
    }
    if (entry.reserved != 0 || (entry.flags & ~abi::kBootfsExecutable) != 0) {
      return BadInput("corrupt: '{}' has unknown flags", name);
    }
    PAGODA_TRY_ASSIGN(const Bytes contents, ReadContents(name, entry));
    files_.push_back({name, contents, (entry.flags & abi::kBootfsExecutable) != 0});
    return {};
  }

  // Names follow one another without a gap, so that the position of each is known before the entry is looked at.
  Result<std::string_view> ReadName(uint32_t index, const abi::BootfsEntry& entry) {
    if (entry.name_offset != next_name_ ||
        !base::RangeFits(entry.name_offset, uint64_t{entry.name_length} + 1, header_.names_size)) {
      return BadInput("corrupt: the name of file {} lies outside its place", index);
    }
    const Bytes bytes = image_.subspan(names_start_ + entry.name_offset, size_t{entry.name_length} + 1);
    const std::string_view name(reinterpret_cast<const char*>(bytes.data()), entry.name_length);
    // What is printed here is known to hold no control characters only afterwards: so an index, not the name.
    if (!IsLegalBootfsName(name) || bytes.back() != std::byte{0}) {
      return BadInput("corrupt: file {} has an illegal name", index);
    }
    next_name_ += entry.name_length + 1;
    return name;
  }

  Result<Bytes> ReadContents(std::string_view name, const abi::BootfsEntry& entry) {
    if (!base::IsPageAligned(entry.offset)) {
      return BadInput("corrupt: the contents of '{}' do not start on a page boundary", name);
    }
    if (entry.offset < contents_start_ || !base::RangeFits(entry.offset, entry.size, image_.size())) {
      return BadInput("corrupt: the contents of '{}' lie outside the image", name);
    }
    // Cannot pass the end of the image: that is a page boundary too.
    const size_t end = entry.offset + entry.size;
    if (!IsZero(image_.subspan(end, base::AlignUp(end, base::kPageSize) - end))) {
      return BadInput("corrupt: stray bytes after the contents of '{}'", name);
    }
    return image_.subspan(entry.offset, entry.size);
  }

  // The contents may come in any order; in the order of their places neighbours must not touch the same byte. An empty
  // file has no bytes and overlaps nothing. Padding makes an overlap of pages an overlap of contents or stray bytes.
  Result<> CheckOverlap() const {
    std::vector<const BootfsFile*> by_place;
    for (const BootfsFile& file : files_) {
      if (!file.contents.empty()) {
        by_place.push_back(&file);
      }
    }
    std::sort(by_place.begin(), by_place.end(),
              [](const BootfsFile* a, const BootfsFile* b) { return a->contents.data() < b->contents.data(); });
    for (size_t i = 1; i < by_place.size(); ++i) {
      const Bytes before = by_place[i - 1]->contents;
      if (before.data() + before.size() > by_place[i]->contents.data()) {
        return BadInput("corrupt: the contents of '{}' and '{}' overlap", by_place[i - 1]->name, by_place[i]->name);
      }
    }
    return {};
  }

  Bytes image_;
  const abi::BootfsHeader& header_;
  size_t names_start_ = 0;
  size_t contents_start_ = 0;
  uint32_t next_name_ = 0;  // offset at which the next entry's name must start
  std::vector<BootfsFile> files_;
};

bool IsLegalComponent(std::string_view component) {
  return !component.empty() && component != "." && component != "..";
}

}  // namespace

bool IsLegalBootfsName(std::string_view name) {
  if (name.empty() || name.size() > abi::kBootfsMaxName) {
    return false;
  }
  if (std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
    return false;
  }
  // A leading '/' makes the first component empty.
  for (size_t slash = name.find('/'); slash != std::string_view::npos; slash = name.find('/')) {
    if (!IsLegalComponent(name.substr(0, slash))) {
      return false;
    }
    name.remove_prefix(slash + 1);
  }
  return IsLegalComponent(name);
}

uint32_t BootfsChecksum(std::span<const std::byte> image) {
  const Bytes covered = image.subspan(offsetof(abi::BootfsHeader, crc32) + sizeof(uint32_t));
  return ::libdeflate_crc32(0, covered.data(), covered.size());
}

Result<BootfsView> BootfsView::Parse(std::span<const std::byte> image) {
  if (image.size() < sizeof(abi::BootfsHeader)) {
    return BadInput("not a boot image, or truncated: {} bytes, the header alone has {}", image.size(),
                    sizeof(abi::BootfsHeader));
  }
  const auto header = CopyOut<abi::BootfsHeader>(image, 0);
  PAGODA_TRY(CheckHeader(header, image));
  PAGODA_TRY_ASSIGN(std::vector<BootfsFile> files, TableReader(image, header).Read());
  return BootfsView(std::move(files));
}

const BootfsFile* BootfsView::Find(std::string_view name) const {
  const auto found =
      std::lower_bound(files_.begin(), files_.end(), name,
                       [](const BootfsFile& file, std::string_view wanted) { return file.name < wanted; });
  return found != files_.end() && found->name == name ? &*found : nullptr;
}

}  // namespace vmm
