#include "guest/kernel/program/elf_image.h"

#include <elf.h>

#include <optional>

#include "guest/kernel/lib/memory.h"
#include "guest/kernel/vm/address_space.h"
#include "shared/base/range.h"

namespace gk::program {
namespace {

using base::Failure;

std::optional<ElfDefect> CheckHeader(const Elf64_Ehdr& header, uint64_t file_size) {
  if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return ElfDefect::kNotElf;
  }
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_ident[EI_VERSION] != EV_CURRENT) {
    return ElfDefect::kNotElf64;
  }
  if (header.e_machine != EM_X86_64) {
    return ElfDefect::kWrongMachine;
  }
  if (header.e_type != ET_EXEC) {
    return ElfDefect::kNotExecutable;
  }
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == PN_XNUM ||
      !base::RangeFits(header.e_phoff, uint64_t{header.e_phnum} * sizeof(Elf64_Phdr), file_size)) {
    return ElfDefect::kBadProgramHeaders;
  }
  return std::nullopt;
}

std::optional<ElfDefect> CheckSegment(const Elf64_Phdr& header, uint64_t file_size) {
  if (header.p_filesz > header.p_memsz || !base::RangeFits(header.p_offset, header.p_filesz, file_size)) {
    return ElfDefect::kSegmentOutsideFile;
  }
  constexpr VirtualAddress kBase = AddressSpace::kUserBase;
  if (header.p_vaddr < kBase ||
      !base::RangeFits(header.p_vaddr - kBase, header.p_memsz, AddressSpace::kUserEnd - kBase)) {
    return ElfDefect::kSegmentOutsideUserSpace;
  }
  if ((header.p_flags & PF_W) != 0 && (header.p_flags & PF_X) != 0) {
    return ElfDefect::kWritableAndExecutable;
  }
  return std::nullopt;
}

ElfSegment MakeSegment(const Elf64_Phdr& header) {
  return {.address = header.p_vaddr,
          .memory_size = header.p_memsz,
          .file_offset = header.p_offset,
          .file_size = header.p_filesz,
          .access = {.read = true, .write = (header.p_flags & PF_W) != 0, .execute = (header.p_flags & PF_X) != 0}};
}

// Adds what `header` describes to `image`, if it is something to load.
std::optional<ElfDefect> AddSegment(const Elf64_Phdr& header, uint64_t file_size, ElfImage& image) {
  if (header.p_type == PT_INTERP) {
    return ElfDefect::kNeedsInterpreter;
  }
  if (header.p_type != PT_LOAD || header.p_memsz == 0) {
    return std::nullopt;
  }
  if (image.segment_count == ElfImage::kMaxSegments) {
    return ElfDefect::kTooManySegments;
  }
  if (const std::optional<ElfDefect> defect = CheckSegment(header, file_size)) {
    return defect;
  }
  const ElfSegment segment = MakeSegment(header);
  for (const ElfSegment& other : image.segments()) {
    if (base::RangesOverlap(segment.first_page(), segment.pages_size(), other.first_page(), other.pages_size())) {
      return ElfDefect::kSegmentsOverlap;
    }
  }
  image.segment_storage[image.segment_count++] = segment;
  return std::nullopt;
}

std::optional<ElfDefect> CheckEntry(const ElfImage& image) {
  for (const ElfSegment& segment : image.segments()) {
    if (segment.access.execute && image.entry >= segment.address &&
        image.entry - segment.address < segment.memory_size) {
      return std::nullopt;
    }
  }
  return image.segment_count == 0 ? ElfDefect::kNoSegments : ElfDefect::kEntryOutside;
}

}  // namespace

VirtualAddress ElfSegment::first_page() const { return base::AlignDown(address, base::kPageSize); }

uint64_t ElfSegment::pages_size() const { return base::AlignUp(address + memory_size, base::kPageSize) - first_page(); }

base::Result<ElfImage, ElfDefect> ParseElf(std::span<const uint8_t> file) {
  Elf64_Ehdr header{};
  if (file.size() < sizeof(header)) {
    return Failure{ElfDefect::kNotElf};
  }
  memcpy(&header, file.data(), sizeof(header));
  if (const std::optional<ElfDefect> defect = CheckHeader(header, file.size())) {
    return Failure{*defect};
  }
  ElfImage image{};
  image.entry = header.e_entry;
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr program_header{};
    memcpy(&program_header, file.data() + header.e_phoff + i * sizeof(program_header), sizeof(program_header));
    if (const std::optional<ElfDefect> defect = AddSegment(program_header, file.size(), image)) {
      return Failure{*defect};
    }
  }
  if (const std::optional<ElfDefect> defect = CheckEntry(image)) {
    return Failure{*defect};
  }
  return image;
}

const char* Describe(ElfDefect defect) {
  switch (defect) {
    case ElfDefect::kNotElf:
      return "is not an ELF file";
    case ElfDefect::kNotElf64:
      return "is not a little-endian ELF64 file of version 1";
    case ElfDefect::kWrongMachine:
      return "is for another machine than x86-64";
    case ElfDefect::kNotExecutable:
      return "is not an executable with fixed addresses";
    case ElfDefect::kNeedsInterpreter:
      return "is dynamically linked; link it statically";
    case ElfDefect::kBadProgramHeaders:
      return "has program headers that do not fit into the file";
    case ElfDefect::kTooManySegments:
      return "has more than 16 segments";
    case ElfDefect::kNoSegments:
      return "has nothing to load";
    case ElfDefect::kSegmentOutsideFile:
      return "has a segment that is larger than the file";
    case ElfDefect::kSegmentOutsideUserSpace:
      return "has a segment outside the addresses of programs (0x200000 to 0x7ffffffff000)";
    case ElfDefect::kSegmentsOverlap:
      return "has two segments that share a page";
    case ElfDefect::kWritableAndExecutable:
      return "has a segment that is both writable and executable";
    case ElfDefect::kEntryOutside:
      return "has an entry point outside its executable segments";
  }
  return "is defective";
}

}  // namespace gk::program
