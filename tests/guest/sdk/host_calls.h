// The system calls of a guest program that runs on the host.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "tests/guest/sdk/host_objects.h"

namespace sdk_test {

// How many CPUs the program is told of.
inline constexpr uint32_t kHostCpuCount = 2;

using Arguments = std::array<uint64_t, 8>;

// The process that the guest program believes to be in.
struct HostProcess {
  HandleTable handles;
  ProgramMappings mappings;
  std::map<std::string, std::string> served_objects;  // name to path
};

// Carries out system call `number`. Pointers among the arguments are the program's and valid: it runs in this process.
// Calls that end the thread or the process do not return.
int64_t CarryOut(HostProcess& process, uint64_t number, const Arguments& arguments);

// Starts a thread at `entry` on `stack`, in the way that a kernel does.
bool StartGuestThread(uint64_t entry, uint64_t stack, uint64_t argument1, uint64_t argument2, Object* self);
// The thread object of the calling thread; null in the first one.
Object* CurrentThread();

}  // namespace sdk_test
