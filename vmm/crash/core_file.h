// A core file of the guest, as gdb reads it: ELF64, one NT_PRSTATUS and NT_FPREGSET for each thread, one PT_LOAD for
// each range of mapped memory, by virtual address.
//
// The file is sparse (pages of zeroes take no room), only its owner may read it, and it appears under its name when it
// is complete. Whether there can be one is known before the guest runs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "devices/core/guest_memory.h"
#include "vmm/base/error.h"
#include "vmm/base/temporary_file.h"
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

// The file that is going to be at `path`, which stays as it is until WriteCore. The error is the user's.
[[nodiscard]] Result<ReplacementFile> CreateCore(const std::filesystem::path& path);

// Writes it and puts it in its place. Fails with one line that names the file; then its place is as it was.
[[nodiscard]] Result<> WriteCore(ReplacementFile file, const CoreContent& content, const dev::GuestMemory& memory);

}  // namespace vmm
