// The monitor against guests of a few instructions, on a real KVM.
#include "vmm/machine/machine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "tests/vmm/support/temporary_file.h"
#include "tests/vmm/support/tiny_guests.h"
#include "vmm/base/log.h"
#include "vmm/crash/stop_report.h"

namespace vmm {
namespace {

using std::chrono::milliseconds;

// Nothing that these guests do takes this long: whoever runs into it hangs. Generous for an emulated host.
constexpr milliseconds kHang(60'000);
constexpr uint64_t kMemorySize = 16u << 20;

class MachineTest : public testing::Test {
 protected:
  void SetUp() override {
    SetLogLevel("off");
    auto host = OpenUsableHost("/dev/kvm");
    if (host.ok()) {
      host_ = std::make_unique<UsableHost>(std::move(host).value());
      return;
    }
    if (const char* required = std::getenv("REQUIRE_KVM"); required != nullptr && std::string(required) == "1") {
      FAIL() << host.error().message();
    }
    GTEST_SKIP() << host.error().message();
  }

  std::unique_ptr<Machine> Create(std::string_view guest_name, uint32_t cpu_count = 1,
                                  UserFaultObserver* fault_observer = nullptr) {
    const vmm_test::TemporaryFile file(vmm_test::TinyGuest(guest_name));
    const InputFile kernel = InputFile::Open(file.path()).value();
    GuestRam ram = GuestRam::Create(kMemorySize).value();
    auto guest = LoadGuest({.kernel = kernel, .bootfs = nullptr, .arguments = {}, .options = {}}, ram.low_memory(),
                           ram.ranges());
    EXPECT_TRUE(guest.ok()) << guest.error().message();
    auto machine = Machine::Create(*host_, {.ram = std::move(ram),
                                            .guest = guest.value(),
                                            .pagers = {},
                                            .port = {},
                                            .cpu_count = cpu_count,
                                            .console = {.output = output_.get(), .input = std::nullopt},
                                            .fault_observer = fault_observer});
    EXPECT_TRUE(machine.ok()) << machine.error().message();
    return std::move(machine).value();
  }

  RunOutcome Run(std::string_view guest_name, uint32_t cpu_count = 1, milliseconds timeout = kHang) {
    return std::move(Create(guest_name, cpu_count)->Run(timeout)).value();
  }

  // Without a look at the guest's memory, which went with the machine.
  std::string Report(const RunOutcome& outcome) const {
    std::vector<std::byte> ram(4096);
    const auto memory = dev::GuestMemory::Create({{.base = 0, .host = ram}}).value();
    return DescribeStop(outcome.reason, outcome.cpus, memory, ProgramFiles("/nonexistent", ""));
  }

  std::unique_ptr<UsableHost> host_;
  UniqueFd output_{open("/dev/null", O_WRONLY | O_CLOEXEC)};
};

TEST_F(MachineTest, TheGuestsExitCodeIsTheLowByteOfWhatItWrites) {
  const RunOutcome outcome = Run("exit");

  EXPECT_EQ(ExitCodeOf(outcome.reason), 0x2a);
  EXPECT_EQ(Report(outcome), "");
}

TEST_F(MachineTest, ACpuStartsAsTheBootContractSays) {
  const RunOutcome outcome = Run("start_state");

  // The guest's exit code is the number of the first check that failed.
  EXPECT_EQ(ExitCodeOf(outcome.reason), 0);
}

TEST_F(MachineTest, EveryCpuThatExistsCanBeStartedOnce) {
  for (uint32_t count = 1; count <= abi::kMaxCpus; ++count) {
    const std::unique_ptr<Machine> machine = Create("all_cpus", count);

    const RunOutcome outcome = std::move(machine->Run(kHang)).value();

    EXPECT_EQ(ExitCodeOf(outcome.reason), static_cast<int>(count));
    EXPECT_EQ(outcome.cpus.size(), count);
    EXPECT_EQ(machine->ignored_requests(), 16 - count + 1);
  }
}

TEST_F(MachineTest, CpusStartInTheAddressSpaceThatTheGuestNamed) {
  EXPECT_EQ(ExitCodeOf(Run("cpu_root", 2).reason), 0);
}

TEST_F(MachineTest, ATripleFaultEndsTheRunWithTheCulpritsRegisters) {
  const RunOutcome outcome = Run("triple_fault");

  EXPECT_EQ(ExitCodeOf(outcome.reason), kExitTripleFault);
  const std::string report = Report(outcome);
  EXPECT_TRUE(report.starts_with("guest stopped by CPU 0: triple fault")) << report;
  // AMD's CPUs forget them; then the report has to say so.
  EXPECT_TRUE(report.find("RBX 000000005ca1ab1e") != std::string::npos ||
              report.find("CPU 0: its registers are lost") != std::string::npos)
      << report;
}

TEST_F(MachineTest, CodeThatKvmCannotFetchEndsTheRun) {
  const RunOutcome outcome = Run("emulation_error");

  EXPECT_EQ(ExitCodeOf(outcome.reason), kExitGuestUnrunnable);
  EXPECT_EQ(outcome.cpus[0].registers.rip, 0x80'd010'0000u);
}

TEST_F(MachineTest, AccessesToNothingReadOnesAndAreCounted) {
  const std::unique_ptr<Machine> machine = Create("stray_access");

  const RunOutcome outcome = std::move(machine->Run(kHang)).value();

  EXPECT_EQ(ExitCodeOf(outcome.reason), 0);
  EXPECT_EQ(machine->stray_accesses().reads, 1u);
  EXPECT_EQ(machine->stray_accesses().writes, 1u);
  EXPECT_EQ(machine->stray_accesses().port_accesses, 2u);
}

TEST_F(MachineTest, AGuestsCrashReportIsPrintedWithoutTrustingIt) {
  const RunOutcome outcome = Run("panic");

  EXPECT_EQ(ExitCodeOf(outcome.reason), kExitGuestPanic);
  const std::string report = Report(outcome);
  EXPECT_TRUE(
      report.starts_with("guest kernel panic on CPU 0: out of??[31mcheese\n  general protection fault (vector 13)"))
      << report;
  EXPECT_NE(report.find("RIP 1111111111111111"), std::string::npos);
}

TEST_F(MachineTest, ACrashReportOutsideRamIsSaidToBeThere) {
  const RunOutcome outcome = Run("panic_nowhere");

  EXPECT_EQ(ExitCodeOf(outcome.reason), kExitGuestPanic);
  EXPECT_NE(Report(outcome).find("(the address of the crash report is not in RAM)"), std::string::npos);
}

class FaultRecorder final : public UserFaultObserver {
 public:
  void OnUserFault(const UserFault& fault, const dev::GuestMemory& /*memory*/) override { faults.push_back(fault); }
  std::vector<UserFault> faults;
};

TEST_F(MachineTest, AProgramsFaultIsToldWhileTheMachineGoesOn) {
  FaultRecorder recorder;
  const std::unique_ptr<Machine> machine = Create("user_fault", 1, &recorder);

  const RunOutcome outcome = std::move(machine->Run(kHang)).value();

  EXPECT_EQ(ExitCodeOf(outcome.reason), 7);
  ASSERT_EQ(recorder.faults.size(), 1u);
  EXPECT_EQ(recorder.faults[0].cpu, 0u);
  EXPECT_EQ(recorder.faults[0].report.registers.rip, 0x1111'1111'1111'1111u);
  EXPECT_EQ(recorder.faults[0].report.fault_address, 8u);
  EXPECT_EQ(recorder.faults[0].report.fault_status, -25);
  EXPECT_EQ(recorder.faults[0].report.thread_koid, 6u);
  ASSERT_EQ(recorder.faults[0].others.size(), 1u);
  EXPECT_EQ(recorder.faults[0].others[0].registers.rip, 0x2222'2222'2222'2222u);
  EXPECT_EQ(recorder.faults[0].others[0].koid, 9u);
  EXPECT_EQ(recorder.faults[0].system_registers.cr3, outcome.cpus[0].system_registers.cr3);
  EXPECT_EQ(machine->ignored_requests(), 1u) << "the report outside RAM";
}

// Ways in which a guest can be busy for ever.
class HangTest : public MachineTest, public testing::WithParamInterface<const char*> {};

TEST_P(HangTest, TheTimeLimitStopsIt) {
  const RunOutcome outcome = Run(GetParam(), 1, milliseconds(50));

  EXPECT_EQ(ExitCodeOf(outcome.reason), kExitTimeout);
  ASSERT_EQ(outcome.cpus.size(), 1u);
  EXPECT_EQ(outcome.cpus[0].phase, CpuPhase::kFinished);
  EXPECT_NE(Report(outcome).find("RIP ffffffff80200"), std::string::npos);
}

// Sends a signal to this process once the machine's own handler is in place.
std::thread SignalWhenHandled(int signal) {
  return std::thread([signal] {
    struct sigaction action = {};
    do {
      std::this_thread::yield();
      sigaction(signal, nullptr, &action);
    } while (action.sa_handler == SIG_DFL);
    kill(getpid(), signal);
  });
}

TEST_P(HangTest, SignalsStopIt) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const std::unique_ptr<Machine> machine = Create(GetParam());
    std::thread sender = SignalWhenHandled(signal);

    const RunOutcome outcome = std::move(machine->Run(kHang)).value();

    sender.join();
    EXPECT_EQ(ExitCodeOf(outcome.reason), 128 + signal);
    EXPECT_EQ(Report(outcome), "");
  }
}

INSTANTIATE_TEST_SUITE_P(Guests, HangTest, testing::Values("spin", "ring3_spin", "halt"),
                         [](const auto& instance) { return std::string(instance.param); });

TEST_F(MachineTest, StoppingAtAnyMomentIsFreeOfRaces) {
  // The limit passes before, while and after the vCPU enters the guest for the first time.
  for (int round = 0; round < 60; ++round) {
    const RunOutcome outcome = Run("spin", 1, milliseconds(round % 3));

    ASSERT_EQ(ExitCodeOf(outcome.reason), kExitTimeout);
  }
}

TEST_F(MachineTest, TwoMachinesLiveInOneProcess) {
  const std::unique_ptr<Machine> first = Create("exit");
  const std::unique_ptr<Machine> second = Create("all_cpus", 2);

  EXPECT_EQ(ExitCodeOf(std::move(second->Run(kHang)).value().reason), 2);
  EXPECT_EQ(ExitCodeOf(std::move(first->Run(kHang)).value().reason), 0x2a);
}

TEST_F(MachineTest, AMachineThatNeverRanCanBeDestroyed) { EXPECT_NE(Create("spin", 8), nullptr); }

}  // namespace
}  // namespace vmm
