// The four breakpoint registers of a CPU (SDM volume 3B, section 17.2), as KVM_SET_GUEST_DEBUG takes them. All vCPUs
// have the same.
//
// Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "vmm/gdb/target.h"
#include "vmm/kvm/kvm_vcpu.h"

namespace vmm {

class HardwarePoints {
 public:
  // kInvalid: a length or an alignment that the CPU does not have; kNoRoom. Reads alone cannot be watched:
  // kNotSupported.
  gdb::Outcome<> Insert(const gdb::Point& point);
  void Remove(const gdb::Point& point);
  void Clear();

  [[nodiscard]] bool any() const;
  // Bits 0 to 3 of `dr6` say which were hit; the first that is there.
  [[nodiscard]] std::optional<gdb::Point> Hit(uint64_t dr6) const;
  // What KVM is to stop for beside a single step.
  void Fill(kvm_guest_debug& debug) const;

 private:
  std::array<std::optional<gdb::Point>, 4> points_;
};

}  // namespace vmm
