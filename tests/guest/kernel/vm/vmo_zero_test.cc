#include <algorithm>

#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/vm/snapshot_fixture.h"

namespace gk {
namespace {

using Values = std::vector<int>;

class VmoZeroTest : public SnapshotTest {
 protected:
  static RefPtr<Vmo> Ones(uint64_t pages) {
    RefPtr<Vmo> vmo = MakeVmo(pages, Resizability::kResizable);
    const std::vector<uint8_t> ones(pages * kPageSize, 0xff);
    EXPECT_TRUE(vmo->Write(ones.data(), 0, ones.size()).ok());
    return vmo;
  }
  // The bytes [first, end) are 0 and all others are not.
  static void ExpectZeroesExactlyAt(Vmo& vmo, uint64_t first, uint64_t end) {
    std::vector<uint8_t> bytes(vmo.size());
    ASSERT_TRUE(vmo.Read(bytes.data(), 0, bytes.size()).ok());
    for (uint64_t i = 0; i < bytes.size(); ++i) {
      ASSERT_EQ(bytes[i], i >= first && i < end ? 0 : 0xff) << i;
    }
  }
  // Two pages, the first starting with 1.
  static RefPtr<Vmo> OneOfTwo() {
    RefPtr<Vmo> vmo = MakeVmo(2);
    Put(*vmo, 0, 1);
    return vmo;
  }
};

TEST_F(VmoZeroTest, PartsOfPagesAreOverwritten) {
  const RefPtr<AddressSpace> space = MakeSpace();
  const RefPtr<Vmo> one = Ones(1);
  const VirtualAddress address = MapAll(*space, one, kMapReadWrite);
  EXPECT_EQ(Load(*space, address + 42), 0xff);
  ASSERT_TRUE(one->Zero(42, 91).ok());
  ExpectZeroesExactlyAt(*one, 42, 133);
  EXPECT_EQ(Load(*space, address + 42), 0);
  EXPECT_EQ(Load(*space, address + 133), 0xff);
  const RefPtr<Vmo> two = Ones(2);
  ASSERT_TRUE(two->Zero(kPageSize / 2, kPageSize).ok());
  ExpectZeroesExactlyAt(*two, kPageSize / 2, kPageSize * 3 / 2);
  EXPECT_COST(two, 2);
}

TEST_F(VmoZeroTest, NothingIsMadeOfWhatIsZeroAlready) {
  const RefPtr<Vmo> vmo = MakeVmo(2);
  ASSERT_TRUE(vmo->Zero(kPageSize / 2, kPageSize).ok());
  EXPECT_COST(vmo, 0);
}

TEST_F(VmoZeroTest, WholePagesAreGivenBack) {
  const RefPtr<AddressSpace> space = MakeSpace();
  const RefPtr<Vmo> vmo = Ones(3);
  const VirtualAddress address = MapAll(*space, vmo, kMapReadWrite);
  EXPECT_EQ(Load(*space, address + kPageSize), 0xff);
  ASSERT_TRUE(vmo->Zero(kPageSize / 2, 2 * kPageSize).ok());
  EXPECT_COST(vmo, 2);
  EXPECT_EQ(Load(*space, address + kPageSize), 0);
  ExpectZeroesExactlyAt(*vmo, kPageSize / 2, kPageSize * 5 / 2);
}

TEST_F(VmoZeroTest, ContiguousPagesStay) {
  const RefPtr<Vmo> vmo = Vmo::CreateContiguous(2 * kPageSize, kPageSize).value();
  Put(*vmo, 0, 0xff);
  Put(*vmo, 1, 0xff);
  const PhysicalAddress address = vmo->PeekPage(0).address;
  ASSERT_EQ(Zero(*vmo, 0, 1), ZX_OK);
  EXPECT_EQ(All(*vmo), (Values{0, 0xff}));
  EXPECT_COST(vmo, 2);
  EXPECT_EQ(vmo->PeekPage(0).address, address);
}

TEST_F(VmoZeroTest, EmptyRangesAreFineAndOthersMustFit) {
  const RefPtr<Vmo> vmo = MakeVmo(1);
  EXPECT_TRUE(vmo->Zero(0, 0).ok());
  EXPECT_TRUE(vmo->Zero(10, 0).ok());
  EXPECT_TRUE(vmo->Zero(kPageSize, 0).ok());
  EXPECT_EQ(ValueOf(vmo->Zero(0, 2 * kPageSize)), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(ValueOf(vmo->Zero(UINT64_MAX, 2)), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(VmoZeroTest, ZeroOfAllThatSharedAPageFreesIt) {
  const RefPtr<Vmo> parent = OneOfTwo();
  const RefPtr<Vmo> clone = Clone(*parent, 0, 2);
  EXPECT_COST(parent, 0.5);
  EXPECT_COST(clone, 0.5);
  ASSERT_EQ(Zero(*clone, 0, 1), ZX_OK);
  EXPECT_EQ(Get(*clone, 0), 0);
  EXPECT_EQ(Get(*parent, 0), 1);
  EXPECT_COST(parent, 1);
  EXPECT_COST(clone, 0);
  ASSERT_EQ(Zero(*parent, 0, 1), ZX_OK);
  EXPECT_EQ(Get(*parent, 0), 0);
  EXPECT_COST(parent, 0);
  EXPECT_COST(clone, 0);
}

TEST_F(VmoZeroTest, PageOfAClosedCloneDoesNotComeBack) {
  const RefPtr<Vmo> parent = OneOfTwo();
  RefPtr<Vmo> clone = Clone(*parent, 0, 1);
  ASSERT_EQ(Zero(*parent, 0, 1), ZX_OK);
  EXPECT_COST(parent, 0);
  EXPECT_COST(clone, 1);
  clone.reset();
  EXPECT_EQ(Get(*parent, 0), 0);
  EXPECT_COST(parent, 0);
}

TEST_F(VmoZeroTest, ZeroOfACloneOutlivesItsParent) {
  RefPtr<Vmo> parent = Tagged(2);
  const RefPtr<Vmo> clone = Clone(*parent, 0, 2);
  ASSERT_EQ(Zero(*clone, 0, 1), ZX_OK);
  EXPECT_NEAR(Cost(*parent) + Cost(*clone), 2, 1e-6);
  parent.reset();
  EXPECT_EQ(All(*clone), (Values{0, 2}));
  EXPECT_COST(clone, 1);
  const uint8_t byte = 5;
  ASSERT_TRUE(clone->Write(&byte, 64, 1).ok());
  EXPECT_EQ(Get(*clone, 0), 0);
  EXPECT_COST(clone, 2);
}

TEST_F(VmoZeroTest, ZeroedCloneTakesNothingOver) {
  RefPtr<Vmo> parent = OneOfTwo();
  const RefPtr<Vmo> clone = Clone(*parent, 0, 2);
  Put(*parent, 0, 2);
  EXPECT_COST(parent, 1);
  EXPECT_COST(clone, 1);
  ASSERT_EQ(Zero(*clone, 0, 1), ZX_OK);
  EXPECT_COST(clone, 0);
  EXPECT_EQ(Get(*parent, 0), 2);
  EXPECT_COST(parent, 1);
  parent.reset();
  EXPECT_EQ(Get(*clone, 0), 0);
  EXPECT_COST(clone, 0);
}

TEST_F(VmoZeroTest, WriteAfterZeroMakesOnePage) {
  RefPtr<Vmo> parent = OneOfTwo();
  const RefPtr<Vmo> clone = Clone(*parent, 0, 2);
  ASSERT_EQ(Zero(*clone, 0, 1), ZX_OK);
  Put(*clone, 0, 3);
  EXPECT_COST(parent, 1);
  EXPECT_COST(clone, 1);
  parent.reset();
  EXPECT_COST(clone, 1);
}

TEST_F(VmoZeroTest, ClonesShareWhatTheParentGaveUp) {
  const RefPtr<Vmo> parent = OneOfTwo();
  const RefPtr<Vmo> c1 = Clone(*parent, 0, 1);
  const RefPtr<Vmo> c2 = Clone(*parent, 0, 1);
  EXPECT_COST(parent, 1.0 / 3);
  ASSERT_EQ(Zero(*parent, 0, 1), ZX_OK);
  EXPECT_COST(parent, 0);
  EXPECT_COST(c1, 0.5);
  EXPECT_COST(c2, 0.5);
}

TEST_F(VmoZeroTest, OneZeroMayFreeAndKeepPages) {
  const RefPtr<Vmo> parent = MakeVmo(3);
  Put(*parent, 1, 1);
  const RefPtr<Vmo> middle = Clone(*parent, 0, 3);
  const RefPtr<Vmo> child = Clone(*middle, 0, 3);
  Put(*child, 0, 2);
  ASSERT_EQ(Zero(*child, 0, 2), ZX_OK);
  EXPECT_EQ(All(*child), (Values{0, 0, 0}));
  EXPECT_EQ(All(*middle), (Values{0, 1, 0}));
  EXPECT_COST(child, 0);
}

TEST_F(VmoZeroTest, SiblingOfAZeroStaysZeroWhenTheParentShrinks) {
  const RefPtr<Vmo> vmo = MakeVmo(4, Resizability::kResizable);
  Put(*vmo, 2, 1);
  const RefPtr<Vmo> middle = Clone(*vmo, 0, 4);
  ASSERT_EQ(Zero(*vmo, 2, 1), ZX_OK);
  const RefPtr<Vmo> sibling = Clone(*vmo, 2, 1);
  EXPECT_EQ(Get(*sibling, 0), 0);
  ASSERT_TRUE(vmo->Resize(kPageSize).ok());
  EXPECT_EQ(Get(*sibling, 0), 0);
  Put(*sibling, 0, 7);
  EXPECT_EQ(Get(*middle, 2), 1);
}

TEST_F(VmoZeroTest, SliceZeroesItsParent) {
  const RefPtr<Vmo> parent = MakeVmo(3);
  Put(*parent, 1, 5);
  const RefPtr<Vmo> slice = Slice(*parent, 1, 1);
  ASSERT_EQ(Zero(*slice, 0, 1), ZX_OK);
  EXPECT_EQ(Get(*parent, 1), 0);
  EXPECT_COST(parent, 0);
  EXPECT_EQ(Zero(*slice, 0, 2), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(VmoZeroTest, ResizeZeroesTheRestOfTheLastPage) {
  const RefPtr<Vmo> vmo = Ones(2);
  ASSERT_TRUE(vmo->Resize(kPageSize + 10).ok());
  ExpectZeroesExactlyAt(*vmo, kPageSize + 10, 2 * kPageSize);
  EXPECT_EQ(vmo->content_size(), kPageSize + 10);
  ASSERT_TRUE(vmo->Resize(20).ok());
  ExpectZeroesExactlyAt(*vmo, 20, kPageSize);
  const RefPtr<Vmo> clone = Clone(*vmo, 0, 1, Resizability::kResizable);
  ASSERT_TRUE(clone->Resize(5).ok());
  ExpectZeroesExactlyAt(*vmo, 20, kPageSize);
  ExpectZeroesExactlyAt(*clone, 5, kPageSize);
}

TEST_F(VmoZeroTest, FailedResizeChangesNothing) {
  const RefPtr<Vmo> vmo = Ones(100);
  const RefPtr<Vmo> clone = Clone(*vmo, 0, 100);
  for (uint64_t n = 1;; ++n) {
    torture::FailAllocation(n);
    const Result<> resized = vmo->Resize(70 * kPageSize + 1);
    torture::FailAllocation(0);
    if (resized.ok()) {
      EXPECT_GT(n, 2u);
      break;
    }
    EXPECT_EQ(ValueOf(resized), ZX_ERR_NO_MEMORY);
    ExpectZeroesExactlyAt(*vmo, 0, 0);
  }
  EXPECT_EQ(vmo->size(), 71 * kPageSize);
  ExpectZeroesExactlyAt(*clone, 0, 0);
}

}  // namespace
}  // namespace gk
