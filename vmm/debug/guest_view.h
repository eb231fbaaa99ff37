// Guest memory by virtual address, as the CPU sees it with a given page-table root: four levels, leaves of 4 KiB, 2 MiB
// and 1 GiB (SDM volume 3A, section 4.5).
//
// The guest may have written nonsense into its tables: every step is checked against RAM, and a walk has at most four.
// Permissions are reported, not obeyed: who debugs reads and writes what is mapped. Memory that is not RAM (device
// registers) is never touched, since reading it could change it.
//
// Pure functions of what RAM holds: any thread. Sensible answers need a guest that stands still.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "devices/core/guest_memory.h"
#include "vmm/debug/memory_reader.h"

namespace vmm {

struct WalkStep {
  int level;       // 4 down to 1
  uint64_t table;  // guest-physical address of the table
  uint64_t index;  // of the entry in it
  uint64_t entry;  // as the guest wrote it (vmm/arch/x86_64/page_table_entry.h); zero where it could not be read
};

enum class WalkEnd {
  kMapped,
  kNotCanonical,  // no such address; no step was made
  kNotPresent,    // the last step's entry is not present
  kTableNotRam,   // the last step's table lies outside RAM
  kReservedBits,  // the last step's entry has bits that the CPU would refuse with a page fault
};

struct PageWalk {
  uint64_t address = 0;
  WalkEnd end = WalkEnd::kNotCanonical;
  size_t step_count = 0;
  std::array<WalkStep, 4> steps = {};
  // Only with kMapped. A page may lie outside RAM (device registers).
  uint64_t physical = 0;   // of the address itself, not of its page
  uint64_t page_size = 0;  // 4 KiB, 2 MiB or 1 GiB
  // What all levels together allow.
  bool writable = false;
  bool user = false;
  bool executable = false;

  [[nodiscard]] bool mapped() const { return end == WalkEnd::kMapped; }
  [[nodiscard]] std::span<const WalkStep> made() const { return std::span(steps).first(step_count); }
};

// `root`: what CR3 holds; its low 12 bits do not count.
[[nodiscard]] PageWalk WalkPageTables(const dev::GuestMemory& memory, uint64_t root, uint64_t address);

class GuestView final : public MemoryReader {
 public:
  // `memory` outlives this object.
  GuestView(const dev::GuestMemory& memory, uint64_t root) : memory_(&memory), root_(root) {}

  [[nodiscard]] uint64_t root() const { return root_; }
  [[nodiscard]] PageWalk Walk(uint64_t address) const { return WalkPageTables(*memory_, root_, address); }
  // The guest-physical address; nullopt where nothing is mapped.
  [[nodiscard]] std::optional<uint64_t> Translate(uint64_t address) const;

  // Both stop at the first byte that is not mapped, or is mapped to something other than RAM; so does the end of the
  // address space. They return the number of bytes copied.
  [[nodiscard]] size_t Read(uint64_t address, std::span<std::byte> into) const override;
  // Writes through read-only mappings too.
  [[nodiscard]] size_t Write(uint64_t address, std::span<const std::byte> from) const;

 private:
  // The host's bytes behind [address, address + size), shortened to the end of the page; empty where there are none.
  [[nodiscard]] std::span<std::byte> Bytes(uint64_t address, size_t size) const;

  const dev::GuestMemory* memory_;
  uint64_t root_;
};

}  // namespace vmm
