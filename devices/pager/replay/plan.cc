#include "devices/pager/replay/plan.h"

#include <algorithm>

#include "shared/base/range.h"

namespace pager::replay {

namespace {

// How many recorded reads that start at or before a page are looked at: a plan may ask for the same ones again and
// again.
constexpr size_t kMostLookedAt = 512;

// Sorted, and what touches or overlaps made one.
std::vector<ReadRange> Merge(std::vector<ReadRange> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.offset < b.offset; });
  std::vector<ReadRange> merged;
  for (const ReadRange& range : ranges) {
    if (!merged.empty() && range.offset <= merged.back().offset + merged.back().length) {
      const uint64_t end = std::max(merged.back().offset + merged.back().length, range.offset + range.length);
      merged.back().length = end - merged.back().offset;
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

// `ranges` without the page at `offset`.
std::vector<ReadRange> Without(const std::vector<ReadRange>& ranges, uint64_t offset) {
  std::vector<ReadRange> rest;
  for (const ReadRange& range : ranges) {
    const uint64_t end = range.offset + range.length;
    if (offset < range.offset || offset >= end) {
      rest.push_back(range);
      continue;
    }
    if (offset > range.offset) {
      rest.push_back({.offset = range.offset, .length = offset - range.offset});
    }
    if (offset + base::kPageSize < end) {
      rest.push_back({.offset = offset + base::kPageSize, .length = end - offset - base::kPageSize});
    }
  }
  return rest;
}

}  // namespace

Plan::Plan(std::vector<ReadRange> reads, const PlanOptions& options) : reads_(std::move(reads)) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < reads_.size(); ++i) {
    const bool fits = !steps_.empty() && i - steps_.back().first < options.step_reads &&
                      bytes + reads_[i].length <= options.step_bytes;
    if (fits) {
      steps_.back().end = i + 1;
      bytes += reads_[i].length;
    } else {
      steps_.push_back({.first = i, .end = i + 1});
      bytes = reads_[i].length;
    }
    by_offset_.emplace_back(reads_[i].offset, i);
    longest_ = std::max(longest_, reads_[i].length);
  }
  std::sort(by_offset_.begin(), by_offset_.end());
}

// The first step is known to begin: the guest has the object. The last ones start nothing.
bool Plan::HasMark(size_t step) const { return step != 0 && step + 1 < steps_.size(); }

Plan::Fetch Plan::TakeStep() {
  if (stopped_ || next_step_ >= steps_.size() || next_step_ > at_ + ahead_) {
    return {};
  }
  const size_t number = next_step_++;
  const Step& step = steps_[number];
  std::vector<ReadRange> ranges(reads_.begin() + static_cast<std::ptrdiff_t>(step.first),
                                reads_.begin() + static_cast<std::ptrdiff_t>(step.end));
  ranges = Merge(std::move(ranges));
  if (HasMark(number)) {
    ranges = Without(ranges, reads_[step.first].offset);
  }
  return {.step = number, .ranges = std::move(ranges)};
}

size_t Plan::StepOf(size_t index) const {
  const auto after = std::upper_bound(steps_.begin(), steps_.end(), index,
                                      [](size_t wanted, const Step& step) { return wanted < step.first; });
  return static_cast<size_t>(after - steps_.begin()) - 1;
}

// The recorded read that this one begins in: the next one from where the guest is, else the last one before.
std::optional<size_t> Plan::Find(const ReadRange& read) const {
  auto at = std::upper_bound(by_offset_.begin(), by_offset_.end(), std::pair(read.offset, SIZE_MAX));
  std::optional<size_t> next;
  std::optional<size_t> before;
  const size_t here = steps_.empty() ? 0 : steps_[at_].first;
  for (size_t looked = 0; at != by_offset_.begin() && looked < kMostLookedAt; ++looked) {
    --at;
    const auto& [offset, index] = *at;
    if (read.offset - offset >= longest_) {
      break;
    }
    if (read.offset - offset >= reads_[index].length) {
      continue;
    }
    if (index >= here) {
      next = std::min(next.value_or(index), index);
    } else {
      before = std::max(before.value_or(index), index);
    }
  }
  return next ? next : before;
}

void Plan::OnRead(const ReadRange& read) {
  const std::optional<size_t> found = Find(read);
  if (!found) {
    ++strangers_;
    return;
  }
  strangers_ = 0;
  const size_t step = StepOf(*found);
  const bool is_mark = HasMark(step) && read.offset == reads_[steps_[step].first].offset;
  if (step >= next_step_ || is_mark) {
    lost_ = is_mark ? lost_ : 0;
    ArriveAt(step);
    return;
  }
  if (!steps_[step].fetched) {
    return;  // the guest was faster than the pages on their way
  }
  if (++lost_ * kLostShare > steps_[step].end - steps_[step].first) {
    lost_ = 0;
    if (ahead_ == 0) {
      Stop();
    } else {
      --ahead_;
    }
  }
}

// What the guest has passed by is not fetched any more.
void Plan::ArriveAt(size_t step) {
  at_ = std::max(at_, step);
  next_step_ = std::max(next_step_, step);
}

}  // namespace pager::replay
