// Handles: values, rights, duplication and closing. The documents of the memory calls rest on them.
#include "tests/conformance/support.h"

namespace conformance {
namespace {

// real handle_close | the handle was closed | every call on it says BAD_HANDLE
TEST(Handles, ClosedOneIsGone) {
  zx::vmo vmo = MakeVmo(1);
  const zx_handle_t value = vmo.release();
  ASSERT_OK(zx_handle_close(value));
  EXPECT_STATUS(zx_handle_close(value), ZX_ERR_BAD_HANDLE);
  uint64_t size = 0;
  EXPECT_STATUS(zx_vmo_get_size(value, &size), ZX_ERR_BAD_HANDLE);
}

// real handle_close | the value is ZX_HANDLE_INVALID | OK
TEST(Handles, ClosingNoneSucceeds) {
  EXPECT_OK(zx_handle_close(ZX_HANDLE_INVALID));
  EXPECT_STATUS(zx_handle_close(kNoSuchHandle), ZX_ERR_BAD_HANDLE);
}

// real handle_close | values of handles | the two lowest bits are set, no two live ones are equal
TEST(Handles, ValuesHaveTheirFixedBits) {
  zx::vmo vmos[64];
  for (zx::vmo& vmo : vmos) {
    vmo = MakeVmo(0);
    EXPECT_EQ(vmo.get() & ZX_HANDLE_FIXED_BITS_MASK, ZX_HANDLE_FIXED_BITS_MASK);
    for (const zx::vmo* other = vmos; other != &vmo; ++other) {
      ASSERT_NE(vmo.get(), other->get());
    }
  }
}

// real handle_duplicate | the handle lacks ZX_RIGHT_DUPLICATE | ACCESS_DENIED
TEST(Handles, DuplicationNeedsTheRight) {
  const zx::vmo vmo = WithRights(MakeVmo(1), ZX_RIGHT_READ);
  zx::vmo second;
  EXPECT_STATUS(vmo.duplicate(ZX_RIGHT_SAME_RIGHTS, &second), ZX_ERR_ACCESS_DENIED);
}

// real handle_duplicate | more rights are asked for than the handle has | INVALID_ARGS
TEST(Handles, DuplicationCannotAddRights) {
  const zx::vmo vmo = WithRights(MakeVmo(1), ZX_RIGHT_READ | ZX_RIGHT_DUPLICATE);
  zx::vmo second;
  EXPECT_STATUS(vmo.duplicate(ZX_RIGHT_READ | ZX_RIGHT_WRITE, &second), ZX_ERR_INVALID_ARGS);
  EXPECT_OK(vmo.duplicate(ZX_RIGHT_READ, &second));
}

// real handle_duplicate | ZX_RIGHT_SAME_RIGHTS | a second handle of the same object and rights
TEST(Handles, DuplicateNamesTheSameObject) {
  const zx::vmo vmo = MakeVmo(1);
  zx::vmo second;
  ASSERT_OK(vmo.duplicate(ZX_RIGHT_SAME_RIGHTS, &second));
  ASSERT_NE(vmo.get(), second.get());
  ASSERT_OK(SetTag(vmo, 0, 7));
  EXPECT_EQ(TagOf(second, 0), 7U);
}

// real handle_duplicate | out is an invalid pointer | INVALID_ARGS
TEST(Handles, DuplicationChecksItsPointer) {
  const zx::vmo vmo = MakeVmo(1);
  EXPECT_STATUS(zx_handle_duplicate(vmo.get(), ZX_RIGHT_SAME_RIGHTS, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(zx_handle_duplicate(vmo.get(), ZX_RIGHT_SAME_RIGHTS, AtAddress<zx_handle_t>(kKernelAddress)),
                ZX_ERR_INVALID_ARGS);
}

}  // namespace
}  // namespace conformance
