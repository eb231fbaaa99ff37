#include "vmm/debug/guest_view.h"

#include <algorithm>
#include <cstring>

#include "shared/base/range.h"
#include "vmm/arch/x86_64/page_table_entry.h"

namespace vmm {
namespace {

// A leaf's address without the bits that lie below its page, one of which is not part of it.
uint64_t PageAddress(uint64_t value, uint64_t page_size) {
  return base::AlignDown(value & entry::kAddressMask, page_size);
}

bool IsLeaf(uint64_t value, int level) { return level == 1 || (value & entry::kLargePage) != 0; }

// Tables 4-15 to 4-17: bit 7 of a top entry, and the bits between a large leaf's address and its PAT bit. Bits above
// the width of a physical address, which is the host's, then lie outside RAM anyway.
bool HasReservedBits(uint64_t value, int level) {
  if ((value & entry::kLargePage) == 0 || level == 1) {
    return false;
  }
  const uint64_t address_bits = value & entry::kAddressMask & ~entry::kLargePat;
  return level == entry::kTopLevel || !base::IsAligned(address_bits, uint64_t{1} << entry::Shift(level));
}

void AddPermissions(PageWalk& walk, uint64_t value) {
  walk.writable = walk.writable && (value & entry::kWritable) != 0;
  walk.user = walk.user && (value & entry::kUser) != 0;
  walk.executable = walk.executable && (value & entry::kNoExecute) == 0;
}

PageWalk Ended(PageWalk walk, WalkEnd end) {
  walk.end = end;
  walk.writable = walk.user = walk.executable = false;
  return walk;
}

}  // namespace

PageWalk WalkPageTables(const dev::GuestMemory& memory, uint64_t root, uint64_t address) {
  PageWalk walk = {.address = address, .writable = true, .user = true, .executable = true};
  if (!entry::IsCanonical(address)) {
    return Ended(walk, WalkEnd::kNotCanonical);
  }
  uint64_t table = root & entry::kAddressMask;
  for (int level = entry::kTopLevel; level > 0; --level) {
    WalkStep& step = walk.steps[walk.step_count++];
    step = {.level = level, .table = table, .index = entry::Index(address, level), .entry = 0};
    if (!memory.CopyIn(table + step.index * sizeof(step.entry), std::as_writable_bytes(std::span(&step.entry, 1)))) {
      return Ended(walk, WalkEnd::kTableNotRam);
    }
    if ((step.entry & entry::kPresent) == 0) {
      return Ended(walk, WalkEnd::kNotPresent);
    }
    if (HasReservedBits(step.entry, level)) {
      return Ended(walk, WalkEnd::kReservedBits);
    }
    AddPermissions(walk, step.entry);
    if (IsLeaf(step.entry, level)) {
      walk.page_size = uint64_t{1} << entry::Shift(level);
      walk.physical = PageAddress(step.entry, walk.page_size) + (address & (walk.page_size - 1));
      walk.end = WalkEnd::kMapped;
      return walk;
    }
    table = step.entry & entry::kAddressMask;
  }
  return walk;  // not reached: level 1 is a leaf or ends the walk
}

std::optional<uint64_t> GuestView::Translate(uint64_t address) const {
  const PageWalk walk = Walk(address);
  return walk.mapped() ? std::optional(walk.physical) : std::nullopt;
}

std::span<std::byte> GuestView::Bytes(uint64_t address, size_t size) const {
  const PageWalk walk = Walk(address);
  if (!walk.mapped()) {
    return {};
  }
  const uint64_t rest_of_page = walk.page_size - (address & (walk.page_size - 1));
  const auto range = dev::GuestRange::Create(walk.physical, std::min<uint64_t>(size, rest_of_page));
  const auto bytes = range ? memory_->Span(*range) : std::nullopt;
  return bytes.value_or(std::span<std::byte>());
}

size_t GuestView::Read(uint64_t address, std::span<std::byte> into) const {
  size_t done = 0;
  while (done < into.size() && done <= UINT64_MAX - address) {
    const std::span<std::byte> bytes = Bytes(address + done, into.size() - done);
    if (bytes.empty()) {
      break;
    }
    dev::CopyOnce(into.subspan(done, bytes.size()), bytes);
    done += bytes.size();
  }
  return done;
}

size_t GuestView::Write(uint64_t address, std::span<const std::byte> from) const {
  size_t done = 0;
  while (done < from.size() && done <= UINT64_MAX - address) {
    const std::span<std::byte> bytes = Bytes(address + done, from.size() - done);
    if (bytes.empty()) {
      break;
    }
    std::memcpy(bytes.data(), from.data() + done, bytes.size());
    done += bytes.size();
  }
  return done;
}

}  // namespace vmm
