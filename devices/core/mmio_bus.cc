#include "devices/core/mmio_bus.h"

#include <fmt/format.h>

#include <iterator>

#include "shared/base/range.h"

namespace dev {

base::Result<void, Error> MmioBus::Insert(std::string name, uint64_t base, uint64_t size, MmioDevice& device) {
  if (size == 0 || size > UINT64_MAX - base) {
    return base::Failure{
        Error{fmt::format("registers of {} at {:#x}: the range is empty or wraps around", name, base)}};
  }
  for (const auto& [other_base, other] : entries_) {
    if (base::RangesOverlap(base, size, other_base, other.size)) {
      return base::Failure{Error{
          fmt::format("registers of {} at {:#x} overlap those of {} at {:#x}", name, base, other.name, other_base)}};
    }
  }
  entries_.emplace(base, Entry{.name = std::move(name), .size = size, .device = &device});
  return {};
}

MmioBus::Hit MmioBus::Find(uint64_t address, uint64_t length) const {
  const auto after = entries_.upper_bound(address);
  if (after == entries_.begin()) {
    return {.offset = 0, .device = nullptr};
  }
  const auto& [base, entry] = *std::prev(after);
  const uint64_t offset = address - base;
  const bool inside = length != 0 && base::RangeFits(offset, length, entry.size);
  return {.offset = offset, .device = inside ? entry.device : nullptr};
}

bool MmioBus::Read(uint64_t address, std::span<std::byte> data) const {
  const Hit hit = Find(address, data.size());
  if (hit.device == nullptr) {
    return false;
  }
  hit.device->ReadRegister(hit.offset, data);
  return true;
}

bool MmioBus::Write(uint64_t address, std::span<const std::byte> data) const {
  const Hit hit = Find(address, data.size());
  if (hit.device == nullptr) {
    return false;
  }
  hit.device->WriteRegister(hit.offset, data);
  return true;
}

}  // namespace dev
