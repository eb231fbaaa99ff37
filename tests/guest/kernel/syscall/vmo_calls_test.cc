#include <zircon/syscalls/object.h>

#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/object/object_fakes.h"
#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;
using test::FakeEvent;

class VmoCallsTest : public test::SyscallTest {
 protected:
  VmoCallsTest() : out_(Put(uint64_t{0})), buffer_(Put(std::array<char, 256>{})) {}

  VirtualAddress out_;
  VirtualAddress buffer_;
};

TEST_F(VmoCallsTest, CreateGivesZirconsRightsAndARoundedSize) {
  const zx_handle_t fixed = CreateVmo(5000);
  EXPECT_EQ(RightsOf(fixed), ZX_DEFAULT_VMO_RIGHTS);
  EXPECT_EQ(Call(Syscall::vmo_get_size, fixed, out_), ZX_OK);
  EXPECT_EQ(Get<uint64_t>(out_), 8192u);
  EXPECT_EQ(RightsOf(CreateVmo(0, ZX_VMO_RESIZABLE)), ZX_DEFAULT_VMO_RIGHTS | ZX_RIGHT_RESIZE);
}

TEST_F(VmoCallsTest, CreateRefusesUnknownOptionsAndSizesThatCannotBe) {
  EXPECT_EQ(Call(Syscall::vmo_create, 4096, 1u, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::vmo_create, 4096, 0x8000'0000u, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::vmo_create, UINT64_MAX, 0u, out_), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Call(Syscall::vmo_create, Vmo::kMaxSize + 1, 0u, out_), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Call(Syscall::vmo_create, Vmo::kMaxSize, 0u, out_), ZX_OK);
}

TEST_F(VmoCallsTest, CreateWithoutMemoryIsNoMemoryAtEveryStepAndLeaksNothing) {
  const uint32_t before = process_->handles().count();
  for (uint64_t step = 1;; ++step) {
    ASSERT_LT(step, 50u);
    int64_t status = ZX_OK;
    InThread([&] {
      torture::FailAllocation(step);
      status = CallHere(Syscall::vmo_create, 4096, 0u, out_);
      torture::FailAllocation(0);
    });
    if (status == ZX_OK) {
      break;
    }
    EXPECT_EQ(status, ZX_ERR_NO_MEMORY);
    EXPECT_EQ(process_->handles().count(), before);
  }
}

TEST_F(VmoCallsTest, WhatIsWrittenIsRead) {
  const zx_handle_t vmo = CreateVmo(2 * kPageSize);
  Store(buffer_, "across the page", 15);
  EXPECT_EQ(Call(Syscall::vmo_write, vmo, buffer_, kPageSize - 7, 15), ZX_OK);
  const VirtualAddress copy = Put(std::array<char, 16>{});
  EXPECT_EQ(Call(Syscall::vmo_read, vmo, copy, kPageSize - 7, 15), ZX_OK);
  EXPECT_STREQ((Get<std::array<char, 16>>(copy).data()), "across the page");
}

TEST_F(VmoCallsTest, ReadAndWriteCheckHandleThenTypeThenRightThenRangeThenBuffer) {
  const zx_handle_t vmo = CreateVmo(kPageSize);
  const zx_handle_t event = Add(MakeRefCounted<FakeEvent>(), ZX_RIGHT_NONE);
  for (const auto& [call, right] :
       {std::pair{Syscall::vmo_read, ZX_RIGHT_READ}, {Syscall::vmo_write, ZX_RIGHT_WRITE}}) {
    EXPECT_EQ(Call(call, ZX_HANDLE_INVALID, kBadAddress, 0, 1), ZX_ERR_BAD_HANDLE);
    EXPECT_EQ(Call(call, event, kBadAddress, 0, 1), ZX_ERR_WRONG_TYPE);
    EXPECT_EQ(Call(call, Without(vmo, right), kBadAddress, 0, 0), ZX_ERR_ACCESS_DENIED) << "even for nothing";
    EXPECT_EQ(Call(call, vmo, kBadAddress, 0, 2 * kPageSize), ZX_ERR_OUT_OF_RANGE);
    EXPECT_EQ(Call(call, vmo, buffer_, kPageSize + 1, 0), ZX_ERR_OUT_OF_RANGE);
    EXPECT_EQ(Call(call, vmo, buffer_, UINT64_MAX - 10, 100), ZX_ERR_OUT_OF_RANGE);
    EXPECT_EQ(Call(call, vmo, buffer_, 0, UINT64_MAX), ZX_ERR_OUT_OF_RANGE);
    EXPECT_NE(Call(call, vmo, kBadAddress, 0, 1), ZX_OK);
    EXPECT_EQ(Call(call, vmo, buffer_, kPageSize, 0), ZX_OK) << "an empty range at the end";
  }
}

TEST_F(VmoCallsTest, ABadBufferIsInvalidWhereItCannotBeAndNotFoundWhereNothingIsMapped) {
  const zx_handle_t vmo = CreateVmo(kPageSize);
  const VirtualAddress null = 0;
  const VirtualAddress kernel = 0xffff'8000'0000'0000;
  const VirtualAddress read_only = MapMemory(ZX_VM_PERM_READ, kPageSize);
  for (const Syscall call : {Syscall::vmo_read, Syscall::vmo_write}) {
    EXPECT_EQ(Call(call, vmo, null, 0, 1), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(Call(call, vmo, kernel, 0, 1), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(Call(call, vmo, AddressSpace::kUserEnd - kPageSize, 0, 1), ZX_ERR_NOT_FOUND);
    EXPECT_EQ(Call(call, vmo, null, 0, 0), ZX_OK) << "nothing is copied";
  }
  EXPECT_EQ(Call(Syscall::vmo_write, vmo, read_only, 0, 1), ZX_OK);
  EXPECT_EQ(Call(Syscall::vmo_read, vmo, read_only, 0, 1), ZX_ERR_INVALID_ARGS);
}

TEST_F(VmoCallsTest, SetSizeRoundsAndKeepsTheExactSizeAsContentSize) {
  const zx_handle_t vmo = CreateVmo(4 * kPageSize, ZX_VMO_RESIZABLE);
  EXPECT_EQ(Call(Syscall::vmo_set_size, vmo, 5 * kPageSize + 1), ZX_OK);
  EXPECT_EQ(Call(Syscall::vmo_get_size, vmo, out_), ZX_OK);
  EXPECT_EQ(Get<uint64_t>(out_), 6 * kPageSize);
  EXPECT_EQ(Call(Syscall::object_get_property, vmo, ZX_PROP_VMO_CONTENT_SIZE, out_, 8), ZX_OK);
  EXPECT_EQ(Get<uint64_t>(out_), 5 * kPageSize + 1);
}

TEST_F(VmoCallsTest, SetSizeOfAFixedObjectIsUnavailableBeforeRightsAreLookedAt) {
  const zx_handle_t fixed = CreateVmo(kPageSize);
  EXPECT_EQ(Call(Syscall::vmo_set_size, Without(fixed, UINT32_MAX), 0), ZX_ERR_UNAVAILABLE);
  const zx_handle_t resizable = CreateVmo(kPageSize, ZX_VMO_RESIZABLE);
  EXPECT_EQ(Call(Syscall::vmo_set_size, Without(resizable, ZX_RIGHT_RESIZE), 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::vmo_set_size, Without(resizable, ZX_RIGHT_WRITE), 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::vmo_set_size, resizable, UINT64_MAX), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Call(Syscall::vmo_set_size, root_, 0), ZX_ERR_WRONG_TYPE);
}

TEST_F(VmoCallsTest, TheContentSizeMayExceedTheObjectButTheStreamSizeMayNot) {
  const zx_handle_t vmo = CreateVmo(4 * kPageSize, ZX_VMO_RESIZABLE);
  const VirtualAddress large = Put(4 * kPageSize + 15643);
  EXPECT_EQ(Call(Syscall::object_set_property, vmo, ZX_PROP_VMO_CONTENT_SIZE, large, 8), ZX_OK);
  EXPECT_EQ(Call(Syscall::vmo_get_stream_size, vmo, out_), ZX_OK);
  EXPECT_EQ(Get<uint64_t>(out_), 4 * kPageSize + 15643);
  EXPECT_EQ(Call(Syscall::vmo_set_stream_size, vmo, 4 * kPageSize + 1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Call(Syscall::vmo_set_stream_size, Without(vmo, ZX_RIGHT_WRITE), 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::object_set_property, vmo, ZX_PROP_VMO_CONTENT_SIZE, large, 7), ZX_ERR_BUFFER_TOO_SMALL);
}

TEST_F(VmoCallsTest, MovingTheStreamSizeZeroesWhatItPasses) {
  const zx_handle_t vmo = CreateVmo(kPageSize);
  Store(buffer_, "abcdef", 6);
  EXPECT_EQ(Call(Syscall::vmo_write, vmo, buffer_, 0, 6), ZX_OK);
  EXPECT_EQ(Call(Syscall::vmo_set_stream_size, vmo, 3), ZX_OK);
  EXPECT_EQ(Call(Syscall::vmo_write, vmo, buffer_, 3, 3), ZX_OK);
  EXPECT_EQ(Call(Syscall::vmo_set_stream_size, vmo, 5), ZX_OK);
  EXPECT_EQ(Call(Syscall::vmo_read, vmo, buffer_, 0, 6), ZX_OK);
  EXPECT_EQ((Get<std::array<char, 6>>(buffer_)), (std::array<char, 6>{'a', 'b', 'c', 0, 0, 'c'}));
}

TEST_F(VmoCallsTest, InfoDescribesTheObjectInEveryVersion) {
  const zx_handle_t parent = CreateVmo(2 * kPageSize, ZX_VMO_RESIZABLE);
  EXPECT_EQ(Call(Syscall::vmo_op_range, parent, ZX_VMO_OP_COMMIT, 0, kPageSize, 0, 0), ZX_OK);
  EXPECT_EQ(Call(Syscall::vmo_create_child, parent, ZX_VMO_CHILD_SNAPSHOT | ZX_VMO_CHILD_NO_WRITE, 0, kPageSize, out_),
            ZX_OK);
  const zx_handle_t child = Get<zx_handle_t>(out_);
  const VirtualAddress buffer = Put(zx_info_vmo_t{});
  auto info_of = [&](zx_handle_t vmo, uint32_t topic, size_t size) {
    EXPECT_EQ(Call(Syscall::object_get_info, vmo, topic, buffer, size, 0, 0), ZX_OK);
    EXPECT_EQ(Call(Syscall::object_get_info, vmo, topic, buffer, size - 1, 0, 0), ZX_ERR_BUFFER_TOO_SMALL);
    return Get<zx_info_vmo_t>(buffer);
  };
  const zx_info_vmo_t of_parent = info_of(parent, ZX_INFO_VMO, sizeof(zx_info_vmo_t));
  EXPECT_EQ(of_parent.size_bytes, 2 * kPageSize);
  EXPECT_EQ(of_parent.num_children, 1u);
  EXPECT_EQ(of_parent.flags, ZX_INFO_VMO_TYPE_PAGED | ZX_INFO_VMO_RESIZABLE | ZX_INFO_VMO_VIA_HANDLE);
  EXPECT_EQ(of_parent.handle_rights, RightsOf(parent));
  EXPECT_EQ(of_parent.committed_bytes, kPageSize);
  EXPECT_EQ(of_parent.committed_private_bytes, 0u);
  EXPECT_EQ(of_parent.populated_scaled_bytes, kPageSize / 2);
  const zx_info_vmo_t of_child = info_of(child, ZX_INFO_VMO_V3, sizeof(zx_info_vmo_v3_t));
  EXPECT_EQ(of_child.parent_koid, of_parent.koid);
  EXPECT_EQ(of_child.flags,
            ZX_INFO_VMO_TYPE_PAGED | ZX_INFO_VMO_IS_COW_CLONE | ZX_INFO_VMO_IMMUTABLE | ZX_INFO_VMO_VIA_HANDLE);
  EXPECT_EQ(info_of(child, ZX_INFO_VMO_V2, sizeof(zx_info_vmo_v2_t)).koid, of_child.koid);
  EXPECT_EQ(info_of(child, ZX_INFO_VMO_V1, sizeof(zx_info_vmo_v1_t)).koid, of_child.koid);
}

TEST_F(VmoCallsTest, UncachedContentIsNeitherReadNorWritten) {
  const zx_handle_t vmo = CreateVmo(kPageSize);
  EXPECT_EQ(Call(Syscall::vmo_set_cache_policy, Without(vmo, ZX_RIGHT_MAP), 9u), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::vmo_set_cache_policy, vmo, 4u), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::vmo_set_cache_policy, vmo, ZX_CACHE_POLICY_UNCACHED), ZX_OK);
  EXPECT_EQ(Call(Syscall::vmo_read, vmo, buffer_, 0, 1), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Call(Syscall::vmo_write, vmo, buffer_, 0, 1), ZX_ERR_BAD_STATE);
}

TEST_F(VmoCallsTest, GetSizeNeedsNoRight) {
  const zx_handle_t vmo = CreateVmo(kPageSize);
  const zx_handle_t bare = Without(vmo, UINT32_MAX);
  EXPECT_EQ(Call(Syscall::vmo_get_size, bare, out_), ZX_OK);
  EXPECT_EQ(Call(Syscall::vmo_get_size, bare, kBadAddress), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::vmo_get_size, root_, out_), ZX_ERR_WRONG_TYPE);
}

}  // namespace
}  // namespace gk
