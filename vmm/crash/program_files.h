// Where the symbols of a guest's code are: the kernel's file, and for a program the file that it was made from.
//
// Which program an address space holds is decided by its code, not by its name: a program of the boot image is it when
// the guest's memory shows that program's instructions. The copy in the boot image has no debugging information as a
// rule, so a file with the same code is looked for beside the image: in programs/ and in the image's own folder.
//
// Everything is read when it is asked for, and again each time: a guest seldom dies more than once.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "vmm/base/error.h"
#include "vmm/debug/memory_reader.h"
#include "vmm/symbols/symbol_set.h"

namespace vmm {

struct FoundSymbols {
  SymbolSet symbols;
  std::vector<std::string> notes;  // what is missing, and why, for a person; one line each
};

class ProgramFiles {
 public:
  // Paths as the user gave them; `bootfs` is empty where there is none.
  ProgramFiles(std::string kernel, std::string bootfs) : kernel_(std::move(kernel)), bootfs_(std::move(bootfs)) {}

  // The kernel alone.
  [[nodiscard]] FoundSymbols ForKernel() const;
  // The kernel and the program whose code `memory` shows. `name`: of the process, for messages and for a choice between
  // equals; may be empty.
  [[nodiscard]] FoundSymbols ForProgram(const MemoryReader& memory, const std::string& name) const;

 private:
  [[nodiscard]] std::vector<std::string> Candidates(const std::string& name) const;
  void AddProgram(FoundSymbols& found, const std::string& name, std::span<const std::byte> copy) const;

  std::string kernel_;
  std::string bootfs_;
};

// How well `memory` shows the instructions of an ELF file, compared page by page where there is a page.
struct CodeMatch {
  size_t compared = 0;   // bytes
  size_t different = 0;  // bytes; a debugger's breakpoints are some

  // Enough to tell, and hardly anything different.
  [[nodiscard]] bool good() const;
};
[[nodiscard]] CodeMatch CompareCode(std::span<const std::byte> elf, const MemoryReader& memory);

// Whether two ELF files have the same executable segments.
[[nodiscard]] bool HaveSameCode(std::span<const std::byte> elf, std::span<const std::byte> other);

}  // namespace vmm
