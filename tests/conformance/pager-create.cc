// zx_pager_create and zx_pager_create_vmo: their arguments, what the VMO is like, the packets of its requests.
#include <string.h>

#include <memory>

#include "tests/conformance/pager_handles.h"

namespace conformance {
namespace {

class PagerCreate : public PagerHandles {};
class PagerCreateVmo : public PagerHandles {
 protected:
  zx_status_t Create(uint32_t options, uint64_t size, zx::vmo* vmo) const {
    return pager_.create_vmo(options, port_, 7, size, vmo);
  }
};

// ---- create --------------------------------------------------------------------------------------------------------

// pager create | out is NULL or an invalid pointer | INVALID_ARGS
TEST_F(PagerCreate, InvalidOutIsRefused) {
  EXPECT_STATUS(zx_pager_create(0, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(zx_pager_create(0, AtAddress<zx_handle_t>(kUnmapped)), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(zx_pager_create(0, AtAddress<zx_handle_t>(kKernelAddress)), ZX_ERR_INVALID_ARGS);
}

// pager create | the pager is closed and one of its VMOs is accessed where the pager would be asked | it fails as if
// the VMO had been detached
TEST_F(PagerCreate, AccessesFailWhenThePagerIsClosed) {
  pager_.reset();
  uint64_t word = 0;
  EXPECT_STATUS(vmo_.read(&word, 0, sizeof(word)), ZX_ERR_BAD_STATE);
  EXPECT_STATUS(vmo_.write(&word, 0, sizeof(word)), ZX_ERR_BAD_STATE);
  EXPECT_STATUS(OpRange(vmo_, ZX_VMO_OP_COMMIT, 0, kPageSize), ZX_ERR_BAD_STATE);
  const Mapping mapping(vmo_, kReadWrite | ZX_VM_ALLOW_FAULTS, kPageSize);
  ASSERT_OK(mapping.status());
  EXPECT_STATUS(ProbeRead(mapping.address()), ZX_ERR_BAD_STATE);
  EXPECT_STATUS(ProbeWrite(mapping.address()), ZX_ERR_BAD_STATE);
  EXPECT_TRUE(IsQuiet());
}

// ---- create_vmo: arguments
// -------------------------------------------------------------------------------------------

// pager create_vmo | out is NULL or an invalid pointer | INVALID_ARGS, and no VMO is left
TEST_F(PagerCreateVmo, InvalidOutIsRefused) {
  EXPECT_STATUS(zx_pager_create_vmo(pager_.get(), 0, port_.get(), 0, kPageSize, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(zx_pager_create_vmo(pager_.get(), 0, port_.get(), 0, kPageSize, AtAddress<zx_handle_t>(kUnmapped)),
                ZX_ERR_INVALID_ARGS);
}

// pager create_vmo | options has a bit that is not an option | INVALID_ARGS
TEST_F(PagerCreateVmo, UnknownOptionsAreRefused) {
  zx::vmo vmo;
  EXPECT_STATUS(Create(UINT32_MAX, kPageSize, &vmo), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(Create(1, kPageSize, &vmo), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(Create(ZX_VMO_DISCARDABLE, kPageSize, &vmo), ZX_ERR_INVALID_ARGS);
  EXPECT_FALSE(vmo.is_valid());
}

// ---- create_vmo: the VMO
// ---------------------------------------------------------------------------------------------

// pager create_vmo | options is any combination of ZX_VMO_RESIZABLE and ZX_VMO_TRAP_DIRTY | OK
TEST_F(PagerCreateVmo, OptionsCombine) {
  for (const uint32_t options :
       {uint32_t{0}, ZX_VMO_RESIZABLE, ZX_VMO_TRAP_DIRTY, ZX_VMO_RESIZABLE | ZX_VMO_TRAP_DIRTY}) {
    zx::vmo vmo;
    EXPECT_OK(Create(options, kPageSize, &vmo));
    EXPECT_EQ((InfoOf(vmo).flags & ZX_INFO_VMO_RESIZABLE) != 0, (options & ZX_VMO_RESIZABLE) != 0);
    EXPECT_STATUS(vmo.set_size(2 * kPageSize), (options & ZX_VMO_RESIZABLE) != 0 ? ZX_OK : ZX_ERR_UNAVAILABLE);
  }
}

// pager create_vmo | size is not a multiple of the page size | it is rounded up; the content size is the size given
TEST_F(PagerCreateVmo, SizeIsRoundedUp) {
  zx::vmo vmo;
  uint64_t size = 0;
  ASSERT_OK(Create(0, kPageSize + 1, &vmo));
  EXPECT_OK(vmo.get_size(&size));
  EXPECT_EQ(size, 2 * kPageSize);
  EXPECT_OK(vmo.get_prop_content_size(&size));
  EXPECT_EQ(size, kPageSize + 1);
}

// pager create_vmo | size is 0 | the VMO is legal and holds nothing
TEST_F(PagerCreateVmo, MayBeEmpty) {
  zx::vmo vmo;
  ASSERT_OK(Create(0, 0, &vmo));
  uint8_t byte = 0;
  EXPECT_OK(vmo.read(&byte, 0, 0));
  EXPECT_STATUS(vmo.read(&byte, 0, 1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_TRUE(IsQuiet());
}

// ---- create_vmo: packets
// ---------------------------------------------------------------------------------------------

// pager create_vmo | an absent page is accessed | a packet of type ZX_PKT_TYPE_PAGE_REQUEST with the key, command
// ZX_PAGER_VMO_READ, page-aligned offset and length, all other bytes 0; supplying is the answer
TEST_F(PagerCreateVmo, ReadPacketsTellWhatIsWanted) {
  zx::vmo vmo;
  constexpr uint64_t kKey = 0xfedc'ba98'7654'3210;
  ASSERT_OK(pager_.create_vmo(0, port_, kKey, 3 * kPageSize, &vmo));
  uint8_t byte = 1;
  TestThread read([&] { return vmo.read(&byte, kPageSize + 5, 1); });
  zx_port_packet_t packet;
  memset(&packet, 0xff, sizeof(packet));
  ASSERT_OK(port_.wait(zx::time(zx_deadline_after(kPatience)), &packet));
  zx_port_packet_t expected = {};
  expected.key = kKey;
  expected.type = ZX_PKT_TYPE_PAGE_REQUEST;
  expected.page_request.command = ZX_PAGER_VMO_READ;
  expected.page_request.offset = kPageSize;
  expected.page_request.length = kPageSize;
  EXPECT_BYTES_EQ(&packet, &expected, sizeof(packet));
  EXPECT_OK(pager_.supply_pages(vmo, kPageSize, kPageSize, plain_, 0));
  EXPECT_OK(read.Wait());
  EXPECT_EQ(byte, 0);
  EXPECT_TRUE(IsQuiet());
}

// pager create_vmo | no references to the VMO remain | ZX_PAGER_VMO_COMPLETE with offset and length 0, once
TEST_F(PagerCreateVmo, LastReferenceCompletes) {
  zx::vmo child = MakeChild(vmo_, ZX_VMO_CHILD_SLICE, 0, 1);
  auto mapping = std::make_unique<Mapping>(vmo_, kRead | ZX_VM_ALLOW_FAULTS, kPageSize);
  vmo_.reset();
  EXPECT_TRUE(IsQuiet());
  child.reset();
  EXPECT_TRUE(IsQuiet());
  mapping.reset();
  zx_port_packet_t packet = {};
  ASSERT_OK(port_.wait(zx::time(zx_deadline_after(kPatience)), &packet));
  EXPECT_EQ(packet.key, 1U);
  EXPECT_EQ(packet.type, ZX_PKT_TYPE_PAGE_REQUEST);
  EXPECT_EQ(packet.page_request.command, ZX_PAGER_VMO_COMPLETE);
  EXPECT_EQ(packet.page_request.offset, 0U);
  EXPECT_EQ(packet.page_request.length, 0U);
  EXPECT_TRUE(IsQuiet());
}

}  // namespace
}  // namespace conformance
