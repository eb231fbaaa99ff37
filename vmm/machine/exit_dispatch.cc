#include "vmm/machine/exit_dispatch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <span>

namespace vmm {
namespace {

std::string DescribeInternalError(const kvm_run& run) {
  switch (run.internal.suberror) {
    case KVM_INTERNAL_ERROR_EMULATION:
      return "KVM could not emulate an instruction (suberror 1)";
    case KVM_INTERNAL_ERROR_SIMUL_EX:
      return "KVM met an exception while it delivered another (suberror 2)";
    case KVM_INTERNAL_ERROR_DELIVERY_EV:
      return "KVM met an exit while it delivered an event (suberror 3)";
    default:
      return fmt::format("KVM internal error, suberror {}", run.internal.suberror);
  }
}

}  // namespace

std::optional<VcpuFailure> ExitDispatcher::Dispatch(uint32_t cpu, kvm_run& run) {
  switch (run.exit_reason) {
    case KVM_EXIT_MMIO:
      AccessMemory(run);
      return std::nullopt;
    case KVM_EXIT_IO:
      AccessPort(run);
      return std::nullopt;
    case KVM_EXIT_INTR:
      return std::nullopt;
    case KVM_EXIT_SHUTDOWN:
      return VcpuFailure{cpu, VcpuFault::kTripleFault, "triple fault: the CPU shut down"};
    case KVM_EXIT_INTERNAL_ERROR:
      return VcpuFailure{cpu, VcpuFault::kUnrunnable, DescribeInternalError(run)};
    case KVM_EXIT_FAIL_ENTRY:
      return VcpuFailure{cpu, VcpuFault::kUnrunnable,
                         fmt::format("KVM could not enter the guest: hardware reason {:#x}",
                                     run.fail_entry.hardware_entry_failure_reason)};
    default:
      return VcpuFailure{cpu, VcpuFault::kUnrunnable,
                         fmt::format("KVM left the guest for a reason that has no handler: {}", run.exit_reason)};
  }
}

void ExitDispatcher::AccessMemory(kvm_run& run) {
  const size_t length = std::min<size_t>(run.mmio.len, sizeof(run.mmio.data));
  const std::span<std::byte> data = std::as_writable_bytes(std::span(run.mmio.data)).first(length);
  // ORDER: relaxed; the counters are statistics.
  if (run.mmio.is_write != 0) {
    if (!bus_.Write(run.mmio.phys_addr, data)) {
      stray_writes_.fetch_add(1, std::memory_order_relaxed);
    }
    return;
  }
  if (!bus_.Read(run.mmio.phys_addr, data)) {
    std::fill(data.begin(), data.end(), std::byte{0xff});
    stray_reads_.fetch_add(1, std::memory_order_relaxed);
  }
}

void ExitDispatcher::AccessPort(kvm_run& run) {
  port_accesses_.fetch_add(1, std::memory_order_relaxed);
  if (run.io.direction == KVM_EXIT_IO_IN) {
    // SAFETY: KVM document, section 5: the data lies at this offset of the shared structure, size * count bytes.
    auto* data = reinterpret_cast<std::byte*>(&run) + run.io.data_offset;
    std::memset(data, 0xff, size_t{run.io.size} * run.io.count);
  }
}

StrayCounters ExitDispatcher::stray_accesses() const {
  return {.reads = stray_reads_.load(std::memory_order_relaxed),
          .writes = stray_writes_.load(std::memory_order_relaxed),
          .port_accesses = port_accesses_.load(std::memory_order_relaxed)};
}

}  // namespace vmm
