// Why something that a person configured cannot be had: one line of text, ready to be shown.
//
// Used where the reason comes from the host (a file, a descriptor, a command line). What a guest does wrong is never
// text: it is an enumerator that the caller turns into the answer which the specification asks for.
#pragma once

#include <string>

namespace dev {

struct Error {
  std::string message;  // names the thing and the reason; no trailing newline
};

}  // namespace dev
