#include "tests/vmm/gdb/support/sample_program.h"

#include <elf.h>

#include <cstring>
#include <fstream>
#include <iterator>

namespace gdb_test {

namespace {

// The file is the build's own, so it is taken at its word; what lies outside of it reads as zeros.
template <typename T>
T At(const std::string& file, uint64_t offset) {
  T value{};
  if (offset <= file.size() && sizeof(T) <= file.size() - offset) {
    std::memcpy(&value, file.data() + offset, sizeof(T));
  }
  return value;
}

}  // namespace

SampleProgram::SampleProgram(const std::string& path) : path_(path) {
  std::ifstream stream(path, std::ios::binary);
  file_.assign(std::istreambuf_iterator<char>(stream), {});
}

uint64_t SampleProgram::Symbol(const std::string& name) const {
  const auto header = At<Elf64_Ehdr>(file_, 0);
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    const auto section = At<Elf64_Shdr>(file_, header.e_shoff + i * sizeof(Elf64_Shdr));
    if (section.sh_type != SHT_SYMTAB) {
      continue;
    }
    const auto strings = At<Elf64_Shdr>(file_, header.e_shoff + section.sh_link * sizeof(Elf64_Shdr));
    for (uint64_t offset = 0; offset < section.sh_size; offset += sizeof(Elf64_Sym)) {
      const auto symbol = At<Elf64_Sym>(file_, section.sh_offset + offset);
      if (file_.c_str() + strings.sh_offset + symbol.st_name == name) {
        return symbol.st_value;
      }
    }
  }
  return 0;
}

void SampleProgram::LoadSegments(FakeTarget& target, uint64_t base) const {
  constexpr uint64_t kPage = 4096;
  const auto header = At<Elf64_Ehdr>(file_, 0);
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    const auto segment = At<Elf64_Phdr>(file_, header.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type == PT_LOAD) {
      std::string bytes = file_.substr(segment.p_offset, segment.p_filesz);
      // Whole pages, as a machine has them.
      const uint64_t before = segment.p_vaddr % kPage;
      bytes.insert(0, before, '\0');
      bytes.resize((before + segment.p_memsz + kPage - 1) / kPage * kPage);
      target.AddMemory(gdb::AddressSpace::kVirtual, base + segment.p_vaddr - before, std::move(bytes));
    }
  }
  target.files[path_] = file_;
}

void SampleProgram::LoadModuleInto(FakeTarget& target, uint64_t base) const {
  LoadSegments(target, base);
  target.later_libraries.push_back({.path = path_, .address = base});
}

void SampleProgram::LoadInto(FakeTarget& target) const {
  constexpr uint64_t kStack = 0x7000'0000;
  LoadSegments(target, 0);
  target.AddMemory(gdb::AddressSpace::kVirtual, kStack, std::string(0x2000, '\0'));
  for (const gdb::ThreadInfo& thread : target.Threads()) {
    gdb::Registers registers = target.registers(thread.id);
    registers.rip = Symbol("main_loop") - 1;  // so that the first step of a run can stop there
    registers[gdb::General::kRsp] = kStack + 0x1000;
    registers[gdb::General::kRbp] = kStack + 0x1800;
    target.set_registers(thread.id, registers);
  }
  target.exec_file = path_;
  target.program = {.spin_at = Symbol("spin_here"),
                    .exit_at = Symbol("exit_here"),
                    .write_at = Symbol("write_here"),
                    .written = Symbol("counter"),
                    .libraries_at = 0,
                    .goes_on_at = 0};
}

}  // namespace gdb_test
