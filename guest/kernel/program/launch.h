// Makes a process out of a program file and starts it.
#pragma once

#include <stdint.h>

#include <span>

#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/object/process_dispatcher.h"
#include "guest/kernel/program/elf_image.h"

namespace gk::program {

struct Launch {
  std::span<const char> name;       // of the process; its first thread is called "main"
  std::span<const uint8_t> file;    // the program, an ELF64 file
  const ElfImage& image;            // what ParseElf made of it
  std::span<const char> arguments;  // argument_count strings with their terminators
  uint32_t argument_count;
  uint32_t cpu_count;
};

// The result runs. ZX_ERR_NO_MEMORY; ZX_ERR_NO_RESOURCES or ZX_ERR_ALREADY_EXISTS: the program leaves no room for stack
// and vDSO in its address space. Nothing is left behind on failure.
Result<RefPtr<ProcessDispatcher>> LaunchProgram(const Launch& launch);

}  // namespace gk::program
