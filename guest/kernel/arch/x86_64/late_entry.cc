#include "guest/kernel/arch/x86_64/late_entry.h"

#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/arch/syscall_trap.h"
#include "guest/kernel/arch/x86_64/nucleus.h"
#include "guest/kernel/arch/x86_64/page_table_entry.h"
#include "guest/kernel/arch/x86_64/per_cpu.h"
#include "guest/kernel/lib/panic.h"

namespace gk::arch {
namespace {

struct LateEntry {
  enum class State : uint8_t { kNone, kWaiting, kHandedOver };
  State state = State::kNone;
  bool gate_stores = false;  // where the CPU's gate leads
  uint64_t* slot = nullptr;
  uint64_t value = 0;
};

constinit LateEntry entries[abi::kMaxCpus];
constinit uint32_t outstanding = 0;  // one bit for each CPU that is not at kNone

void Clear(uint32_t cpu) {
  entries[cpu].state = LateEntry::State::kNone;
  outstanding &= ~(1u << cpu);
}

void Settle(const LateEntry& entry) {
  if (entry.state == LateEntry::State::kWaiting) {
    StorePageTableEntry(entry.slot, entry.value);
    return;
  }
  while (__atomic_load_n(entry.slot, __ATOMIC_ACQUIRE) == 0) {
    SpinPause();
  }
}

}  // namespace

void StorePageTableEntryLate(uint64_t* slot, uint64_t value) {
  // Where `syscall` enters ring 0 there is hardware for it, and no table is shadowed. A slot that is not 0 could not
  // say that it has been written.
  if (ChosenSyscallTrap() == SyscallTrap::kSyscall || *slot != 0) {
    StorePageTableEntry(slot, value);
    return;
  }
  const uint32_t cpu = CurrentCpu().index;
  LateEntry& entry = entries[cpu];
  if (entry.state != LateEntry::State::kNone) {
    Settle(entry);
  }
  entry.state = LateEntry::State::kWaiting;
  entry.slot = slot;
  entry.value = value;
  outstanding |= 1u << cpu;
}

void SettlePageTableEntries() {
  for (uint32_t left = outstanding; left != 0; left &= left - 1) {
    const auto cpu = static_cast<uint32_t>(__builtin_ctz(left));
    Settle(entries[cpu]);
    Clear(cpu);
  }
}

void HandOverLateEntry(uint32_t cpu) {
  LateEntry& entry = entries[cpu];
  const bool stores = entry.state == LateEntry::State::kWaiting;
  if (stores) {
    SetResumeStore(per_cpu[cpu], entry.slot, entry.value);
    entry.state = LateEntry::State::kHandedOver;
  }
  if (stores != entry.gate_stores) {
    SetResumeStores(cpu, stores);
    entry.gate_stores = stores;
  }
}

void OnResumed(uint32_t cpu) {
  if (entries[cpu].state == LateEntry::State::kHandedOver) {
    Clear(cpu);
  }
}

}  // namespace gk::arch
