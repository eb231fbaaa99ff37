// Runs the program that the boot information names, and ends the machine when it has ended.
//
// Exit codes of the machine: the low eight bits of the program's return code; 139 when a fault killed it, 137 when
// something else did; 2, with a line on the console that says why, when it could not be started.
#pragma once

#include <stdint.h>

#include "guest/kernel/object/platform.h"
#include "guest/kernel/program/machine_platform.h"
#include "shared/abi/boot_info.h"

namespace gk::program {

inline constexpr uint8_t kExitFaulted = 139;  // what a shell reports for a segmentation fault: 128 + SIGSEGV
inline constexpr uint8_t kExitKilled = 137;   // 128 + SIGKILL
inline constexpr uint8_t kExitNotStarted = 2;

// Starts the first program, or reports why not and stops the machine; `platform` becomes the object layer's. Called
// once, with devices and scheduler up. Returns in both cases.
void StartFirstProgram(const abi::BootInfo& boot, Platform& platform = MachinePlatform());

// What the machine exits with when a process ended with this return code.
[[nodiscard]] uint8_t MachineExitCode(int64_t return_code);

}  // namespace gk::program
