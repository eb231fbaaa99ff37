// What a person reads when something in the guest dies: cause, registers, page tables, calls, instructions; and the
// core file that gdb opens.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/fixture.h"

namespace integration {
namespace {

constexpr int kKilledByFault = 139;
constexpr int kGuestPanic = 120;

bool Contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// The file with debugging information that belongs to the boot image's copy; the test machine does not have it.
std::filesystem::path ProgramFile(const std::string& name) { return KernelPath().parent_path() / "programs" / name; }

// Long enough for all CPUs to have started, also where the machine itself is emulated.
std::string ShortWhile() { return std::getenv("PAGODA_HARDWARE_KVM") != nullptr ? "20s" : "2s"; }

class CrashReport : public GuestTest {
 protected:
  void ExpectAll(const std::string& text, const std::vector<std::string>& parts) const {
    for (const std::string& part : parts) {
      EXPECT_TRUE(Contains(text, part)) << "not in it: " << part << "\n" << text;
    }
  }
};

TEST_F(CrashReport, OfAProgramHasCauseRegistersTablesCallsAndCode) {
  const Ending ending = Execute(RunCommand({"--cpus", "2"}, {"fault", "write-null"}));
  EXPECT_EQ(ending.code, kKilledByFault);
  ExpectAll(ending.err,
            {"pagoda: program 'fault' (process ", "thread 'main' (", "page fault: write to 0x0 (no mapping there)",
             "  RIP 00000000100", "page tables for 0x0, root 0x", "  0x0: not mapped\n", "  #0  ", "WriteNull", "main",
             "  => ", "movl    $1, (%rax)"});
  if (std::filesystem::exists(ProgramFile("fault"))) {
    ExpectAll(ending.err, {"WriteNull at guest/programs/fault.cc:", "main at guest/programs/fault.cc:"});
  }
  EXPECT_FALSE(Contains(ending.out, "rax")) << "registers are said once";
}

TEST_F(CrashReport, OfACallOfNothingShowsTheCaller) {
  const Ending ending = Execute(RunCommand({}, {"fault", "jump-nowhere"}));
  EXPECT_EQ(ending.code, kKilledByFault);
  ExpectAll(ending.err, {"page fault: execution of 0x7fff00000000", "  #0  00007fff00000000 (no symbol)\n", " main",
                         "0x7fff00000000: no code can be read there", "no mapping contains RIP"});
}

TEST_F(CrashReport, OfAnExceptionThatIsNoPageFaultHasNoPageTables) {
  const Ending ending = Execute(RunCommand({}, {"fault", "undefined"}));
  ExpectAll(ending.err, {"undefined instruction (vector 6)", "ud2"});
  EXPECT_FALSE(Contains(ending.err, "page tables"));
}

TEST_F(CrashReport, ShowsTheCallsOfTheProgramsOtherThreads) {
  const Ending ending = Execute(RunCommand({"--cpus", "2"}, {"fault", "in-thread"}));
  EXPECT_EQ(ending.code, kKilledByFault);
  ExpectAll(ending.err, {"thread 'worker' (", "FaultInThread"});
  // It waits for the other one, or is about to.
  const std::string main_thread = ending.err.substr(std::min(ending.err.find("thread 'main' ("), ending.err.size()));
  ExpectAll(main_thread, {"FaultInThread", " main"});
}

TEST_F(CrashReport, WithoutADebugFileNamesFunctionsAndSaysWhatIsMissing) {
  const std::filesystem::path image = files_.path("moved.bootfs");
  std::filesystem::copy_file(BootImagePath(), image);
  const Ending ending = Execute(RunCommand({"--bootfs", image}, {"fault", "write-null"}));
  EXPECT_EQ(ending.code, kKilledByFault);
  ExpectAll(ending.err,
            {"WriteNull", "(no lines of program 'fault': the boot image has it without debugging information"});
}

TEST_F(CrashReport, OfAKernelFaultShowsInlinedFunctionsAndPageTables) {
  const Ending ending = Execute(RunCommand({"--option", "crash=page-fault"}, {"hello"}));
  EXPECT_EQ(ending.code, kGuestPanic);
  ExpectAll(ending.err, {"guest kernel panic on CPU 0: kernel: page fault\n  page fault: write to 0xdead000\n",
                         "page tables for 0xdead000",
                         "gk::WriteWhereNothingIsMapped at guest/kernel/boot/crash_on_purpose.cc:", " (inlined)\n",
                         "gk::StartKernel at guest/kernel/boot/main.cc:", "  => "});
}

TEST_F(CrashReport, OfAPanicShowsWhoCalledIt) {
  const Ending ending = Execute(RunCommand({"--option", "crash=panic"}, {"hello"}));
  EXPECT_EQ(ending.code, kGuestPanic);
  ExpectAll(ending.err,
            {"gk::Panic at guest/kernel/arch/x86_64/crash.cc:", "gk::CrashOnPurpose at ", "gk::StartKernel at "});
}

TEST_F(CrashReport, OfAHangShowsWhatEveryCpuDoes) {
  const Ending ending = Execute(RunCommand({"--cpus", "2", "--timeout", ShortWhile()}, {"spin"}));
  ExpectAll(ending.err, {"--timeout ran out", "CPU 0:\n", "CPU 1:\n", "backtrace:\n"});
}

// --- Core files

class CoreFile : public CrashReport {
 protected:
  void SetUp() override {
    GuestTest::SetUp();
    if (!IsSkipped() && Execute({"gdb", "--version"}).code != 0) {
      GTEST_SKIP() << "gdb cannot be started here";
    }
  }

  [[nodiscard]] static std::string Gdb(const std::filesystem::path& program, const std::filesystem::path& core,
                                       const std::vector<std::string>& commands) {
    std::vector<std::string> arguments{"gdb", "-nx", "-batch"};
    for (const std::string& command : commands) {
      arguments.insert(arguments.end(), {"-ex", command});
    }
    arguments.insert(arguments.end(), {program, core});
    const Ending ending = Execute(arguments);
    return ending.out + ending.err;
  }
};

TEST_F(CoreFile, OfAProgramOpensInGdb) {
  const std::filesystem::path core = files_.path("core");
  const Ending ending = Execute(RunCommand({"--core", core}, {"fault", "write-null"}));
  EXPECT_EQ(ending.code, kKilledByFault);
  EXPECT_TRUE(Contains(ending.err, "core file: " + core.string() + "\n")) << ending.err;
  ExpectAll(Gdb(ProgramFile("fault"), core, {"bt", "info registers rip"}),
            {"Program terminated with signal SIGSEGV", "#0 ", "WriteNull", "#1 ", "main ("});
}

TEST_F(CoreFile, OfAProgramHasAllItsThreads) {
  const std::filesystem::path core = files_.path("core");
  const Ending ending = Execute(RunCommand({"--core", core}, {"fault", "in-thread"}));
  EXPECT_EQ(ending.code, kKilledByFault);
  const std::string text = Gdb(ProgramFile("fault"), core, {"info threads", "bt"});
  ExpectAll(text, {"* 1 ", "  2 ", "WriteNull"});
}

TEST_F(CoreFile, OfTheKernelHasItsMemoryAndOpensInGdb) {
  const std::filesystem::path core = files_.path("core");
  const Ending ending = Execute(RunCommand({"--core", core, "--option", "crash=panic"}, {"hello"}));
  EXPECT_EQ(ending.code, kGuestPanic);
  ExpectAll(Gdb(KernelPath(), core, {"bt", "p gk::report.message"}),
            {"gk::Panic", "gk::CrashOnPurpose", "gk::StartKernel", "the kernel option crash=panic asked for this"});
}

TEST_F(CoreFile, OfTheMachineHasAThreadForEachCpu) {
  const std::filesystem::path core = files_.path("core");
  const Ending ending = Execute(RunCommand({"--core", core, "--cpus", "2", "--timeout", ShortWhile()}, {"spin"}));
  ExpectAll(Gdb(KernelPath(), core, {"info threads", "thread apply all bt 1"}), {"LWP 1", "LWP 2"});
}

}  // namespace
}  // namespace integration
