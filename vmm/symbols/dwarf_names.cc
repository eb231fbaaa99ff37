#include "vmm/symbols/dwarf_names.h"

#include <cxxabi.h>
#include <dwarf.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string_view>

namespace vmm {
namespace {

const LibDw& dw() { return *LoadLibDw(); }

// Frees what libdw allocated with malloc.
template <typename T>
using Allocated = std::unique_ptr<T, decltype(&std::free)>;

template <typename T>
Allocated<T> Own(T* pointer) {
  return {pointer, &std::free};
}

// The end of the name without its parameters and what follows them: the last ')' and the '(' that it belongs to.
size_t EndWithoutParameters(std::string_view name) {
  const size_t close = name.rfind(')');
  if (close == std::string_view::npos || name.substr(close) == ")::" ||
      name.find("::", close) != std::string_view::npos) {
    return name.size();  // "(anonymous namespace)::name" has none
  }
  int depth = 0;
  for (size_t at = close + 1; at-- > 0;) {
    depth += name[at] == ')' ? 1 : name[at] == '(' ? -1 : 0;
    if (depth == 0) {
      return at == 0 || name.substr(0, at).ends_with("operator") ? name.size() : at;
    }
  }
  return name.size();
}

// Every file of the guest has one; it tells a reader nothing.
constexpr std::string_view kAnonymous = "(anonymous namespace)::";

std::string WithoutAnonymous(std::string name) {
  for (size_t at = name.find(kAnonymous); at != std::string::npos; at = name.find(kAnonymous, at)) {
    name.erase(at, kAnonymous.size());
  }
  return name;
}

// The declaration that an inlined or a separately defined function refers to, which stands in its namespace or class.
Dwarf_Die Declaration(const Dwarf_Die& die) {
  Dwarf_Die current = die;
  constexpr int kLongestChain = 8;
  for (int step = 0; step < kLongestChain; ++step) {
    Dwarf_Attribute attribute;
    Dwarf_Die next;
    if (dw().dwarf_formref_die(dw().dwarf_attr(&current, DW_AT_abstract_origin, &attribute), &next) == nullptr &&
        dw().dwarf_formref_die(dw().dwarf_attr(&current, DW_AT_specification, &attribute), &next) == nullptr) {
      break;
    }
    current = next;
  }
  return current;
}

bool IsNamedScope(int tag) {
  return tag == DW_TAG_namespace || tag == DW_TAG_class_type || tag == DW_TAG_structure_type ||
         tag == DW_TAG_union_type;
}

// What a function without a linkage name is called: compilers leave it out where only one file knows the function.
std::string NameWithScopes(const Dwarf_Die& die) {
  Dwarf_Die declaration = Declaration(die);
  Dwarf_Die* found = nullptr;
  const int count = dw().dwarf_getscopes_die(&declaration, &found);
  const Allocated<Dwarf_Die> scopes = Own(count > 0 ? found : nullptr);
  const char* own_name = dw().dwarf_diename(&declaration);
  std::string name = own_name == nullptr ? "" : own_name;
  for (int index = 1; index < count && !name.empty(); ++index) {
    Dwarf_Die* scope = &scopes.get()[index];
    const char* scope_name = dw().dwarf_diename(scope);
    if (IsNamedScope(dw().dwarf_tag(scope)) && scope_name != nullptr) {
      name = fmt::format("{}::{}", scope_name, name);
    }
  }
  return name;
}

std::string FunctionName(Dwarf_Die* die) {
  Dwarf_Attribute attribute;
  for (const unsigned int which : {DW_AT_linkage_name, DW_AT_MIPS_linkage_name}) {
    if (const char* name = dw().dwarf_formstring(dw().dwarf_attr_integrate(die, which, &attribute)); name != nullptr) {
      return ReadableName(name);
    }
  }
  return NameWithScopes(*die);
}

int NumberOf(Dwarf_Die* die, unsigned int which) {
  Dwarf_Attribute attribute;
  Dwarf_Word value = 0;
  return dw().dwarf_formudata(dw().dwarf_attr(die, which, &attribute), &value) == 0 ? static_cast<int>(value) : 0;
}

// Where the function that `die` stands for was inlined: a file and a line of the one around it.
CodeLocation CallSite(Dwarf_Die* die, Dwarf_Die* unit, const char* build_folder) {
  CodeLocation site;
  Dwarf_Files* files = nullptr;
  size_t file_count = 0;
  const int file = NumberOf(die, DW_AT_call_file);
  site.line = NumberOf(die, DW_AT_call_line);
  if (dw().dwarf_getsrcfiles(unit, &files, &file_count) == 0 && file > 0 && static_cast<size_t>(file) < file_count) {
    if (const char* path = dw().dwarf_filesrc(files, static_cast<size_t>(file), nullptr, nullptr); path != nullptr) {
      site.file = ShortPath(path, build_folder);
    }
  }
  return site;
}

const char* BuildFolder(Dwarf_Die* unit) {
  Dwarf_Attribute attribute;
  const char* folder = dw().dwarf_formstring(dw().dwarf_attr(unit, DW_AT_comp_dir, &attribute));
  return folder == nullptr ? "" : folder;
}

struct Scopes {
  Allocated<Dwarf_Die> dies = Own<Dwarf_Die>(nullptr);
  size_t count = 0;
};

// The lexical scopes around `address`, innermost first. What dwarf_getscopes returns leaves the inlined function for
// its abstract origin; dwarf_getscopes_die goes on to where it was inlined (as elfutils' addr2line does).
Scopes ScopesAt(Dwarf_Die* unit, Dwarf_Addr address) {
  Dwarf_Die* found = nullptr;
  const int found_count = dw().dwarf_getscopes(unit, address, &found);
  const Allocated<Dwarf_Die> owner = Own(found_count > 0 ? found : nullptr);
  if (found_count <= 0) {
    return {};
  }
  Dwarf_Die* scopes = nullptr;
  const int count = dw().dwarf_getscopes_die(&found[0], &scopes);
  return count <= 0 ? Scopes{} : Scopes{Own(scopes), static_cast<size_t>(count)};
}

}  // namespace

std::string ReadableName(const char* name) {
  int status = 0;
  const Allocated<char> demangled = Own(abi::__cxa_demangle(name, nullptr, nullptr, &status));
  if (status != 0 || demangled == nullptr) {
    return name;
  }
  const std::string_view whole = demangled.get();
  return WithoutAnonymous(std::string(whole.substr(0, EndWithoutParameters(whole))));
}

std::string ShortPath(const std::string& from_dwarf, const char* build_folder) {
  // What the compiler was given may be relative to that folder.
  const std::string path = (std::filesystem::path(build_folder) / from_dwarf).lexically_normal().string();
  const std::string_view folder = build_folder;
  size_t shared = 0;
  for (size_t at = 0; at < path.size() && at < folder.size() && path[at] == folder[at]; ++at) {
    if (path[at] == '/') {
      shared = at + 1;
    }
  }
  return path.substr(shared > 1 ? shared : 0);
}

std::vector<CodeLocation> LocationsIn(Dwarf_Die* unit, Dwarf_Addr address, CodeLocation place) {
  std::vector<CodeLocation> locations;
  const Scopes scopes = ScopesAt(unit, address);
  for (size_t index = 0; index < scopes.count; ++index) {
    Dwarf_Die* die = &scopes.dies.get()[index];
    const int tag = dw().dwarf_tag(die);
    if (tag == DW_TAG_inlined_subroutine || tag == DW_TAG_subprogram) {
      place.function = FunctionName(die);
      place.inlined = tag == DW_TAG_inlined_subroutine;
      locations.push_back(place);
    }
    if (tag == DW_TAG_inlined_subroutine) {
      place = CallSite(die, unit, BuildFolder(unit));
    } else if (tag == DW_TAG_subprogram) {
      break;
    }
  }
  return locations;
}

}  // namespace vmm
