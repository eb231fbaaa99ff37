#include "guest/kernel/vm/region_tree.h"

#include <gtest/gtest.h>

#include <map>
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
  RefPtr<VmoPaged> vmo_;
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

}  // namespace
}  // namespace gk
