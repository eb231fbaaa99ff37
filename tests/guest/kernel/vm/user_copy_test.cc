#include "guest/kernel/vm/user_copy.h"

#include <gtest/gtest.h>

#include <vector>

#include "guest/kernel/sched/thread.h"
#include "guest/kernel/vm/torture.h"
#include "guest/kernel/vm/vmo_transfer.h"
#include "tests/guest/kernel/vm/vm_fixture.h"
#include "tests/support/fake_arch/fibers.h"

namespace gk {
namespace {

class UserCopyTest : public VmTest {
 protected:
  UserCopyTest() : space_(MakeSpace()) {}

  RefPtr<AddressSpace> space_;
};

TEST_F(UserCopyTest, BytesGoOutAndComeBackAcrossPages) {
  const VirtualAddress va = MapAll(*space_, MakeVmo(3), kMapReadWrite);
  std::vector<uint8_t> out(kPageSize + 9);
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<uint8_t>(i * 3);
  }
  ASSERT_TRUE(CopyToUser(*space_, va + kPageSize - 4, out.data(), out.size()).ok());
  std::vector<uint8_t> back(out.size());
  ASSERT_TRUE(CopyFromUser(*space_, back.data(), va + kPageSize - 4, back.size()).ok());
  EXPECT_EQ(back, out);
}

TEST_F(UserCopyTest, PermissionsAreThoseOfTheProgram) {
  const VirtualAddress va = MapAll(*space_, MakeVmo(1), kMapRead);
  uint32_t value = 7;
  EXPECT_EQ(ValueOf(CopyToUser(*space_, va, value)), ZX_ERR_INVALID_ARGS);
  EXPECT_TRUE(CopyFromUser(*space_, &value, va).ok());
  EXPECT_EQ(value, 0u);
}

TEST_F(UserCopyTest, NothingOutsideUserMemoryCanBeReached) {
  uint64_t value = 0;
  EXPECT_EQ(ValueOf(CopyFromUser(*space_, &value, abi::kPhysmapBase)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(CopyFromUser(*space_, &value, 0xffff'ffff'8000'0000)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(CopyFromUser(*space_, &value, UINT64_MAX - 3)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(CopyFromUser(*space_, &value, AddressSpace::kUserEnd - 4)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(CopyFromUser(*space_, &value, 0)), ZX_ERR_INVALID_ARGS);
}

// The nucleus is mapped in every user space, for ring 0 only.
TEST_F(UserCopyTest, SupervisorPagesCannotBeReached) {
  constexpr VirtualAddress kNucleus = 0xffff'ffff'c000'0000;
  arch::PageTable nucleus = arch::PageTable::Create().value();
  ASSERT_TRUE(nucleus.Map(kNucleus, 0x200000, 1, {.access = {.read = true}}).ok());
  RefPtr<AddressSpace> space = AddressSpace::Create(nucleus.root_entry(), 1).value();
  ASSERT_TRUE(fake_arch::Walk(space->page_table_root(), kNucleus).has_value());
  uint8_t byte = 0;
  EXPECT_EQ(ValueOf(CopyFromUser(*space, &byte, kNucleus)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Touch(*space, kNucleus, kRead), ZX_ERR_NOT_FOUND);
  space.reset();
  nucleus.Destroy();
}

TEST_F(UserCopyTest, PrefixIsCopiedBeforeTheFirstBadPage) {
  RefPtr<Vmo> vmo = MakeVmo(1);
  const VirtualAddress va = space_->root().Map({.vmo = vmo, .length = 2 * kPageSize, .options = kMapReadWrite}).value();
  const std::vector<uint8_t> ones(kPageSize + 8, 1);
  EXPECT_EQ(ValueOf(CopyToUser(*space_, va + 8, ones.data(), ones.size())), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Load(*space_, va + kPageSize - 1), 1);
  EXPECT_EQ(Load(*space_, va + 7), 0);
}

TEST_F(UserCopyTest, ReadingUntouchedMemoryTakesNoPage) {
  RefPtr<Vmo> vmo = MakeVmo(4);
  const VirtualAddress va = MapAll(*space_, vmo, kMapReadWrite);
  std::vector<uint8_t> bytes(4 * kPageSize);
  ASSERT_TRUE(CopyFromUser(*space_, bytes.data(), va, bytes.size()).ok());
  EXPECT_EQ(vmo->committed_pages(), 0u);
}

TEST_F(UserCopyTest, KilledThreadIsToldSo) {
  PagedObject object(2);
  const VirtualAddress va = MapAll(*space_, object.vmo, kMapRead);
  zx_status_t status = ZX_OK;
  RefPtr<Thread> thread;
  fake_arch::StartThread([&] {
    thread = RefPtr<Thread>(Thread::Current());
    uint8_t byte = 0;
    status = ValueOf(CopyFromUser(*space_, &byte, va));
  });
  fake_arch::RunUntilIdle();
  thread->Kill();
  fake_arch::RunUntilIdle();
  EXPECT_EQ(status, ZX_ERR_INTERNAL_INTR_KILLED);
  object.provider->AnswerAll(ZX_OK);
}

TEST_F(UserCopyTest, VmoTransfersMoveBytesBothWays) {
  RefPtr<Vmo> memory = MakeVmo(4);
  RefPtr<Vmo> vmo = MakeVmo(4);
  const VirtualAddress va = MapAll(*space_, memory, kMapReadWrite);
  std::vector<uint8_t> bytes(2 * kPageSize + 100);
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<uint8_t>(i * 11);
  }
  ASSERT_TRUE(memory->Write(bytes.data(), 123, bytes.size()).ok());

  ASSERT_TRUE(WriteVmoFromUser(*space_, va + 123, *vmo, 4000, bytes.size()).ok());
  std::vector<uint8_t> back(bytes.size());
  ASSERT_TRUE(vmo->Read(back.data(), 4000, back.size()).ok());
  EXPECT_EQ(back, bytes);

  ASSERT_TRUE(ReadVmoToUser(*space_, va + 500, *vmo, 4000, bytes.size()).ok());
  ASSERT_TRUE(memory->Read(back.data(), 500, back.size()).ok());
  EXPECT_EQ(back, bytes);
}

TEST_F(UserCopyTest, ObjectCanBeReadIntoAMappingOfItself) {
  RefPtr<Vmo> vmo = MakeVmo(2);
  const VirtualAddress va = MapAll(*space_, vmo, kMapReadWrite);
  const uint8_t byte = 42;
  ASSERT_TRUE(vmo->Write(&byte, kPageSize, 1).ok());
  ASSERT_TRUE(ReadVmoToUser(*space_, va, *vmo, kPageSize, kPageSize).ok());
  EXPECT_EQ(Load(*space_, va), 42);
}

TEST_F(UserCopyTest, UntouchedPageCanBeWrittenToItself) {
  RefPtr<Vmo> vmo = MakeVmo(1);
  const VirtualAddress va = MapAll(*space_, vmo, kMapRead);
  EXPECT_EQ(Load(*space_, va), 0);
  EXPECT_TRUE(WriteVmoFromUser(*space_, va, *vmo, 0, kPageSize).ok());
}

TEST_F(UserCopyTest, VmoTransferTellsWhatIsWrongWithTheBuffer) {
  RefPtr<Vmo> vmo = MakeVmo(2);
  const VirtualAddress va = MapAll(*space_, MakeVmo(1), kMapRead);
  EXPECT_EQ(ValueOf(ReadVmoToUser(*space_, va + kPageSize, *vmo, 0, 1)), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(ValueOf(WriteVmoFromUser(*space_, va, *vmo, 0, 2 * kPageSize)), ZX_ERR_NOT_FOUND) << "its second page";
  EXPECT_EQ(ValueOf(ReadVmoToUser(*space_, va, *vmo, 0, 1)), ZX_ERR_INVALID_ARGS) << "read-only";
  EXPECT_EQ(ValueOf(ReadVmoToUser(*space_, AddressSpace::kUserBase - 1, *vmo, 0, 1)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(ReadVmoToUser(*space_, AddressSpace::kUserEnd, *vmo, 0, 1)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(ReadVmoToUser(*space_, 0, *vmo, 2 * kPageSize, 0)), ZX_OK) << "nothing needs no buffer";
  EXPECT_EQ(ValueOf(WriteVmoFromUser(*space_, va, *vmo, 0, kPageSize)), ZX_OK);
}

// The same page seen from both sides: what the copy remembers of the page table must not outlive the page.
TEST_F(UserCopyTest, TransferThatReplacesItsOwnBuffersPageSeesTheNewOne) {
  RefPtr<Vmo> vmo = MakeVmo(2);
  const VirtualAddress va = MapAll(*space_, vmo, kMapReadWrite);
  EXPECT_EQ(Load(*space_, va), 0);
  EXPECT_EQ(Load(*space_, va + kPageSize), 0);  // both show the zero page
  const uint8_t byte = 7;
  ASSERT_TRUE(vmo->Write(&byte, 0, 1).ok());
  ASSERT_TRUE(WriteVmoFromUser(*space_, va, *vmo, kPageSize, kPageSize).ok());
  EXPECT_EQ(Load(*space_, va + kPageSize), 7);
}

TEST_F(UserCopyTest, RunningOutOfMemoryIsNotTheBuffersFault) {
  const VirtualAddress va = MapAll(*space_, MakeVmo(1), kMapReadWrite);
  const uint8_t byte = 7;
  torture::FailAllocation(1);
  EXPECT_EQ(ValueOf(CopyToUser(*space_, va, byte)), ZX_ERR_NO_MEMORY);
  torture::FailAllocation(0);
  EXPECT_EQ(ValueOf(CopyToUser(*space_, va, byte)), ZX_OK);
}

TEST_F(UserCopyTest, LongTransferLetsOthersInAndEndsWithItsThread) {
  RefPtr<Vmo> vmo = MakeVmo(uint64_t{1} << 40);  // far more than anybody can wait for
  RefPtr<Vmo> memory = MakeVmo(256);
  const VirtualAddress va =
      space_->root().Map({.vmo = memory, .length = memory->size(), .options = kMapReadWrite}).value();
  for (uint64_t i = 1; i < 64; ++i) {
    const MapRequest again{.vmo = memory,
                           .length = memory->size(),
                           .vmar_offset = va + i * memory->size() - space_->root().base(),
                           .options = kMapReadWrite | ZX_VM_SPECIFIC};
    ASSERT_TRUE(space_->root().Map(again).ok());
  }
  zx_status_t status = ZX_OK;
  RefPtr<Thread> thread;
  fake_arch::StartThread([&] {
    thread = RefPtr<Thread>(Thread::Current());
    status = ValueOf(ReadVmoToUser(*space_, va, *vmo, 0, 64 * memory->size()));
  });
  fake_arch::StartThread([&] { thread->Kill(); });
  fake_arch::RunUntilIdle();
  EXPECT_EQ(status, ZX_ERR_INTERNAL_INTR_KILLED);
}

TEST_F(UserCopyTest, VmoTransferChecksTheObjectFirst) {
  RefPtr<Vmo> vmo = MakeVmo(1);
  EXPECT_EQ(ValueOf(ReadVmoToUser(*space_, 0, *vmo, 1, kPageSize)), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(ValueOf(ReadVmoToUser(*space_, 0, *vmo, 0, kPageSize)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(WriteVmoFromUser(*space_, UINT64_MAX, *vmo, 0, 2)), ZX_ERR_INVALID_ARGS);
}

}  // namespace
}  // namespace gk
