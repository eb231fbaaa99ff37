// Calls that are only there where the machine is debugged; this program runs with enable-debugging-syscalls=true.
#include "tests/conformance/support.h"

namespace conformance {
namespace {

// vmo op_range | ZX_VMO_OP_CACHE_INVALIDATE with kernel.enable-debugging-syscalls | OK
TEST(Debugging, CachesCanBeInvalidated) {
  const zx::vmo vmo = MakeTagged(2, 0);
  EXPECT_OK(OpRange(vmo, ZX_VMO_OP_CACHE_INVALIDATE, 0, 2 * kPageSize));
  EXPECT_EQ(TagOf(vmo, 1), 2U);
  EXPECT_STATUS(OpRange(vmo, ZX_VMO_OP_CACHE_INVALIDATE, 0, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(OpRange(vmo, ZX_VMO_OP_CACHE_INVALIDATE, kPageSize, 2 * kPageSize), ZX_ERR_OUT_OF_RANGE);
}

}  // namespace
}  // namespace conformance
