#include <zircon/syscalls/iommu.h>
#include <zircon/syscalls/object.h>

#include "guest/kernel/object/bti_dispatcher.h"
#include "guest/kernel/object/resource_dispatcher.h"
#include "guest/kernel/object/vmo_dispatcher.h"
#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;

class BtiCallsTest : public test::SyscallTest {
 protected:
  BtiCallsTest()
      : out_(Put(ZX_HANDLE_INVALID)),
        addresses_(Put(std::array<uint64_t, 8>{})),
        bti_(Add(BtiDispatcher::Create(), ZX_DEFAULT_BTI_RIGHTS)),
        vmo_(CreateVmo(4 * kPageSize)) {}

  int64_t Pin(uint32_t options, zx_handle_t vmo, uint64_t offset, uint64_t length, size_t count) {
    return Call(Syscall::bti_pin, bti_, options, vmo, offset, length, addresses_, count, out_);
  }
  zx_handle_t Given() { return Get<zx_handle_t>(out_); }
  Vmo& VmoOf(zx_handle_t handle) { return (*process_->handles().Get<VmoDispatcher>(handle, 0))->vmo(); }
  bool IsPinned() { return VmoOf(vmo_).content().HasPins(0, 4); }
  zx_info_bti_t Info() {
    const VirtualAddress buffer = Put(zx_info_bti_t{});
    EXPECT_EQ(Call(Syscall::object_get_info, bti_, ZX_INFO_BTI, buffer, sizeof(zx_info_bti_t), 0, 0), ZX_OK);
    return Get<zx_info_bti_t>(buffer);
  }

  VirtualAddress out_;
  VirtualAddress addresses_;
  zx_handle_t bti_;
  zx_handle_t vmo_;
};

TEST_F(BtiCallsTest, PinTellsTheAddressOfEachPageUntilUnpin) {
  EXPECT_EQ(Pin(ZX_BTI_PERM_READ | ZX_BTI_PERM_WRITE, vmo_, kPageSize, 2 * kPageSize, 2), ZX_OK);
  const auto addresses = Get<std::array<uint64_t, 3>>(addresses_);
  EXPECT_EQ(addresses[0], VmoOf(vmo_).PeekPage(1).address);
  EXPECT_EQ(addresses[1], VmoOf(vmo_).PeekPage(2).address);
  EXPECT_EQ(addresses[2], 0u);
  EXPECT_EQ(RightsOf(Given()), ZX_DEFAULT_PMT_RIGHTS);
  EXPECT_EQ(Call(Syscall::vmo_op_range, vmo_, ZX_VMO_OP_DECOMMIT, 0, 4 * kPageSize, 0, 0), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Info().pmo_count, 1u);
  EXPECT_EQ(Call(Syscall::pmt_unpin, Given()), ZX_OK);
  EXPECT_FALSE(IsPinned());
  EXPECT_EQ(Info().pmo_count, 0u);
  EXPECT_EQ(Call(Syscall::pmt_unpin, Given()), ZX_ERR_BAD_HANDLE);
}

TEST_F(BtiCallsTest, AClosedTokenStaysPinnedInQuarantineUntilThatIsReleased) {
  EXPECT_EQ(Pin(ZX_BTI_PERM_READ, vmo_, 0, kPageSize, 1), ZX_OK);
  EXPECT_EQ(Call(Syscall::handle_close, Given()), ZX_OK);
  EXPECT_TRUE(IsPinned());
  EXPECT_EQ(Info().quarantine_count, 1u);
  EXPECT_EQ(Call(Syscall::bti_release_quarantine, Without(bti_, ZX_RIGHT_WRITE)), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::bti_release_quarantine, bti_), ZX_OK);
  EXPECT_FALSE(IsPinned());
  EXPECT_EQ(Info().quarantine_count, 0u);
}

TEST_F(BtiCallsTest, TheEndOfTheInitiatorEndsItsQuarantine) {
  EXPECT_EQ(Pin(ZX_BTI_PERM_READ, vmo_, 0, kPageSize, 1), ZX_OK);
  EXPECT_EQ(Call(Syscall::handle_close, Given()), ZX_OK);
  EXPECT_EQ(Pin(ZX_BTI_PERM_READ, vmo_, 0, kPageSize, 1), ZX_OK);
  EXPECT_EQ(Call(Syscall::handle_close, bti_), ZX_OK);
  EXPECT_TRUE(IsPinned()) << "by the token that is left";
  EXPECT_EQ(Call(Syscall::handle_close, Given()), ZX_OK);
  EXPECT_FALSE(IsPinned());
}

TEST_F(BtiCallsTest, PinChecksInitiatorThenAlignmentThenObjectThenTheRest) {
  constexpr uint32_t kRead = ZX_BTI_PERM_READ;
  EXPECT_EQ(Call(Syscall::bti_pin, vmo_, kRead, vmo_, 1, 1, addresses_, 1, out_), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Call(Syscall::bti_pin, Without(bti_, ZX_RIGHT_MAP), kRead, vmo_, 1, 1, addresses_, 1, out_),
            ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Pin(kRead, bti_, 1, kPageSize, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Pin(kRead, bti_, 0, kPageSize, 1), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Pin(kRead, Without(vmo_, ZX_RIGHT_MAP), 0, kPageSize, 1), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Pin(kRead, Without(vmo_, ZX_RIGHT_READ), 0, kPageSize, 1), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Pin(ZX_BTI_PERM_WRITE, Without(vmo_, ZX_RIGHT_WRITE), 0, kPageSize, 1), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Pin(ZX_BTI_PERM_EXECUTE, Without(vmo_, ZX_RIGHT_READ), 0, kPageSize, 1), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Pin(0, vmo_, 0, kPageSize, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Pin(kRead | 1u << 5, vmo_, 0, kPageSize, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Pin(kRead, vmo_, 0, 0, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Pin(kRead, vmo_, 0, 2 * kPageSize, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Pin(kRead | ZX_BTI_CONTIGUOUS, vmo_, 0, kPageSize, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Pin(kRead, vmo_, 4 * kPageSize, kPageSize, 1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_FALSE(IsPinned());
}

TEST_F(BtiCallsTest, AContiguousObjectNeedsOneAddress) {
  EXPECT_EQ(Call(Syscall::vmo_create_contiguous, bti_, 3 * kPageSize, 0u, out_), ZX_OK);
  const zx_handle_t vmo = Given();
  EXPECT_EQ(Pin(ZX_BTI_PERM_READ | ZX_BTI_CONTIGUOUS, vmo, 0, 3 * kPageSize, 1), ZX_OK);
  EXPECT_EQ(Get<uint64_t>(addresses_), VmoOf(vmo).PeekPage(0).address);
  EXPECT_EQ(Call(Syscall::vmo_set_cache_policy, vmo, ZX_CACHE_POLICY_UNCACHED), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Call(Syscall::pmt_unpin, Given()), ZX_OK);
}

TEST_F(BtiCallsTest, APinThatCannotBeToldIsUndone) {
  for (const auto& [addresses, out] : {std::pair{kBadAddress, out_}, {addresses_, kBadAddress}}) {
    EXPECT_EQ(Call(Syscall::bti_pin, bti_, ZX_BTI_PERM_READ, vmo_, 0, kPageSize, addresses, 1, out),
              ZX_ERR_INVALID_ARGS);
    EXPECT_FALSE(IsPinned());
    EXPECT_EQ(Info().quarantine_count, 0u);
  }
}

TEST_F(BtiCallsTest, AnIommuComesFromAResourceAndAnInitiatorFromAnIommu) {
  const zx_handle_t machine = Add(ResourceDispatcher::CreateRoot(), ZX_DEFAULT_RESOURCE_RIGHTS);
  EXPECT_EQ(Call(Syscall::iommu_create, machine, ZX_IOMMU_TYPE_DUMMY, addresses_, 1, out_), ZX_OK);
  const zx_handle_t iommu = Given();
  EXPECT_EQ(Call(Syscall::bti_create, iommu, 0u, 7, out_), ZX_OK);
  EXPECT_EQ(RightsOf(Given()), ZX_DEFAULT_BTI_RIGHTS);
  EXPECT_EQ(Call(Syscall::bti_create, iommu, 1u, 7, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::bti_create, machine, 0u, 7, out_), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Call(Syscall::iommu_create, machine, ZX_IOMMU_TYPE_INTEL, addresses_, 1, out_), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(Call(Syscall::iommu_create, machine, ZX_IOMMU_TYPE_DUMMY, addresses_, 2, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::iommu_create, bti_, ZX_IOMMU_TYPE_DUMMY, addresses_, 1, out_), ZX_ERR_WRONG_TYPE);
}

}  // namespace
}  // namespace gk
