// The plainest possible description of a VMO that a pager supplies, and of one copy on write of it: for each page what
// the kernel knows of it and its first word, and for an access which requests the pager gets before it ends.
#pragma once

#include <zircon/types.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace model {

enum class PagerPage : uint8_t { kAbsent, kCleanZero, kDirtyZero, kClean, kDirty, kAwaitingClean };

// One entry of zx_pager_query_dirty_ranges, in pages.
struct DirtyRun {
  uint64_t first;
  uint64_t end;
  bool zero;
  bool operator==(const DirtyRun& other) const {
    return first == other.first && end == other.end && zero == other.zero;
  }
};

enum class Modified : uint8_t { kNo, kYes, kUnknown };

class PagerReference {
 public:
  // Writes look up and ask for pages in windows of as many.
  static constexpr uint64_t kWriteWindow = 16;

  PagerReference(uint64_t pages, bool traps) : traps_(traps), pages_(pages), clone_(pages), clone_limit_(pages) {}

  [[nodiscard]] uint64_t size() const { return pages_.size(); }
  [[nodiscard]] bool traps() const { return traps_; }
  [[nodiscard]] PagerPage state(uint64_t page) const { return pages_[page].state; }
  [[nodiscard]] uint64_t word(uint64_t page) const { return pages_[page].word; }
  [[nodiscard]] uint64_t clone_size() const { return clone_.size(); }
  [[nodiscard]] bool CloneOwns(uint64_t page) const { return clone_[page].owned; }
  [[nodiscard]] uint64_t CloneWord(uint64_t page) const {
    return clone_[page].owned ? clone_[page].word : SeenByClone(page) ? pages_[page].word : 0;
  }
  // Mappings may still show zeros there, from before a writeback, although the page is absent.
  [[nodiscard]] bool MayShowZeros(uint64_t page) const { return pages_[page].may_show_zeros; }
  // The clone shows the root's page there.
  [[nodiscard]] bool SeenByClone(uint64_t page) const { return !clone_[page].owned && page < clone_limit_; }

  // ---- What a pager does
  void Supply(uint64_t page, PagerPage state, uint64_t word) {
    if (pages_[page].state == PagerPage::kAbsent) {
      pages_[page] = {state, word, false};
    }
  }
  // Precondition: no page of the range is absent.
  void Dirty(uint64_t first, uint64_t end) {
    for (uint64_t page = first; page < end; ++page) {
      MakeDirty(page);
    }
  }
  void BeginWriteback(uint64_t first, uint64_t end, bool zero_only);
  void EndWriteback();  // of the whole VMO
  Modified TakeModified() { return std::exchange(modified_, Modified::kNo); }

  // ---- What programs do, where no request is needed
  void Zero(uint64_t first, uint64_t end);
  void Resize(uint64_t pages);
  void MakeClone() {
    clone_.assign(size(), {});
    clone_limit_ = size();
  }
  void ZeroClone(uint64_t first, uint64_t end) {
    for (uint64_t page = first; page < end; ++page) {
      clone_[page] = {true, false, 0};
    }
  }

  void Write(uint64_t page, uint64_t word);
  void WriteThroughMapping(uint64_t page, uint64_t word);
  void Commit(uint64_t page);
  void WriteClone(uint64_t page, uint64_t word) { clone_[page] = {true, true, word}; }

  // ---- What there is to see
  [[nodiscard]] std::vector<DirtyRun> DirtyRuns() const;
  [[nodiscard]] uint64_t CommittedPages() const;
  [[nodiscard]] uint64_t CloneCommittedPages() const {
    return static_cast<uint64_t>(std::count_if(clone_.begin(), clone_.end(), [](const Own& own) { return own.page; }));
  }
  // A write there asks for permission first.
  [[nodiscard]] bool NeedsPermission(uint64_t page) const {
    return traps_ && state(page) != PagerPage::kAbsent && state(page) != PagerPage::kDirty;
  }

 private:
  struct Page {
    PagerPage state = PagerPage::kAbsent;
    uint64_t word = 0;
    bool may_show_zeros = false;
  };
  struct Own {
    bool owned = false;
    bool page = false;  // else zeros without a page
    uint64_t word = 0;
  };
  // A run of pages in kDirtyZero. Its first pages, up to awaiting_end, are being written back.
  struct ZeroRun {
    uint64_t first;
    uint64_t end;
    uint64_t awaiting_end;
  };

  void MakeDirty(uint64_t page) {
    if (pages_[page].state == PagerPage::kDirtyZero) {
      TakeFromZeroRuns(page);
    }
    pages_[page].state = PagerPage::kDirty;
  }
  void AddToZeroRuns(uint64_t page);
  void TakeFromZeroRuns(uint64_t page);

  bool traps_;
  std::vector<Page> pages_;
  std::vector<ZeroRun> zero_runs_;  // by first; never adjacent
  Modified modified_ = Modified::kNo;
  std::vector<Own> clone_;
  uint64_t clone_limit_;
};

inline void PagerReference::AddToZeroRuns(uint64_t page) {
  pages_[page] = {PagerPage::kDirtyZero, 0, false};
  ZeroRun run{page, page + 1, page};
  auto next = std::find_if(zero_runs_.begin(), zero_runs_.end(), [&](const ZeroRun& r) { return r.end >= page; });
  if (next != zero_runs_.end() && next->end == page) {
    run.first = next->first;
    run.awaiting_end = next->awaiting_end;
    next = zero_runs_.erase(next);
  }
  if (next != zero_runs_.end() && next->first == page + 1) {
    run.end = next->end;  // no longer the start of a run, so its writeback no longer counts
    next = zero_runs_.erase(next);
  }
  zero_runs_.insert(next, run);
}

inline void PagerReference::TakeFromZeroRuns(uint64_t page) {
  const auto it = std::find_if(zero_runs_.begin(), zero_runs_.end(),
                               [&](const ZeroRun& run) { return run.first <= page && page < run.end; });
  const ZeroRun run = *it;
  auto next = zero_runs_.erase(it);
  if (page + 1 < run.end) {
    next = zero_runs_.insert(next, {page + 1, run.end, std::max(run.awaiting_end, page + 1)});
  }
  if (run.first < page) {
    zero_runs_.insert(next, {run.first, page, std::min(run.awaiting_end, page)});
  }
}

inline void PagerReference::BeginWriteback(uint64_t first, uint64_t end, bool zero_only) {
  for (uint64_t page = first; page < end; ++page) {
    if (!zero_only && pages_[page].state == PagerPage::kDirty) {
      pages_[page].state = PagerPage::kAwaitingClean;
    }
  }
  for (ZeroRun& run : zero_runs_) {
    if (first <= run.first && run.first < end) {
      run.awaiting_end = std::max(run.awaiting_end, std::min(end, run.end));
    }
  }
}

inline void PagerReference::EndWriteback() {
  for (Page& page : pages_) {
    if (page.state == PagerPage::kAwaitingClean) {
      page.state = PagerPage::kClean;
    }
  }
  for (ZeroRun& run : zero_runs_) {
    for (; run.first < run.awaiting_end; ++run.first) {
      pages_[run.first] = {PagerPage::kAbsent, 0, true};
    }
  }
  zero_runs_.erase(
      std::remove_if(zero_runs_.begin(), zero_runs_.end(), [](const ZeroRun& run) { return run.first == run.end; }),
      zero_runs_.end());
}

inline void PagerReference::Zero(uint64_t first, uint64_t end) {
  bool changed = false;
  for (uint64_t page = first; page < end; ++page) {
    if (state(page) != PagerPage::kCleanZero && state(page) != PagerPage::kDirtyZero) {
      AddToZeroRuns(page);
      changed = true;
    }
  }
  if (modified_ != Modified::kYes) {
    modified_ = changed ? Modified::kYes : Modified::kUnknown;
  }
}

inline void PagerReference::Resize(uint64_t pages) {
  const uint64_t old = size();
  for (uint64_t page = pages; page < old; ++page) {
    if (state(page) == PagerPage::kDirtyZero) {
      TakeFromZeroRuns(page);
    }
  }
  pages_.resize(pages);
  for (uint64_t page = old; page < pages; ++page) {
    AddToZeroRuns(page);
  }
  clone_limit_ = std::min(clone_limit_, pages);
  modified_ = Modified::kYes;
}

inline void PagerReference::Write(uint64_t page, uint64_t word) {
  MakeDirty(page);
  pages_[page].word = word;
  modified_ = Modified::kYes;
}

inline void PagerReference::WriteThroughMapping(uint64_t page, uint64_t word) {
  // A store to a page that is dirty and mapped goes unnoticed.
  const bool noticed = state(page) != PagerPage::kDirty;
  const Modified before = modified_;
  Write(page, word);
  modified_ = noticed || before == Modified::kYes ? Modified::kYes : Modified::kUnknown;
}

inline void PagerReference::Commit(uint64_t page) {
  if (state(page) == PagerPage::kCleanZero) {
    pages_[page].state = PagerPage::kClean;
  } else if (state(page) == PagerPage::kDirtyZero) {
    MakeDirty(page);
    modified_ = modified_ == Modified::kYes ? Modified::kYes : Modified::kUnknown;
  }
}

inline std::vector<DirtyRun> PagerReference::DirtyRuns() const {
  std::vector<DirtyRun> runs;
  for (uint64_t page = 0; page < size(); ++page) {
    const PagerPage is = state(page);
    const bool zero = is == PagerPage::kDirtyZero;
    if (!zero && is != PagerPage::kDirty && is != PagerPage::kAwaitingClean) {
      continue;
    }
    if (!runs.empty() && runs.back().end == page && runs.back().zero == zero) {
      ++runs.back().end;
    } else {
      runs.push_back({page, page + 1, zero});
    }
  }
  return runs;
}

inline uint64_t PagerReference::CommittedPages() const {
  return static_cast<uint64_t>(std::count_if(pages_.begin(), pages_.end(), [](const Page& page) {
    return page.state == PagerPage::kClean || page.state == PagerPage::kDirty ||
           page.state == PagerPage::kAwaitingClean;
  }));
}

}  // namespace model
