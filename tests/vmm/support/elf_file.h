// A small ELF64 executable to be made wrong in one respect at a time.
#pragma once

#include <elf.h>

#include <cstddef>
#include <vector>

namespace vmm_test {

struct ElfFile {
  Elf64_Ehdr header;
  std::vector<Elf64_Phdr> program_headers;
  size_t size;  // of the file, bytes: what the headers do not fill are bytes that count up

  [[nodiscard]] std::vector<std::byte> Bytes() const;
};

// A correct one: code at 2 MiB, data with a bss behind it, entry at the start of the code.
[[nodiscard]] ElfFile CorrectElfFile();

inline constexpr Elf64_Addr kElfCodePhysical = 0x20'0000;
inline constexpr Elf64_Addr kElfCodeVirtual = 0xffff'ffff'8020'0000;
inline constexpr Elf64_Addr kElfDataPhysical = 0x20'2000;
inline constexpr Elf64_Addr kElfDataVirtual = 0xffff'ffff'8020'2000;

}  // namespace vmm_test
