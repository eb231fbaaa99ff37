// How often a vCPU has left the guest for the monitor, by what for.
//
// Exits that KVM deals with itself (halts, doorbells, timers, most interrupts) never get here.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "vmm/kvm/kvm_vcpu.h"

namespace vmm {

enum class ExitKind : uint8_t {
  kMmioRead,
  kMmioWrite,
  kPort,       // an I/O port, of which there are none
  kInterrupt,  // a signal to the monitor
  kDebug,      // a debugger's; only those that are not counted as one of the above
  kOther,
};

inline constexpr size_t kExitKinds = 6;

// As a reader of statistics sees it: lower case, '_' between words.
[[nodiscard]] constexpr std::string_view NameOf(ExitKind kind) {
  constexpr std::array<std::string_view, kExitKinds> kNames = {"mmio_read", "mmio_write", "port",
                                                               "interrupt", "debug",      "other"};
  return kNames[static_cast<size_t>(kind)];
}

[[nodiscard]] inline ExitKind KindOf(const kvm_run& run) {
  switch (run.exit_reason) {
    case KVM_EXIT_MMIO:
      return run.mmio.is_write != 0 ? ExitKind::kMmioWrite : ExitKind::kMmioRead;
    case KVM_EXIT_IO:
      return ExitKind::kPort;
    case KVM_EXIT_INTR:
      return ExitKind::kInterrupt;
    case KVM_EXIT_DEBUG:
      return ExitKind::kDebug;
    default:
      return ExitKind::kOther;
  }
}

using ExitCounts = std::array<uint64_t, kExitKinds>;  // by ExitKind

// Count: the vCPU's thread. counts: any thread.
class alignas(64) ExitCounters {
 public:
  void Count(ExitKind kind) {
    // ORDER: relaxed, and no read-modify-write: there is one writer, and readers want numbers, not an order.
    std::atomic<uint64_t>& count = counts_[static_cast<size_t>(kind)];
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  [[nodiscard]] ExitCounts counts() const {
    ExitCounts counts;
    for (size_t i = 0; i < kExitKinds; ++i) {
      counts[i] = counts_[i].load(std::memory_order_relaxed);
    }
    return counts;
  }

 private:
  std::array<std::atomic<uint64_t>, kExitKinds> counts_{};
};

}  // namespace vmm
