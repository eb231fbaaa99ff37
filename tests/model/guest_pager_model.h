// A pager VMO of this program and a copy of it, the reference of both, and what is done to them at random.
#pragma once

#include <lib/zx/pager.h>
#include <lib/zx/port.h>
#include <lib/zx/vmo.h>
#include <stdio.h>
#include <zircon/status.h>
#include <zxtest/zxtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>

#include "tests/model/guest_toucher.h"
#include "tests/model/pager_reference.h"
#include "tests/model/pager_run.h"

namespace model {

class PagerModel {
 public:
  PagerModel(uint64_t random_seed, bool traps)
      : random_(random_seed), reference_(kMaxPages / 2, traps), root_(CreateRoot(traps)), toucher_(root_, clone_) {
    MakeClone();
  }
  PagerModel(const PagerModel&) = delete;
  PagerModel& operator=(const PagerModel&) = delete;
  ~PagerModel() { pager_.reset(); }  // ends an access that waits because something differed
  // False: something differs, which has been printed.
  bool DoOne();

 private:
  struct Range {
    uint64_t first;
    uint64_t count;
    [[nodiscard]] uint64_t end() const { return first + count; }
  };

  zx::vmo CreateRoot(bool traps);
  void MakeClone();
  uint64_t Below(uint64_t limit) { return random_() % limit; }
  Range RandomRange(uint64_t size, uint64_t limit) {
    const uint64_t first = Below(size);
    return {first, 1 + Below(std::min(size - first, limit))};
  }
  bool Complain(const char* what, uint64_t expected, uint64_t actual) {
    printf("%s: %lu instead of %lu\n", what, actual, expected);
    return false;
  }
  bool IsOk(const char* what, zx_status_t status, zx_status_t expected = ZX_OK) {
    if (status != expected) {
      printf("%s: %s instead of %s\n", what, zx_status_get_string(status), zx_status_get_string(expected));
    }
    return status == expected;
  }

  bool Touch();
  bool EndsWithOldZeros(const PagerAccess& access, const Step& step);
  bool TakePacket(const Step& step);
  enum class Answer : uint8_t { kGiven, kFailed, kEndedByResize };
  bool Reply(const PagerAccess& access, const Step& step, Answer* answer);
  bool CompareEnd(const PagerAccess& access, const PagerRun& run);

  bool Supply(Range range);
  bool Op(uint32_t op, Range range, uint64_t data = 0) {
    return IsOk("zx_pager_op_range",
                pager_.op_range(op, root_.vmo(), range.first * kPageSize, range.count * kPageSize, data));
  }
  bool Dirty(Range range);
  bool Resize(uint64_t pages);
  bool ZeroSomething();
  bool Writeback();
  bool ActAsPager();

  bool Compare();
  bool CompareDirtyRuns();
  bool CompareModified();

  std::mt19937_64 random_;
  PagerReference reference_;
  zx::port port_;
  zx::pager pager_;
  MappedVmo root_;
  std::unique_ptr<MappedVmo> clone_;
  Toucher toucher_;
  uint64_t next_word_ = 1;
};

}  // namespace model
