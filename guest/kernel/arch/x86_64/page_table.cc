#include "guest/kernel/arch/x86_64/page_table.h"

#include "guest/kernel/arch/x86_64/page_table_entry.h"
#include "guest/kernel/arch/x86_64/page_table_walker.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/pmm.h"

namespace gk::arch {
namespace {

// Bits 47 to 63 of an address are equal (SDM volume 1, section 3.3.7.1).
bool IsCanonical(VirtualAddress va) {
  const uint64_t top = va >> 47;
  return top == 0 || top == (UINT64_MAX >> 47);
}

// A memory type by the number of its entry in IA32_PAT, whose bits are kEntryCacheDisable and kEntryWriteThrough
// (memory_types.h, SDM volume 3A, section 11.12.3).
uint64_t CachingBits(Caching caching) {
  switch (caching) {
    case Caching::kCached:
      return 0;
    case Caching::kWriteCombining:
      return kEntryWriteThrough;
    case Caching::kUncached:
      return kEntryCacheDisable | kEntryWriteThrough;
  }
  Panic("no such caching");
}

uint64_t LeafBits(const MappingAttributes& attributes) {
  uint64_t bits = kEntryPresent;
  bits |= attributes.access.write ? kEntryWritable : 0;
  bits |= attributes.access.execute ? 0 : kEntryNoExecute;
  bits |= attributes.user ? kEntryUser : 0;
  bits |= CachingBits(attributes.caching);
  if (attributes.accessed) {
    bits |= kEntryAccessed | (attributes.access.write ? kEntryDirty : 0);
  }
  return bits;
}

Caching CachingOf(uint64_t leaf) {
  if ((leaf & kEntryCacheDisable) != 0) {
    return Caching::kUncached;
  }
  return (leaf & kEntryWriteThrough) != 0 ? Caching::kWriteCombining : Caching::kCached;
}

MappingAttributes AttributesOf(uint64_t leaf) {
  return {.access = {.read = true, .write = (leaf & kEntryWritable) != 0, .execute = (leaf & kEntryNoExecute) == 0},
          .user = (leaf & kEntryUser) != 0,
          .caching = CachingOf(leaf),
          .accessed = (leaf & kEntryAccessed) != 0};
}

bool IsPermitted(Access access) { return access.read && !(access.write && access.execute); }

bool IsMapped(PageTable& table, VirtualAddress va, size_t pages) {
  return !PageTableWalker(table).Walk(va, pages, [](Page& page, unsigned level, unsigned index, const SlotRange&) {
    const uint64_t entry = page.data<uint64_t>()[index];
    if (!IsPresent(entry)) {
      return Step::kNext;
    }
    return IsLeaf(entry, level) ? Step::kFail : Step::kDescend;
  });
}

// Clears every leaf of the range. No leaf is cut by an end of the range: SplitLeafAt has seen to that.
void ClearLeaves(PageTable& table, VirtualAddress va, size_t pages, bool* cleared) {
  const bool walked =
      PageTableWalker(table).Walk(va, pages, [=](Page& page, unsigned level, unsigned index, const SlotRange& range) {
        const uint64_t entry = page.data<uint64_t>()[index];
        if (!IsPresent(entry)) {
          return Step::kNext;
        }
        if (!IsLeaf(entry, level)) {
          return Step::kDescend;
        }
        GK_ASSERT(range.whole);
        SetEntry(page, index, 0);
        *cleared = true;
        return Step::kNext;
      });
  GK_ASSERT(walked);
}

// Of the frames there is not more than one.
bool IsOne(std::span<const PhysicalAddress> frames) {
  size_t count = 0;
  for (size_t i = 0; i < frames.size() && count <= 1; ++i) {
    count += frames[i] != kNoFrame ? 1u : 0u;
  }
  return count <= 1;
}

}  // namespace

Result<PageTable> PageTable::Create() {
  Page* root = AllocateZeroedPage();
  if (root == nullptr) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  SetPageState(*root, PageState::kTable);
  root->table = {.next_retired = nullptr, .used = 0};
  return PageTable(root, false);
}

Result<PageTable> PageTable::CreateSharing(uint64_t root_entry) {
  PAGODA_TRY_ASSIGN(PageTable table, Create());
  SetEntry(*table.root_, kSharedRootSlot, root_entry);
  table.shares_root_slot_ = true;
  return table;
}

PageTable::PageTable(PageTable&& other) noexcept
    : root_(std::exchange(other.root_, nullptr)),
      retired_(std::exchange(other.retired_, nullptr)),
      table_pages_(std::exchange(other.table_pages_, 0)),
      needs_invalidation_(std::exchange(other.needs_invalidation_, false)),
      shares_root_slot_(other.shares_root_slot_) {}

PageTable& PageTable::operator=(PageTable&& other) noexcept {
  GK_ASSERT(root_ == nullptr);
  root_ = std::exchange(other.root_, nullptr);
  retired_ = std::exchange(other.retired_, nullptr);
  table_pages_ = std::exchange(other.table_pages_, 0);
  needs_invalidation_ = std::exchange(other.needs_invalidation_, false);
  shares_root_slot_ = other.shares_root_slot_;
  return *this;
}

PageTable::~PageTable() { GK_ASSERT(root_ == nullptr); }

Result<> PageTable::Map(VirtualAddress va, PhysicalAddress pa, size_t pages, const MappingAttributes& attributes) {
  if (!Accepts(va, pages) || !base::IsPageAligned(pa)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if (!IsPermitted(attributes.access)) {
    return Error(ZX_ERR_ACCESS_DENIED);
  }
  SettlePageTableEntries();
  if (IsMapped(*this, va, pages)) {
    return Error(ZX_ERR_ALREADY_EXISTS);
  }
  const uint64_t bits = LeafBits(attributes);
  const bool mapped =
      PageTableWalker(*this).Walk(va, pages, [=](Page& table, unsigned level, unsigned index, const SlotRange& range) {
        const PhysicalAddress target = pa + (range.first - va);
        const bool large = level == kLargeLeafLevel && range.whole && base::IsAligned(target, SlotSize(level));
        if (!large && level != 1) {
          return Step::kDescend;
        }
        SetEntry(table, index, target | bits | (large ? kEntryLarge : 0));
        return Step::kNext;
      });
  if (!mapped) {
    ClearLeaves(*this, va, pages, &needs_invalidation_);
    return Error(ZX_ERR_NO_MEMORY);
  }
  return {};
}

Result<> PageTable::MapFrames(VirtualAddress va, std::span<const PhysicalAddress> frames,
                              const MappingAttributes& attributes) {
  if (!Accepts(va, frames.size())) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if (!IsPermitted(attributes.access)) {
    return Error(ZX_ERR_ACCESS_DENIED);
  }
  const uint64_t bits = LeafBits(attributes);
  // Several stores into one table are cheaper done here: the first makes the host give up protecting it.
  const bool alone = IsOne(frames);
  SettlePageTableEntries();
  const bool mapped = PageTableWalker(*this).Walk(
      va, frames.size(), [=](Page& table, unsigned level, unsigned index, const SlotRange& range) {
        const uint64_t entry = table.data<uint64_t>()[index];
        if (level != 1) {
          return IsPresent(entry) && IsLeaf(entry, level) ? Step::kNext : Step::kDescend;
        }
        const PhysicalAddress frame = frames[(range.first - va) / kPageSize];
        if (!IsPresent(entry) && frame != kNoFrame) {
          SetEntry(table, index, frame | bits, alone ? StoreTime::kLate : StoreTime::kNow);
        }
        return Step::kNext;
      });
  return mapped ? Result<>() : Error(ZX_ERR_NO_MEMORY);
}

Result<> PageTable::Unmap(VirtualAddress va, size_t pages) {
  if (!Accepts(va, pages)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  SettlePageTableEntries();
  PAGODA_TRY(SplitLeafAt(va));
  PAGODA_TRY(SplitLeafAt(va + pages * kPageSize));
  ClearLeaves(*this, va, pages, &needs_invalidation_);
  return {};
}

Result<> PageTable::Protect(VirtualAddress va, size_t pages, Access access) {
  if (!access.read) {
    return Unmap(va, pages);
  }
  if (!Accepts(va, pages)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  SettlePageTableEntries();
  PAGODA_TRY(SplitLeafAt(va));
  PAGODA_TRY(SplitLeafAt(va + pages * kPageSize));
  const uint64_t cleared = access.write ? 0 : kEntryWritable;
  const uint64_t set = access.execute ? 0 : kEntryNoExecute;
  bool* changed = &needs_invalidation_;
  const bool walked =
      PageTableWalker(*this).Walk(va, pages, [=](Page& table, unsigned level, unsigned index, const SlotRange&) {
        const uint64_t entry = table.data<uint64_t>()[index];
        if (!IsPresent(entry)) {
          return Step::kNext;
        }
        if (!IsLeaf(entry, level)) {
          return Step::kDescend;
        }
        const uint64_t restricted = (entry & ~cleared) | set;
        if (restricted != entry) {
          SetEntry(table, index, restricted);
          *changed = true;
        }
        return Step::kNext;
      });
  GK_ASSERT(walked);
  return {};
}

std::optional<Translation> PageTable::Query(VirtualAddress va) const {
  SettlePageTableEntries();
  if (!IsCanonical(va)) {
    return std::nullopt;
  }
  const Page* table = root_;
  for (unsigned level = kLevels;; --level) {
    const uint64_t entry = table->data<uint64_t>()[SlotIndex(va, level)];
    if (!IsPresent(entry)) {
      return std::nullopt;
    }
    if (IsLeaf(entry, level)) {
      const uint64_t size = SlotSize(level);
      const PhysicalAddress frame = base::AlignDown(entry & kEntryAddress, size);
      return Translation{frame + va % size, AttributesOf(entry), (entry & kEntryDirty) != 0, size};
    }
    table = TableOf(entry);
  }
}

// A CPU that sets the Dirty bit between the load and the store loses it: nobody asks for that one. What says so already
// is not stored again: each store into the table of a large leaf is a trap on a host that shadows page tables, and a
// few of them make it forget all that the table maps.
bool PageTable::TakeAccessed(VirtualAddress va) {
  SettlePageTableEntries();
  if (!IsCanonical(va)) {
    return false;
  }
  Page* table = root_;
  for (unsigned level = kLevels;; --level) {
    const unsigned index = SlotIndex(va, level);
    const uint64_t entry = table->data<uint64_t>()[index];
    if (!IsPresent(entry)) {
      return false;
    }
    if (IsLeaf(entry, level)) {
      const bool accessed = (entry & kEntryAccessed) != 0;
      if (accessed) {
        SetEntry(*table, index, entry & ~kEntryAccessed);
      }
      return accessed;
    }
    table = TableOf(entry);
  }
}

void PageTable::OnInvalidated() {
  needs_invalidation_ = false;
  while (retired_ != nullptr) {
    Page* table = std::exchange(retired_, retired_->table.next_retired);
    FreeTables(table, 1);
  }
}

uint64_t PageTable::root_entry() const { return root_->data<uint64_t>()[kSharedRootSlot]; }

void PageTable::Destroy() {
  SettlePageTableEntries();
  OnInvalidated();
  FreeTables(std::exchange(root_, nullptr), kLevels);
  GK_ASSERT(table_pages_ == 0);
}

bool PageTable::Accepts(VirtualAddress va, size_t pages) const {
  if (pages == 0 || pages > (UINT64_MAX >> kPageShift) || !base::IsPageAligned(va)) {
    return false;
  }
  const VirtualAddress last = va + (pages * kPageSize - 1);
  const bool one_half = last >= va && IsCanonical(va) && IsCanonical(last) && (va >> 63) == (last >> 63);
  return one_half && !(shares_root_slot_ && SlotIndex(last, kLevels) == kSharedRootSlot);
}

// If a 2 MiB leaf begins before `va` and ends after it, replaces it by a table of 4 KiB leaves that says the same. The
// translation does not change, but a CPU may hold it in both sizes until it is told (SDM volume 3A, section 4.10.2.3).
Result<> PageTable::SplitLeafAt(VirtualAddress va) {
  const std::optional<Translation> leaf = Query(va);
  if (!leaf.has_value() || leaf->leaf_size == kPageSize || base::IsAligned(va, leaf->leaf_size)) {
    return {};
  }
  Page* table = root_;
  for (unsigned level = kLevels; level > kLargeLeafLevel; --level) {
    table = TableOf(table->data<uint64_t>()[SlotIndex(va, level)]);
  }
  Page* split = NewTable();
  if (split == nullptr) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  const unsigned index = SlotIndex(va, kLargeLeafLevel);
  const uint64_t first = table->data<uint64_t>()[index] & ~kEntryLarge;
  for (unsigned i = 0; i < kSlotsPerTable; ++i) {
    SetEntry(*split, i, first + i * kPageSize);
  }
  SetEntry(*table, index, TableEntry(*split));
  needs_invalidation_ = true;
  return {};
}

Page* PageTable::NewTable() {
  Page* table = AllocateZeroedPage();
  if (table != nullptr) {
    SetPageState(*table, PageState::kTable);
    table->table = {.next_retired = nullptr, .used = 0};
    ++table_pages_;
  }
  return table;
}

void PageTable::Retire(Page* table) {
  table->table.next_retired = std::exchange(retired_, table);
  needs_invalidation_ = true;
}

// Frees a table at `level` and all below it that are its own.
void PageTable::FreeTables(Page* table, unsigned level) {
  const unsigned slots = level == kLevels && shares_root_slot_ ? kSharedRootSlot : kSlotsPerTable;
  for (unsigned i = 0; level > 1 && i < slots && table->table.used != 0; ++i) {
    const uint64_t entry = table->data<uint64_t>()[i];
    if (IsPresent(entry) && !IsLeaf(entry, level)) {
      FreeTables(TableOf(entry), level - 1);
    }
  }
  FreePage(table);
  --table_pages_;
}

}  // namespace gk::arch
