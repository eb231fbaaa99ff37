// Where mappings and regions go that ask for no fixed place.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <vector>

#include "guest/kernel/vm/api_policy.h"
#include "tests/guest/kernel/vm/vm_fixture.h"

namespace gk {
namespace {

constexpr zx_vm_option_t kCanMapAll =
    ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE | ZX_VM_CAN_MAP_SPECIFIC;
constexpr uint64_t kGiB = uint64_t{1} << 30;

class VmarPlaceTest : public VmTest {
 protected:
  VmarPlaceTest() : space_(MakeSpace()), root_(space_->root()), vmo_(MakeVmo(1)) {}
  ~VmarPlaceTest() override { api_policy = ApiPolicy::kDocumented; }

  RefPtr<Vmar> MakeRegion(uint64_t pages, zx_vm_option_t options = kCanMapAll) {
    return root_.Allocate({.size = pages * kPageSize, .options = options}).value();
  }
  Result<VirtualAddress> Map(Vmar& vmar, uint64_t pages, zx_vm_option_t options = 0, uint64_t offset = 0) {
    return vmar.Map({.vmo = vmo_,
                     .length = pages * kPageSize,
                     .vmar_offset = offset,
                     .options = options | ZX_VM_PERM_READ | ZX_VM_ALLOW_FAULTS});
  }

  RefPtr<AddressSpace> space_;
  Vmar& root_;
  RefPtr<Vmo> vmo_;
};

TEST_F(VmarPlaceTest, NothingLiesRightBesideAMappingWhileThereIsRoom) {
  const RefPtr<Vmar> region = MakeRegion(100);
  std::vector<VirtualAddress> places;
  for (int i = 0; i < 20; ++i) {
    places.push_back(Map(*region, 1).value());
  }
  std::sort(places.begin(), places.end());
  for (size_t i = 1; i < places.size(); ++i) {
    EXPECT_GE(places[i] - places[i - 1], 2 * kPageSize);
  }
}

TEST_F(VmarPlaceTest, RegionFillsCompletelyAllTheSame) {
  const RefPtr<Vmar> region = MakeRegion(100);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(Map(*region, 1).ok()) << i;
  }
  EXPECT_EQ(ValueOf(Map(*region, 1)), ZX_ERR_NO_RESOURCES);
}

TEST_F(VmarPlaceTest, EveryPlaceIsEquallyLikely) {
  constexpr uint64_t kPages = 16;
  constexpr int kRounds = 16000;
  const RefPtr<Vmar> region = MakeRegion(kPages);
  std::vector<int> hits(kPages);
  for (int i = 0; i < kRounds; ++i) {
    const VirtualAddress va = Map(*region, 1).value();
    ++hits[(va - region->base()) / kPageSize];
    ASSERT_TRUE(region->Unmap(va, kPageSize).ok());
  }
  for (const int count : hits) {
    EXPECT_NEAR(count, kRounds / kPages, 200);  // six standard deviations
  }
}

TEST_F(VmarPlaceTest, CompactRegionPacksFromItsStart) {
  const RefPtr<Vmar> region = MakeRegion(10, kCanMapAll | ZX_VM_COMPACT);
  EXPECT_EQ(Map(*region, 3).value(), region->base());
  const VirtualAddress second = Map(*region, 2).value();
  EXPECT_EQ(second, region->base() + 3 * kPageSize);
  EXPECT_EQ(Map(*region, 1).value(), region->base() + 5 * kPageSize);
  ASSERT_TRUE(region->Unmap(second, 2 * kPageSize).ok());
  EXPECT_EQ(Map(*region, 3).value(), region->base() + 6 * kPageSize) << "the hole is too small";
  EXPECT_EQ(Map(*region, 1).value(), second);
}

TEST_F(VmarPlaceTest, UpperLimitHoldsAndItsPartOfTheRegionFills) {
  const RefPtr<Vmar> region = MakeRegion(100);
  for (int i = 0; i < 50; ++i) {
    const Result<VirtualAddress> va = Map(*region, 1, ZX_VM_OFFSET_IS_UPPER_LIMIT, 50 * kPageSize);
    ASSERT_TRUE(va.ok()) << i;
    EXPECT_LE(va.value() + kPageSize, region->base() + 50 * kPageSize);
  }
  EXPECT_EQ(ValueOf(Map(*region, 1, ZX_VM_OFFSET_IS_UPPER_LIMIT, 50 * kPageSize)), ZX_ERR_NO_RESOURCES);
  EXPECT_TRUE(Map(*region, 1).ok());
}

TEST_F(VmarPlaceTest, UpperLimitThatCannotBeKeptIsRefused) {
  const RefPtr<Vmar> region = MakeRegion(100);
  const auto limited = [&](uint64_t limit, uint64_t pages) {
    return ValueOf(Map(*region, pages, ZX_VM_OFFSET_IS_UPPER_LIMIT, limit * kPageSize));
  };
  EXPECT_EQ(limited(101, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(limited(1, 2), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(limited(1, 101), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(limited(0, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(limited(100, 100), ZX_OK);
}

TEST_F(VmarPlaceTest, EveryAlignmentIsKeptByMappingsAndRegions) {
  const RefPtr<Vmar> region =
      root_.Allocate({.size = 8 * kGiB, .options = kCanMapAll | 32u << ZX_VM_ALIGN_BASE}).value();
  ASSERT_TRUE(base::IsAligned(region->base(), 4 * kGiB));
  for (zx_vm_option_t exponent = 10; exponent <= 32; ++exponent) {
    const zx_vm_option_t align = exponent << ZX_VM_ALIGN_BASE;
    const VirtualAddress va = Map(*region, 2, align).value();
    EXPECT_TRUE(base::IsAligned(va, uint64_t{1} << exponent)) << exponent;
    ASSERT_TRUE(region->Unmap(va, 2 * kPageSize).ok());
    const RefPtr<Vmar> inner = region->Allocate({.size = 16 * kPageSize, .options = align}).value();
    EXPECT_TRUE(base::IsAligned(inner->base(), uint64_t{1} << exponent)) << exponent;
    ASSERT_TRUE(inner->Destroy().ok());
  }
}

TEST_F(VmarPlaceTest, FixedPlaceMustHaveTheAlignmentThatIsAskedFor) {
  const RefPtr<Vmar> region = root_.Allocate({.size = kGiB, .options = kCanMapAll | ZX_VM_ALIGN_1GB}).value();
  const zx_vm_option_t fixed = ZX_VM_SPECIFIC | ZX_VM_ALIGN_64KB;
  EXPECT_EQ(ValueOf(Map(*region, 2, fixed, kPageSize)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(region->Allocate({.offset = kPageSize, .size = kPageSize, .options = fixed})), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(Map(*region, 2, fixed, 16 * kPageSize)), ZX_OK);
}

TEST_F(VmarPlaceTest, AlignmentThatNothingInTheRegionHasLeavesNoPlace) {
  const RefPtr<Vmar> outer = root_.Allocate({.size = 4 * kGiB, .options = kCanMapAll | ZX_VM_ALIGN_4GB}).value();
  const RefPtr<Vmar> region =
      outer->Allocate({.offset = kPageSize, .size = 100 * kPageSize, .options = kCanMapAll | ZX_VM_SPECIFIC}).value();
  EXPECT_EQ(ValueOf(Map(*region, 1, ZX_VM_ALIGN_4GB)), ZX_ERR_NO_RESOURCES);
}

TEST_F(VmarPlaceTest, LastAlignedPlaceIsFoundBetweenMisalignedGaps) {
  const RefPtr<Vmar> region =
      root_.Allocate({.size = 64 * kPageSize, .options = kCanMapAll | ZX_VM_ALIGN_256KB}).value();
  for (uint64_t page = 0; page < 64; page += 4) {
    if (page != 48) {
      ASSERT_TRUE(Map(*region, 1, ZX_VM_SPECIFIC, page * kPageSize).ok());
    }
  }
  EXPECT_EQ(Map(*region, 3, ZX_VM_ALIGN_16KB).value(), region->base() + 48 * kPageSize);
  EXPECT_EQ(ValueOf(Map(*region, 3, ZX_VM_ALIGN_16KB)), ZX_ERR_NO_RESOURCES);
}

TEST_F(VmarPlaceTest, FixedPlaceOutsideTheRegionIsRefused) {
  const RefPtr<Vmar> region = MakeRegion(10);
  const auto allocate = [&](uint64_t page, uint64_t pages) {
    return ValueOf(region->Allocate(
        {.offset = page * kPageSize, .size = pages * kPageSize, .options = kCanMapAll | ZX_VM_SPECIFIC}));
  };
  EXPECT_EQ(allocate(10, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(allocate(9, 2), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(allocate(UINT64_MAX / kPageSize, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(allocate(9, 1), ZX_OK);
}

TEST_F(VmarPlaceTest, FixedPlaceThatIsTakenIsRefusedWhateverIsThere) {
  const RefPtr<Vmar> region = MakeRegion(10);
  const auto all_exist = [&] {
    for (const uint64_t pages : {uint64_t{2}, uint64_t{1}, uint64_t{4}}) {
      EXPECT_EQ(ValueOf(Map(*region, pages, ZX_VM_SPECIFIC, kPageSize)), ZX_ERR_ALREADY_EXISTS);
    }
    EXPECT_EQ(ValueOf(region->Allocate({.offset = kPageSize, .size = kPageSize, .options = ZX_VM_SPECIFIC})),
              ZX_ERR_ALREADY_EXISTS);
  };
  const VirtualAddress va = Map(*region, 2, ZX_VM_SPECIFIC, kPageSize).value();
  all_exist();
  ASSERT_TRUE(region->Unmap(va, 2 * kPageSize).ok());
  ASSERT_TRUE(region->Allocate({.offset = kPageSize, .size = 2 * kPageSize, .options = ZX_VM_SPECIFIC}).ok());
  all_exist();
}

TEST_F(VmarPlaceTest, FullRegionHasNoMemoryForARegionAndInZirconNoResources) {
  const RefPtr<Vmar> region = MakeRegion(10);
  ASSERT_TRUE(region->Allocate({.size = 10 * kPageSize}).ok());
  EXPECT_EQ(ValueOf(region->Allocate({.size = kPageSize})), ZX_ERR_NO_MEMORY);
  api_policy = ApiPolicy::kZircon;
  EXPECT_EQ(ValueOf(region->Allocate({.size = kPageSize})), ZX_ERR_NO_RESOURCES);
  EXPECT_EQ(ValueOf(region->Allocate({.size = 11 * kPageSize})), ZX_ERR_INVALID_ARGS);
}

TEST_F(VmarPlaceTest, PlaceAmongManyMappingsCostsAFewNodes) {
  constexpr uint64_t kCount = 1 << 15;
  const RefPtr<Vmar> region = MakeRegion(2 * kCount + 100);
  for (uint64_t i = 0; i < kCount; ++i) {
    ASSERT_TRUE(Map(*region, 1, ZX_VM_SPECIFIC, 2 * i * kPageSize).ok());
  }
  const uint64_t before = region->children().visited();
  ASSERT_TRUE(Map(*region, 50).ok());
  EXPECT_LE(region->children().visited() - before, 1500u);  // eight tries and a search, some 40 nodes each
}

// Against a list of ranges: what is given out overlaps nothing, lies inside, and "no room" is said only when so.
TEST_F(VmarPlaceTest, AgreesWithAListOfRangesUnderRandomOperations) {
  const char* given = std::getenv("PAGODA_MODEL_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 0) : 20261121;
  std::mt19937_64 random(seed);
  constexpr uint64_t kPages = 400;
  const RefPtr<Vmar> region = MakeRegion(kPages);
  std::map<uint64_t, uint64_t> taken;  // first page, pages
  for (int step = 0; step < 20000; ++step) {
    SCOPED_TRACE(testing::Message() << "seed " << seed << ", step " << step);
    if (random() % 3 == 0 && !taken.empty()) {
      const auto range = std::next(taken.begin(), static_cast<ptrdiff_t>(random() % taken.size()));
      ASSERT_TRUE(region->Unmap(region->base() + range->first * kPageSize, range->second * kPageSize).ok());
      taken.erase(range);
      continue;
    }
    const uint64_t pages = 1 + random() % 20;
    const uint64_t limit = random() % 2 == 0 ? kPages : pages + random() % (kPages - pages);
    const Result<VirtualAddress> va = Map(*region, pages, ZX_VM_OFFSET_IS_UPPER_LIMIT, limit * kPageSize);
    uint64_t begin = 0;
    bool room = false;
    for (const auto& [first, count] : taken) {
      room = room || (first > begin && std::min(first, limit) >= begin + pages);
      begin = first + count;
    }
    room = room || limit >= begin + pages;
    ASSERT_EQ(ValueOf(va), room ? ZX_OK : ZX_ERR_NO_RESOURCES);
    if (room) {
      const uint64_t page = (va.value() - region->base()) / kPageSize;
      ASSERT_LE(page + pages, limit);
      const auto next = taken.lower_bound(page);
      ASSERT_TRUE(next == taken.end() || next->first >= page + pages);
      ASSERT_TRUE(next == taken.begin() || std::prev(next)->first + std::prev(next)->second <= page);
      taken[page] = pages;
    }
  }
}

}  // namespace
}  // namespace gk
