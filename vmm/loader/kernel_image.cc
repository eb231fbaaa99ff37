#include "vmm/loader/kernel_image.h"

#include <elf.h>

#include <algorithm>
#include <cstring>

#include "shared/abi/boot_info.h"
#include "shared/base/range.h"

namespace vmm {
namespace {

// Far more than a linker makes; bounds what a forged header can make us read.
constexpr uint16_t kMaxProgramHeaders = 64;

// Virtual addresses that are a sign-extended 48-bit number, less the window in which RAM will be shown.
bool IsMappable(uint64_t address, uint64_t size) {
  constexpr uint64_t kLowerHalfEnd = uint64_t{1} << 47;
  constexpr uint64_t kPhysmapWindow = uint64_t{1} << 44;
  if (address >= ~(kLowerHalfEnd - 1)) {
    return size <= UINT64_MAX - address;
  }
  return base::RangeFits(address, size, kLowerHalfEnd) &&
         !base::RangesOverlap(address, size, abi::kPhysmapBase, kPhysmapWindow);
}

Result<> CheckIdentity(const Elf64_Ehdr& header) {
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return BadInput("not an ELF file");
  }
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
    return BadInput("not a 64-bit little-endian ELF file");
  }
  if (header.e_machine != EM_X86_64) {
    return BadInput("made for another machine (ELF machine {}, x86-64 is {})", header.e_machine, EM_X86_64);
  }
  if (header.e_type != ET_EXEC) {
    return BadInput("not an executable (ELF type {}, wanted {}: linked to fixed addresses)", header.e_type, ET_EXEC);
  }
  return {};
}

Result<std::vector<Elf64_Phdr>> ReadProgramHeaders(const InputFile& file, const Elf64_Ehdr& header) {
  if (header.e_phentsize != sizeof(Elf64_Phdr)) {
    return BadInput("program headers of {} bytes, wanted {}", header.e_phentsize, sizeof(Elf64_Phdr));
  }
  if (header.e_phnum == 0 || header.e_phnum > kMaxProgramHeaders) {
    return BadInput("{} program headers, wanted 1 to {}", header.e_phnum, kMaxProgramHeaders);
  }
  std::vector<Elf64_Phdr> headers(header.e_phnum);
  const std::span<std::byte> bytes = std::as_writable_bytes(std::span(headers));
  if (!base::RangeFits(header.e_phoff, bytes.size(), file.size())) {
    return BadInput("truncated: program headers lie beyond the file's {} bytes", file.size());
  }
  PAGODA_TRY(file.ReadAt(header.e_phoff, bytes));
  return headers;
}

Result<> CheckSegment(const Elf64_Phdr& header, uint64_t file_size, uint64_t memory_size) {
  if (header.p_filesz > header.p_memsz) {
    return BadInput("has more bytes in the file ({}) than in memory ({})", header.p_filesz, header.p_memsz);
  }
  if (!base::RangeFits(header.p_offset, header.p_filesz, file_size)) {
    return BadInput("truncated: needs bytes {} to {} of a file of {}", header.p_offset,
                    header.p_offset + header.p_filesz, file_size);
  }
  if (!base::IsPageAligned(header.p_paddr) || !base::IsPageAligned(header.p_vaddr)) {
    return BadInput("addresses {:#x}, {:#x} are not page-aligned", header.p_paddr, header.p_vaddr);
  }
  if (!base::RangeFits(header.p_paddr, header.p_memsz, memory_size)) {
    return BadInput("{} bytes at {:#x} do not fit into the {} bytes of guest memory", header.p_memsz, header.p_paddr,
                    memory_size);
  }
  if (!IsMappable(header.p_vaddr, header.p_memsz)) {
    return BadInput("virtual address {:#x} cannot be mapped", header.p_vaddr);
  }
  if ((header.p_flags & PF_W) != 0 && (header.p_flags & PF_X) != 0) {
    return BadInput("is both writable and executable");
  }
  return {};
}

// Pages, not bytes: two segments may not share a page, whose permissions could be only one's.
bool Overlap(const KernelSegment& a, const KernelSegment& b) {
  const uint64_t a_size = base::AlignUp(a.memory_size, base::kPageSize);
  const uint64_t b_size = base::AlignUp(b.memory_size, base::kPageSize);
  // Compared by distance: the last page of the address space must not make a sum wrap.
  const auto share = [&](uint64_t a_start, uint64_t b_start) {
    return a_start <= b_start ? b_start - a_start < a_size : a_start - b_start < b_size;
  };
  return share(a.physical_address, b.physical_address) || share(a.virtual_address, b.virtual_address);
}

Result<> CheckOverlaps(const std::vector<KernelSegment>& segments) {
  for (size_t second = 0; second < segments.size(); ++second) {
    for (size_t first = 0; first < second; ++first) {
      if (Overlap(segments[first], segments[second])) {
        return BadInput("the segments at {:#x} and {:#x} overlap", segments[first].virtual_address,
                        segments[second].virtual_address);
      }
    }
  }
  return {};
}

bool IsEntryExecutable(const KernelImage& image) {
  return std::any_of(image.segments.begin(), image.segments.end(), [&image](const KernelSegment& segment) {
    return segment.executable && image.entry >= segment.virtual_address &&
           image.entry - segment.virtual_address < segment.memory_size;
  });
}

KernelSegment ToSegment(const Elf64_Phdr& header) {
  return {
      .file_offset = header.p_offset,
      .file_size = header.p_filesz,
      .physical_address = header.p_paddr,
      .virtual_address = header.p_vaddr,
      .memory_size = header.p_memsz,
      .writable = (header.p_flags & PF_W) != 0,
      .executable = (header.p_flags & PF_X) != 0,
  };
}

Result<KernelImage> CheckedImage(const InputFile& file, uint64_t memory_size) {
  Elf64_Ehdr header = {};
  if (file.size() < sizeof(header)) {
    return BadInput("not an ELF file, or truncated: {} bytes, the header alone has {}", file.size(), sizeof(header));
  }
  PAGODA_TRY(file.ReadAt(0, std::as_writable_bytes(std::span(&header, 1))));
  PAGODA_TRY(CheckIdentity(header));
  PAGODA_TRY_ASSIGN(const std::vector<Elf64_Phdr> program_headers, ReadProgramHeaders(file, header));
  KernelImage image = {.entry = header.e_entry, .end = 0, .segments = {}};
  for (size_t index = 0; index < program_headers.size(); ++index) {
    const Elf64_Phdr& program_header = program_headers[index];
    if (program_header.p_type != PT_LOAD || program_header.p_memsz == 0) {
      continue;
    }
    PAGODA_TRY(WithContext(fmt::format("segment {}", index), CheckSegment(program_header, file.size(), memory_size)));
    image.segments.push_back(ToSegment(program_header));
    image.end = std::max(image.end, base::AlignUp(program_header.p_paddr + program_header.p_memsz, base::kPageSize));
  }
  if (image.segments.empty()) {
    return BadInput("has no segment to load");
  }
  PAGODA_TRY(CheckOverlaps(image.segments));
  if (!IsEntryExecutable(image)) {
    return BadInput("the entry {:#x} is in no executable segment", image.entry);
  }
  return image;
}

}  // namespace

Result<KernelImage> ReadKernelImage(const InputFile& file, uint64_t memory_size) {
  return WithContext(file.path(), CheckedImage(file, memory_size));
}

Result<> LoadKernelImage(const InputFile& file, const KernelImage& image, std::span<std::byte> memory) {
  for (const KernelSegment& segment : image.segments) {
    PAGODA_TRY(file.ReadAt(segment.file_offset, memory.subspan(segment.physical_address, segment.file_size)));
  }
  return {};
}

}  // namespace vmm
