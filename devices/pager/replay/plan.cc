#include "devices/pager/replay/plan.h"

#include <algorithm>
#include <numeric>
#include <span>

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

uint64_t TotalLength(const std::vector<ReadRange>& ranges) {
  return std::accumulate(ranges.begin(), ranges.end(), uint64_t{0},
                         [](uint64_t sum, const ReadRange& range) { return sum + range.length; });
}

// What continues its predecessor made part of that.
std::vector<ReadRange> InOrder(std::span<const ReadRange> reads) {
  std::vector<ReadRange> ranges;
  for (const ReadRange& read : reads) {
    if (!ranges.empty() && ranges.back().offset + ranges.back().length == read.offset) {
      ranges.back().length += read.length;
    } else {
      ranges.push_back(read);
    }
  }
  return ranges;
}

}  // namespace

Plan::Plan(std::vector<ReadRange> reads, const PlanOptions& options)
    : options_(options), reads_(std::move(reads)), fetched_(reads_.size()) {
  for (size_t i = 0; i < reads_.size(); ++i) {
    by_offset_.emplace_back(reads_[i].offset, i);
    longest_ = std::max(longest_, reads_[i].length);
  }
  std::sort(by_offset_.begin(), by_offset_.end());
}

Plan::Fetch Plan::TakeStep() {
  if (stopped_ || diverged() || next_ >= reads_.size()) {
    return {};
  }
  const size_t first = next_;
  uint64_t bytes = 0;
  do {
    bytes += reads_[next_++].length;
  } while (next_ < reads_.size() && next_ - first < options_.step_reads &&
           bytes + reads_[next_].length <= options_.step_bytes);
  steps_.push_back({.first = first, .end = next_});
  const std::span<const ReadRange> reads = std::span(reads_).subspan(first, next_ - first);
  std::vector<ReadRange> in_order = InOrder(reads);
  std::vector<ReadRange> merged = Merge({reads.begin(), reads.end()});
  const bool by_offset = merged.size() <= in_order.size() / 2 || TotalLength(merged) != TotalLength(in_order);
  return {.step = steps_.size() - 1, .ranges = std::move(by_offset ? merged : in_order)};
}

void Plan::OnFetched(size_t step) {
  for (size_t read = steps_[step].first; read < steps_[step].end; ++read) {
    fetched_[read] = true;
  }
}

// The recorded read that this one begins in: the next one from where the guest is, else the last one before.
std::optional<size_t> Plan::Find(const ReadRange& read) const {
  auto at = std::upper_bound(by_offset_.begin(), by_offset_.end(), std::pair(read.offset, SIZE_MAX));
  std::optional<size_t> next;
  std::optional<size_t> before;
  for (size_t looked = 0; at != by_offset_.begin() && looked < kMostLookedAt; ++looked) {
    --at;
    const auto& [offset, index] = *at;
    if (read.offset - offset >= longest_) {
      break;
    }
    if (read.offset - offset >= reads_[index].length) {
      continue;
    }
    if (index >= at_) {
      next = std::min(next.value_or(index), index);
    } else {
      before = std::max(before.value_or(index), index);
    }
  }
  return next ? next : before;
}

std::optional<size_t> Plan::OnRead(const ReadRange& read) {
  const std::optional<size_t> found = Find(read);
  strangers_ = found ? 0 : strangers_ + 1;
  if (!found) {
    return std::nullopt;
  }
  at_ = std::max(at_, *found);
  if (fetched_[*found]) {
    OnLost(*found);
    return std::nullopt;
  }
  return found;
}

void Plan::GoOnBehind(size_t read, uint64_t length) {
  if (length >= kStreamBytes) {
    next_ = std::min(reads_.size(), read + kLead);
  } else {
    next_ = reads_[read].length > length ? read : read + 1;
  }
}

void Plan::OnLost(size_t index) {
  if (index < lost_from_ || index - lost_from_ >= kLostWindow) {
    lost_from_ = index;
    lost_ = 0;
  }
  if (++lost_ * kLostShare > kLostWindow) {
    Stop();
  }
}

}  // namespace pager::replay
