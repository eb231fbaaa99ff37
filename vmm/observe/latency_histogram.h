// How long things took: counts in buckets that grow by a quarter of a power of two, so a quantile is off by at most an
// eighth of itself.
//
// A value: copied to be read elsewhere. No locks.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace vmm {

class LatencyHistogram {
 public:
  using Duration = std::chrono::nanoseconds;

  void Add(Duration took) {
    const uint64_t ns = static_cast<uint64_t>(std::max<int64_t>(took.count(), 0));
    ++buckets_[BucketOf(ns)];
    ++count_;
    total_ns_ += ns;
  }
  void Add(const LatencyHistogram& other) {
    for (size_t i = 0; i < kBuckets; ++i) {
      buckets_[i] += other.buckets_[i];
    }
    count_ += other.count_;
    total_ns_ += other.total_ns_;
  }

  [[nodiscard]] uint64_t count() const { return count_; }
  [[nodiscard]] Duration total() const { return Duration(total_ns_); }

  // What `fraction` (0 to 1) of them did not exceed, in the middle of its bucket; 0 when there are none.
  [[nodiscard]] Duration Quantile(double fraction) const {
    const auto wanted = std::max<uint64_t>(1, static_cast<uint64_t>(fraction * static_cast<double>(count_) + 0.5));
    uint64_t seen = 0;
    for (size_t i = 0; i < kBuckets && count_ != 0; ++i) {
      seen += buckets_[i];
      if (seen >= wanted) {
        return Duration(StartOf(i) + (StartOf(i + 1) - StartOf(i)) / 2);
      }
    }
    return Duration(0);
  }

  // How many took less than 2^exponent ns.
  [[nodiscard]] uint64_t CountBelowPower(unsigned exponent) const {
    const size_t end = std::min(kBuckets, BucketOf(uint64_t{1} << exponent));
    uint64_t count = 0;
    for (size_t i = 0; i < end; ++i) {
      count += buckets_[i];
    }
    return count;
  }

 private:
  static constexpr size_t kParts = 4;            // of each power of two
  static constexpr unsigned kLargestPower = 42;  // over an hour
  static constexpr size_t kBuckets = kParts * kLargestPower;

  // 0 to 7 have a bucket each.
  static constexpr size_t BucketOf(uint64_t ns) {
    if (ns < 2 * kParts) {
      return ns;
    }
    const auto power = static_cast<unsigned>(std::bit_width(ns)) - 1;
    const size_t part = ns >> (power - 2) & (kParts - 1);
    return std::min(kBuckets - 1, (power - 1) * kParts + part);
  }
  static constexpr uint64_t StartOf(size_t bucket) {
    if (bucket < 2 * kParts) {
      return bucket;
    }
    return (kParts + bucket % kParts) << (bucket / kParts - 1);
  }

  std::array<uint64_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
  uint64_t total_ns_ = 0;
};

}  // namespace vmm
