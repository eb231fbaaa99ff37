// Exceptions as programs meet them: their own threads' and those of processes that they debug.
#include <lib/zx/process.h>
#include <lib/zx/thread.h>
#include <zircon/syscalls/debug.h>
#include <zircon/syscalls/exception.h>

#include "guest/programs/task-test-child.h"

// Each touches the byte at RDI with an instruction of two bytes, then ends its thread. They need hardly any stack.
extern "C" void ProbeRead();
extern "C" void ProbeWrite();
asm(R"(
        .text
ProbeRead:
        movb    (%rdi), %al
        call    zx_thread_exit
        ud2
ProbeWrite:
        movb    %al, (%rdi)
        call    zx_thread_exit
        ud2
)");

namespace task_test {
namespace {

constexpr uint64_t kProbeInstructionSize = 2;

// The next exception of a channel.
struct Caught {
  zx_exception_info_t info{};
  zx_handle_t exception = ZX_HANDLE_INVALID;
};
Caught Receive(zx_handle_t channel) {
  Caught caught;
  uint32_t bytes = 0;
  uint32_t handles = 0;
  if (WaitFor(channel, ZX_CHANNEL_READABLE) != ZX_OK ||
      zx_channel_read(channel, 0, &caught.info, &caught.exception, sizeof(caught.info), 1, &bytes, &handles) != ZX_OK) {
    caught.exception = ZX_HANDLE_INVALID;
  }
  return caught;
}

zx_status_t Answer(zx_handle_t exception, uint32_t state) {
  const zx_status_t status = zx_object_set_property(exception, ZX_PROP_EXCEPTION_STATE, &state, sizeof(state));
  zx_handle_close(exception);
  return status;
}

zx_exception_report_t ReportOf(zx_handle_t thread) {
  zx_exception_report_t report{};
  zx_object_get_info(thread, ZX_INFO_THREAD_EXCEPTION_REPORT, &report, sizeof(report), nullptr, nullptr);
  return report;
}

zx_status_t MoveOn(zx_handle_t thread, uint64_t bytes) {
  zx_thread_state_general_regs_t registers{};
  const zx_status_t status = zx_thread_read_state(thread, ZX_THREAD_STATE_GENERAL_REGS, &registers, sizeof(registers));
  if (status != ZX_OK) {
    return status;
  }
  registers.rip += bytes;
  return zx_thread_write_state(thread, ZX_THREAD_STATE_GENERAL_REGS, &registers, sizeof(registers));
}

// What touching an address comes to: ZX_OK, or the status of the fault. The thread that does it is moved on and ends by
// itself.
zx_status_t Probe(void (*code)(), uintptr_t address) {
  alignas(16) static char stack[128];
  zx::thread thread;
  zx_handle_t channel = ZX_HANDLE_INVALID;
  if (zx::thread::create(*zx::process::self(), "probe", 5, 0, &thread) != ZX_OK ||
      zx_task_create_exception_channel(thread.get(), 0, &channel) != ZX_OK ||
      zx_thread_start(thread.get(), reinterpret_cast<uintptr_t>(code), reinterpret_cast<uintptr_t>(stack + 128),
                      address, 0) != ZX_OK) {
    return ZX_ERR_INTERNAL;
  }
  zx_signals_t observed = 0;
  zx_object_wait_one(channel, ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED, kForever, &observed);
  zx_status_t result = ZX_OK;
  if ((observed & ZX_CHANNEL_READABLE) != 0) {
    const Caught caught = Receive(channel);
    result = static_cast<zx_status_t>(ReportOf(thread.get()).context.synth_code);
    if (MoveOn(thread.get(), kProbeInstructionSize) != ZX_OK ||
        Answer(caught.exception, ZX_EXCEPTION_STATE_HANDLED) != ZX_OK) {
      result = ZX_ERR_INTERNAL;
    }
  }
  WaitFor(thread.get(), ZX_THREAD_TERMINATED);
  zx_handle_close(channel);
  return result;
}

// ---- Exceptions

TEST(Exception, AProbeTellsWhyAnAccessFails) {
  const auto root = zx::vmar::root_self();
  zx::vmo vmo;
  zx_vaddr_t address = 0;
  ASSERT_OK(zx::vmo::create(kPageSize, ZX_VMO_RESIZABLE, &vmo));
  ASSERT_OK(root->map(ZX_VM_PERM_READ | ZX_VM_ALLOW_FAULTS, 0, vmo, 0, 2 * kPageSize, &address));
  EXPECT_OK(Probe(&ProbeRead, address));
  EXPECT_EQ(Probe(&ProbeWrite, address), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Probe(&ProbeRead, address + kPageSize), ZX_ERR_OUT_OF_RANGE);
  ASSERT_OK(root->unmap(address, 2 * kPageSize));
  EXPECT_EQ(Probe(&ProbeRead, address), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Probe(&ProbeWrite, address), ZX_ERR_NOT_FOUND);
}

TEST(Exception, ProbesLeaveNothingBehind) {
  char byte = 0;
  for (int round = 0; round < 200; ++round) {
    ASSERT_OK(Probe(&ProbeWrite, reinterpret_cast<uintptr_t>(&byte)));
    ASSERT_EQ(Probe(&ProbeRead, 8), ZX_ERR_NOT_FOUND);
  }
}

TEST(Exception, AHandlerOfAnotherProcessSeesTheFaultAndResumesTheThread) {
  Child child(kFaultThenSay42);
  zx_handle_t channel = ZX_HANDLE_INVALID;
  ASSERT_OK(zx_task_create_exception_channel(child.process, 0, &channel));
  ASSERT_OK(child.Start());
  const Caught caught = Receive(channel);
  EXPECT_EQ(caught.info.type, ZX_EXCP_FATAL_PAGE_FAULT);
  zx_handle_t thread = ZX_HANDLE_INVALID;
  zx_handle_t process = ZX_HANDLE_INVALID;
  ASSERT_OK(zx_exception_get_thread(caught.exception, &thread));
  EXPECT_OK(zx_exception_get_process(caught.exception, &process));
  const zx_exception_report_t report = ReportOf(thread);
  EXPECT_EQ(report.header.size, sizeof(report));
  EXPECT_EQ(report.context.arch.x86_64.vector, 14u);
  EXPECT_EQ(report.context.arch.x86_64.cr2, 0x10u);
  EXPECT_EQ(static_cast<zx_status_t>(report.context.synth_code), ZX_ERR_NOT_FOUND);
  EXPECT_OK(MoveOn(thread, 7));
  EXPECT_OK(Answer(caught.exception, ZX_EXCEPTION_STATE_HANDLED));
  child.WaitForWord(42);
  EXPECT_EQ(SignalsOf(child.process), 0u);
  const zx_handle_t handles[] = {thread, process, channel};
  EXPECT_OK(zx_handle_close_many(handles, 3));
}

TEST(Exception, InstructionsHaveTheirOwnKinds) {
  constexpr uint8_t kNop = 0x90;
  const struct {
    std::vector<uint8_t> code;
    zx_excp_type_t type;
  } cases[] = {
      {{0x0f, 0x0b, kNop}, ZX_EXCP_UNDEFINED_INSTRUCTION},
      {{0xcc, kNop, kNop}, ZX_EXCP_SW_BREAKPOINT},
      {{0xf4, kNop, kNop}, ZX_EXCP_GENERAL},  // hlt
  };
  for (const auto& each : cases) {
    Child child(each.code);
    zx_handle_t channel = ZX_HANDLE_INVALID;
    ASSERT_OK(zx_task_create_exception_channel(child.thread, 0, &channel));
    ASSERT_OK(child.Start());
    const Caught caught = Receive(channel);
    EXPECT_EQ(caught.info.type, each.type);
    EXPECT_OK(Answer(caught.exception, ZX_EXCEPTION_STATE_THREAD_EXIT));
    EXPECT_OK(WaitFor(child.process, ZX_PROCESS_TERMINATED));
    EXPECT_EQ(child.Info().return_code, 0);
    EXPECT_OK(zx_handle_close(channel));
  }
}

TEST(Exception, ADebuggerHearsOfTheFirstInstruction) {
  Child child(kSay42AndSpin);
  zx_handle_t channel = ZX_HANDLE_INVALID;
  ASSERT_OK(zx_task_create_exception_channel(child.process, ZX_EXCEPTION_CHANNEL_DEBUGGER, &channel));
  ASSERT_OK(child.Start());
  const Caught caught = Receive(channel);
  EXPECT_EQ(caught.info.type, ZX_EXCP_THREAD_STARTING);
  EXPECT_EQ(child.shared->load(), 0u);
  EXPECT_OK(zx_handle_close(caught.exception));
  child.WaitForWord(42);
  EXPECT_OK(zx_handle_close(channel));
}

TEST(Job, ItsHandlerGetsWhatTheProcessLeaves) {
  zx_handle_t job = ZX_HANDLE_INVALID;
  zx_handle_t channel = ZX_HANDLE_INVALID;
  ASSERT_OK(zx_job_create(zx_job_default(), 0, &job));
  ASSERT_OK(zx_task_create_exception_channel(job, 0, &channel));
  {
    Child child(kFaultThenSay42, job);
    ASSERT_OK(child.Start());
    const Caught caught = Receive(channel);
    EXPECT_EQ(caught.info.type, ZX_EXCP_FATAL_PAGE_FAULT);
    EXPECT_OK(zx_task_kill(child.process));
    EXPECT_OK(WaitFor(child.process, ZX_PROCESS_TERMINATED));
    EXPECT_OK(zx_handle_close(caught.exception));
  }
  const zx_handle_t handles[] = {job, channel};
  EXPECT_OK(zx_handle_close_many(handles, 2));
}

}  // namespace
}  // namespace task_test
