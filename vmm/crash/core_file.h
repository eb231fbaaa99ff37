// A core file of the guest, as gdb reads it: ELF64, one NT_PRSTATUS and NT_FPREGSET for each thread, one PT_LOAD for
// each range of mapped memory, by virtual address.
//
// The file is sparse (pages of zeroes take no room), only its owner may read it, and it appears under its name when it
// is complete.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "devices/core/guest_memory.h"
#include "vmm/base/error.h"
#include "vmm/gdb/registers.h"

namespace vmm {

struct CoreThread {
  int id;      // not 0; what gdb calls the LWP
  int signal;  // of Linux, what the thread died of; 0: of nothing
  gdb::Registers registers;
};

enum class CoreMemory {
  kAll,   // whatever is mapped
  kUser,  // what ring 3 can reach: a program's
};

struct CoreContent {
  std::string program;              // its name, in NT_PRPSINFO
  std::vector<CoreThread> threads;  // the one to look at first comes first; not empty
  std::vector<uint64_t> roots;      // page tables; where two map an address, the first one's page is taken
  CoreMemory memory = CoreMemory::kAll;
};

// Replaces a file of that name. Fails with one line that names the file; then there is none of it.
[[nodiscard]] Result<> WriteCore(const std::string& path, const CoreContent& content, const dev::GuestMemory& memory);

}  // namespace vmm
