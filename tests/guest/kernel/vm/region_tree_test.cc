#include "guest/kernel/vm/region_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <random>

#include "tests/guest/kernel/vm/vm_fixture.h"

namespace gk {
namespace {

class RegionTreeTest : public VmTest {
 protected:
  RegionTreeTest() : space_(MakeSpace()), vmo_(MakeVmo(1)) {}
  ~RegionTreeTest() override {
    while (!tree_.empty()) {
      (void)tree_.Remove(*tree_.First());
    }
  }

  // Not part of the address space: only the tree knows it.
  Mapping* Insert(VirtualAddress base, uint64_t size) {
    RefPtr<Mapping> mapping = Mapping::Create(
        *space_, {.base = base, .size = size, .vmo = vmo_, .vmo_offset = 0, .access = kRead, .allowed = kRead});
    Mapping* raw = mapping.get();
    tree_.Insert(std::move(mapping));
    return raw;
  }

  RefPtr<AddressSpace> space_;
  RefPtr<Vmo> vmo_;
  RegionTree tree_{1};
};

TEST_F(RegionTreeTest, EmptyTreeFindsNothing) {
  EXPECT_EQ(tree_.Find(0), nullptr);
  EXPECT_EQ(tree_.First(), nullptr);
  EXPECT_EQ(tree_.FindFrom(UINT64_MAX), nullptr);
}

TEST_F(RegionTreeTest, RegionIsFoundByEachOfItsBytesAndNoOther) {
  Mapping* mapping = Insert(0x3000, 0x2000);
  EXPECT_EQ(tree_.Find(0x2fff), nullptr);
  EXPECT_EQ(tree_.Find(0x3000), mapping);
  EXPECT_EQ(tree_.Find(0x4fff), mapping);
  EXPECT_EQ(tree_.Find(0x5000), nullptr);
  EXPECT_EQ(tree_.FindFrom(0), mapping);
  EXPECT_EQ(tree_.FindFrom(0x5000), nullptr);
}

TEST_F(RegionTreeTest, AgreesWithAMapUnderRandomOperations) {
  std::mt19937 random(11);  // any seed will do
  std::map<VirtualAddress, Mapping*> model;
  for (int i = 0; i < 20000; ++i) {
    const VirtualAddress base = (random() % 1000) * kPageSize;
    const auto found = model.find(base);
    if (found == model.end()) {
      model[base] = Insert(base, kPageSize);
    } else if (random() % 2 == 0) {
      EXPECT_EQ(tree_.Remove(*found->second).get(), found->second);
      model.erase(found);
    }
    const VirtualAddress probe = (random() % 1000) * kPageSize;
    const auto next = model.lower_bound(probe);
    ASSERT_EQ(tree_.FindFrom(probe), next != model.end() ? next->second : nullptr);
    ASSERT_EQ(tree_.size(), model.size());
  }
  auto expected = model.begin();
  for (Region* region = tree_.First(); region != nullptr; region = tree_.Next(*region), ++expected) {
    ASSERT_EQ(region, expected->second);
  }
  EXPECT_EQ(expected, model.end());
}

// The lowest gap of `size` bytes in [from, end) between the ranges of `model`, found the slow way.
std::optional<RegionTree::Gap> LowestGap(const std::map<VirtualAddress, Mapping*>& model, VirtualAddress from,
                                         VirtualAddress end, uint64_t size) {
  VirtualAddress begin = from;
  for (const auto& [base, mapping] : model) {
    const VirtualAddress gap_end = std::min(base, end);
    if (gap_end > begin && gap_end - begin >= size) {
      return RegionTree::Gap{begin, gap_end};
    }
    begin = std::max(begin, mapping->end());
  }
  return begin < end && end - begin >= size ? std::optional(RegionTree::Gap{begin, end}) : std::nullopt;
}

TEST_F(RegionTreeTest, GapsAgreeWithAMapUnderRandomOperations) {
  constexpr uint64_t kPages = 3000;
  std::mt19937 random(12);  // any seed will do
  std::map<VirtualAddress, Mapping*> model;
  for (int i = 0; i < 20000; ++i) {
    const VirtualAddress base = (random() % kPages) * kPageSize;
    const uint64_t size = (1 + random() % 6) * kPageSize;
    const auto next = model.lower_bound(base);
    const bool free_after = next == model.end() || next->first >= base + size;
    const bool free_before = next == model.begin() || std::prev(next)->second->end() <= base;
    if (free_after && free_before) {
      model[base] = Insert(base, size);
    } else if (next != model.end()) {
      (void)tree_.Remove(*next->second);
      model.erase(next);
    }
    const VirtualAddress from = (random() % kPages) * kPageSize;
    const VirtualAddress end = from + (random() % kPages) * kPageSize;
    const uint64_t wanted = (1 + random() % 20) * kPageSize;
    const auto expected = LowestGap(model, from, end, wanted);
    const auto found = tree_.FindGap(from, end, wanted);
    ASSERT_EQ(found.has_value(), expected.has_value()) << i;
    ASSERT_TRUE(!found || (found->begin == expected->begin && found->end == expected->end)) << i;
  }
}

TEST_F(RegionTreeTest, LargeGapBehindThousandsOfSmallOnesIsFoundAtOnce) {
  constexpr uint64_t kCount = 1 << 16;
  for (uint64_t i = 0; i < kCount; ++i) {
    Insert(i * 2 * kPageSize, kPageSize);
  }
  const VirtualAddress end = kCount * 2 * kPageSize;
  Insert(end + 7 * kPageSize, kPageSize);
  const uint64_t before = tree_.visited();
  const auto gap = tree_.FindGap(0, end * 2, 8 * kPageSize);
  EXPECT_LE(tree_.visited() - before, 150u);  // depth is some 40
  ASSERT_TRUE(gap.has_value());
  EXPECT_EQ(gap->begin, end - kPageSize);
  EXPECT_FALSE(tree_.FindGap(0, end, 8 * kPageSize).has_value());
}

TEST_F(RegionTreeTest, InsertingAndRemovingTouchesAFewNodes) {
  constexpr uint64_t kCount = 1 << 16;
  for (uint64_t i = 0; i < kCount; ++i) {
    Insert(i * 2 * kPageSize, kPageSize);
  }
  const uint64_t before = tree_.visited();
  Mapping* mapping = Insert((kCount + 1) * kPageSize, kPageSize);
  (void)tree_.Remove(*mapping);
  EXPECT_LE(tree_.visited() - before, 300u);
}

}  // namespace
}  // namespace gk
