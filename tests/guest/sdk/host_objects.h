// The objects behind the handles of a guest program that runs on the host: VMOs are memfds, threads are threads.
//
// Just enough of the kernel for the SDK's own tests: the calls of shared/abi/syscalls.h with their common errors. What
// the kernel really does is tested on the kernel.
#pragma once

#include <zircon/types.h>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>

namespace sdk_test {

struct Object {
  zx_obj_type_t type = ZX_OBJ_TYPE_NONE;
  // VMO.
  int memory = -1;
  uint64_t size = 0;
  uint64_t content_size = 0;
  // Thread.
  bool started = false;
  bool terminated = false;

  Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  ~Object();
};

struct Handle {
  std::shared_ptr<Object> object;
  zx_rights_t rights = 0;
};

// All handles of the one process. Any thread.
class HandleTable {
 public:
  zx_handle_t Add(std::shared_ptr<Object> object, zx_rights_t rights);
  zx_status_t Close(zx_handle_t value);
  zx_status_t Duplicate(zx_handle_t value, zx_rights_t rights, zx_handle_t* out);
  // The object, if the handle is one of that type with these rights. ZX_OBJ_TYPE_NONE: of any type.
  zx_status_t Find(zx_handle_t value, zx_obj_type_t type, zx_rights_t rights, std::shared_ptr<Object>* out);

  void SetTerminated(Object& thread);
  // Waits until the thread has terminated or CLOCK_MONOTONIC has reached `deadline_ns`.
  zx_status_t WaitTerminated(Object& thread, int64_t deadline_ns);

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  std::map<zx_handle_t, Handle> handles_;
  zx_handle_t next_ = 0x1003;
};

// Which addresses of this process the program has mapped. All others are the host's: its libraries', its threads',
// those of its heap, which may lie right beside, so that a program that unmaps more than it has would take them away.
// Any thread. Addresses and sizes are page multiples.
class ProgramMappings {
 public:
  void Add(uint64_t address, uint64_t size);
  [[nodiscard]] bool Cover(uint64_t address, uint64_t size);
  // Unmaps the parts of the range that are the program's.
  void Unmap(uint64_t address, uint64_t size);

 private:
  std::mutex lock_;
  std::set<uint64_t> pages_;  // addresses
};

// A VMO of `size` bytes (rounded up to pages), null when the host has no memory.
std::shared_ptr<Object> MakeVmo(uint64_t size);

}  // namespace sdk_test
