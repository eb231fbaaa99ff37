// What objects and system calls need of the machine around them: a console, host-served objects, an end.
//
// The kernel's boot code gives the one implementation that stands on the drivers (program/machine_platform.h); hosted
// tests give theirs. It keeps drivers and boot out of the object layer.
#pragma once

#include <stdint.h>
#include <zircon/types.h>

#include <span>

#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/address_space.h"
#include "guest/kernel/vm/vmo.h"

namespace gk {

// An object that the host serves under a name.
struct HostObject {
  RefPtr<Vmo> vmo;
  bool read_only;
};

class Platform {
 public:
  // Writes all of `text` to the machine's console. May block.
  virtual void WriteConsole(std::span<const char> text) = 0;

  // Waits for bytes from the machine's console and takes those that are there and fit: at least one.
  // ZX_ERR_NOT_SUPPORTED: there is no console; ZX_ERR_IO; ZX_ERR_TIMED_OUT; ZX_ERR_INTERNAL_INTR_*.
  virtual Result<size_t> ReadConsole(std::span<char> into, zx_time_t deadline) = 0;

  // Opens a host-served object; its content size is set. `name` has 1..255 bytes. May block. ZX_ERR_NOT_FOUND: no such
  // object; ZX_ERR_NOT_SUPPORTED: the machine has no port device; the host's other errors; ZX_ERR_NO_MEMORY.
  virtual Result<HostObject> OpenHostObject(std::span<const char> name) = 0;

  // Stops the machine; `code` is the exit code of the run. May return: the machine stops soon after.
  virtual void ExitMachine(uint8_t code) = 0;

  // An empty user address space that shows the nucleus. ZX_ERR_NO_MEMORY.
  virtual Result<RefPtr<AddressSpace>> CreateAddressSpace() = 0;

 protected:
  ~Platform() = default;
};

// Set once, before the first process is made. Precondition of platform(): it was set.
void SetPlatform(Platform& platform);
[[nodiscard]] Platform& platform();

}  // namespace gk
