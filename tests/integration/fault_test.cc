// A program that does what it must not is killed and its fault named; the kernel and the monitor live on to say so.
#include <cstdlib>
#include <string>

#include "tests/integration/fixture.h"

namespace integration {
namespace {

// The guest kernel's exit code for a program that a fault killed (vmm/cli/exit_codes.h).
constexpr int kKilledByFault = 139;

struct Fault {
  const char* name;
  const char* argument;
  const char* report;
};

class UserFault : public GuestTest, public testing::WithParamInterface<Fault> {};

TEST_P(UserFault, KillsTheProgramAndIsNamed) {
  const Ending ending = Execute(RunCommand({"--cpus", "2"}, {"fault", GetParam().argument}));
  EXPECT_EQ(ending.code, kKilledByFault) << ending.out << ending.err;
  EXPECT_NE((ending.out + ending.err).find(GetParam().report), std::string::npos) << ending.out << ending.err;
}

INSTANTIATE_TEST_SUITE_P(Each, UserFault,
                         testing::Values(Fault{"NullRead", "read-null", "page fault"},
                                         Fault{"NullWrite", "write-null", "page fault"},
                                         Fault{"WriteToCode", "write-code", "page fault"},
                                         Fault{"WriteToItself", "write-self", "lies in the page that it writes to"},
                                         Fault{"ExecuteData", "execute-data", "page fault"},
                                         Fault{"ReadKernelMemory", "read-kernel", "page fault"},
                                         Fault{"StackOverflow", "stack-overflow", "page fault"},
                                         Fault{"UndefinedInstruction", "undefined", "undefined instruction"},
                                         Fault{"DivideByZero", "divide", "divide"},
                                         Fault{"PrivilegedInstruction", "privileged", "general protection"},
                                         Fault{"Breakpoint", "breakpoint", "breakpoint"}),
                         NameOfParameter());

// Where the vDSO traps by a syscall instruction, as it does on every KVM with hardware semantics, its use elsewhere is
// recognised and ends the program; where the instruction does not reach the kernel it is a fault.
TEST_F(GuestTest, ASystemCallFromOutsideTheVdsoKillsTheProgram) {
  constexpr int kKilled = 137;
  const bool reaches_the_kernel = std::getenv("PAGODA_HARDWARE_KVM") != nullptr;
  const Ending ending = Execute(RunCommand({}, {"fault", "foreign-syscall"}));
  EXPECT_TRUE(ending.code == kKilled || (!reaches_the_kernel && ending.code == kKilledByFault)) << ending.code;
  EXPECT_EQ(ending.out.find("still alive"), std::string::npos) << ending.out;
}

}  // namespace
}  // namespace integration
