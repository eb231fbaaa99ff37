// What the tests of snapshots share: objects with a number in each page, and what they cost.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

#include "guest/kernel/vm/page_tree.h"
#include "tests/guest/kernel/vm/vm_fixture.h"

namespace gk {

class SnapshotTest : public VmTest {
 protected:
  static Result<RefPtr<Vmo>> TryClone(Vmo& parent, uint64_t first, uint64_t pages,
                                      Resizability resizability = Resizability::kFixed,
                                      ChildKind kind = ChildKind::kSnapshot) {
    return parent.CreateChild(kind, first * kPageSize, pages * kPageSize, resizability);
  }
  static RefPtr<Vmo> Clone(Vmo& parent, uint64_t first, uint64_t pages,
                           Resizability resizability = Resizability::kFixed) {
    return TryClone(parent, first, pages, resizability).value();
  }
  static RefPtr<Vmo> Lazy(Vmo& parent, uint64_t first, uint64_t pages,
                          Resizability resizability = Resizability::kFixed) {
    return TryClone(parent, first, pages, resizability, ChildKind::kSnapshotAtLeastOnWrite).value();
  }
  static RefPtr<Vmo> Slice(Vmo& parent, uint64_t first, uint64_t pages) {
    return TryClone(parent, first, pages, Resizability::kFixed, ChildKind::kSlice).value();
  }

  static void Put(Vmo& vmo, uint64_t page, uint8_t value) { ASSERT_TRUE(vmo.Write(&value, page * kPageSize, 1).ok()); }
  static int Get(Vmo& vmo, uint64_t page) {
    uint8_t value = 0;
    return vmo.Read(&value, page * kPageSize, 1).ok() ? value : -1;
  }
  static std::vector<int> All(Vmo& vmo) {
    std::vector<int> values;
    for (uint64_t page = 0; page < vmo.size() / kPageSize; ++page) {
      values.push_back(Get(vmo, page));
    }
    return values;
  }

  // A resizable object with 1, 2, 3, … at the start of its pages.
  static RefPtr<Vmo> Tagged(uint64_t pages) {
    RefPtr<Vmo> vmo = MakeVmo(pages, Resizability::kResizable);
    for (uint64_t page = 0; page < pages; ++page) {
      Put(*vmo, page, static_cast<uint8_t>(page + 1));
    }
    return vmo;
  }

  static zx_status_t Zero(Vmo& vmo, uint64_t first, uint64_t pages) {
    return ValueOf(vmo.Zero(first * kPageSize, pages * kPageSize));
  }
  // The fair share, in pages.
  static double Cost(const Vmo& vmo) {
    const Attribution cost = vmo.GetAttribution();
    return (static_cast<double>(cost.scaled_bytes) +
            static_cast<double>(cost.scaled_fraction) / static_cast<double>(Attribution::kOneByte)) /
           static_cast<double>(kPageSize);
  }
  static uint64_t Used() {
    const PmmStatistics statistics = GetPmmStatistics();
    return statistics.total_pages - statistics.free_pages;
  }
};

// The fair shares of several objects, in pages.
#define EXPECT_COST(vmo, pages) EXPECT_NEAR(Cost(*(vmo)), (pages), 1e-6) << #vmo

}  // namespace gk
