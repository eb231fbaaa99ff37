// What DWARF says about an address, in the words of a report. Precondition of all but ReadableName: LoadLibDw() found
// one.
#pragma once

#include <string>
#include <vector>

#include "vmm/symbols/loaded_library.h"
#include "vmm/symbols/symbol_set.h"

namespace vmm {

// The part of the path behind what it shares with the build's folder, unless that is only the root.
[[nodiscard]] std::string ShortPath(const std::string& from_dwarf, const char* build_folder);

// The functions around `address` of `unit`, innermost first; `place`: the file and the line of `address` itself.
[[nodiscard]] std::vector<CodeLocation> LocationsIn(Dwarf_Die* unit, Dwarf_Addr address, CodeLocation place);

}  // namespace vmm
