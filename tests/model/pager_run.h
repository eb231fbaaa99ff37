// An access to a VMO that a pager supplies, as the reference sees it: which requests the pager gets before it ends.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tests/model/pager_reference.h"

namespace model {

enum class AccessKind : uint8_t { kRead, kWrite, kLoad, kStore, kCommit, kCloneRead, kCloneWrite, kCloneLoad };
inline constexpr uint8_t kAccessKinds = 8;

struct PagerAccess {
  AccessKind kind;
  uint64_t first;
  uint64_t count;
  uint64_t word;  // the first word of each page, for those that write
};

enum class StepKind : uint8_t { kRead, kDirty, kDone };
// What comes next of an access: a request to the pager, or its end.
struct Step {
  StepKind kind;
  uint64_t first;
  uint64_t count;
};

// An access on its way: Next says what it needs, whoever drives it gives that to the reference, and so on.
class PagerRun {
 public:
  PagerRun(PagerReference& reference, const PagerAccess& access)
      : reference_(reference), access_(access), position_(access.first) {}

  // Does what can be done, and says what must be asked for then.
  [[nodiscard]] Step Next() {
    for (; position_ < End(); ++position_) {
      if (NeedsPage(position_)) {
        return RequestFrom(StepKind::kRead, [&](uint64_t page) { return NeedsPage(page); });
      }
      if (NeedsPermission(position_)) {
        return RequestFrom(StepKind::kDirty, [&](uint64_t page) { return NeedsPermission(page); });
      }
      Do(position_);
    }
    return {StepKind::kDone, 0, 0};
  }
  // The words that were read; meaningless for other accesses.
  [[nodiscard]] const std::vector<uint64_t>& words() const { return words_; }

 private:
  [[nodiscard]] uint64_t End() const { return access_.first + access_.count; }
  [[nodiscard]] bool OfClone() const { return access_.kind >= AccessKind::kCloneRead; }
  [[nodiscard]] bool Writes() const {
    return access_.kind == AccessKind::kWrite || access_.kind == AccessKind::kStore ||
           access_.kind == AccessKind::kCloneWrite;
  }
  [[nodiscard]] bool NeedsPage(uint64_t page) const {
    if (OfClone() && !reference_.SeenByClone(page)) {
      return false;
    }
    return reference_.state(page) == PagerPage::kAbsent;
  }
  [[nodiscard]] bool NeedsPermission(uint64_t page) const {
    if (access_.kind == AccessKind::kCommit) {
      return reference_.traps() && reference_.state(page) == PagerPage::kDirtyZero;
    }
    return Writes() && !OfClone() && reference_.NeedsPermission(page);
  }
  template <typename Needs>
  [[nodiscard]] Step RequestFrom(StepKind kind, Needs needs) const {
    uint64_t limit = End();
    if (Writes()) {
      const uint64_t done = (position_ - access_.first) / PagerReference::kWriteWindow;
      limit = std::min(limit, access_.first + (done + 1) * PagerReference::kWriteWindow);
    }
    uint64_t end = position_;
    while (end < limit && needs(end)) {
      ++end;
    }
    return {kind, position_, end - position_};
  }
  void Do(uint64_t page) {
    switch (access_.kind) {
      case AccessKind::kRead:
      case AccessKind::kLoad:
        words_.push_back(reference_.word(page));
        break;
      case AccessKind::kCloneRead:
      case AccessKind::kCloneLoad:
        words_.push_back(reference_.CloneWord(page));
        break;
      case AccessKind::kWrite:
        reference_.Write(page, access_.word);
        break;
      case AccessKind::kStore:
        reference_.WriteThroughMapping(page, access_.word);
        break;
      case AccessKind::kCommit:
        reference_.Commit(page);
        break;
      case AccessKind::kCloneWrite:
        reference_.WriteClone(page, access_.word);
        break;
    }
  }

  PagerReference& reference_;
  const PagerAccess access_;
  uint64_t position_;
  std::vector<uint64_t> words_;
};

}  // namespace model
