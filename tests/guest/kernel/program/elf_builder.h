// Makes small ELF64 files for tests: right by default, wrong wherever the test says.
#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace gk::test {

struct ElfBuilder {
  Elf64_Ehdr header{};
  std::vector<Elf64_Phdr> segments;
  std::vector<uint8_t> content;  // of the file, from kContentOffset on

  static constexpr uint64_t kContentOffset = 0x1000;
  static constexpr uint64_t kTextAddress = 0x10000000;
  static constexpr uint64_t kDataAddress = 0x10002000;

  // A program with a text segment (read, execute) of 16 bytes and a data segment (read, write) of 16 bytes and 8 KiB of
  // zeroes behind them.
  ElfBuilder() {
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_entry = kTextAddress + 4;
    header.e_phoff = sizeof(Elf64_Ehdr);
    header.e_phentsize = sizeof(Elf64_Phdr);
    AddSegment(PF_R | PF_X, kTextAddress, 0, 16, 16);
    AddSegment(PF_R | PF_W, kDataAddress + 0x10, 16, 16, 16 + 0x2000);
    for (uint8_t byte = 0; byte < 32; ++byte) {
      content.push_back(static_cast<uint8_t>(0xa0 + byte));
    }
  }

  Elf64_Phdr& AddSegment(uint32_t flags, uint64_t address, uint64_t content_offset, uint64_t file_size,
                         uint64_t memory_size) {
    Elf64_Phdr segment{};
    segment.p_type = PT_LOAD;
    segment.p_flags = flags;
    segment.p_offset = kContentOffset + content_offset;
    segment.p_vaddr = segment.p_paddr = address;
    segment.p_filesz = file_size;
    segment.p_memsz = memory_size;
    segment.p_align = 0x1000;
    return segments.emplace_back(segment);
  }

  [[nodiscard]] std::vector<uint8_t> Build() {
    header.e_phnum = static_cast<uint16_t>(segments.size());
    return BuildWithHeader(header);
  }

  [[nodiscard]] std::vector<uint8_t> BuildWithHeader(const Elf64_Ehdr& written) const {
    std::vector<uint8_t> file(kContentOffset + content.size());
    std::memcpy(file.data(), &written, sizeof(written));
    std::memcpy(file.data() + sizeof(written), segments.data(), segments.size() * sizeof(Elf64_Phdr));
    std::memcpy(file.data() + kContentOffset, content.data(), content.size());
    return file;
  }
};

}  // namespace gk::test
