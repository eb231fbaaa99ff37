#include "guest/kernel/vm/region_walk.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/guest/kernel/vm/vm_fixture.h"

namespace gk {
namespace {

constexpr zx_vm_option_t kOptions = ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_SPECIFIC | ZX_VM_SPECIFIC;

class RegionWalkTest : public VmTest {
 protected:
  RegionWalkTest() : space_(MakeSpace()), vmo_(MakeVmo(1)), top_(Make(space_->root(), 0x1000, 100)) {}

  static RefPtr<Vmar> Make(Vmar& parent, uint64_t page, uint64_t pages) {
    return parent.Allocate({.offset = page * kPageSize, .size = pages * kPageSize, .options = kOptions}).value();
  }
  void Map(Vmar& vmar, uint64_t page) {
    const zx_vm_option_t options = kMapRead | ZX_VM_SPECIFIC;
    ASSERT_TRUE(vmar.Map({.vmo = vmo_, .length = kPageSize, .vmar_offset = page * kPageSize, .options = options}).ok());
  }
  // Depth, kind and page of each region; `at_step` runs before each step.
  std::string Walk(const std::function<void(int)>& at_step = [](int) {}) {
    RegionWalk walk(top_);
    std::string shown;
    for (int step = 0;; ++step) {
      at_step(step);
      const RefPtr<Region> region = walk.Next();
      if (!region) {
        return shown;
      }
      shown += std::to_string(walk.depth()) + (region->kind() == Region::Kind::kVmar ? "v" : "m") +
               std::to_string((region->base() - top_->base()) / kPageSize) + " ";
    }
  }

  RefPtr<AddressSpace> space_;
  RefPtr<Vmo> vmo_;
  RefPtr<Vmar> top_;
};

TEST_F(RegionWalkTest, RegionsComeBeforeWhatLiesInThem) {
  Map(*top_, 3);
  const RefPtr<Vmar> child = Make(*top_, 10, 20);
  const RefPtr<Vmar> grandchild = Make(*child, 0, 5);
  Map(*grandchild, 0);
  Map(*child, 7);
  Make(*top_, 40, 1);
  Map(*top_, 50);
  EXPECT_EQ(Walk(), "0v0 1m3 1v10 2v10 3m10 2m17 1v40 1m50 ");
}

TEST_F(RegionWalkTest, EmptyRegionIsAllThereIsAndADestroyedOneNothing) {
  EXPECT_EQ(Walk(), "0v0 ");
  ASSERT_TRUE(top_->Destroy().ok());
  EXPECT_EQ(Walk(), "");
}

TEST_F(RegionWalkTest, WalkGoesOnWhereTheLastRegionVanished) {
  for (const uint64_t page : {1u, 3u, 5u, 7u}) {
    Map(*top_, page);
  }
  const auto vanish = [&](int step) {
    if (step == 3) {  // page 3 was met last
      ASSERT_TRUE(top_->Unmap(top_->base() + 3 * kPageSize, 3 * kPageSize).ok());
    }
  };
  EXPECT_EQ(Walk(vanish), "0v0 1m1 1m3 1m7 ");
}

TEST_F(RegionWalkTest, WalkFindsItsDepthAgainWhenAWholeRegionVanished) {
  const RefPtr<Vmar> child = Make(*top_, 10, 20);
  Map(*child, 0);
  Map(*child, 5);
  Map(*top_, 50);
  const auto vanish = [&](int step) {
    if (step == 3) {
      ASSERT_TRUE(child->Destroy().ok());
    }
  };
  EXPECT_EQ(Walk(vanish), "0v0 1v10 2m10 1m50 ");
}

TEST_F(RegionWalkTest, WalkEndsWhenItsRegionVanishes) {
  Map(*top_, 1);
  Map(*top_, 3);
  const auto vanish = [&](int step) {
    if (step == 2) {
      ASSERT_TRUE(top_->Destroy().ok());
    }
  };
  EXPECT_EQ(Walk(vanish), "0v0 1m1 ");
}

}  // namespace
}  // namespace gk
