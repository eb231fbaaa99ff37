// The x87 tag word: abridged as FXSAVE has it, a bit for each register, and in full as a debugger shows it, two bits
// (SDM volume 1, 8.1.7 and 10.5.1.1).
#pragma once

#include <cstdint>

#include "vmm/gdb/registers.h"

namespace vmm::gdb {

uint16_t FullTagWord(const Registers& registers);
uint8_t AbridgedTagWord(uint16_t full);

}  // namespace vmm::gdb
