// `monitor` commands: what a person types, by way of qRcmd.
#pragma once

#include <string_view>

#include "vmm/gdb/context.h"
#include "vmm/gdb/link.h"

namespace vmm::gdb {

// Runs the command and sends everything that it says, and the end of the answer. `line` is plain text. What goes wrong
// is said in words too, because gdb turns an error into "Protocol error with Rcmd".
void RunMonitorLine(SessionContext& context, Link& link, std::string_view line);

}  // namespace vmm::gdb
