// What a person is told of a program that its kernel is about to kill: the cause in words, registers, the page tables
// of the address, the calls that led there, the instructions around. Text that comes from the guest is made printable.
#pragma once

#include <string>

#include "devices/core/guest_memory.h"
#include "vmm/crash/program_files.h"
#include "vmm/gdb/registers.h"
#include "vmm/machine/user_fault.h"

namespace vmm {

// Of the thread that faulted, and of another one of the program. Its vector registers are not known.
[[nodiscard]] gdb::Registers RegistersOf(const UserFault& fault);
[[nodiscard]] gdb::Registers RegistersOf(const UserFault& fault, const abi::FaultThread& other);

// Several lines, each ended by a newline.
[[nodiscard]] std::string DescribeUserFault(const UserFault& fault, const dev::GuestMemory& memory,
                                            const ProgramFiles& files);

}  // namespace vmm
