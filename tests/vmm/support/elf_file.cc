#include "tests/vmm/support/elf_file.h"

#include <algorithm>
#include <cstring>

namespace vmm_test {

std::vector<std::byte> ElfFile::Bytes() const {
  std::vector<std::byte> bytes(std::max(size, sizeof(header) + program_headers.size() * sizeof(Elf64_Phdr)));
  for (size_t index = 0; index < bytes.size(); ++index) {
    bytes[index] = static_cast<std::byte>(index % 251);
  }
  std::memcpy(bytes.data(), &header, sizeof(header));
  std::memcpy(bytes.data() + sizeof(header), program_headers.data(), program_headers.size() * sizeof(Elf64_Phdr));
  bytes.resize(size);
  return bytes;
}

ElfFile CorrectElfFile() {
  ElfFile file = {};
  std::memcpy(file.header.e_ident, ELFMAG, SELFMAG);
  file.header.e_ident[EI_CLASS] = ELFCLASS64;
  file.header.e_ident[EI_DATA] = ELFDATA2LSB;
  file.header.e_ident[EI_VERSION] = EV_CURRENT;
  file.header.e_type = ET_EXEC;
  file.header.e_machine = EM_X86_64;
  file.header.e_version = EV_CURRENT;
  file.header.e_entry = kElfCodeVirtual;
  file.header.e_phoff = sizeof(Elf64_Ehdr);
  file.header.e_ehsize = sizeof(Elf64_Ehdr);
  file.header.e_phentsize = sizeof(Elf64_Phdr);
  file.header.e_phnum = 2;
  file.program_headers = {
      {.p_type = PT_LOAD,
       .p_flags = PF_R | PF_X,
       .p_offset = 0x1000,
       .p_vaddr = kElfCodeVirtual,
       .p_paddr = kElfCodePhysical,
       .p_filesz = 0x1800,
       .p_memsz = 0x1800,
       .p_align = 0x1000},
      {.p_type = PT_LOAD,
       .p_flags = PF_R | PF_W,
       .p_offset = 0x3000,
       .p_vaddr = kElfDataVirtual,
       .p_paddr = kElfDataPhysical,
       .p_filesz = 0x100,
       .p_memsz = 0x2100,
       .p_align = 0x1000},
  };
  file.size = 0x3100;
  return file;
}

}  // namespace vmm_test
