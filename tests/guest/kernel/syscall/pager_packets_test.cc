// What arrives at the port of a pager, and what is left there when nobody wants it any more.
#include <array>

#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/object/user_code.h"
#include "tests/guest/kernel/syscall/pager_fixture.h"

namespace gk {
namespace {

using abi::Syscall;
using fake_arch::RunUntilIdle;
using test::UserSyscall;

class PagerPacketsTest : public test::PagerTest {
 protected:
  int64_t result_ = 0, other_result_ = 0;
};

TEST_F(PagerPacketsTest, AMissingPageBecomesAPacketAndSupplyingItLetsTheReaderGoOn) {
  const zx_handle_t vmo = CreatePagerVmo(2);
  StartRead(vmo, 1, 1, &result_);
  EXPECT_EQ(result_, kStillBlocked);
  EXPECT_EQ(NextPacket(), Read(1, 1));
  EXPECT_EQ(Supply(vmo, 1, 1), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(result_, ZX_OK);
  EXPECT_EQ(NextPacket(), std::nullopt);
}

TEST_F(PagerPacketsTest, AnyNumberOfRequestsIsInThePort) {
  constexpr uint64_t kRequests = 257;
  const zx_handle_t vmo = CreatePagerVmo(kRequests);
  std::array<int64_t, kRequests> results{};
  for (uint64_t i = 0; i < kRequests; ++i) {
    StartRead(vmo, i, 1, &results[i]);
  }
  for (uint64_t i = 0; i < kRequests; ++i) {
    EXPECT_EQ(NextPacket(), Read(i, 1));
  }
  EXPECT_EQ(Supply(vmo, 0, kRequests), ZX_OK);
  RunUntilIdle();
  for (const int64_t result : results) {
    EXPECT_EQ(result, ZX_OK);
  }
}

TEST_F(PagerPacketsTest, ARequestThatIsSatisfiedBeforeItIsReceivedLeavesThePort) {
  const zx_handle_t vmo = CreatePagerVmo(2);
  StartRead(vmo, 0, 1, &result_);
  EXPECT_EQ(Supply(vmo, 0, 1), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(result_, ZX_OK);
  StartRead(vmo, 1, 1, &result_);
  EXPECT_EQ(NextPacket(), Read(1, 1));
  EXPECT_EQ(Supply(vmo, 1, 1), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(NextPacket(), std::nullopt);
}

TEST_F(PagerPacketsTest, AWriteToACleanPageAsksFirstWhereThatIsTrapped) {
  const zx_handle_t vmo = CreatePagerVmo(1, ZX_VMO_TRAP_DIRTY);
  EXPECT_EQ(Supply(vmo, 0, 1), ZX_OK);
  StartWrite(vmo, 0, 1, &result_);
  EXPECT_EQ(result_, kStillBlocked);
  EXPECT_EQ(NextPacket(), Dirty(0, 1));
  EXPECT_EQ(OpRange(ZX_PAGER_OP_DIRTY, vmo, 0, 1), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(result_, ZX_OK);
  EXPECT_EQ(NextPacket(), std::nullopt);
}

TEST_F(PagerPacketsTest, PacketsOfDifferentVmosAreToldApartByTheirKeys) {
  const zx_handle_t first = CreatePagerVmo(1, 0, 1);
  const zx_handle_t second = CreatePagerVmo(1, 0, 2);
  StartRead(second, 0, 1, &other_result_);
  StartRead(first, 0, 1, &result_);
  EXPECT_EQ(NextPacket(), Read(0, 1, 2));
  EXPECT_EQ(NextPacket(), Read(0, 1, 1));
  EXPECT_EQ(Supply(first, 0, 1), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(result_, ZX_OK);
  EXPECT_EQ(other_result_, kStillBlocked);
  EXPECT_EQ(OpRange(ZX_PAGER_OP_FAIL, second, 0, 1, static_cast<uint64_t>(int64_t{ZX_ERR_NO_SPACE})), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(other_result_, ZX_ERR_NO_SPACE);
}

TEST_F(PagerPacketsTest, TheLastReferenceSendsComplete) {
  const zx_handle_t vmo = CreatePagerVmo(1);
  constexpr zx_vm_option_t kAccess = ZX_VM_PERM_READ | ZX_VM_ALLOW_FAULTS;
  EXPECT_EQ(Call(Syscall::vmar_map, root_, kAccess, uint64_t{0}, vmo, uint64_t{0}, kPageSize, out_), ZX_OK);
  const auto mapped = Get<zx_vaddr_t>(out_);
  Close(vmo);
  EXPECT_EQ(NextPacket(), std::nullopt) << "a mapping is a reference";
  EXPECT_EQ(Call(Syscall::vmar_unmap, root_, mapped, kPageSize), ZX_OK);
  EXPECT_EQ(NextPacket(), Complete());
  EXPECT_EQ(NextPacket(), std::nullopt);
}

TEST_F(PagerPacketsTest, DetachFailsWhoWaitsAndSendsCompleteOnce) {
  const zx_handle_t vmo = CreatePagerVmo(2);
  StartRead(vmo, 0, 1, &result_);
  EXPECT_EQ(Call(Syscall::pager_detach_vmo, pager_, vmo), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(result_, ZX_ERR_BAD_STATE);
  EXPECT_EQ(NextPacket(), Complete());
  EXPECT_EQ(Call(Syscall::pager_detach_vmo, pager_, vmo), ZX_OK);
  Close(vmo);
  EXPECT_EQ(NextPacket(), std::nullopt);
}

TEST_F(PagerPacketsTest, ClosingThePagerFailsWhoWaitsKeepsPagesAndEmptiesThePort) {
  const zx_handle_t gone = CreatePagerVmo(1, 0, 1);
  const zx_handle_t vmo = CreatePagerVmo(2, 0, 2);
  EXPECT_EQ(Supply(vmo, 1, 1), ZX_OK);
  Close(gone);  // its COMPLETE is in the port
  StartRead(vmo, 0, 1, &result_);
  Close(pager_);
  RunUntilIdle();
  EXPECT_EQ(result_, ZX_ERR_BAD_STATE);
  EXPECT_EQ(NextPacket(), std::nullopt);
  StartRead(vmo, 1, 1, &result_);
  EXPECT_EQ(result_, ZX_OK);
  StartRead(vmo, 0, 1, &result_);
  EXPECT_EQ(result_, ZX_ERR_BAD_STATE);
  Close(vmo);
  EXPECT_EQ(NextPacket(), std::nullopt) << "no COMPLETE without a pager";
}

TEST_F(PagerPacketsTest, APortThatIsClosedTakesNoPacketsAndChangesNothingElse) {
  const zx_handle_t vmo = CreatePagerVmo(3);
  StartRead(vmo, 0, 1, &result_);
  Close(port_);
  StartRead(vmo, 1, 1, &other_result_);
  EXPECT_EQ(other_result_, kStillBlocked);
  EXPECT_EQ(Supply(vmo, 1, 1), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(other_result_, ZX_OK);
  EXPECT_EQ(result_, kStillBlocked);
  EXPECT_EQ(Call(Syscall::pager_detach_vmo, pager_, vmo), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(result_, ZX_ERR_BAD_STATE);
}

TEST_F(PagerPacketsTest, CompleteOutlivesThePagerNeitherInThePortNorWhenThePortGoesFirst) {
  Close(CreatePagerVmo(1, 0, 1));
  Close(port_);
  Close(pager_);
}

TEST_F(PagerPacketsTest, CancellingAKeyLeavesRequestsInThePort) {
  const zx_handle_t vmo = CreatePagerVmo(1);
  StartRead(vmo, 0, 1, &result_);
  EXPECT_EQ(Call(Syscall::port_cancel_key, port_, 0u, kKey), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(NextPacket(), Read(0, 1));
  EXPECT_EQ(Supply(vmo, 0, 1), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(result_, ZX_OK);
}

TEST_F(PagerPacketsTest, WithoutMemoryForAPacketTheReaderIsToldAndNothingIsLeft) {
  const zx_handle_t vmo = CreatePagerVmo(1);
  bool sent = false;
  for (uint64_t nth = 1; !sent; ++nth) {
    result_ = kStillBlocked;
    fake_arch::StartThread([&, nth] {
      torture::FailAllocation(nth);
      result_ = CallHere(Syscall::vmo_read, vmo, buffer_, uint64_t{0}, kPageSize);
    });
    RunUntilIdle();
    torture::FailAllocation(0);
    sent = result_ == kStillBlocked;
    EXPECT_TRUE(sent || result_ == ZX_ERR_NO_MEMORY);
    EXPECT_EQ(NextPacket().has_value(), sent);
  }
  EXPECT_EQ(Supply(vmo, 0, 1), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(result_, ZX_OK);
}

// ---- Threads of programs

class PagedThreadTest : public test::PagerTest {
 protected:
  // A thread of the program that executes `body` and then sleeps.
  void StartThread(std::function<void()> body) {
    reader_ = *ThreadDispatcher::Create(process_, NameOf("reader"));
    const VirtualAddress code = user_.Add([body = std::move(body)](UserRegisters&) {
      body();
      UserSyscall(Syscall::nanosleep, ZX_TIME_INFINITE);
    });
    EXPECT_TRUE(reader_->Start({.rip = code, .stack = 0, .argument1 = 0, .argument2 = 0}).ok());
    RunUntilIdle();
  }
  void StartReader(zx_handle_t vmo, uint64_t pages) {
    StartThread([=, this] { result_ = UserSyscall(Syscall::vmo_read, vmo, buffer_, 0, pages * kPageSize); });
  }
  void Suspend() {
    EXPECT_TRUE(reader_->Suspend().ok());
    RunUntilIdle();
  }
  void Resume() {
    reader_->Resume();
    RunUntilIdle();
  }

  test::UserCode user_;
  RefPtr<ThreadDispatcher> reader_;
  int64_t result_ = kStillBlocked;
};

TEST_F(PagedThreadTest, AThreadThatIsSuspendedWhileItWaitsAsksAgain) {
  const zx_handle_t vmo = CreatePagerVmo(2);
  StartReader(vmo, 2);
  EXPECT_EQ(reader_->InfoState(), ZX_THREAD_STATE_BLOCKED_PAGER);
  EXPECT_EQ(NextPacket(), Read(0, 2));
  Suspend();
  EXPECT_EQ(reader_->InfoState(), ZX_THREAD_STATE_SUSPENDED);
  Resume();
  EXPECT_EQ(reader_->InfoState(), ZX_THREAD_STATE_BLOCKED_PAGER);
  EXPECT_EQ(NextPacket(), Read(0, 2));
  EXPECT_EQ(Supply(vmo, 0, 2), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(result_, ZX_OK);
  EXPECT_EQ(NextPacket(), std::nullopt);
}

TEST_F(PagedThreadTest, ASuspendedThreadsRequestLeavesThePort) {
  const zx_handle_t vmo = CreatePagerVmo(1);
  StartReader(vmo, 1);
  Suspend();
  EXPECT_EQ(NextPacket(), std::nullopt);
  Resume();
  EXPECT_EQ(NextPacket(), Read(0, 1));
  EXPECT_EQ(Supply(vmo, 0, 1), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(result_, ZX_OK);
}

TEST_F(PagedThreadTest, ACopyToTheProgramWaitsOnThroughASuspension) {
  const zx_handle_t vmo = CreatePagerVmo(1);
  constexpr zx_vm_option_t kAccess = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_ALLOW_FAULTS;
  EXPECT_EQ(Call(Syscall::vmar_map, root_, kAccess, uint64_t{0}, vmo, uint64_t{0}, kPageSize, out_), ZX_OK);
  const auto mapped = Get<zx_vaddr_t>(out_);
  StartThread([=, this] {
    result_ =
        UserSyscall(Syscall::object_get_info, vmo, ZX_INFO_HANDLE_BASIC, mapped, sizeof(zx_info_handle_basic_t), 0, 0);
  });
  EXPECT_EQ(NextPacket(), Read(0, 1));
  for (int round = 0; round < 2; ++round) {
    Suspend();
    EXPECT_EQ(reader_->InfoState(), ZX_THREAD_STATE_BLOCKED_PAGER);
    Resume();
  }
  Suspend();
  EXPECT_EQ(NextPacket(), std::nullopt);
  EXPECT_EQ(Supply(vmo, 0, 1), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(reader_->InfoState(), ZX_THREAD_STATE_SUSPENDED) << "on its way back";
  Resume();
  EXPECT_EQ(result_, ZX_OK);
  EXPECT_EQ(NextPacket(), std::nullopt);
}

TEST_F(PagedThreadTest, AWokenThreadCountsAsBlockedUntilItRuns) {
  const zx_handle_t vmo = CreatePagerVmo(1);
  StartReader(vmo, 1);
  const zx_handle_t aux = CreateCommitted(1);
  InThread([&] {
    EXPECT_EQ(CallHere(Syscall::pager_supply_pages, pager_, vmo, uint64_t{0}, kPageSize, aux, uint64_t{0}), ZX_OK);
    EXPECT_EQ(reader_->InfoState(), ZX_THREAD_STATE_BLOCKED_PAGER);
  });
  RunUntilIdle();
  EXPECT_EQ(result_, ZX_OK);
  EXPECT_EQ(reader_->InfoState(), ZX_THREAD_STATE_BLOCKED_SLEEPING);
}

TEST_F(PagedThreadTest, AThreadThatIsKilledWhileItWaitsTakesItsRequestAlong) {
  const zx_handle_t vmo = CreatePagerVmo(2);
  int64_t other = 0;
  StartThread([] {});  // the process goes on
  StartReader(vmo, 1);
  StartRead(vmo, 0, 1, &other);
  reader_->Kill();
  RunUntilIdle();
  EXPECT_EQ(reader_->state(), ThreadDispatcher::State::kDead);
  EXPECT_EQ(NextPacket(), Read(0, 1)) << "somebody else waits for it";
  EXPECT_EQ(NextPacket(), std::nullopt);
  EXPECT_EQ(Supply(vmo, 0, 1), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(other, ZX_OK);
}

TEST_F(PagedThreadTest, TheRequestOfAThreadThatIsKilledLeavesThePort) {
  const zx_handle_t vmo = CreatePagerVmo(1);
  StartThread([] {});  // the process goes on
  StartReader(vmo, 1);
  reader_->Kill();
  RunUntilIdle();
  EXPECT_EQ(reader_->state(), ThreadDispatcher::State::kDead);
  EXPECT_EQ(NextPacket(), std::nullopt);
}

TEST_F(PagedThreadTest, AProcessThatIsItsOwnPagerCanEndWhileItsThreadsWait) {
  const zx_handle_t vmo = CreatePagerVmo(1);
  StartThread([] {});
  StartReader(vmo, 1);
  process_->Kill(5);
  RunUntilIdle();
  EXPECT_EQ(process_->state(), ProcessDispatcher::State::kDead);
  EXPECT_EQ(result_, kStillBlocked);
}

}  // namespace
}  // namespace gk
