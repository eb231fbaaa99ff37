#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;

class ProcessMemoryCallsTest : public test::SyscallTest {
 protected:
  ProcessMemoryCallsTest()
      : target_(*ProcessDispatcher::Create(NameOf("target"))),
        handle_(Add(target_, ZX_DEFAULT_PROCESS_RIGHTS)),
        buffer_(Put(uint64_t{0})),
        actual_(Put(size_t{0})) {
    const RefPtr<Vmo> vmo = *Vmo::Create(kPageSize, Resizability::kFixed);
    MapRequest request{.vmo = vmo, .length = kPageSize};
    request.options = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
    address_ = *target_->address_space().root().Map(request);
  }
  ~ProcessMemoryCallsTest() override { target_->Kill(0); }

  int64_t Read(zx_handle_t handle, VirtualAddress buffer, size_t length) {
    return Call(Syscall::process_read_memory, handle, address_ + kPageSize - 8, buffer, length, actual_);
  }
  int64_t Write(zx_handle_t handle, VirtualAddress buffer, size_t length) {
    return Call(Syscall::process_write_memory, handle, address_ + kPageSize - 8, buffer, length, actual_);
  }

  RefPtr<ProcessDispatcher> target_;
  zx_handle_t handle_;
  VirtualAddress address_;
  VirtualAddress buffer_;
  VirtualAddress actual_;
};

TEST_F(ProcessMemoryCallsTest, ProcessThatNeverRanIsWrittenAndRead) {
  EXPECT_EQ(Write(handle_, Put(uint64_t{0x1122334455667788}), 8), ZX_OK);
  EXPECT_EQ(Get<size_t>(actual_), 8u);
  EXPECT_EQ(Read(handle_, buffer_, 100), ZX_OK);
  EXPECT_EQ(Get<size_t>(actual_), 8u) << "the mapping ends there";
  EXPECT_EQ(Get<uint64_t>(buffer_), 0x1122334455667788u);
}

TEST_F(ProcessMemoryCallsTest, TypeThenRightThenArguments) {
  EXPECT_EQ(Read(ZX_HANDLE_INVALID, 0, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Read(root_, 0, 0), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Read(Without(handle_, ZX_RIGHT_READ), 0, 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Write(Without(handle_, ZX_RIGHT_WRITE), 0, 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Read(handle_, 0, 8), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Read(handle_, buffer_, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Read(handle_, buffer_, (size_t{64} << 20) + 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::process_read_memory, handle_, address_, buffer_, 8, kBadAddress), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::process_read_memory, handle_, address_ + kPageSize, buffer_, 8, actual_), ZX_ERR_NOT_FOUND);
}

TEST_F(ProcessMemoryCallsTest, DeadProcessHasNoMemory) {
  target_->Kill(0);
  EXPECT_EQ(Read(handle_, buffer_, 8), ZX_ERR_BAD_STATE);
}

}  // namespace
}  // namespace gk
