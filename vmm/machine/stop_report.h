// What a person is told when a guest did not end well: the reason, then the registers of the CPUs.
#pragma once

#include <string>

#include "vmm/machine/machine.h"

namespace vmm {

// Several lines, each ended by a newline; empty for a guest that exited and for a run that a signal ended. All text
// that comes from the guest is made printable first.
[[nodiscard]] std::string FormatStopReport(const RunOutcome& outcome);

}  // namespace vmm
