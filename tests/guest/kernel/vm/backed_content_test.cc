// Copies of content that comes from a source: own pages over a backing.
#include <algorithm>

#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/vm/snapshot_fixture.h"

namespace gk {
namespace {

using Values = std::vector<int>;

// The provider fills page i with i.
class BackedContentTest : public SnapshotTest {
 protected:
  BackedContentTest() { object_.provider->answer_at_once = true; }

  PagedObject object_{8, 1, Resizability::kResizable};
};

TEST_F(BackedContentTest, FullSnapshotsAreRefusedAndOthersNeedNoPage) {
  EXPECT_EQ(ValueOf(TryClone(*object_.vmo, 0, 8)), ZX_ERR_NOT_SUPPORTED);
  const RefPtr<Vmo> lazy = Lazy(*object_.vmo, 0, 8);
  EXPECT_EQ(ValueOf(TryClone(*lazy, 0, 8)), ZX_ERR_NOT_SUPPORTED);
  EXPECT_TRUE(TryClone(*lazy, 0, 8, Resizability::kFixed, ChildKind::kSnapshotModified).ok());
  EXPECT_EQ(object_.provider->submitted, 0u);
}

TEST_F(BackedContentTest, SliceOfACopyOfACopyIsNotCopied) {
  PagedObject fixed(8);
  const RefPtr<Vmo> copy = Lazy(*fixed.vmo, 0, 8);
  const RefPtr<Vmo> second = Lazy(*copy, 0, 8);
  for (const ChildKind kind : {ChildKind::kSnapshotAtLeastOnWrite, ChildKind::kSnapshotModified}) {
    const auto copy_slice_of = [kind](const RefPtr<Vmo>& vmo) {
      const RefPtr<Vmo> slice = Slice(*vmo, 0, 1);
      return TryClone(*slice, 0, 1, Resizability::kFixed, kind).ok();
    };
    EXPECT_TRUE(copy_slice_of(fixed.vmo));
    EXPECT_TRUE(copy_slice_of(copy));
    EXPECT_FALSE(copy_slice_of(second));
  }
  EXPECT_TRUE(TryClone(*second, 0, 8, Resizability::kFixed, ChildKind::kSnapshotModified).ok());
}

TEST_F(BackedContentTest, ReadsSeeTheOriginalAndWritesMakeACopy) {
  const RefPtr<Vmo> lazy = Lazy(*object_.vmo, 2, 4);
  EXPECT_EQ(All(*lazy), (Values{2, 3, 4, 5}));
  EXPECT_COST(lazy, 0);
  EXPECT_COST(object_.vmo, 4);
  Put(*lazy, 1, 99);
  EXPECT_EQ(Get(*object_.vmo, 3), 3);
  EXPECT_COST(lazy, 1);
  // Not written yet: changes of the original may show. Written: they do not.
  Put(*object_.vmo, 2, 77);
  Put(*object_.vmo, 3, 78);
  EXPECT_EQ(All(*lazy), (Values{77, 99, 4, 5}));
}

TEST_F(BackedContentTest, PagesThatMustBeFetchedAreFetchedByTheOriginal) {
  const RefPtr<Vmo> lazy = Lazy(*object_.vmo, 0, 8);
  Put(*lazy, 5, 99);
  EXPECT_EQ(object_.provider->submitted, 1u);
  EXPECT_EQ(object_.vmo->committed_pages(), 1u);
  EXPECT_EQ(Get(*object_.vmo, 5), 5);
}

TEST_F(BackedContentTest, SnapshotOfACopySharesItsPagesAndTheBacking) {
  const RefPtr<Vmo> first = Lazy(*object_.vmo, 1, 6);
  Put(*first, 0, 91);
  Put(*first, 2, 92);
  const RefPtr<Vmo> second = TryClone(*first, 1, 3, Resizability::kFixed, ChildKind::kSnapshotModified).value();
  EXPECT_EQ(All(*second), (Values{2, 92, 4}));
  Put(*first, 2, 93);
  EXPECT_EQ(Get(*second, 1), 92);
  Put(*second, 0, 94);
  EXPECT_EQ(All(*first), (Values{91, 2, 93, 4, 5, 6}));
  EXPECT_COST(first, 2);
  EXPECT_COST(second, 2);
}

TEST_F(BackedContentTest, CopyOfACopyFollowsPagesThatTheCopyHadInItsWindow) {
  PagedObject object(16);
  object.provider->answer_at_once = true;
  const RefPtr<Vmo> child = Lazy(*object.vmo, 0, 16);
  Put(*child, 8, 101);
  const RefPtr<Vmo> empty = Lazy(*child, 0, 8);
  const RefPtr<Vmo> forked = Lazy(*child, 8, 8);
  EXPECT_EQ(Get(*forked, 0), 101);
  Put(*child, 1, 102);
  Put(*child, 10, 107);
  EXPECT_EQ(Get(*empty, 1), 1);
  EXPECT_EQ(Get(*forked, 2), 107);
  Put(*forked, 2, 110);
  EXPECT_EQ(Get(*child, 10), 107);
  ASSERT_EQ(Zero(*child, 11, 1), ZX_OK);
  EXPECT_EQ(Get(*forked, 3), 0);
  EXPECT_EQ(Get(*object.vmo, 11), 11);
  // Mappings of the last in the chain follow the first.
  const RefPtr<AddressSpace> space = MakeSpace();
  const VirtualAddress address = MapAll(*space, forked, kMapRead);
  EXPECT_EQ(Load(*space, address + 4 * kPageSize), 12);
  Put(*object.vmo, 12, 112);
  EXPECT_EQ(Load(*space, address + 4 * kPageSize), 112);
  Put(*child, 12, 113);
  EXPECT_EQ(Load(*space, address + 4 * kPageSize), 113);
}

TEST_F(BackedContentTest, ModifiedSnapshotsFollowNothing) {
  const RefPtr<Vmo> child = Lazy(*object_.vmo, 0, 8);
  Put(*child, 1, 90);
  const RefPtr<Vmo> snapshot = TryClone(*child, 0, 8, Resizability::kFixed, ChildKind::kSnapshotModified).value();
  const RefPtr<Vmo> later = Lazy(*snapshot, 0, 8);
  Put(*child, 1, 91);
  Put(*snapshot, 2, 92);
  EXPECT_EQ(Get(*snapshot, 1), 90);
  EXPECT_EQ(Get(*later, 1), 90);
  EXPECT_EQ(Get(*later, 2), 2);
}

TEST_F(BackedContentTest, LongChainsOfCopiesShareInTheEnd) {
  std::vector<RefPtr<Vmo>> chain{object_.vmo};
  for (int i = 0; i < 100; ++i) {
    chain.push_back(Lazy(*chain.back(), 0, 8));
    Put(*chain.back(), 0, static_cast<uint8_t>(i));
  }
  const RefPtr<Vmo> last = chain.back();
  EXPECT_EQ(Get(*last, 5), 5);
  for (size_t i = 1; i < chain.size(); ++i) {
    EXPECT_EQ(Get(*chain[i], 0), static_cast<int>(i - 1));
  }
  chain.clear();
  EXPECT_EQ(Get(*last, 0), 99);
  EXPECT_EQ(Get(*last, 5), 5);
}

TEST_F(BackedContentTest, DeepChainsWithoutPagesStayShallow) {
  RefPtr<Vmo> last = Lazy(*object_.vmo, 0, 8);
  for (int i = 0; i < 1000; ++i) {
    last = Lazy(*last, 0, 8);
  }
  Put(*object_.vmo, 3, 33);
  EXPECT_EQ(Get(*last, 3), 33);
}

TEST_F(BackedContentTest, SlicesInTheChainShowTheirCopysPages) {
  Put(*object_.vmo, 0, 0xa);
  const RefPtr<Vmo> c1 = Lazy(*object_.vmo, 0, 1);
  Put(*c1, 0, 0xb);
  const RefPtr<Vmo> c2 = Lazy(*c1, 0, 1);
  Put(*c2, 0, 0xc);
  const RefPtr<Vmo> slice = Slice(*c1, 0, 1);
  const RefPtr<Vmo> last = Lazy(*slice, 0, 1);
  EXPECT_EQ(Get(*object_.vmo, 0), 0xa);
  EXPECT_EQ(Get(*c1, 0), 0xb);
  EXPECT_EQ(Get(*slice, 0), 0xb);
  EXPECT_EQ(Get(*last, 0), 0xb);
  EXPECT_EQ(Get(*c2, 0), 0xc);
}

TEST_F(BackedContentTest, ZeroHidesTheOriginal) {
  const RefPtr<Vmo> lazy = Lazy(*object_.vmo, 0, 8);
  ASSERT_EQ(Zero(*lazy, 2, 4), ZX_OK);
  EXPECT_EQ(All(*lazy), (Values{0, 1, 0, 0, 0, 0, 6, 7}));
  EXPECT_COST(lazy, 0);
  EXPECT_EQ(Get(*object_.vmo, 3), 3);
  const RefPtr<Vmo> second = Lazy(*lazy, 3, 4);
  EXPECT_EQ(All(*second), (Values{0, 0, 0, 6}));
  Put(*second, 0, 9);
  EXPECT_EQ(Get(*lazy, 3), 0);
}

TEST_F(BackedContentTest, ZeroOfTheOriginalNeedsNoRead) {
  ASSERT_EQ(Zero(*object_.vmo, 1, 6), ZX_OK);
  EXPECT_EQ(object_.provider->submitted, 0u);
  EXPECT_EQ(All(*object_.vmo), (Values{0, 0, 0, 0, 0, 0, 0, 7}));
  Put(*object_.vmo, 3, 5);
  EXPECT_EQ(Get(*object_.vmo, 3), 5);
}

TEST_F(BackedContentTest, CopySeesWhatTheOriginalHasBeyondItsSource) {
  ASSERT_TRUE(object_.vmo->Resize(12 * kPageSize).ok());
  Put(*object_.vmo, 9, 99);
  const RefPtr<Vmo> lazy = Lazy(*object_.vmo, 7, 5);
  EXPECT_EQ(All(*lazy), (Values{7, 0, 99, 0, 0}));
  Put(*lazy, 2, 98);
  EXPECT_EQ(Get(*object_.vmo, 9), 99);
  // Nothing is fetched for it, or made.
  ASSERT_TRUE(lazy->Zero(kPageSize + 5, 10).ok());
  EXPECT_COST(lazy, 1);
}

TEST_F(BackedContentTest, ShrinkingTheOriginalCutsTheCopyOffForEver) {
  const RefPtr<Vmo> lazy = Lazy(*object_.vmo, 0, 8);
  Put(*lazy, 6, 96);
  EXPECT_EQ(Get(*lazy, 5), 5);
  ASSERT_TRUE(object_.vmo->Resize(2 * kPageSize).ok());
  EXPECT_EQ(All(*lazy), (Values{0, 1, 0, 0, 0, 0, 96, 0}));
  ASSERT_TRUE(object_.vmo->Resize(8 * kPageSize).ok());
  Put(*object_.vmo, 5, 55);
  EXPECT_EQ(Get(*lazy, 5), 0);
}

TEST_F(BackedContentTest, ShrinkingTheCopyCutsItOffForEver) {
  const RefPtr<Vmo> lazy = Lazy(*object_.vmo, 0, 8, Resizability::kResizable);
  ASSERT_TRUE(lazy->Resize(3 * kPageSize + 1).ok());
  ASSERT_TRUE(lazy->Resize(6 * kPageSize).ok());
  EXPECT_EQ(All(*lazy), (Values{0, 1, 2, 3, 0, 0}));
  uint8_t byte = 0xff;
  ASSERT_TRUE(lazy->Read(&byte, 3 * kPageSize + 1, 1).ok());
  EXPECT_EQ(byte, 0);
}

TEST_F(BackedContentTest, MappingsOfTheCopyFollowTheOriginal) {
  const RefPtr<AddressSpace> space = MakeSpace();
  const RefPtr<Vmo> lazy = Lazy(*object_.vmo, 2, 4);
  const VirtualAddress address = MapAll(*space, lazy, kMapReadWrite);
  EXPECT_EQ(Load(*space, address), 2);
  Put(*object_.vmo, 2, 50);
  EXPECT_EQ(Load(*space, address), 50);
  ASSERT_EQ(Store(*space, address, 51), ZX_OK);
  EXPECT_EQ(Get(*object_.vmo, 2), 50);
  EXPECT_EQ(Load(*space, address + kPageSize), 3);
  ASSERT_EQ(Zero(*object_.vmo, 3, 1), ZX_OK);
  EXPECT_EQ(Load(*space, address + kPageSize), 0);
  Put(*object_.vmo, 3, 60);
  EXPECT_EQ(Load(*space, address + kPageSize), 60);
  EXPECT_EQ(Load(*space, address), 51);
}

TEST_F(BackedContentTest, PresentPagesAreThoseOfBothThatAreNotHidden) {
  const RefPtr<Vmo> lazy = Lazy(*object_.vmo, 1, 7);
  for (const uint64_t page : {2u, 3u, 5u, 7u}) {
    EXPECT_EQ(Get(*object_.vmo, page), static_cast<int>(page));
  }
  ASSERT_EQ(Zero(*lazy, 2, 1), ZX_OK);
  Put(*lazy, 3, 9);
  std::vector<PageIndex> found;
  for (PageIndex i = lazy->FindPresent(0); i != Vmo::kNoPage; i = lazy->FindPresent(i + 1)) {
    found.push_back(i);
  }
  EXPECT_EQ(found, (std::vector<PageIndex>{1, 3, 4, 6}));
  std::vector<PresentPage> pages(8);
  lazy->PeekPages(0, pages);
  for (PageIndex i = 0; i < pages.size(); ++i) {
    EXPECT_EQ(bool{pages[i]}, std::find(found.begin(), found.end(), i) != found.end());
    EXPECT_EQ(pages[i].writable, i == 3);
  }
}

TEST_F(BackedContentTest, CopyOutlivesTheOriginal) {
  const RefPtr<Vmo> lazy = Lazy(*object_.vmo, 0, 8);
  Put(*lazy, 0, 90);
  object_.vmo.reset();
  EXPECT_EQ(All(*lazy), (Values{90, 1, 2, 3, 4, 5, 6, 7}));
  object_.source->Close();
  EXPECT_EQ(Get(*lazy, 3), 3);
}

TEST_F(BackedContentTest, DecommitIsRefused) {
  EXPECT_EQ(ValueOf(Lazy(*object_.vmo, 0, 8)->Decommit(0, kPageSize)), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(ValueOf(object_.vmo->Decommit(0, kPageSize)), ZX_ERR_NOT_SUPPORTED);
}

TEST_F(BackedContentTest, AtLeastOnWriteOfAnonymousContentIsASnapshot) {
  const RefPtr<Vmo> vmo = Tagged(2);
  const RefPtr<Vmo> lazy = Lazy(*vmo, 0, 2);
  Put(*vmo, 0, 9);
  EXPECT_EQ(All(*lazy), (Values{1, 2}));
}

TEST_F(BackedContentTest, FailedCopyLeavesThePage) {
  const RefPtr<Vmo> lazy = Lazy(*object_.vmo, 0, 8);
  EXPECT_EQ(Get(*lazy, 1), 1);
  const uint8_t byte = 9;
  for (uint64_t n = 1; n <= 2; ++n) {
    torture::FailAllocation(n);
    EXPECT_EQ(ValueOf(lazy->Write(&byte, kPageSize, 1)), ZX_ERR_NO_MEMORY);
    EXPECT_EQ(Get(*lazy, 1), 1);
    EXPECT_COST(lazy, 0);
  }
  torture::FailAllocation(0);
  Put(*lazy, 1, 9);
  EXPECT_EQ(Get(*lazy, 1), 9);
}

}  // namespace
}  // namespace gk
