// The writer: everything is checked and placed first, then one buffer of the final size is filled from front to back.
#include <algorithm>
#include <cstring>
#include <set>

#include "shared/abi/bootfs.h"
#include "shared/base/range.h"
#include "vmm/image/bootfs.h"
#include "vmm/image/bootfs_checksum.h"

namespace vmm {
namespace {

// An illegal name may hold what would garble the terminal.
std::string Printable(std::string_view name) {
  std::string printable(name);
  std::replace_if(
      printable.begin(), printable.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; },
      '?');
  return printable;
}

Result<> CheckName(const BootfsInput& input) {
  if (IsLegalBootfsName(input.name)) {
    return {};
  }
  return BadInput("'{}' ({}) is no legal name: 1 to {} bytes, relative, no '.' or '..', no control characters",
                  Printable(input.name), input.origin, abi::kBootfsMaxName);
}

// A file that is also a folder could never be extracted. Precondition: names are legal and sorted.
Result<> CheckNamesAgree(std::span<const BootfsInput> inputs) {
  std::set<std::string_view> seen;
  for (const BootfsInput& input : inputs) {
    const std::string_view name = input.name;
    for (size_t slash = name.find('/'); slash != std::string_view::npos; slash = name.find('/', slash + 1)) {
      // A folder's name sorts before the names in it, so it has been seen.
      if (seen.contains(name.substr(0, slash))) {
        return BadInput("'{}' is a file and the folder of '{}'", name.substr(0, slash), name);
      }
    }
    seen.insert(name);
  }
  return {};
}

Result<> Check(std::span<const BootfsInput> inputs) {
  if (inputs.size() > abi::kBootfsMaxEntries) {
    return BadInput("{} files, an image holds at most {}", inputs.size(), abi::kBootfsMaxEntries);
  }
  for (const BootfsInput& input : inputs) {
    PAGODA_TRY(CheckName(input));
  }
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (inputs[i - 1].name == inputs[i].name) {
      return BadInput("the name '{}' is given twice: {} and {}", inputs[i].name, inputs[i - 1].origin,
                      inputs[i].origin);
    }
  }
  return CheckNamesAgree(inputs);
}

struct Layout {
  abi::BootfsHeader header{};
  std::vector<abi::BootfsEntry> entries;
  size_t names_start = 0;
};

// Cannot overflow: at most kBootfsMaxEntries names of kBootfsMaxName bytes, and contents that are all in memory.
Layout Place(std::span<const BootfsInput> inputs) {
  Layout layout;
  layout.names_start = sizeof(abi::BootfsHeader) + inputs.size() * sizeof(abi::BootfsEntry);
  uint32_t names_size = 0;
  for (const BootfsInput& input : inputs) {
    names_size += static_cast<uint32_t>(input.name.size()) + 1;
  }
  uint64_t end = base::AlignUp(layout.names_start + names_size, base::kPageSize);
  uint32_t name_offset = 0;
  for (const BootfsInput& input : inputs) {
    const auto name_length = static_cast<uint32_t>(input.name.size());
    layout.entries.push_back({.offset = end,
                              .size = input.contents.size(),
                              .name_offset = name_offset,
                              .name_length = name_length,
                              .flags = input.executable ? abi::kBootfsExecutable : 0,
                              .reserved = 0});
    name_offset += name_length + 1;
    end = base::AlignUp(end + input.contents.size(), base::kPageSize);
  }
  layout.header = {.magic = abi::kBootfsMagic,
                   .version = abi::kBootfsVersion,
                   .crc32 = 0,
                   .image_size = end,
                   .entry_count = static_cast<uint32_t>(inputs.size()),
                   .names_size = names_size};
  return layout;
}

// std::memcpy must not be given the null pointer of an empty range, not even for no bytes.
void Store(std::vector<std::byte>& image, size_t offset, const void* data, size_t size) {
  if (size != 0) {
    std::memcpy(image.data() + offset, data, size);
  }
}

}  // namespace

Result<std::vector<std::byte>> BuildBootfs(std::span<BootfsInput> inputs) {
  std::stable_sort(inputs.begin(), inputs.end(),
                   [](const BootfsInput& a, const BootfsInput& b) { return a.name < b.name; });
  PAGODA_TRY(Check(inputs));
  Layout layout = Place(inputs);
  std::vector<std::byte> image(layout.header.image_size);
  Store(image, sizeof(abi::BootfsHeader), layout.entries.data(), layout.entries.size() * sizeof(abi::BootfsEntry));
  for (size_t i = 0; i < inputs.size(); ++i) {
    const abi::BootfsEntry& entry = layout.entries[i];
    Store(image, layout.names_start + entry.name_offset, inputs[i].name.data(), entry.name_length);
    Store(image, entry.offset, inputs[i].contents.data(), entry.size);
  }
  Store(image, 0, &layout.header, sizeof(layout.header));
  layout.header.crc32 = BootfsChecksum(image);
  Store(image, 0, &layout.header, sizeof(layout.header));
  return image;
}

}  // namespace vmm
