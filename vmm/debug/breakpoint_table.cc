#include "vmm/debug/breakpoint_table.h"

#include <algorithm>

#include "shared/base/range.h"

namespace vmm {
namespace {

constexpr std::byte kInt3{0xcc};

// Enough for every program that a guest can have at a time; of more, the oldest are forgotten.
constexpr size_t kMostRoots = 256;

constexpr uint64_t kMostCompared = 32;

constexpr uint64_t kLastEntryOffset = 511 * sizeof(uint64_t);

}  // namespace

uint64_t BreakpointTable::RootFor(uint64_t address, uint64_t root) const {
  return address >= kKernelBase && kernel_root_ != 0 ? kernel_root_ : root;
}

// The top-level entry that maps the nucleus.
std::optional<uint64_t> BreakpointTable::NucleusEntry(uint64_t root) const {
  uint64_t entry = 0;
  if (!memory_->CopyIn(base::AlignDown(root, base::kPageSize) + kLastEntryOffset,
                       std::as_writable_bytes(std::span(&entry, 1)))) {
    return std::nullopt;
  }
  return entry;
}

bool BreakpointTable::IsLiving(uint64_t root) const { return nucleus_entry_ && NucleusEntry(root) == nucleus_entry_; }

std::vector<uint64_t> BreakpointTable::LivingRoots() const {
  std::vector<uint64_t> living;
  std::copy_if(roots_.begin(), roots_.end(), std::back_inserter(living), [this](uint64_t r) { return IsLiving(r); });
  return living;
}

bool BreakpointTable::OnCodeMapped(uint64_t root, uint64_t address, uint64_t pages) {
  nucleus_entry_ = NucleusEntry(root);
  const bool is_new = std::erase(roots_, root) == 0;
  roots_.push_back(root);
  if (roots_.size() > kMostRoots) {
    roots_.erase(roots_.begin());
  }
  // Nothing wraps around: the guest may have said anything.
  const uint64_t last = address + std::min(pages * base::kPageSize - 1, UINT64_MAX - address);
  for (auto wanted = wanted_.lower_bound(address); wanted != wanted_.end() && wanted->first <= last; ++wanted) {
    PlantWanted(wanted->first, root);
  }
  for (const Place& place : once_) {
    if (place.root == root && place.address >= address && place.address <= last) {
      Plant(place.address, root, place);
    }
  }
  return is_new;
}

void BreakpointTable::Want(uint64_t address, uint64_t root) {
  wanted_.try_emplace(address);
  PlantWanted(address, RootFor(address, root));
  if (address < kKernelBase) {
    for (const uint64_t living : LivingRoots()) {
      PlantWanted(address, living);
    }
  }
}

BreakpointTable::Code BreakpointTable::CodeAt(uint64_t address, uint64_t root) const {
  Code code(std::min(kMostCompared, base::kPageSize - address % base::kPageSize));
  const std::optional<uint64_t> physical = GuestView(*memory_, root).Translate(address);
  if (!physical || !memory_->CopyIn(*physical, code)) {
    return {};
  }
  Hide(*physical, code);
  return code;
}

void BreakpointTable::PlantWanted(uint64_t address, uint64_t root) {
  const Code code = CodeAt(address, root);
  Code& expected = wanted_.at(address);
  if (expected.empty()) {
    expected = code;
  }
  if (!code.empty() && code == expected) {
    Plant(address, root, {address, kEveryRoot});
  }
}

void BreakpointTable::Forget(uint64_t address) {
  if (wanted_.erase(address) != 0) {
    Unplant({address, kEveryRoot});
  }
}

void BreakpointTable::ForgetAll() {
  wanted_.clear();
  once_.clear();
  while (!planted_.empty()) {
    Unplant(*planted_.begin()->second.reasons.begin());
  }
}

void BreakpointTable::WantOnce(uint64_t address, uint64_t root) {
  const Place place = {address, RootFor(address, root)};
  once_.insert(place);
  Plant(address, place.root, place);
}

void BreakpointTable::ForgetOnce(uint64_t address, uint64_t root) {
  const Place place = {address, RootFor(address, root)};
  once_.erase(place);
  Unplant(place);
}

std::optional<uint64_t> BreakpointTable::FindPlanted(uint64_t address, uint64_t root) const {
  std::optional<uint64_t> physical = GuestView(*memory_, root).Translate(address);
  if (physical && !planted_.contains(*physical)) {
    physical.reset();
  }
  return physical;
}

bool BreakpointTable::Stands(uint64_t physical) const {
  std::byte now{};
  return memory_->CopyIn(physical, std::span(&now, 1)) && now == kInt3;
}

void BreakpointTable::Plant(uint64_t address, uint64_t root, const Place& reason) {
  const std::optional<uint64_t> physical = GuestView(*memory_, root).Translate(address);
  std::byte original{};
  if (!physical || !memory_->CopyIn(*physical, std::span(&original, 1))) {
    return;
  }
  auto [planted, is_new] = planted_.try_emplace(*physical);
  planted->second.reasons.insert(reason);
  if (is_new || original != kInt3) {
    planted->second.original = original;
    Replant(*physical);
  }
}

void BreakpointTable::Unplant(const Place& reason) {
  for (auto planted = planted_.begin(); planted != planted_.end();) {
    auto& [physical, what] = *planted;
    if (what.reasons.erase(reason) != 0 && what.reasons.empty()) {
      Lift(physical);
      planted = planted_.erase(planted);
    } else {
      ++planted;
    }
  }
}

void BreakpointTable::Lift(uint64_t physical) {
  const auto planted = planted_.find(physical);
  if (planted != planted_.end() && Stands(physical)) {
    (void)memory_->CopyOut(physical, std::span(&planted->second.original, 1));
  }
}

void BreakpointTable::Replant(uint64_t physical) {
  const auto planted = planted_.find(physical);
  std::byte now{};
  // Somebody else's byte by now is left alone.
  if (planted != planted_.end() && memory_->CopyIn(physical, std::span(&now, 1)) && now == planted->second.original) {
    (void)memory_->CopyOut(physical, std::span(&kInt3, 1));
  }
}

void BreakpointTable::LiftAll() {
  for (const auto& [physical, planted] : planted_) {
    Lift(physical);
  }
}

void BreakpointTable::ReplantAll() {
  for (const auto& [physical, planted] : planted_) {
    Replant(physical);
  }
}

void BreakpointTable::Hide(uint64_t physical, std::span<std::byte> bytes) const {
  for (auto planted = planted_.lower_bound(physical);
       planted != planted_.end() && planted->first - physical < bytes.size(); ++planted) {
    std::byte& shown = bytes[planted->first - physical];
    shown = shown == kInt3 ? planted->second.original : shown;
  }
}

bool BreakpointTable::Write(uint64_t physical, std::span<const std::byte> bytes) {
  if (!memory_->CopyOut(physical, bytes)) {
    return false;
  }
  for (auto planted = planted_.lower_bound(physical);
       planted != planted_.end() && planted->first - physical < bytes.size(); ++planted) {
    planted->second.original = bytes[planted->first - physical];
    Replant(planted->first);
  }
  return true;
}

}  // namespace vmm
