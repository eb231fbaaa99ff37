#include "guest/kernel/lib/ref_ptr.h"

#include <gtest/gtest.h>

#include <utility>

#include "guest/kernel/vm/torture.h"

namespace gk {
namespace {

struct Base : RefCounted<Base> {
  explicit Base(int* destroyed) : destroyed_(destroyed) {}
  virtual ~Base() { ++*destroyed_; }

 private:
  int* destroyed_;
};
struct Derived final : Base {
  using Base::Base;
};

class RefPtrTest : public testing::Test {
 protected:
  int destroyed_ = 0;
};

TEST_F(RefPtrTest, NewObjectHasOneReferenceAndDiesWithIt) {
  RefPtr<Base> pointer = MakeRefCounted<Base>(&destroyed_);
  EXPECT_EQ(pointer->reference_count(), 1u);
  pointer.reset();
  EXPECT_EQ(destroyed_, 1);
  EXPECT_FALSE(pointer);
}

TEST_F(RefPtrTest, CopiesShareAndMovesDoNot) {
  RefPtr<Base> a = MakeRefCounted<Base>(&destroyed_);
  RefPtr<Base> b = a;
  EXPECT_EQ(a->reference_count(), 2u);
  RefPtr<Base> c = std::move(b);
  EXPECT_EQ(a->reference_count(), 2u);
  EXPECT_EQ(b, nullptr);
  EXPECT_EQ(a, c);
  a.reset();
  EXPECT_EQ(destroyed_, 0);
}

TEST_F(RefPtrTest, AssignmentDropsTheOldObjectAndBearsItself) {
  RefPtr<Base> a = MakeRefCounted<Base>(&destroyed_);
  RefPtr<Base>& same = a;
  a = same;
  EXPECT_EQ(destroyed_, 0);
  a = MakeRefCounted<Base>(&destroyed_);
  EXPECT_EQ(destroyed_, 1);
  a = nullptr;
  EXPECT_EQ(destroyed_, 2);
}

TEST_F(RefPtrTest, ReleaseAndAdoptCarryTheReferenceAcross) {
  RefPtr<Base> a = MakeRefCounted<Base>(&destroyed_);
  Base* raw = a.Release();
  RefPtr<Base> b = AdoptRef(raw);
  EXPECT_EQ(b->reference_count(), 1u);
}

TEST_F(RefPtrTest, PointerToADerivedObjectConverts) {
  RefPtr<Base> base = MakeRefCounted<Derived>(&destroyed_);
  base.reset();
  EXPECT_EQ(destroyed_, 1);
}

TEST_F(RefPtrTest, WithoutMemoryThereIsNoObject) {
  torture::FailAllocation(1);
  EXPECT_EQ(MakeRefCounted<Base>(&destroyed_), nullptr);
  EXPECT_EQ(destroyed_, 0);
}

}  // namespace
}  // namespace gk
