#include "guest/kernel/vm/reclaim.h"

#include <optional>
#include <span>
#include <utility>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/page_queue.h"
#include "guest/kernel/vm/paged_content.h"

namespace gk {
namespace reclaim {

constinit uint64_t pages_go_every = 0;
constinit uint64_t expected_pages = 0;
constinit ShortageObserver* shortage_observer = nullptr;
constinit RoomObserver* room_observer = nullptr;
constinit RoomObserver* freed_observer = nullptr;

namespace {

constexpr uint64_t kWatermarkFraction = 64;
constexpr uint64_t kLeastWatermark = 128;  // 512 KiB: a few reads of a source with the tables to map them
constexpr uint64_t kMostWatermark = 4096;  // 16 MiB

// How many pages may have their second chance in one go: a few milliseconds. What comes after them goes even if it was
// used; next time there are fewer.
constexpr unsigned kMostChances = 1u << 14;

// What was brought ahead is at most this part of memory, and of what could be taken back.
constexpr uint64_t kAheadOfMemory = 4;
constexpr uint64_t kAheadOfReclaimable = 2;
// It has its turn like others when so many times all of memory has been used since it came.
constexpr uint32_t kPatience = 4;

struct Candidates {
  base::IntrusiveList<Reclaimable, ReclaimTag> objects;  // the least recently used first, like all of them
  PageQueue not_needed;
  PageQueue pages;
  PageQueue ahead;
  PageQueue always_needed;
  uint32_t last_use = 0;  // counts uses; stamps are compared by their difference, so it may wrap
};
constinit Candidates candidates;

PageQueue& QueueOf(const Page& page) {
  switch (page.hint) {
    case PageHint::kNone:
      return candidates.pages;
    case PageHint::kDontNeed:
      return candidates.not_needed;
    case PageHint::kAlwaysNeed:
      return candidates.always_needed;
    case PageHint::kAhead:
      return candidates.ahead;
  }
  Panic("no such hint");
}

bool IsOlder(uint32_t stamp, uint32_t other) { return static_cast<int32_t>(stamp - other) < 0; }

// Pages on their way out, neighbours of one content: what shows them is told of all at once.
class Victims {
 public:
  [[nodiscard]] PageIndex count() const { return count_; }

  void Add(const Page& page) {
    const bool continues = page.object.owner == content_ && page.object.index == first_ + count_;
    if (!continues || base::IsAligned(page.object.index, kMost)) {
      Evict();
      content_ = page.object.owner;
      first_ = page.object.index;
    }
    ++count_;
  }
  void Evict() {
    if (count_ != 0) {
      content_->EvictPages(first_, count_);
      count_ = 0;
    }
  }

 private:
  // What one page-table entry may show goes as a whole, so that it need not be cut.
  static constexpr PageIndex kMost = base::kPagesPerLargePage;

  PagedContent* content_ = nullptr;
  PageIndex first_ = 0;
  PageIndex count_ = 0;
};

class Reclaimer {
 public:
  // Leaves the `spared` most recently used pages alone. Those that have their second chance are then among them: what
  // else there is must do.
  explicit Reclaimer(uint64_t spared) : spared_(spared) { BeginRound(); }

  // One step towards more memory. False: nobody is left who could give any.
  bool Step() {
    if (Page* page = candidates.not_needed.front(); page != nullptr) {
      Take(*page);
      return true;
    }
    if (Page* page = ForgottenPage(); page != nullptr) {
      TakeUnlessUsed(*page);
      return true;
    }
    Page* page = FirstPage();
    if (page != nullptr && (candidates.objects.empty() || IsOlder(page->object.use_stamp, OldestObject()))) {
      TakeUnlessUsed(*page);
      return true;
    }
    if (!candidates.objects.empty()) {
      freed_ |= candidates.objects.PopFront()->Reclaim() != 0;
      return true;
    }
    page = candidates.ahead.front();
    if (page != nullptr && !std::exchange(second_round_, true)) {
      BeginRound();
      return true;
    }
    if (page != nullptr) {
      TakeUnlessUsed(*page);
      return true;
    }
    page = candidates.always_needed.front();
    if (page != nullptr) {
      Take(*page);
    }
    return page != nullptr;
  }

  // Those that are as good as free.
  [[nodiscard]] PageIndex taken() const { return victims_.count(); }

  // True when anything was freed.
  bool Finish() {
    victims_.Evict();
    return freed_;
  }

 private:
  void BeginRound() {
    const Page* newest = candidates.pages.FromBack(spared_);
    if (spared_ == 0) {
      last_ = candidates.last_use + kFarAhead;
    } else if (newest != nullptr) {
      last_ = newest->object.use_stamp;
    }
  }

  [[nodiscard]] Page* FirstPage() const {
    Page* page = candidates.pages.front();
    return page != nullptr && last_ && !IsOlder(*last_, page->object.use_stamp) ? page : nullptr;
  }
  [[nodiscard]] static Page* ForgottenPage() {
    Page* page = candidates.ahead.front();
    const auto patience = static_cast<uint32_t>(Min(kPatience * TotalPageCount(), uint64_t{kFarAhead}));
    return page != nullptr && IsOlder(page->object.use_stamp + patience, candidates.last_use) ? page : nullptr;
  }
  static uint32_t OldestObject() { return candidates.objects.begin()->use_stamp(); }

  // With the page go, or stay, those that one large page-table entry shows with it: there is one mark for all of them,
  // and taking them one by one would cut the entry.
  void TakeUnlessUsed(Page& page) {
    PagedContent& content = *page.object.owner;
    Page* run = content.FindEvictableRun(page);
    const std::span<Page> pages = run != nullptr ? std::span(run, base::kPagesPerLargePage) : std::span(&page, 1);
    const bool can_go = run != nullptr || content.CanEvict(page);
    const bool stays = chances_ != 0 && can_go && content.TakeAccessedMarks(pages.front().object.index, pages.size());
    chances_ -= stays ? 1 : 0;
    for (Page& each : pages) {
      if (stays) {
        MarkUsed(each);
      } else {
        Take(each);
      }
    }
  }

  void Take(Page& page) {
    Remove(page);
    if (page.object.owner->CanEvict(page)) {
      victims_.Add(page);
      freed_ = true;
    }
  }

  static constexpr uint32_t kFarAhead = 1u << 30;

  const uint64_t spared_;
  bool second_round_ = false;     // those that had their chance have none any more: others have had none at all
  std::optional<uint32_t> last_;  // the stamp of the last page that may go; none: they are all spared
  Victims victims_;
  unsigned chances_ = kMostChances;
  bool freed_ = false;
};

bool ReclaimUntil(uint64_t free_pages, uint64_t spared) {
  Reclaimer reclaimer(spared);
  while (FreePageCount() + reclaimer.taken() < free_pages && reclaimer.Step()) {
  }
  return reclaimer.Finish();
}

// What is read ahead without a large page is shown by entries for small ones, at eight times the faults, and lies
// scattered in turn: without this a third of a stream did (64 MiB of memory). More pages than were asked for may go,
// but no more than a small part of memory.
void ReclaimUntilLargePage() {
  constexpr uint64_t kFractionOfMemory = 16;
  const uint64_t most = FreePageCount() + TotalPageCount() / kFractionOfMemory;
  while (!HasRun(base::kPagesPerLargePage) && FreePageCount() < most &&
         ReclaimUntil(FreePageCount() + 1, LowWatermark() / 2)) {
  }
}

}  // namespace

uint64_t LowWatermark() { return Max(kLeastWatermark, Min(kMostWatermark, TotalPageCount() / kWatermarkFraction)); }
uint64_t HighWatermark() { return 2 * LowWatermark(); }

void MarkUsed(Reclaimable& object) {
  Remove(object);
  object.set_use_stamp(++candidates.last_use);
  candidates.objects.PushBack(object);
}

void Remove(Reclaimable& object) {
  if (object.is_linked()) {
    object.Unlink();
  }
}

void MarkUsed(Page& page) {
  Remove(page);
  if (page.hint == PageHint::kDontNeed || page.hint == PageHint::kAhead) {
    page.hint = PageHint::kNone;
  }
  Offer(page);
}

void Offer(Page& page) {
  Remove(page);
  page.object.use_stamp = ++candidates.last_use;
  QueueOf(page).PushBack(page);
}

void Remove(Page& page) {
  if (PageQueue::IsQueued(page)) {
    QueueOf(page).Remove(page);
  }
}

void SetHint(Page& page, PageHint hint) {
  const bool queued = PageQueue::IsQueued(page);
  Remove(page);
  page.hint = hint;
  if (queued) {
    Offer(page);
  }
}

// Pages that have just arrived may not have been seen by those who wait for them. If they went they would be asked for
// again, for ever when there is nothing else to take.
void ReclaimToHighWatermark() {
  if (shortage_observer != nullptr) {
    shortage_observer->OnShortage();
  }
  ReclaimUntil(HighWatermark() + expected_pages, LowWatermark() / 2);
  if (expected_pages >= base::kPagesPerLargePage) {
    ReclaimUntilLargePage();
  }
  expected_pages = 0;
}

namespace {

uint64_t MostAhead() {
  const uint64_t free = FreePageCount() - Min(FreePageCount(), HighWatermark());
  const uint64_t reclaimable = free + candidates.pages.size() + candidates.ahead.size();
  return Min(TotalPageCount() / kAheadOfMemory, reclaimable / kAheadOfReclaimable);
}

}  // namespace

RoomAhead FindRoomAhead(uint64_t pages) {
  if (candidates.ahead.size() >= MostAhead()) {
    return RoomAhead::kNone;
  }
  const bool free = FreePageCount() >= LowWatermark() + pages;
  if (free && (pages < base::kPagesPerLargePage || HasRun(base::kPagesPerLargePage))) {
    return RoomAhead::kEnough;
  }
  Expect(pages);
  return RoomAhead::kNotFree;
}

void AwaitFreed(RoomObserver* observer) { freed_observer = observer; }

void TellOfFreed() { std::exchange(freed_observer, nullptr)->OnFreed(); }

void AwaitRoomAhead(RoomObserver* observer) { room_observer = observer; }

// Not for each page: whoever is told has something to do.
void TellOfRoomAhead() {
  if (const uint64_t most = MostAhead(); most != 0 && candidates.ahead.size() <= most / 2) {
    std::exchange(room_observer, nullptr)->OnRoomAhead();
  }
}

void Expect(uint64_t pages) { expected_pages = Max(expected_pages, pages); }

bool ReclaimAll() { return ReclaimUntil(UINT64_MAX, 0); }

void OnSafePointOfTest() {
  static constinit uint64_t safe_points = 0;
  if (++safe_points % pages_go_every == 0) {
    ReclaimUntil(FreePageCount() + 1, 0);
  }
}

PageStatistics GetPageStatistics() {
  return {.pages = candidates.not_needed.size() + candidates.pages.size() + candidates.ahead.size() +
                   candidates.always_needed.size(),
          .not_needed_pages = candidates.not_needed.size(),
          .ahead_pages = candidates.ahead.size()};
}

}  // namespace reclaim

Page* AllocateContiguousReclaiming(size_t count, uint64_t alignment) {
  Page* first = AllocateContiguous(count, alignment);
  while (first == nullptr && reclaim::ReclaimAll()) {
    first = AllocateContiguous(count, alignment);
  }
  return first;
}

}  // namespace gk
