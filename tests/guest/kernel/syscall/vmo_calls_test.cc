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

TEST_F(VmoCallsTest, GetSizeNeedsNoRight) {
  const zx_handle_t vmo = CreateVmo(kPageSize);
  const zx_handle_t bare = Without(vmo, UINT32_MAX);
  EXPECT_EQ(Call(Syscall::vmo_get_size, bare, out_), ZX_OK);
  EXPECT_EQ(Call(Syscall::vmo_get_size, bare, kBadAddress), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::vmo_get_size, root_, out_), ZX_ERR_WRONG_TYPE);
}

}  // namespace
}  // namespace gk
