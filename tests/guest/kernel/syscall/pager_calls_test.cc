#include <zircon/syscalls/object.h>
#include <zircon/syscalls/policy.h>

#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;

class PagerCallsTest : public test::SyscallTest {
 protected:
  PagerCallsTest() : out_(Put(ZX_HANDLE_INVALID)) {}

  zx_handle_t CreatePager() {
    EXPECT_EQ(Call(Syscall::pager_create, 0u, out_), ZX_OK);
    return Get<zx_handle_t>(out_);
  }

  VirtualAddress out_;
};

TEST_F(PagerCallsTest, APagerHasRightsToAttachAndManageVmosButNoneToBeDuplicated) {
  const zx_handle_t pager = CreatePager();
  EXPECT_EQ(RightsOf(pager), 0x01808002u);
  const VirtualAddress record = Put(zx_info_handle_basic_t{});
  EXPECT_EQ(
      Call(Syscall::object_get_info, pager, ZX_INFO_HANDLE_BASIC, record, sizeof(zx_info_handle_basic_t), 0ul, 0ul),
      ZX_OK);
  const auto info = Get<zx_info_handle_basic_t>(record);
  EXPECT_EQ(info.type, ZX_OBJ_TYPE_PAGER);
  EXPECT_EQ(info.rights, ZX_DEFAULT_PAGER_RIGHTS);
  EXPECT_EQ(info.related_koid, ZX_KOID_INVALID);
  EXPECT_EQ(Call(Syscall::handle_duplicate, pager, ZX_RIGHT_SAME_RIGHTS, out_), ZX_ERR_ACCESS_DENIED);
}

TEST_F(PagerCallsTest, CreateTakesNoOptionsAndNeedsAPlaceForTheHandle) {
  const uint32_t handles = process_->handles().count();
  EXPECT_EQ(Call(Syscall::pager_create, 1u, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::pager_create, 0u, uint64_t{0}), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(process_->handles().count(), handles);
}

}  // namespace
}  // namespace gk
