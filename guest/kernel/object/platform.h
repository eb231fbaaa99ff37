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
#include "shared/abi/fault_report.h"

namespace gk {

// An object that the host serves under a name.
struct HostObject {
  RefPtr<Vmo> vmo;
  bool read_only;
};

// Takes names of host-served objects, each with a zero byte behind it, in pieces that may end anywhere. May block.
class HostNameSink {
 public:
  virtual Result<> OnNames(std::span<const char> piece) = 0;

 protected:
  ~HostNameSink() = default;
};

struct HostListing {
  size_t size;         // bytes that went to the sink
  uint64_t available;  // names that the directory has
};

class Platform {
 public:
  // Writes all of `text` to the machine's console. May block.
  virtual void WriteConsole(std::span<const char> text) = 0;

  // Tells the monitor why a program is about to be killed; it explains that to a person. Does not block.
  virtual void ReportFault(const abi::FaultReport& report) = 0;

  // Waits for bytes from the machine's console and takes those that are there and fit: at least one.
  // ZX_ERR_NOT_SUPPORTED: there is no console; ZX_ERR_IO; ZX_ERR_TIMED_OUT; ZX_ERR_INTERNAL_INTR_*.
  virtual Result<size_t> ReadConsole(std::span<char> into, zx_time_t deadline) = 0;

  // Opens a host-served object; its content size is set. All who open the same one share its pages. `name` has 1..255
  // bytes. May block. ZX_ERR_NOT_FOUND: no such object; ZX_ERR_NOT_SUPPORTED: the machine has no port device; the
  // host's other errors; ZX_ERR_NO_MEMORY.
  virtual Result<HostObject> OpenHostObject(std::span<const char> name) = 0;

  // Gives `sink` the names in the host's directory `name` (0..255 bytes) from the one with index `first` on: as many as
  // fit into `room` bytes, not 0, and perhaps fewer. May block. ZX_ERR_NOT_FOUND; ZX_ERR_NOT_SUPPORTED: no port device,
  // or its pager has no directories; ZX_ERR_BUFFER_TOO_SMALL: not one fits; the host's other errors; the sink's;
  // ZX_ERR_NO_MEMORY.
  virtual Result<HostListing> ListHostObjects(std::span<const char> name, uint64_t first, size_t room,
                                              HostNameSink& sink) = 0;

  // Stops the machine when the host has written back what it serves; `code` is the exit code of the run. May return:
  // the machine stops soon after.
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
