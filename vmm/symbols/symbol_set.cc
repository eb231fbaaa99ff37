#include "vmm/symbols/symbol_set.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "vmm/base/unique_fd.h"
#include "vmm/symbols/dwarf_names.h"
#include "vmm/symbols/loaded_library.h"

namespace vmm {
namespace {

// Only called where there is something of libdw's to ask, and so a libdw.
const LibDw& dw() { return *LoadLibDw(); }

// Every file is given, so libdw has nothing to look for.
int NoFile(Dwfl_Module*, void**, const char*, Dwarf_Addr, char**, Elf**) { return -1; }

// Nor are there separate files with DWARF: libdw's own look-up would also ask servers on the network (debuginfod).
int NoSeparateFile(Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*, const char*, GElf_Word, char**) {
  return -1;
}

Dwfl* Begin() {
  const LibDw* library = LoadLibDw();
  if (library == nullptr) {
    return nullptr;
  }
  static const Dwfl_Callbacks callbacks = {.find_elf = NoFile,
                                           .find_debuginfo = NoSeparateFile,
                                           .section_address = library->dwfl_offline_section_address,
                                           .debuginfo_path = nullptr};
  return library->dwfl_begin(&callbacks);
}

CodeLocation PlaceAt(Dwfl_Module* module, uint64_t address) {
  CodeLocation place;
  Dwfl_Line* line = dw().dwfl_module_getsrc(module, address);
  if (line == nullptr) {
    return place;
  }
  const char* folder = dw().dwfl_line_comp_dir(line);
  if (const char* path = dw().dwfl_lineinfo(line, nullptr, &place.line, nullptr, nullptr, nullptr); path != nullptr) {
    place.file = ShortPath(path, folder == nullptr ? "" : folder);
  }
  return place;
}

}  // namespace

SymbolSet::SymbolSet() : dwfl_(Begin()) {}

SymbolSet::SymbolSet(SymbolSet&& other) noexcept : dwfl_(std::exchange(other.dwfl_, nullptr)) {}

SymbolSet& SymbolSet::operator=(SymbolSet&& other) noexcept {
  std::swap(dwfl_, other.dwfl_);
  return *this;
}

SymbolSet::~SymbolSet() {
  if (dwfl_ != nullptr) {
    dw().dwfl_end(dwfl_);
  }
}

// Takes over `descriptor` only when it succeeds, as libdw does.
Result<> SymbolSet::Report(const std::string& name, int descriptor, uint64_t base) {
  if (dwfl_ == nullptr) {
    return BadInput("{}: libdw is not there to read it", name);
  }
  dw().dwfl_report_begin_add(dwfl_);
  const bool added = dw().dwfl_report_elf(dwfl_, name.c_str(), name.c_str(), descriptor, base, false) != nullptr;
  const std::string reason = added ? "" : dw().dwfl_errmsg(-1);
  dw().dwfl_report_end(dwfl_, nullptr, nullptr);
  if (!added) {
    return BadInput("{}: {}", name, reason);
  }
  return {};
}

Result<> SymbolSet::AddFile(const std::string& name, const std::string& path, uint64_t base) {
  UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    return BadInput("{}: {}", path, std::strerror(errno));
  }
  PAGODA_TRY(Report(name, file.get(), base));
  static_cast<void>(file.Release());
  return {};
}

Result<> SymbolSet::AddBytes(const std::string& name, std::span<const std::byte> file, uint64_t base) {
  UniqueFd copy(memfd_create("symbols", MFD_CLOEXEC));
  if (!copy.valid() || write(copy.get(), file.data(), file.size()) != static_cast<ssize_t>(file.size())) {
    return HostFailure(errno, "memfd for symbols");
  }
  PAGODA_TRY(Report(name, copy.get(), base));
  static_cast<void>(copy.Release());
  return {};
}

std::string SymbolSet::FileAt(uint64_t address) const {
  Dwfl_Module* module = dwfl_ == nullptr ? nullptr : dw().dwfl_addrmodule(dwfl_, address);
  if (module == nullptr) {
    return {};
  }
  const char* name = dw().dwfl_module_info(module, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
  return name == nullptr ? std::string() : std::string(name);
}

bool SymbolSet::HasLines(uint64_t address) const {
  Dwfl_Module* module = dwfl_ == nullptr ? nullptr : dw().dwfl_addrmodule(dwfl_, address);
  Dwarf_Addr bias = 0;
  return module != nullptr && dw().dwfl_module_getdwarf(module, &bias) != nullptr;
}

std::vector<CodeLocation> SymbolSet::Locate(uint64_t address) const {
  Dwfl_Module* module = dwfl_ == nullptr ? nullptr : dw().dwfl_addrmodule(dwfl_, address);
  if (module == nullptr) {
    return {};
  }
  Dwarf_Addr bias = 0;
  const CodeLocation place = PlaceAt(module, address);
  if (Dwarf_Die* unit = dw().dwfl_module_addrdie(module, address, &bias); unit != nullptr) {
    if (auto locations = LocationsIn(unit, address - bias, place); !locations.empty()) {
      return locations;
    }
  }
  const std::optional<NearSymbol> symbol = Nearest(address);
  if (!symbol) {
    return {};
  }
  return {{.function = symbol->name, .file = place.file, .line = place.line, .inlined = false}};
}

std::optional<NearSymbol> SymbolSet::Nearest(uint64_t address) const {
  Dwfl_Module* module = dwfl_ == nullptr ? nullptr : dw().dwfl_addrmodule(dwfl_, address);
  if (module == nullptr) {
    return std::nullopt;
  }
  GElf_Off offset = 0;
  GElf_Sym symbol = {};
  const char* name = dw().dwfl_module_addrinfo(module, address, &offset, &symbol, nullptr, nullptr, nullptr);
  if (name == nullptr) {
    return std::nullopt;
  }
  return NearSymbol{.name = ReadableName(name), .address = address - offset, .size = symbol.st_size, .offset = offset};
}

std::string SymbolSet::Describe(uint64_t address) const {
  const std::optional<NearSymbol> symbol = Nearest(address);
  if (!symbol) {
    return {};
  }
  return symbol->offset == 0 ? symbol->name : fmt::format("{}+{:#x}", symbol->name, symbol->offset);
}

namespace {

struct Search {
  const char* name;
  std::optional<uint64_t> address;
};

int FindInModule(Dwfl_Module* module, void**, const char*, Dwarf_Addr, void* argument) {
  Search& search = *static_cast<Search*>(argument);
  const int count = dw().dwfl_module_getsymtab(module);
  for (int index = 1; index < count; ++index) {
    GElf_Sym symbol = {};
    GElf_Addr value = 0;
    const char* name = dw().dwfl_module_getsym_info(module, index, &symbol, &value, nullptr, nullptr, nullptr);
    if (name != nullptr && symbol.st_shndx != SHN_UNDEF && std::strcmp(name, search.name) == 0) {
      search.address = value;
      return DWARF_CB_ABORT;
    }
  }
  return DWARF_CB_OK;
}

}  // namespace

std::optional<uint64_t> SymbolSet::Find(const std::string& name) const {
  Search search = {.name = name.c_str(), .address = std::nullopt};
  if (dwfl_ != nullptr) {
    dw().dwfl_getmodules(dwfl_, FindInModule, &search, 0);
  }
  return search.address;
}

}  // namespace vmm
