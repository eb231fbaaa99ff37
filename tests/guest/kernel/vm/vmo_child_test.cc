#include <gtest/gtest.h>

#include <vector>

#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/vm/vm_fixture.h"

namespace gk {
namespace {

// What a VmoDispatcher makes of it.
class ChildSignal final : public VmoChildObserver {
 public:
  explicit ChildSignal(Vmo& vmo) : vmo_(vmo) { vmo_.SetChildObserver(*this); }
  ~ChildSignal() { vmo_.RemoveChildObserver(*this); }
  [[nodiscard]] bool zero_children() const { return zero_children_; }

 private:
  void OnFirstChild() override { zero_children_ = false; }
  void OnZeroChildren() override { zero_children_ = true; }

  Vmo& vmo_;
  bool zero_children_ = true;
};

class VmoChildTest : public VmTest {
 protected:
  static Result<RefPtr<Vmo>> TrySlice(Vmo& parent, uint64_t offset, uint64_t size) {
    return parent.CreateChild(ChildKind::kSlice, offset, size, Resizability::kFixed);
  }
  static RefPtr<Vmo> Slice(Vmo& parent, uint64_t first, uint64_t pages) {
    return TrySlice(parent, first * kPageSize, pages * kPageSize).value();
  }
  static void Put(Vmo& vmo, uint64_t page, uint8_t value) { ASSERT_TRUE(vmo.Write(&value, page * kPageSize, 1).ok()); }
  static int Get(Vmo& vmo, uint64_t page) {
    uint8_t value = 0;
    return vmo.Read(&value, page * kPageSize, 1).ok() ? value : -1;
  }
};

TEST_F(VmoChildTest, SliceAndParentShowTheSameBytes) {
  const RefPtr<Vmo> parent = MakeVmo(4);
  Put(*parent, 1, 42);
  const RefPtr<Vmo> slice = Slice(*parent, 1, 2);
  EXPECT_EQ(Get(*slice, 0), 42);
  Put(*slice, 0, 84);
  Put(*slice, 1, 85);
  EXPECT_EQ(Get(*parent, 1), 84);
  EXPECT_EQ(Get(*parent, 2), 85);
  EXPECT_EQ(Get(*parent, 3), 0);
  EXPECT_EQ(Get(*slice, 2), -1);
}

TEST_F(VmoChildTest, SliceOfSliceReachesTheRoot) {
  const RefPtr<Vmo> parent = MakeVmo(4);
  const RefPtr<Vmo> slice = Slice(*parent, 1, 3);
  const RefPtr<Vmo> inner = Slice(*slice, 1, 2);
  Put(*inner, 1, 9);
  EXPECT_EQ(Get(*parent, 3), 9);
  EXPECT_EQ(inner->FindPresent(0), 1u);
  EXPECT_EQ(slice->FindPresent(0), 2u);
}

TEST_F(VmoChildTest, DecommitOfParentEmptiesTheSliceAndItsMappings) {
  const RefPtr<AddressSpace> space = MakeSpace();
  const RefPtr<Vmo> parent = MakeVmo(4);
  const RefPtr<Vmo> slice = Slice(*parent, 2, 2);
  const VirtualAddress address = MapAll(*space, slice, kMapReadWrite);
  ASSERT_EQ(Store(*space, address, 7), ZX_OK);
  ASSERT_TRUE(parent->Decommit(0, parent->size()).ok());
  EXPECT_FALSE(IsEntered(*space, address));
  EXPECT_EQ(Load(*space, address), 0);
}

TEST_F(VmoChildTest, MappingOfSliceEndsWithTheSlice) {
  const RefPtr<AddressSpace> space = MakeSpace();
  const RefPtr<Vmo> parent = MakeVmo(4);
  Put(*parent, 2, 5);
  const RefPtr<Vmo> slice = Slice(*parent, 1, 1);
  const VirtualAddress address =
      space->root().Map({.vmo = slice, .length = 2 * kPageSize, .options = kMapRead}).value();
  EXPECT_EQ(Touch(*space, address, kRead), ZX_OK);
  EXPECT_EQ(Touch(*space, address + kPageSize, kRead), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(VmoChildTest, SliceMustFitAndParentMustBeFixed) {
  const RefPtr<Vmo> parent = MakeVmo(2, Resizability::kResizable);
  constexpr uint64_t kP = kPageSize;
  EXPECT_EQ(ValueOf(TrySlice(*parent, 0, 3 * kP)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(TrySlice(*parent, kP, 2 * kP)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(TrySlice(*parent, 2 * kP, kP)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(TrySlice(*parent, 0, UINT64_MAX)), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(ValueOf(TrySlice(*parent, 0, 0 - kP)), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(ValueOf(TrySlice(*parent, 0 - kP, kP)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(TrySlice(*parent, 0 - kP, 0 - kP)), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(ValueOf(TrySlice(*parent, 1, kP)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(TrySlice(*parent, 0, kP)), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(ValueOf(MakeVmo(2)->CreateChild(ChildKind::kSlice, 0, kP, Resizability::kResizable)), ZX_ERR_INVALID_ARGS);
}

TEST_F(VmoChildTest, SliceOfNothingIsLegalAndCannotBeRead) {
  const RefPtr<Vmo> parent = MakeVmo(1);
  for (const uint64_t offset : {uint64_t{0}, kPageSize}) {
    const RefPtr<Vmo> slice = TrySlice(*parent, offset, 0).value();
    uint8_t byte = 0;
    EXPECT_EQ(ValueOf(slice->Read(&byte, 0, 1)), ZX_ERR_OUT_OF_RANGE);
    EXPECT_EQ(ValueOf(slice->Write(&byte, 0, 1)), ZX_ERR_OUT_OF_RANGE);
  }
}

TEST_F(VmoChildTest, SliceSizeIsRoundedUp) {
  const RefPtr<Vmo> parent = MakeVmo(1);
  const RefPtr<Vmo> slice = TrySlice(*parent, 0, 42).value();
  uint8_t byte = 0;
  EXPECT_TRUE(slice->Read(&byte, kPageSize - 64, 1).ok());
  EXPECT_EQ(slice->size(), kPageSize);
  EXPECT_EQ(slice->content_size(), 42u);
  EXPECT_EQ(parent->content_size(), kPageSize);
}

TEST_F(VmoChildTest, SliceDecommitIsJudgedByTheSlice) {
  const RefPtr<Vmo> root = MakeVmo(6);
  const RefPtr<Vmo> a = Slice(*root, 1, 3);
  const RefPtr<Vmo> b = Slice(*a, 1, 1);
  for (Vmo* level : {root.get(), a.get(), b.get()}) {
    for (uint64_t start = 0; start <= 7; ++start) {
      for (uint64_t end = start + 1; end <= 8; ++end) {
        ASSERT_TRUE(root->Commit(0, root->size()).ok());
        const zx_status_t status = ValueOf(level->Decommit(start * kPageSize, (end - start) * kPageSize));
        EXPECT_EQ(status, end * kPageSize > level->size() ? ZX_ERR_OUT_OF_RANGE : ZX_OK);
      }
    }
  }
}

TEST_F(VmoChildTest, SliceOwnsNoPagesEvenWhenTheParentIsGone) {
  RefPtr<Vmo> parent = MakeVmo(1);
  Put(*parent, 0, 42);
  const RefPtr<Vmo> slice = Slice(*parent, 0, 1);
  EXPECT_EQ(parent->committed_pages(), 1u);
  EXPECT_EQ(slice->committed_pages(), 0u);
  parent.reset();
  EXPECT_EQ(slice->committed_pages(), 0u);
  EXPECT_EQ(Get(*slice, 0), 42);
}

TEST_F(VmoChildTest, ReferenceSharesSizesInBothDirections) {
  const RefPtr<Vmo> parent = MakeVmo(2, Resizability::kResizable);
  const RefPtr<Vmo> reference = parent->CreateChild(ChildKind::kReference, 0, 0, Resizability::kResizable).value();
  parent->SetContentSize(5);
  EXPECT_EQ(reference->content_size(), 5u);
  reference->SetContentSize(6);
  EXPECT_EQ(parent->content_size(), 6u);
  ASSERT_TRUE(reference->Resize(3 * kPageSize).ok());
  EXPECT_EQ(parent->size(), 3 * kPageSize);
  Put(*reference, 2, 3);
  EXPECT_EQ(Get(*parent, 2), 3);
  EXPECT_EQ(ValueOf(parent->CreateChild(ChildKind::kReference, 0, kPageSize, Resizability::kFixed)),
            ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(MakeVmo(1)->CreateChild(ChildKind::kReference, 0, 0, Resizability::kResizable)),
            ZX_ERR_NOT_SUPPORTED);
}

TEST_F(VmoChildTest, ZeroChildrenWaitsForGrandchildren) {
  const RefPtr<Vmo> root = MakeVmo(1);
  const ChildSignal signal(*root);
  EXPECT_TRUE(signal.zero_children());
  RefPtr<Vmo> middle = Slice(*root, 0, 1);
  EXPECT_FALSE(signal.zero_children());
  RefPtr<Vmo> leaf = Slice(*middle, 0, 1);
  middle.reset();
  EXPECT_FALSE(signal.zero_children());
  EXPECT_EQ(root->child_count(), 1u);
  leaf.reset();
  EXPECT_TRUE(signal.zero_children());
  EXPECT_EQ(root->child_count(), 0u);
}

TEST_F(VmoChildTest, ZeroChildrenWaitsForMappingsOfChildren) {
  const RefPtr<AddressSpace> space = MakeSpace();
  const RefPtr<Vmo> root = MakeVmo(1);
  const ChildSignal signal(*root);
  RefPtr<Vmo> child = Slice(*root, 0, 1);
  const VirtualAddress address = MapAll(*space, child, kMapRead);
  child.reset();
  EXPECT_FALSE(signal.zero_children());
  ASSERT_TRUE(space->root().Unmap(address, kPageSize).ok());
  EXPECT_TRUE(signal.zero_children());
}

TEST_F(VmoChildTest, ChildrenAreCountedInAnyOrderOfClosing) {
  for (const bool reverse : {false, true}) {
    const RefPtr<Vmo> root = MakeVmo(1);
    const ChildSignal signal(*root);
    std::vector<RefPtr<Vmo>> children;
    for (size_t i = 0; i < 5; ++i) {
      children.push_back(Slice(*root, 0, 1));
      EXPECT_EQ(root->child_count(), i + 1);
    }
    for (size_t left = 5; left > 0; --left) {
      EXPECT_FALSE(signal.zero_children());
      children.erase(reverse ? children.end() - 1 : children.begin());
      EXPECT_EQ(root->child_count(), left - 1);
    }
    EXPECT_TRUE(signal.zero_children());
  }
}

TEST_F(VmoChildTest, DeadMiddleWithTwoChildrenCountsUntilBothAreGone) {
  const RefPtr<Vmo> root = MakeVmo(1);
  const ChildSignal signal(*root);
  RefPtr<Vmo> middle = Slice(*root, 0, 1);
  RefPtr<Vmo> first = Slice(*middle, 0, 1);
  RefPtr<Vmo> second = Slice(*middle, 0, 1);
  middle.reset();
  first.reset();
  EXPECT_FALSE(signal.zero_children());
  EXPECT_EQ(root->child_count(), 1u);
  second.reset();
  EXPECT_TRUE(signal.zero_children());
}

TEST_F(VmoChildTest, ThousandDeepChainOfSlicesEndsWithoutRecursion) {
  const RefPtr<Vmo> root = MakeVmo(1);
  const ChildSignal signal(*root);
  Put(*root, 0, 42);
  std::vector<RefPtr<Vmo>> chain{Slice(*root, 0, 1)};
  for (int i = 0; i < 1000; ++i) {
    chain.push_back(Slice(*chain.back(), 0, 1));
  }
  RefPtr<Vmo> last = chain.back();
  chain.clear();
  EXPECT_EQ(Get(*last, 0), 42);
  EXPECT_FALSE(signal.zero_children());
  last.reset();
  EXPECT_TRUE(signal.zero_children());
}

TEST_F(VmoChildTest, ChildRemembersItsParentsKoidAndTakesItsName) {
  RefPtr<Vmo> parent = MakeVmo(1);
  parent->set_koid(77);
  parent->set_name(ObjectName(std::span<const char>("wood", 4)));
  const RefPtr<Vmo> child = Slice(*parent, 0, 1);
  parent.reset();
  EXPECT_EQ(child->parent_koid(), 77u);
  EXPECT_STREQ(child->name().c_str(), "wood");
  EXPECT_EQ(child->koid(), 0u);
}

TEST_F(VmoChildTest, FailedChildIsNoChild) {
  const RefPtr<Vmo> root = MakeVmo(1);
  const ChildSignal signal(*root);
  for (uint64_t n = 1;; ++n) {
    torture::FailAllocation(n);
    const Result<RefPtr<Vmo>> child = TrySlice(*root, 0, kPageSize);
    torture::FailAllocation(0);
    if (child.ok()) {
      EXPECT_GT(n, 2u);
      break;
    }
    EXPECT_EQ(ValueOf(child), ZX_ERR_NO_MEMORY);
    EXPECT_TRUE(signal.zero_children());
  }
}

}  // namespace
}  // namespace gk
