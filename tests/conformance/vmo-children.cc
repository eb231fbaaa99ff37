// zx_vmo_create_child: options, rights, errors, and who is whose child.
#include "tests/conformance/support.h"

namespace conformance {
namespace {

constexpr uint32_t kSnapshots[] = {ZX_VMO_CHILD_SNAPSHOT, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE};
constexpr uint32_t kKinds[] = {ZX_VMO_CHILD_SNAPSHOT, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, ZX_VMO_CHILD_SLICE};
constexpr zx_rights_t kProperties = ZX_RIGHT_GET_PROPERTY | ZX_RIGHT_SET_PROPERTY;

// vmo create_child | size is not page-aligned | it is rounded up; the content size is the size given
TEST(VmoCreateChild, SizeIsRoundedUp) {
  const zx::vmo vmo = MakeVmo(4);
  for (const uint32_t kind : kKinds) {
    zx::vmo child;
    ASSERT_OK(zx_vmo_create_child(vmo.get(), kind, 0, kPageSize + 42, child.reset_and_get_address()));
    uint64_t size = 0;
    EXPECT_OK(child.get_size(&size));
    EXPECT_EQ(size, 2 * kPageSize);
    EXPECT_OK(child.get_prop_content_size(&size));
    EXPECT_EQ(size, kPageSize + 42);
  }
}

// vmo create_child | offset is not page-aligned | INVALID_ARGS
TEST(VmoCreateChild, UnalignedOffsetIsRefused) {
  for (const uint32_t kind : kKinds) {
    EXPECT_STATUS(TryChild(MakeVmo(4), kind, 42, kPageSize), ZX_ERR_INVALID_ARGS);
  }
}

// vmo create_child | out is NULL or an invalid pointer | INVALID_ARGS
TEST(VmoCreateChild, InvalidOutIsRefused) {
  const zx::vmo vmo = MakeVmo(4);
  for (const uintptr_t bad : {uintptr_t{0}, uintptr_t{kKernelAddress}}) {
    EXPECT_STATUS(zx_vmo_create_child(vmo.get(), ZX_VMO_CHILD_SNAPSHOT, 0, kPageSize, AtAddress<zx_handle_t>(bad)),
                  ZX_ERR_INVALID_ARGS);
  }
  EXPECT_TRUE(HasNoChildren(vmo));
}

// vmo create_child | no kind of child, or several, or unknown bits are given | INVALID_ARGS
TEST(VmoCreateChild, ExactlyOneKindIsNeeded) {
  const zx::vmo vmo = MakeVmo(4);
  for (const uint32_t options :
       {0U, ZX_VMO_CHILD_RESIZABLE, ZX_VMO_CHILD_NO_WRITE, ZX_VMO_CHILD_SNAPSHOT | ZX_VMO_CHILD_SLICE,
        ZX_VMO_CHILD_SNAPSHOT | ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, ZX_VMO_CHILD_SNAPSHOT | 1U << 31}) {
    EXPECT_STATUS(TryChild(vmo, options, 0, kPageSize), ZX_ERR_INVALID_ARGS, "options %#x", options);
  }
}

// vmo create_child | ZX_VMO_CHILD_RESIZABLE with ZX_VMO_CHILD_SLICE | INVALID_ARGS
// vmo create_child | ZX_VMO_CHILD_NO_WRITE with ZX_VMO_CHILD_RESIZABLE | INVALID_ARGS
TEST(VmoCreateChild, IncompatibleOptionsAreRefused) {
  for (const zx::vmo& vmo : {MakeVmo(4), MakeVmo(4, ZX_VMO_RESIZABLE)}) {
    EXPECT_STATUS(TryChild(vmo, ZX_VMO_CHILD_SLICE | ZX_VMO_CHILD_RESIZABLE, 0, kPageSize), ZX_ERR_INVALID_ARGS);
    for (const uint32_t kind : kKinds) {
      EXPECT_STATUS(TryChild(vmo, kind | ZX_VMO_CHILD_NO_WRITE | ZX_VMO_CHILD_RESIZABLE, 0, kPageSize),
                    ZX_ERR_INVALID_ARGS);
    }
  }
}

// vmo create_child | ZX_VMO_CHILD_RESIZABLE | the child can change size, whatever the parent is; else UNAVAILABLE
// vmo set_size | the child was created without ZX_VMO_CHILD_RESIZABLE | UNAVAILABLE
TEST(VmoCreateChild, ResizabilityIsItsOwn) {
  const zx::vmo vmo = MakeVmo(4);
  for (const uint32_t kind : kKinds) {
    EXPECT_STATUS(zx_vmo_set_size(MakeChild(vmo, kind, 0, 4).get(), kPageSize), ZX_ERR_UNAVAILABLE);
  }
  for (const uint32_t kind : kSnapshots) {
    const zx::vmo child = MakeChild(vmo, kind | ZX_VMO_CHILD_RESIZABLE, 0, 4);
    EXPECT_NE(RightsOf(child) & ZX_RIGHT_RESIZE, 0U);
    EXPECT_OK(zx_vmo_set_size(child.get(), 5 * kPageSize));
  }
}

// vmo create_child | ZX_VMO_CHILD_SNAPSHOT or _AT_LEAST_ON_WRITE without ZX_VMO_CHILD_NO_WRITE | the parent's rights,
// with ZX_RIGHT_WRITE, without ZX_RIGHT_EXECUTE
TEST(VmoCreateChild, RightsOfASnapshot) {
  const zx::vmo vmo = MakeVmo(4);
  for (const zx_rights_t rights : {kVmoRights, ZX_RIGHT_READ | ZX_RIGHT_DUPLICATE | ZX_RIGHT_MAP | ZX_RIGHT_INSPECT}) {
    const zx::vmo parent = WithRights(vmo, rights);
    for (const uint32_t kind : kSnapshots) {
      EXPECT_EQ(RightsOf(MakeChild(parent, kind, 0, 1)), rights | kProperties | ZX_RIGHT_WRITE);
    }
  }
}

// vmo create_child | ZX_VMO_CHILD_NO_WRITE | ZX_RIGHT_WRITE is removed
TEST(VmoCreateChild, RightsWithoutWrite) {
  const zx::vmo vmo = MakeVmo(4);
  for (const uint32_t kind : kKinds) {
    const zx::vmo child = MakeChild(vmo, kind | ZX_VMO_CHILD_NO_WRITE, 0, 1);
    EXPECT_EQ(RightsOf(child), kVmoRights & ~ZX_RIGHT_WRITE);
    EXPECT_STATUS(SetTag(child, 0, 1), ZX_ERR_ACCESS_DENIED);
  }
}

// vmo create_child | ZX_VMO_CHILD_SLICE | the parent's rights
TEST(VmoCreateChild, RightsOfASlice) {
  const zx::vmo vmo = MakeVmo(4);
  EXPECT_EQ(RightsOf(MakeChild(vmo, ZX_VMO_CHILD_SLICE, 0, 1)), kVmoRights);
  constexpr zx_rights_t kFew = ZX_RIGHT_READ | ZX_RIGHT_DUPLICATE | ZX_RIGHT_INSPECT;
  EXPECT_EQ(RightsOf(MakeChild(WithRights(vmo, kFew), ZX_VMO_CHILD_SLICE, 0, 1)), kFew | kProperties);
}

// vmo create_child | the handle lacks ZX_RIGHT_DUPLICATE or ZX_RIGHT_READ | ACCESS_DENIED
TEST(VmoCreateChild, NeedsTheRights) {
  const zx::vmo vmo = MakeVmo(4);
  for (const zx_rights_t missing : {ZX_RIGHT_DUPLICATE, ZX_RIGHT_READ}) {
    for (const uint32_t kind : kKinds) {
      EXPECT_STATUS(TryChild(WithRights(vmo, kVmoRights & ~missing), kind, 0, kPageSize), ZX_ERR_ACCESS_DENIED);
    }
  }
}

// vmo create_child | the handle is not a VMO | WRONG_TYPE (the document writes BAD_TYPE, which is no status)
// vmo create_child | the handle is not valid | BAD_HANDLE
TEST(VmoCreateChild, OtherHandlesAreRefused) {
  zx_handle_t out = ZX_HANDLE_INVALID;
  EXPECT_STATUS(zx_vmo_create_child(zx_vmar_root_self(), ZX_VMO_CHILD_SNAPSHOT, 0, kPageSize, &out), ZX_ERR_WRONG_TYPE);
  EXPECT_STATUS(zx_vmo_create_child(kNoSuchHandle, ZX_VMO_CHILD_SNAPSHOT, 0, kPageSize, &out), ZX_ERR_BAD_HANDLE);
}

// vmo create_child | offset + size is too large | OUT_OF_RANGE
TEST(VmoCreateChild, TooLargeIsRefused) {
  for (const uint32_t kind : kKinds) {
    EXPECT_STATUS(TryChild(MakeVmo(4), kind, 0, UINT64_MAX), ZX_ERR_OUT_OF_RANGE);
    EXPECT_STATUS(TryChild(MakeVmo(4), kind, 0, UINT64_MAX - kPageSize + 1), ZX_ERR_OUT_OF_RANGE);
  }
}

// vmo create | a new VMO | ZX_VMO_ZERO_CHILDREN is active
// vmo create_child | a child is made | ZX_VMO_ZERO_CHILDREN is inactive until the last one has gone
TEST(VmoCreateChild, ZeroChildrenTellsWhetherThereAreAny) {
  const zx::vmo vmo = MakeVmo(4);
  EXPECT_TRUE(HasNoChildren(vmo));
  for (const uint32_t kind : kKinds) {
    zx::vmo first = MakeChild(vmo, kind, 0, 1);
    zx::vmo second = MakeChild(vmo, kind, 1, 1);
    EXPECT_FALSE(HasNoChildren(vmo));
    EXPECT_TRUE(HasNoChildren(first));
    first.reset();
    EXPECT_FALSE(HasNoChildren(vmo));
    second.reset();
    EXPECT_TRUE(HasNoChildren(vmo));
  }
}

// vmo create_child | a child's handle is closed but it is mapped | ZX_VMO_ZERO_CHILDREN stays inactive
TEST(VmoCreateChild, MappedChildrenCount) {
  const zx::vmo vmo = MakeVmo(4);
  zx::vmo child = MakeChild(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, 1);
  {
    const Mapping mapping(child, kRead, kPageSize);
    child.reset();
    EXPECT_FALSE(HasNoChildren(vmo));
  }
  EXPECT_TRUE(HasNoChildren(vmo));
}

// real create_child | the middle handle of a chain is closed | ZX_VMO_ZERO_CHILDREN waits for the grandchild
TEST(VmoCreateChild, GrandchildrenCount) {
  for (const uint32_t kind : kKinds) {
    const zx::vmo vmo = MakeVmo(4);
    zx::vmo child = MakeChild(vmo, kind, 0, 4);
    zx::vmo grandchild = MakeChild(child, kind, 0, 4);
    child.reset();
    EXPECT_FALSE(HasNoChildren(vmo));
    grandchild.reset();
    EXPECT_TRUE(HasNoChildren(vmo));
  }
}

// real create_child | ZX_INFO_VMO | names the parent and counts the children
TEST(VmoCreateChild, InfoNamesTheParent) {
  const zx::vmo vmo = MakeVmo(4);
  const uint64_t koid = InfoOf(vmo).koid;
  EXPECT_EQ(InfoOf(vmo).parent_koid, 0U);
  zx::vmo children[5];
  for (uint64_t i = 0; i < 5; ++i) {
    children[i] = MakeChild(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, 4);
    EXPECT_EQ(InfoOf(children[i]).parent_koid, koid);
    EXPECT_EQ(InfoOf(vmo).num_children, i + 1);
  }
  for (uint64_t i = 0; i < 5; ++i) {
    children[i].reset();
    EXPECT_EQ(InfoOf(vmo).num_children, 4 - i);
  }
  EXPECT_EQ(InfoOf(vmo).koid, koid);
}

}  // namespace
}  // namespace conformance
