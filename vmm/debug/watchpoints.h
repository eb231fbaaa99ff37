// Watchpoints without the help of a CPU. For writes memory is compared with what it was, after every instruction, which
// sees those that change something, whoever made them. For reads, and for accesses of either kind, each instruction is
// looked at before it runs: its own address space counts, not another mapping of the same memory.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "devices/core/guest_memory.h"
#include "vmm/debug/memory_access.h"
#include "vmm/gdb/target.h"

namespace vmm {

class Watchpoints {
 public:
  // `memory` outlives this object.
  explicit Watchpoints(const dev::GuestMemory& memory) : memory_(&memory) {}

  // `root`: the address space that the address is in. kInvalid: none, or more than kMostBytes.
  gdb::Outcome<> Insert(const gdb::Point& point, uint64_t root);
  void Remove(const gdb::Point& point);
  void Clear() { watched_.clear(); }
  [[nodiscard]] bool Has(const gdb::Point& point) const;
  [[nodiscard]] bool any() const { return !watched_.empty(); }
  // Whether something is watched that programs cannot write.
  [[nodiscard]] bool WatchesKernel(uint64_t kernel_root) const;

  // What watches writes and has changed since it was asked last; memory that is not mapped has not.
  [[nodiscard]] std::optional<gdb::Point> TakeChanged();

  // Whether accesses are to be known before they are made.
  [[nodiscard]] bool NeedsAccesses() const;
  // What watches one of these accesses of an instruction in the address space `root`, other than by comparing.
  [[nodiscard]] std::optional<gdb::Point> FindAccessed(uint64_t root, std::span<const MemoryAccess> accesses) const;
  // What is compared and will be changed by one of them, if it writes something else than what is there.
  [[nodiscard]] std::optional<gdb::Point> FindWritten(uint64_t root, std::span<const MemoryAccess> accesses) const;

  static constexpr uint64_t kMostBytes = 4096;

 private:
  struct Watched {
    gdb::Point point;
    uint64_t root;
    std::vector<std::byte> value;  // empty: not seen yet
  };

  template <typename Counts>
  [[nodiscard]] std::optional<gdb::Point> Find(uint64_t root, std::span<const MemoryAccess> accesses,
                                               Counts counts) const;
  [[nodiscard]] std::vector<std::byte> Read(const Watched& watched) const;

  const dev::GuestMemory* memory_;
  std::vector<Watched> watched_;
};

}  // namespace vmm
