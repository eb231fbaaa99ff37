// ProbeRead and ProbeWrite: a thread touches the byte; if that is a fatal fault, this side reads the fault's status
// from the exception, sets the thread behind the instruction and lets it end.
#include <pagoda/thread.h>
#include <zircon/syscalls/debug.h>
#include <zircon/syscalls/exception.h>

#include <atomic>

#include "tests/conformance/support.h"

namespace conformance {
namespace {

// Both instructions are four bytes long.
constexpr uint64_t kInstructionLength = 4;

void ReadByte(uintptr_t address) { asm volatile(".byte 0x0f, 0xb6, 0x47, 0x00" : : "D"(address) : "eax", "memory"); }
void WriteByte(uintptr_t address) { asm volatile(".byte 0xf0, 0x80, 0x0f, 0x00" : : "D"(address) : "memory", "cc"); }

// Takes the exception that waits in the channel; the status of the fault.
zx_status_t Handle(zx_handle_t channel) {
  zx_exception_info_t info = {};
  zx_handle_t exception = ZX_HANDLE_INVALID;
  uint32_t bytes = 0;
  uint32_t handles = 0;
  EXPECT_OK(zx_channel_read(channel, 0, &info, &exception, sizeof(info), 1, &bytes, &handles));
  EXPECT_EQ(info.type, ZX_EXCP_FATAL_PAGE_FAULT);
  zx_handle_t thread = ZX_HANDLE_INVALID;
  EXPECT_OK(zx_exception_get_thread(exception, &thread));
  zx_exception_report_t report = {};
  EXPECT_OK(zx_object_get_info(thread, ZX_INFO_THREAD_EXCEPTION_REPORT, &report, sizeof(report), nullptr, nullptr));
  zx_thread_state_general_regs_t registers = {};
  EXPECT_OK(zx_thread_read_state(thread, ZX_THREAD_STATE_GENERAL_REGS, &registers, sizeof(registers)));
  EXPECT_EQ(report.context.arch.x86_64.cr2, registers.rdi);
  registers.rip += kInstructionLength;
  EXPECT_OK(zx_thread_write_state(thread, ZX_THREAD_STATE_GENERAL_REGS, &registers, sizeof(registers)));
  const uint32_t handled = ZX_EXCEPTION_STATE_HANDLED;
  EXPECT_OK(zx_object_set_property(exception, ZX_PROP_EXCEPTION_STATE, &handled, sizeof(handled)));
  zx_handle_close(thread);
  zx_handle_close(exception);
  return static_cast<zx_status_t>(report.context.synth_code);
}

zx_status_t Probe(void (*access)(uintptr_t), uintptr_t address) {
  std::atomic<int> go = 0;
  auto* futex = reinterpret_cast<zx_futex_t*>(&go);
  pagoda::Thread thread;
  EXPECT_OK(thread.Start("probe", [&] {
    while (go == 0) {
      zx_futex_wait(futex, 0, ZX_HANDLE_INVALID, ZX_TIME_INFINITE);
    }
    access(address);
  }));
  zx_handle_t channel = ZX_HANDLE_INVALID;
  EXPECT_OK(zx_task_create_exception_channel(thread.handle()->get(), 0, &channel));
  go = 1;
  zx_futex_wake(futex, 1);
  zx_status_t status = ZX_OK;
  zx_signals_t observed = 0;
  EXPECT_OK(zx_object_wait_one(channel, ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED, ZX_TIME_INFINITE, &observed));
  if ((observed & ZX_CHANNEL_READABLE) != 0) {
    status = Handle(channel);
  }
  thread.Join();
  zx_handle_close(channel);
  return status;
}

}  // namespace

zx_status_t ProbeRead(uintptr_t address) { return Probe(&ReadByte, address); }
zx_status_t ProbeWrite(uintptr_t address) { return Probe(&WriteByte, address); }

}  // namespace conformance
