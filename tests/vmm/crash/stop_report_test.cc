#include "vmm/crash/stop_report.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstring>

namespace vmm {
namespace {

CpuState Cpu(uint32_t index, uint64_t rip, CpuPhase phase = CpuPhase::kFinished) {
  CpuState cpu = {.index = index, .phase = phase, .registers = {}, .system_registers = {}, .fpu = {}};
  cpu.registers.rip = rip;
  cpu.registers.r15 = 0xfeed;
  cpu.system_registers.cr0 = 0x8005'0033;
  cpu.system_registers.cr2 = 0xbad;
  cpu.system_registers.cr3 = 0x5000;
  return cpu;
}

std::string Report(const StopReason& reason, const std::vector<CpuState>& cpus) {
  std::vector<std::byte> ram(4096);
  const auto memory = dev::GuestMemory::Create({{.base = 0, .host = ram}}).value();
  return DescribeStop(reason, cpus, memory, ProgramFiles("/nonexistent/kernel", ""));
}

bool Contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(StopReport, OrdinaryEndsHaveNone) {
  EXPECT_EQ(Report(GuestExit{1}, {Cpu(0, 1)}), "");
  EXPECT_EQ(Report(Signalled{SIGINT}, {Cpu(0, 1)}), "");
}

TEST(StopReport, AFailureShowsTheReasonAndTheRegistersOfAllCpus) {
  const std::string report = Report(VcpuFailure{1, VcpuFault::kTripleFault, "triple fault: the CPU shut down"},
                                    {Cpu(0, 0x1111), Cpu(1, 0x2222)});

  EXPECT_TRUE(report.starts_with("guest stopped by CPU 1: triple fault: the CPU shut down\n"));
  EXPECT_TRUE(Contains(report, "RIP 0000000000001111"));
  EXPECT_TRUE(Contains(report, "RIP 0000000000002222"));
  EXPECT_TRUE(Contains(report, "CR2 0000000000000bad  CR3 0000000000005000"));
  EXPECT_TRUE(Contains(report, "R15 000000000000feed"));
}

TEST(StopReport, APanicShowsWhatTheGuestKernelSays) {
  GuestPanic panic = {};
  panic.report.rip = 0x3333;
  panic.cpu = 2;
  panic.report.vector = 14;
  panic.report.error_code = 6;
  panic.report.cr2 = 0x18;
  std::strcpy(panic.report.message, "page fault");

  const std::string report = Report(panic, {Cpu(1, 0x1111), Cpu(2, 0x2222)});

  EXPECT_TRUE(report.starts_with("guest kernel panic on CPU 2: page fault\n"));
  EXPECT_TRUE(Contains(report, "  page fault: write to 0x18\n"));
  EXPECT_TRUE(Contains(report, "CPU 1:\n  RIP 0000000000001111"));
  EXPECT_TRUE(Contains(report, "CPU 2, as the guest kernel reports:\n  RIP 0000000000003333"));
  EXPECT_TRUE(Contains(report, "page tables for 0x18, root 0x5000:"));
}

TEST(StopReport, APanicWithoutAnExceptionNamesNone) {
  GuestPanic panic = {};
  panic.report.vector = UINT32_MAX;

  EXPECT_FALSE(Contains(Report(panic, {}), "exception"));
}

TEST(StopReport, GuestTextIsMadePrintableAndBounded) {
  GuestPanic panic = {};
  std::memset(panic.report.message, 'A', sizeof(panic.report.message));
  panic.report.message[0] = '\033';
  panic.report.message[1] = '\n';
  panic.report.message[2] = static_cast<char>(0xff);

  const std::string report = Report(panic, {});

  EXPECT_TRUE(report.starts_with("guest kernel panic on CPU 0: ???AAA"));
  EXPECT_EQ(report.find('\n'), std::string("guest kernel panic on CPU 0: ").size() + 256);
}

TEST(StopReport, AStuckCpuIsSaidToBeOne) {
  const std::string report = Report(TimedOut{}, {Cpu(0, 0x1111), Cpu(1, 0, CpuPhase::kRunning)});

  EXPECT_TRUE(report.starts_with("the guest was still running when --timeout ran out\n"));
  EXPECT_TRUE(Contains(report, "CPU 1: does not leave the guest"));
  EXPECT_FALSE(Contains(report, "RIP 0000000000000000"));
}

TEST(StopReport, RegistersThatTheHostHasResetAreNotShown) {
  CpuState cpu = Cpu(0, 0xfff0);
  cpu.system_registers.cr0 = 0x6000'0010;

  const std::string report = Report(VcpuFailure{0, VcpuFault::kTripleFault, "triple fault"}, {cpu});

  EXPECT_TRUE(Contains(report, "CPU 0: its registers are lost"));
  EXPECT_FALSE(Contains(report, "RIP"));
}

TEST(StopReport, MissingSymbolsAreSaidToBeMissing) {
  const std::string report = Report(TimedOut{}, {Cpu(0, 0xffff'ffff'8000'0000)});
  EXPECT_TRUE(Contains(report, "(no symbols of the kernel: /nonexistent/kernel: No such file or directory)"));
}

TEST(StopReason, EachHasItsExitCode) {
  EXPECT_EQ(ExitCodeOf(GuestExit{0x12a}), 42);
  EXPECT_EQ(ExitCodeOf(GuestPanic{}), 120);
  EXPECT_EQ(ExitCodeOf(VcpuFailure{0, VcpuFault::kTripleFault, ""}), 121);
  EXPECT_EQ(ExitCodeOf(VcpuFailure{0, VcpuFault::kUnrunnable, ""}), 122);
  EXPECT_EQ(ExitCodeOf(VcpuFailure{0, VcpuFault::kHostError, ""}), 123);
  EXPECT_EQ(ExitCodeOf(TimedOut{}), 124);
  EXPECT_EQ(ExitCodeOf(Signalled{SIGINT}), 130);
  EXPECT_EQ(ExitCodeOf(Signalled{SIGTERM}), 143);
}

}  // namespace
}  // namespace vmm
