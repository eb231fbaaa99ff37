// What the addresses of one address space mean: functions, with those that were inlined there, and lines, from the ELF
// files that lie in it.
//
// Files are opened when they are added and their DWARF is read when it is asked for, so nothing here costs time before
// there is something to explain. The files are trusted no more than any input: what cannot be understood is not there.
//
// One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vmm/base/error.h"

struct Dwfl;

namespace vmm {

// A function that an address belongs to, and where in the source it is at that address.
struct CodeLocation {
  std::string function;  // as ReadableName has it; empty: not known
  std::string file;      // relative to the folder that the build shares with it; empty: not known
  int line = 0;
  bool inlined = false;  // into the next one of the list
};

// An entry of an ELF symbol table.
struct NearSymbol {
  std::string name;  // demangled
  uint64_t address;
  uint64_t size;  // 0: not known
  uint64_t offset;
};

class SymbolSet {
 public:
  SymbolSet();
  SymbolSet(SymbolSet&&) noexcept;
  SymbolSet& operator=(SymbolSet&&) noexcept;
  ~SymbolSet();

  // `name` is for messages. `base`: where the file's lowest segment lies, for one that can lie anywhere. BadInput for
  // what is no ELF file, or one that would overlap another's addresses.
  [[nodiscard]] Result<> AddFile(const std::string& name, const std::string& path, uint64_t base = 0);
  // The same from memory; a copy is kept.
  [[nodiscard]] Result<> AddBytes(const std::string& name, std::span<const std::byte> file, uint64_t base = 0);

  // The name under which the file was added that covers `address`; empty when none does.
  [[nodiscard]] std::string FileAt(uint64_t address) const;
  [[nodiscard]] bool HasLines(uint64_t address) const;

  // Innermost first: what was inlined at `address`, then the function itself. Empty when there is no symbol at all;
  // without DWARF one entry without a line.
  [[nodiscard]] std::vector<CodeLocation> Locate(uint64_t address) const;

  // The symbol at or before `address` that covers it.
  [[nodiscard]] std::optional<NearSymbol> Nearest(uint64_t address) const;
  // "name+0x12", "name"; empty when there is no symbol.
  [[nodiscard]] std::string Describe(uint64_t address) const;
  // The address of an ELF symbol, by the name that is in the file.
  [[nodiscard]] std::optional<uint64_t> Find(const std::string& name) const;

  // For the unwinder, which is libdw's; nullptr when libdw could not start.
  [[nodiscard]] Dwfl* dwfl() const { return dwfl_; }

 private:
  [[nodiscard]] Result<> Report(const std::string& name, int descriptor, uint64_t base);

  Dwfl* dwfl_;
};

// Demangles a C++ name and leaves out its parameters and anonymous namespaces. Other names stay as they are.
[[nodiscard]] std::string ReadableName(const char* name);

}  // namespace vmm
