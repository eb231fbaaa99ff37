// Software breakpoints: which addresses are wanted, and the `int3` bytes that stand in guest memory because of them.
//
// A wanted address holds in every address space that has the same code there: it is planted where the address is mapped
// now, and again whenever the guest says that it has mapped code. All programs are linked at one address, and in
// another program's code the byte could lie in the middle of an instruction: so what the first place has there decides.
// The byte stands in *physical* memory, and programs share the pages of their text, so it may be hit at another address
// than the wanted one: IsWanted tells, and whoever asks steps over it.
//
// A byte that the guest has overwritten meanwhile (its page was freed and used again) is not ours any more: it is
// neither shown as something else nor put back. Page tables of address spaces that are gone are recognised by their
// entry for the nucleus, which all living ones share.
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "devices/core/guest_memory.h"
#include "vmm/debug/guest_view.h"

namespace vmm {

// The kernel's image and the nucleus begin here, in every address space or in none.
inline constexpr uint64_t kKernelBase = 0xffff'ffff'8000'0000;

class BreakpointTable {
 public:
  // `memory` outlives this object.
  explicit BreakpointTable(const dev::GuestMemory& memory) : memory_(&memory) {}

  // The page tables in which kernel addresses are looked up.
  void SetKernelRoot(uint64_t root) { kernel_root_ = root; }
  // `root` has executable pages at [address, address + pages * 4096): plants what is wanted there. True: it is new.
  bool OnCodeMapped(uint64_t root, uint64_t address, uint64_t pages);
  // Address spaces that were alive when they were last looked at, the newest last.
  [[nodiscard]] std::vector<uint64_t> LivingRoots() const;

  // `root`: one more address space in which to plant, that of whoever asks. Idempotent.
  void Want(uint64_t address, uint64_t root);
  void Forget(uint64_t address);
  void ForgetAll();
  // One address in one address space, for a moment: behind a system call, for example.
  void WantOnce(uint64_t address, uint64_t root);
  void ForgetOnce(uint64_t address, uint64_t root);

  [[nodiscard]] bool IsWanted(uint64_t address) const { return wanted_.contains(address); }
  [[nodiscard]] bool IsWantedOnce(uint64_t address, uint64_t root) const {
    return once_.contains({address, RootFor(address, root)});
  }
  // Whether an `int3` at `address` in `root` is one of ours.
  [[nodiscard]] std::optional<uint64_t> FindPlanted(uint64_t address, uint64_t root) const;

  // Takes the byte at this guest-physical address out for a moment, so that what it hides can be executed; puts it
  // back.
  void Lift(uint64_t physical);
  void Replant(uint64_t physical);
  void LiftAll();
  void ReplantAll();

  // `bytes` are a copy of what lies at `physical`: shows what the guest wrote there.
  void Hide(uint64_t physical, std::span<std::byte> bytes) const;
  // Writes `bytes` there, below what is planted.
  bool Write(uint64_t physical, std::span<const std::byte> bytes);

  [[nodiscard]] size_t planted_count() const { return planted_.size(); }

 private:
  struct Place {
    uint64_t address;
    uint64_t root;
    auto operator<=>(const Place&) const = default;
  };
  struct Planted {
    std::byte original;
    std::set<Place> reasons;  // never empty; a reason of `wanted_` has kEveryRoot
  };
  static constexpr uint64_t kEveryRoot = UINT64_MAX;
  // The code at a breakpoint and behind it, as the guest wrote it; empty where none is mapped.
  using Code = std::vector<std::byte>;

  [[nodiscard]] uint64_t RootFor(uint64_t address, uint64_t root) const;
  [[nodiscard]] bool IsLiving(uint64_t root) const;
  [[nodiscard]] std::optional<uint64_t> NucleusEntry(uint64_t root) const;
  [[nodiscard]] bool Stands(uint64_t physical) const;
  [[nodiscard]] Code CodeAt(uint64_t address, uint64_t root) const;
  void PlantWanted(uint64_t address, uint64_t root);
  void Plant(uint64_t address, uint64_t root, const Place& reason);
  void Unplant(const Place& reason);

  const dev::GuestMemory* memory_;
  uint64_t kernel_root_ = 0;
  std::vector<uint64_t> roots_;            // the guest has mapped code in them
  std::optional<uint64_t> nucleus_entry_;  // of a living user root
  std::map<uint64_t, Code> wanted_;        // what lies there, once something does
  std::set<Place> once_;
  std::map<uint64_t, Planted> planted_;  // by guest-physical address
};

}  // namespace vmm
