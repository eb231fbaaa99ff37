// Which device answers at which guest-physical address.
//
// Threads: Insert before the first CPU runs; Read and Write from any CPU's thread, also at the same time. The bus does
// not own its devices, which must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "devices/core/error.h"
#include "shared/base/result.h"

namespace dev {

// A device that is a range of registers.
class MmioDevice {
 public:
  MmioDevice() = default;
  MmioDevice(const MmioDevice&) = delete;
  MmioDevice& operator=(const MmioDevice&) = delete;
  virtual ~MmioDevice() = default;

  // `offset` is relative to the device's base and [offset, offset + data.size()) lies inside its range; data.size() is
  // 1..8 as KVM hands it on. An access that the device does not define reads as zeros and writes nothing.
  virtual void ReadRegister(uint64_t offset, std::span<std::byte> data) = 0;
  virtual void WriteRegister(uint64_t offset, std::span<const std::byte> data) = 0;
};

class MmioBus {
 public:
  // `name` appears in the error. Fails, with nothing inserted, when the range is empty, wraps around or overlaps
  // another.
  base::Result<void, Error> Insert(std::string name, uint64_t base, uint64_t size, MmioDevice& device);

  // False, with `data` untouched, when no device has the whole of [address, address + data.size()).
  [[nodiscard]] bool Read(uint64_t address, std::span<std::byte> data) const;
  [[nodiscard]] bool Write(uint64_t address, std::span<const std::byte> data) const;

 private:
  struct Entry {
    std::string name;
    uint64_t size;
    MmioDevice* device;  // outlives the bus, by contract
  };
  struct Hit {
    uint64_t offset;
    MmioDevice* device;
  };
  [[nodiscard]] Hit Find(uint64_t address, uint64_t length) const;

  std::map<uint64_t, Entry> entries_;  // by base
};

}  // namespace dev
