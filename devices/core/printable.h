// Text from outside (a guest, a file system) in a message for a person.
#pragma once

#include <string>

namespace dev {

// One line of printable ASCII: everything else becomes '?'.
[[nodiscard]] std::string Printable(std::string text);

}  // namespace dev
