#include "vmm/loader/boot_loader.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "shared/base/range.h"
#include "vmm/image/bootfs.h"
#include "vmm/loader/kernel_image.h"
#include "vmm/loader/page_tables.h"

namespace vmm {
namespace {

// Arguments or options, terminators included. More is a mistake, and it bounds what the kernel has to copy.
constexpr uint64_t kMaxStringBytes = 64 << 10;

uint64_t StringBytes(std::span<const std::string> strings) {
  uint64_t bytes = 0;
  for (const std::string& string : strings) {
    bytes += string.size() + 1;
  }
  return bytes;
}

// Places things in RAM one after the other.
class Placer {
 public:
  Placer(std::span<std::byte> memory, uint64_t start) : memory_(memory), next_(start) {}

  // The guest-physical address of `size` fresh bytes.
  Result<uint64_t> Reserve(uint64_t size, std::string_view what) {
    if (!base::RangeFits(next_, size, memory_.size())) {
      return BadInput("guest memory is too small: no room for {} ({} bytes) at {:#x}; give more with --memory", what,
                      size, next_);
    }
    const uint64_t address = next_;
    next_ += size;
    return address;
  }

  Result<uint64_t> PlaceStrings(std::span<const std::string> strings, std::string_view what) {
    const uint64_t size = StringBytes(strings);
    if (size > kMaxStringBytes) {
      return BadInput("{} of {} bytes are more than {}", what, size, kMaxStringBytes);
    }
    PAGODA_TRY_ASSIGN(const uint64_t address, Reserve(size, what));
    std::byte* to = memory_.data() + address;
    for (const std::string& string : strings) {
      std::memcpy(to, string.c_str(), string.size() + 1);
      to += string.size() + 1;
    }
    return address;
  }

  void AlignToPage() { next_ = base::AlignUp(next_, base::kPageSize); }
  [[nodiscard]] uint64_t next() const { return next_; }

 private:
  std::span<std::byte> memory_;
  uint64_t next_;
};

Result<> CheckProgram(std::span<const std::byte> image, std::span<const std::string> arguments) {
  PAGODA_TRY_ASSIGN(const BootfsView view, BootfsView::Parse(image));
  if (arguments.empty()) {
    return {};
  }
  const BootfsFile* program = view.Find(arguments.front());
  if (program == nullptr) {
    return BadInput("has no program '{}'; `pagoda image list` shows what it has", arguments.front());
  }
  if (!program->executable) {
    return BadInput("'{}' is not executable", arguments.front());
  }
  return {};
}

// Reads the boot image to where it will stay, then checks it there: one copy, and nobody else writes RAM yet.
Result<> PlaceBootfs(const BootRequest& request, std::span<std::byte> memory, Placer& placer, abi::BootInfo& info) {
  if (request.bootfs == nullptr) {
    return {};
  }
  const InputFile& file = *request.bootfs;
  PAGODA_TRY_ASSIGN(const uint64_t address, WithContext(file.path(), placer.Reserve(file.size(), "the boot image")));
  const std::span<std::byte> image = memory.subspan(address, file.size());
  PAGODA_TRY(file.ReadAt(0, image));
  PAGODA_TRY(WithContext(file.path(), CheckProgram(image, request.arguments)));
  placer.AlignToPage();
  info.bootfs_address = address;
  info.bootfs_size = file.size();
  return {};
}

PagePermission PermissionOf(const KernelSegment& segment) {
  if (segment.executable) {
    return PagePermission::kReadExecute;
  }
  return segment.writable ? PagePermission::kReadWrite : PagePermission::kRead;
}

Result<PageTableBuilder> BuildPageTables(const KernelImage& image, std::span<std::byte> memory, uint64_t first_page,
                                         std::span<const abi::MemoryRange> ranges) {
  PAGODA_TRY_ASSIGN(PageTableBuilder builder, PageTableBuilder::Create(memory, first_page));
  for (const abi::MemoryRange& range : ranges) {
    PAGODA_TRY(
        builder.MapLargePages(abi::kPhysmapBase + range.base, range.base, range.size, PagePermission::kReadWrite));
  }
  for (const KernelSegment& segment : image.segments) {
    PAGODA_TRY(builder.MapSmallPages(segment.virtual_address, segment.physical_address, segment.memory_size,
                                     PermissionOf(segment)));
  }
  return builder;
}

Result<> PlaceStringBlocks(const BootRequest& request, Placer& placer, abi::BootInfo& info) {
  PAGODA_TRY_ASSIGN(info.arguments_address, placer.PlaceStrings(request.arguments, "the program's arguments"));
  info.arguments_size = static_cast<uint32_t>(StringBytes(request.arguments));
  info.argument_count = static_cast<uint32_t>(request.arguments.size());
  PAGODA_TRY_ASSIGN(info.options_address, placer.PlaceStrings(request.options, "the kernel's options"));
  info.options_size = static_cast<uint32_t>(StringBytes(request.options));
  info.option_count = static_cast<uint32_t>(request.options.size());
  placer.AlignToPage();
  return {};
}

}  // namespace

Result<LoadedGuest> LoadGuest(const BootRequest& request, std::span<std::byte> memory,
                              std::span<const abi::MemoryRange> ranges) {
  PAGODA_TRY_ASSIGN(const KernelImage image, ReadKernelImage(request.kernel, memory.size()));
  PAGODA_TRY(LoadKernelImage(request.kernel, image, memory));

  LoadedGuest guest = {.entry = image.entry, .boot_info_address = 0, .boot_info = {}};
  abi::BootInfo& info = guest.boot_info;
  Placer placer(memory, image.end);
  PAGODA_TRY_ASSIGN(guest.boot_info_address, placer.Reserve(sizeof(abi::BootInfo), "the boot information"));
  PAGODA_TRY(PlaceStringBlocks(request, placer, info));
  PAGODA_TRY(PlaceBootfs(request, memory, placer, info));
  PAGODA_TRY_ASSIGN(const PageTableBuilder tables, BuildPageTables(image, memory, placer.next(), ranges));

  info.magic = abi::kBootInfoMagic;
  info.version = abi::kBootInfoVersion;
  info.size = sizeof(abi::BootInfo);
  info.free_start = tables.end();
  info.page_table_root = tables.root();
  info.memory_range_count = static_cast<uint32_t>(ranges.size());
  std::copy(ranges.begin(), ranges.end(), info.memory);
  return guest;
}

void WriteBootInfo(const LoadedGuest& guest, std::span<std::byte> memory) {
  std::memcpy(memory.data() + guest.boot_info_address, &guest.boot_info, sizeof(guest.boot_info));
}

}  // namespace vmm
