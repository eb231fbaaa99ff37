// The small pure parts of the debugger's target.
#include <gtest/gtest.h>

#include "vmm/debug/hardware_points.h"
#include "vmm/debug/kernel_records.h"
#include "vmm/debug/monitor_commands.h"
#include "vmm/debug/register_view.h"
#include "vmm/debug/watchpoints.h"

namespace vmm {
namespace {

using gdb::PointKind;

TEST(HardwarePointsTest, FourFitAndOneMoreDoesNot) {
  HardwarePoints points;
  for (uint64_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(points.Insert({PointKind::kHardware, 0x1000 + i, 1}).ok());
  }
  EXPECT_TRUE(points.Insert({PointKind::kHardware, 0x1000, 1}).ok()) << "it is there";
  const auto fifth = points.Insert({PointKind::kHardware, 0x2000, 1});
  ASSERT_FALSE(fifth.ok());
  EXPECT_EQ(fifth.error().code, gdb::ErrorCode::kNoRoom);
  points.Remove({PointKind::kHardware, 0x1001, 1});
  EXPECT_TRUE(points.Insert({PointKind::kHardware, 0x2000, 1}).ok());
}

TEST(HardwarePointsTest, ControlRegisterIsAsTheManualHasIt) {
  HardwarePoints points;
  ASSERT_TRUE(points.Insert({PointKind::kHardware, 0x1000, 1}).ok());
  ASSERT_TRUE(points.Insert({PointKind::kWrite, 0x2000, 8}).ok());
  ASSERT_TRUE(points.Insert({PointKind::kAccess, 0x3000, 4}).ok());
  kvm_guest_debug debug = {};
  points.Fill(debug);
  EXPECT_EQ(debug.control, static_cast<uint32_t>(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP));
  // R/W and LEN: 00 00, 01 10, 11 11; L0 to L2, LE, and bit 10.
  EXPECT_EQ(debug.arch.debugreg[7], 0b1111'1001'0000'0000'0101'0001'0101u);
  EXPECT_EQ(points.Hit(0b010)->address, 0x2000u);
  EXPECT_EQ(points.Hit(0b1000), std::nullopt);
}

TEST(HardwarePointsTest, WhatNoCpuCanWatchIsRefused) {
  HardwarePoints points;
  EXPECT_EQ(points.Insert({PointKind::kWrite, 0x1000, 3}).error().code, gdb::ErrorCode::kInvalid);
  EXPECT_EQ(points.Insert({PointKind::kWrite, 0x1002, 4}).error().code, gdb::ErrorCode::kInvalid);
  EXPECT_EQ(points.Insert({PointKind::kRead, 0x1000, 4}).error().code, gdb::ErrorCode::kNotSupported);
  EXPECT_FALSE(points.any());
}

TEST(KernelRecordsTest, LinesThatAreNoRecordsAreLeftOut) {
  const auto modules =
      ParseModuleRecords("401\ta0b000\t0\t10000000\t10029000\thello\thello\nnonsense\n401\tx\t0\t1\t2\ta\tb\n");
  ASSERT_EQ(modules.size(), 1u);
  EXPECT_EQ(modules[0].base, 0x10000000u);
  EXPECT_EQ(modules[0].root, 0xa0b000u);
  EXPECT_EQ(modules[0].name, "hello");
  const auto cpus = ParseCpuRecords("0\t401\t402\thello\tmain\n1\t0\t0\t\tidle\n");
  ASSERT_EQ(cpus.size(), 2u);
  EXPECT_EQ(cpus[0].process_name, "hello");
  EXPECT_EQ(cpus[1].thread_name, "idle");
}

TEST(MonitorCommandsTest, NumbersAreDecimalOrHexadecimal) {
  EXPECT_EQ(ParseNumber("0x1f"), 31u);
  EXPECT_EQ(ParseNumber("31"), 31u);
  EXPECT_EQ(ParseNumber(""), std::nullopt);
  EXPECT_EQ(ParseNumber("0x"), std::nullopt);
  EXPECT_EQ(ParseNumber("1f"), std::nullopt);
  EXPECT_EQ(ParseNumber("-1"), std::nullopt);
}

TEST(MonitorCommandsTest, AnAddressMayBeARegister) {
  gdb::Registers registers;
  registers.rip = 0x1234'5678'9abc;
  registers.cr2 = 8;
  EXPECT_EQ(ParseAddress("$rip", registers), 0x1234'5678'9abcu);
  EXPECT_EQ(ParseAddress("$cr2", registers), 8u);
  EXPECT_EQ(ParseAddress("0x1f", registers), 31u);
  for (const char* nonsense : {"$", "rip", "$RIP", "$cs", "$xmm0", "$nothing", ""}) {
    EXPECT_EQ(ParseAddress(nonsense, registers), std::nullopt) << nonsense;
  }
}

TEST(MonitorCommandsTest, EachQuestionOfTheKernelIsInTheList) {
  int questions = 0;
  for (const gdb::MonitorCommand& command : AllMonitorCommands()) {
    questions += KernelQuestion(command.name).has_value() ? 1 : 0;
  }
  EXPECT_EQ(questions, 6);
  EXPECT_EQ(KernelQuestion("regs"), std::nullopt);
}

TEST(MonitorCommandsTest, QuestionsAboutACpuCanNameIt) {
  const auto ask = [](std::string_view name, const std::string& arguments) {
    return ParseCpuQuestion(name, SplitWords(arguments));
  };
  EXPECT_EQ(ask("regs", "")->thread, std::nullopt);
  EXPECT_EQ(ask("regs", "2")->thread, 2u);
  EXPECT_EQ(ask("maps", "$rip 3")->thread, 3u);
  EXPECT_EQ(ask("maps", "$rip 3")->address, "$rip");
  EXPECT_EQ(ask("dis", "0x1000")->count, 10u);
  EXPECT_EQ(ask("dis", "0x1000 7")->count, 7u);
  EXPECT_EQ(ask("dis", "0x1000 7")->thread, std::nullopt);
  EXPECT_EQ(ask("dis", "0x1000 7 2")->thread, 2u);

  EXPECT_EQ(ask("maps", "").error().message, "an address is missing, as 4096, 0x1000 or $rip");
  EXPECT_EQ(ask("dis", "0 0").error().message, "1 to 10000 instructions can be shown");
  EXPECT_EQ(ask("dis", "0 x").error().message, "1 to 10000 instructions can be shown");
  for (const char* nonsense : {"0", "9", "x", "-1", "2 2", "4294967298"}) {
    EXPECT_FALSE(ask("regs", nonsense).ok()) << nonsense;
  }
}

TEST(RegisterViewTest, WhatIsWrittenIsReadBack) {
  CpuRegisters cpu = {};
  cpu.context.cs = 0x33;
  cpu.context.registers.rflags = 0x202;
  gdb::Registers registers = ToGdb(cpu);
  registers[gdb::General::kR15] = 15;
  registers.rip = 0x1234;
  registers.rflags = 0x246;
  registers.xmm[7][15] = 0x77;
  registers.fs_base = 0x5000;
  ASSERT_TRUE(FromGdb(registers, cpu));
  EXPECT_EQ(ToGdb(cpu), registers);
  EXPECT_EQ(cpu.context.registers.r15, 15u);
}

TEST(RegisterViewTest, ControlRegistersAndSystemFlagsStay) {
  CpuRegisters cpu = {};
  cpu.context.registers.rflags = 0x202;
  gdb::Registers registers = ToGdb(cpu);
  registers.cr3 = 0x1000;
  EXPECT_FALSE(FromGdb(registers, cpu));
  registers = ToGdb(cpu);
  registers[gdb::Segment::kCs] = 0x10;
  EXPECT_FALSE(FromGdb(registers, cpu));
  registers = ToGdb(cpu);
  registers.rflags |= kFlagTrap;
  EXPECT_FALSE(FromGdb(registers, cpu));
}

}  // namespace
}  // namespace vmm
