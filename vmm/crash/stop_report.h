// What a person is told when a guest did not end well: the reason in words, then for each CPU its registers, the calls
// that led there and the instructions around, and the page tables of the address that it was about.
//
// All text that comes from the guest is made printable first, and no field of what it reports is trusted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "devices/core/guest_memory.h"
#include "vmm/crash/program_files.h"
#include "vmm/gdb/registers.h"
#include "vmm/machine/cpu_state.h"
#include "vmm/machine/stop_reason.h"

namespace vmm {

// Several lines, each ended by a newline; empty for a guest that exited and for a run that a signal ended. `cpus`: all
// that were started.
[[nodiscard]] std::string DescribeStop(const StopReason& reason, const std::vector<CpuState>& cpus,
                                       const dev::GuestMemory& memory, const ProgramFiles& files);

// What CPU was executing, as far as it is known: for the one that sent a panic's report, what the report is about.
// nullopt for a CPU whose registers are lost.
[[nodiscard]] std::optional<gdb::Registers> StoppedRegisters(const CpuState& cpu, const StopReason& reason);

}  // namespace vmm
