#include "vmm/debug/mapped_ranges.h"

#include <array>
#include <optional>
#include <span>

#include "shared/base/range.h"
#include "vmm/arch/x86_64/page_table_entry.h"

namespace vmm {
namespace {

// Of each, far more than the kernel's address space has, which shows all of RAM once.
constexpr size_t kMostRanges = 16384;
constexpr size_t kMostTables = size_t{1} << 17;

struct Rights {
  bool writable = true;
  bool user = true;
  bool executable = true;

  [[nodiscard]] Rights With(uint64_t value) const {
    return {.writable = writable && (value & entry::kWritable) != 0,
            .user = user && (value & entry::kUser) != 0,
            .executable = executable && (value & entry::kNoExecute) == 0};
  }
};

class Walker {
 public:
  explicit Walker(const dev::GuestMemory& memory) : memory_(memory) {}

  // `base`: the address that the table's first entry is for, as a number of 48 bits.
  void Visit(uint64_t table_address, int level, uint64_t base, const Rights& rights) {
    std::array<uint64_t, entry::kEntriesPerTable> table;
    if (++tables_ > kMostTables || found_.ranges.size() >= kMostRanges) {
      found_.complete = false;
      return;
    }
    if (!memory_.CopyIn(table_address, std::as_writable_bytes(std::span(table)))) {
      return;
    }
    for (uint64_t index = 0; index < table.size() && found_.complete; ++index) {
      const uint64_t value = table[index];
      const uint64_t address = base + (index << entry::Shift(level));
      if ((value & entry::kPresent) == 0) {
        continue;
      }
      if (level == 1 || (value & entry::kLargePage) != 0) {
        AddPage(address, value, level, rights.With(value));
      } else {
        Visit(value & entry::kAddressMask, level - 1, address, rights.With(value));
      }
    }
  }

  [[nodiscard]] MappedRanges Take() { return std::move(found_); }

 private:
  void AddPage(uint64_t address, uint64_t value, int level, const Rights& rights) {
    const uint64_t size = uint64_t{1} << entry::Shift(level);
    const auto page = dev::GuestRange::Create(base::AlignDown(value & entry::kAddressMask, size), size);
    if (level == entry::kTopLevel || !page || !memory_.Contains(*page)) {
      return;
    }
    constexpr uint64_t kSignBit = uint64_t{1} << 47;
    const uint64_t canonical = (address & kSignBit) != 0 ? address | ~(2 * kSignBit - 1) : address;
    if (!found_.ranges.empty()) {
      MappedRange& last = found_.ranges.back();
      if (last.address + last.size == canonical && last.writable == rights.writable && last.user == rights.user &&
          last.executable == rights.executable) {
        last.size += size;
        return;
      }
    }
    found_.ranges.push_back({.address = canonical,
                             .size = size,
                             .writable = rights.writable,
                             .user = rights.user,
                             .executable = rights.executable});
  }

  const dev::GuestMemory& memory_;
  MappedRanges found_;
  size_t tables_ = 0;
};

}  // namespace

MappedRanges FindMappedRanges(const dev::GuestMemory& memory, uint64_t root) {
  Walker walker(memory);
  walker.Visit(root & entry::kAddressMask, entry::kTopLevel, 0, {});
  return walker.Take();
}

}  // namespace vmm
