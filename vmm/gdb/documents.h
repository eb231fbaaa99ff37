// What qXfer hands over: XML that describes the target's threads, modules and memory (gdb manual, appendix "Formats").
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "vmm/gdb/target.h"

namespace vmm::gdb {

// `object` and `annex` as in the packet. Nothing when there is no such document.
std::optional<std::string> MakeDocument(Target& target, std::string_view object, std::string_view annex);

// Text as it may stand in XML, in an attribute too.
std::string XmlText(std::string_view text);

}  // namespace vmm::gdb
