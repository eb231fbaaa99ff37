#include "guest/kernel/program/first_program.h"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <string>

#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/vm/user_copy.h"
#include "guest/sdk/vdso/vdso_images.h"
#include "shared/abi/bootfs.h"
#include "tests/guest/kernel/object/user_code.h"
#include "tests/guest/kernel/program/elf_builder.h"
#include "tests/guest/kernel/syscall/fake_platform.h"
#include "tests/support/fake_arch/mmu.h"
#include "tests/support/fake_arch/ram.h"

namespace gk::program {
namespace {

using abi::Syscall;
using fake_arch::RunUntilIdle;
using test::ElfBuilder;
using test::UserSyscall;

// A machine whose monitor has put arguments and a boot image with one program, "prog", below free memory.
class FirstProgramTest : public testing::Test {
 protected:
  FirstProgramTest() {
    PutArguments(std::string("prog\0one\0two", 13), 3);
    PutProgram(ElfBuilder().Build());
    boot_.cpu_count = 2;
  }

  void PutArguments(const std::string& text, uint32_t count) {
    boot_.arguments_address = 0x1000;
    boot_.arguments_size = static_cast<uint32_t>(text.size());
    boot_.argument_count = count;
    std::memcpy(arch::PhysicalToVirtual(boot_.arguments_address), text.data(), text.size());
  }

  void PutProgram(const std::vector<uint8_t>& file) {
    boot_.bootfs_address = 0x10000;
    boot_.bootfs_size = kPageSize + base::AlignUp(file.size(), kPageSize);
    const abi::BootfsHeader header{.magic = abi::kBootfsMagic,
                                   .version = abi::kBootfsVersion,
                                   .crc32 = 0,
                                   .image_size = boot_.bootfs_size,
                                   .entry_count = 1,
                                   .names_size = 5};
    const abi::BootfsEntry entry{.offset = kPageSize,
                                 .size = file.size(),
                                 .name_offset = 0,
                                 .name_length = 4,
                                 .flags = abi::kBootfsExecutable,
                                 .reserved = 0};
    auto* image = arch::PhysicalToVirtual<uint8_t>(boot_.bootfs_address);
    std::memset(image, 0, boot_.bootfs_size);
    std::memcpy(image, &header, sizeof(header));
    std::memcpy(image + sizeof(header), &entry, sizeof(entry));
    std::memcpy(image + sizeof(header) + sizeof(entry), "prog", 5);
    std::memcpy(image + kPageSize, file.data(), file.size());
  }

  // Starts the program, whose code is `body`, and runs the machine until nothing happens any more.
  void Run(std::function<void(UserRegisters&)> body) {
    user_.AddAt(ElfBuilder::kTextAddress + 4, std::move(body));
    InThread([&] { StartFirstProgram(boot_, platform_); });
    RunUntilIdle();
  }
  static void InThread(const std::function<void()>& body) { fake_arch::RunInThread(body); }

  void ExpectRefused(const std::string& message) {
    Run([](UserRegisters&) { ADD_FAILURE() << "the program runs"; });
    EXPECT_EQ(platform_.console, message);
    EXPECT_EQ(platform_.exit_codes, std::vector<int>{2});
  }

  fake_arch::FakeRam ram_;
  test::FakePlatform platform_;
  test::UserCode user_;
  abi::BootInfo boot_{};
};

AddressSpace& CurrentSpace() { return *Thread::Current()->address_space(); }

template <typename T>
T Peek(VirtualAddress address) {
  T value{};
  EXPECT_TRUE(CopyFromUser(CurrentSpace(), &value, address).ok());
  return value;
}

// What the page tables permit without any fault; nothing when the page is not entered.
std::optional<Access> EnteredAccess(VirtualAddress address) {
  const auto found = fake_arch::Walk(CurrentSpace().page_table_root(), address);
  return found.has_value() ? std::optional(found->attributes.access) : std::nullopt;
}

TEST_F(FirstProgramTest, TheMachineExitsWithTheProgramsReturnCode) {
  Run([](UserRegisters&) { UserSyscall(Syscall::process_exit, 0x1234); });
  EXPECT_EQ(platform_.exit_codes, std::vector<int>{0x34});
  EXPECT_EQ(platform_.console, "");
}

TEST_F(FirstProgramTest, AFaultIsExitCode139) {
  Run([](UserRegisters&) {
    test::RaiseUserException({.vector = 14, .error_code = 4, .fault_address = 0, .fault_status = ZX_ERR_NOT_FOUND});
  });
  EXPECT_EQ(platform_.exit_codes, std::vector<int>{139});
  EXPECT_NE(platform_.console.find("pagoda: program 'prog' thread 'main': page fault: read from 0x0"),
            std::string::npos);
}

TEST_F(FirstProgramTest, TheStartupBlockNamesArgumentsAndWorkingHandles) {
  Run([](UserRegisters& registers) {
    const VirtualAddress block = registers.rdi;
    const auto startup = Peek<abi::ProcessStartup>(block);
    EXPECT_EQ(startup.magic, abi::kProcessStartupMagic);
    EXPECT_EQ(startup.version, abi::kProcessStartupVersion);
    EXPECT_EQ(startup.argument_count, 3u);
    EXPECT_EQ(startup.cpu_count, 2u);
    EXPECT_EQ(startup.arguments_size, 13u);
    const auto arguments = Peek<std::array<char, 13>>(startup.arguments);
    EXPECT_EQ(std::memcmp(arguments.data(), "prog\0one\0two", 13), 0);
    EXPECT_FALSE(EnteredAccess(block)->write);
    EXPECT_EQ(UserSyscall(Syscall::object_wait_one, startup.process_self, ZX_PROCESS_TERMINATED, 0, 0),
              ZX_ERR_TIMED_OUT);
    EXPECT_EQ(UserSyscall(Syscall::object_wait_one, startup.thread_self, ZX_THREAD_RUNNING, 0, 0), ZX_OK);
    EXPECT_EQ(UserSyscall(Syscall::vmar_unmap, startup.vmar_root_self, block, kPageSize), ZX_OK);
    EXPECT_EQ(EnteredAccess(block), std::nullopt);
  });
  EXPECT_EQ(platform_.exit_codes, std::vector<int>{0});
}

TEST_F(FirstProgramTest, SegmentsAreWhereTheFileWantsThemWithTheirPermissions) {
  Run([](UserRegisters&) {
    EXPECT_EQ(Peek<uint8_t>(ElfBuilder::kTextAddress), 0xa0);
    const std::optional<Access> text = EnteredAccess(ElfBuilder::kTextAddress);
    EXPECT_TRUE(text.has_value() && text->execute && !text->write) << "present before the first fault";
    EXPECT_EQ(Peek<uint8_t>(ElfBuilder::kDataAddress + 0x10), 0xb0);
    EXPECT_EQ(Peek<uint8_t>(ElfBuilder::kDataAddress), 0) << "the page in front of the segment's first byte";
    EXPECT_EQ(Peek<uint64_t>(ElfBuilder::kDataAddress + 0x20), 0u);
    EXPECT_EQ(Peek<uint8_t>(ElfBuilder::kDataAddress + 0x201f), 0) << "the last byte of zeroes";
    const std::optional<Access> data = EnteredAccess(ElfBuilder::kDataAddress);
    EXPECT_TRUE(data.has_value() && data->write && !data->execute);
    EXPECT_FALSE(CopyToUser(CurrentSpace(), ElfBuilder::kTextAddress, uint8_t{0}).ok());
  });
}

TEST_F(FirstProgramTest, TheStackIsPresentAtItsTopAndGuardedBelow) {
  Run([](UserRegisters& registers) {
    const VirtualAddress top = registers.rsp;
    EXPECT_EQ(top % 16, 0u);
    const std::optional<Access> access = EnteredAccess(top - 8);
    EXPECT_TRUE(access.has_value() && access->write && !access->execute);
    constexpr uint64_t kStack = 256 * 1024;
    EXPECT_TRUE(CopyToUser(CurrentSpace(), top - kStack, uint64_t{1}).ok());
    EXPECT_FALSE(CopyToUser(CurrentSpace(), top - kStack - 8, uint64_t{1}).ok());
    const Result<> guard = CurrentSpace().HandleFault(top - kStack - 1, {.read = true}, FaultOrigin::kProgram);
    EXPECT_EQ(StatusOf(guard).value(), ZX_ERR_ACCESS_DENIED) << "the guard is mapped, so nothing else lands there";
  });
}

TEST_F(FirstProgramTest, TheVdsoIsReadOnlyDataBelowExecutableCode) {
  Run([](UserRegisters& registers) {
    const VirtualAddress code = registers.rsi;
    const std::optional<Access> code_access = EnteredAccess(code);
    EXPECT_TRUE(code_access.has_value() && code_access->execute && !code_access->write);
    const std::optional<Access> data_access = EnteredAccess(code - kPageSize);
    EXPECT_TRUE(data_access.has_value() && !data_access->execute && !data_access->write);
    const auto mapped = Peek<std::array<uint8_t, kPageSize>>(code);
    EXPECT_EQ(std::memcmp(mapped.data(), vdso_ud2_start, kPageSize), 0);
    EXPECT_EQ(Peek<abi::VdsoData>(code - kPageSize).ticks_per_second, 1'000'000'000u);
    EXPECT_TRUE(Thread::Current()->owner()->IsSyscallInstruction(code + 5));
  });
}

TEST_F(FirstProgramTest, AnUnknownProgramIsRefused) {
  PutArguments(std::string("pro\0", 4), 1);
  ExpectRefused("pagoda: program 'pro' is not in the boot image\n");
}

TEST_F(FirstProgramTest, WithoutABootImageThereIsNoProgram) {
  boot_.bootfs_size = 0;
  ExpectRefused("pagoda: program 'prog' is not in the boot image\n");
}

TEST_F(FirstProgramTest, ADamagedBootImageIsRefused) {
  std::memset(arch::PhysicalToVirtual(boot_.bootfs_address), 0xff, 8);
  ExpectRefused("pagoda: program 'prog' cannot be read: the boot image is damaged\n");
}

TEST_F(FirstProgramTest, ArgumentsThatAreNoStringListAreRefused) {
  PutArguments("prog", 1);
  ExpectRefused("pagoda: program '' was not named by the monitor\n");
}

TEST_F(FirstProgramTest, AFileThatIsNoProgramIsRefusedForItsDefect) {
  ElfBuilder builder;
  builder.segments[1].p_flags |= PF_X;
  PutProgram(builder.Build());
  ExpectRefused("pagoda: program 'prog' has a segment that is both writable and executable\n");
}

TEST_F(FirstProgramTest, AProgramThatFillsItsAddressSpaceIsRefused) {
  ElfBuilder builder;
  builder.AddSegment(PF_R, 0x20000000, 0, 0, AddressSpace::kUserEnd - 0x20000000);
  builder.AddSegment(PF_R, AddressSpace::kUserBase, 0, 0, ElfBuilder::kTextAddress - AddressSpace::kUserBase);
  builder.AddSegment(PF_R, 0x10005000, 0, 0, 0x20000000 - 0x10005000);
  PutProgram(builder.Build());
  ExpectRefused("pagoda: program 'prog' leaves no room in its address space for a stack\n");
}

TEST(MachineExitCode, IsTheLowByteOrTheCodeOfAFault) {
  EXPECT_EQ(MachineExitCode(0), 0);
  EXPECT_EQ(MachineExitCode(255), 255);
  EXPECT_EQ(MachineExitCode(256), 0);
  EXPECT_EQ(MachineExitCode(-1), 255);
  EXPECT_EQ(MachineExitCode(ZX_TASK_RETCODE_EXCEPTION_KILL), 139);
  EXPECT_EQ(MachineExitCode(ZX_TASK_RETCODE_SYSCALL_KILL), kExitKilled);
}

}  // namespace
}  // namespace gk::program
