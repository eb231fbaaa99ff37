// Which way an instruction is stepped.
#include "vmm/debug/step_plan.h"

#include <gtest/gtest.h>

#include <vector>

#include "vmm/debug/breakpoint_table.h"

namespace vmm {
namespace {

constexpr uint64_t kProgram = 0x1000'0000;
constexpr uint64_t kKernel = kKernelBase + 0x1000;
constexpr uint64_t kRoot = 0x9000;

CpuContext At(uint64_t rip, uint64_t cs = 0x33) {
  CpuContext context = {};
  context.registers.rip = rip;
  context.registers.rax = 0xa000;
  context.cs = cs;
  context.root = kRoot;
  return context;
}

StepPlan Plan(const CpuContext& context, std::vector<uint8_t> code, std::optional<ResumeTarget> resume = {}) {
  return PlanStep(context, std::as_bytes(std::span(code)), resume);
}

StepPlan Behind(uint64_t address, uint64_t root = kRoot) {
  return {.way = StepPlan::Way::kBreakpoint, .landing = address, .landing_root = root};
}

TEST(StepPlanTest, OrdinaryCodeIsSteppedByTheTrapFlag) {
  const StepPlan trap_flag = {.way = StepPlan::Way::kTrapFlag};
  EXPECT_EQ(Plan(At(kProgram), {0x48, 0x89, 0xe5}), trap_flag);
  EXPECT_EQ(Plan(At(kKernel), {0x55}), trap_flag);
  EXPECT_EQ(Plan(At(kProgram), {}), trap_flag) << "code that cannot be read faults by itself";
  EXPECT_EQ(Plan(At(kProgram), {0x0f}), trap_flag);
  EXPECT_EQ(Plan(At(kProgram), {0x66, 0x66, 0x66}), trap_flag);
}

TEST(StepPlanTest, SystemCallsOfProgramsAreSteppedOver) {
  EXPECT_EQ(Plan(At(kProgram), {0x0f, 0x0b}), Behind(kProgram + 2));
  EXPECT_EQ(Plan(At(kProgram), {0x0f, 0x05}), Behind(kProgram + 2));
  EXPECT_EQ(Plan(At(kProgram), {0x48, 0x0f, 0x05}), Behind(kProgram + 3));
}

TEST(StepPlanTest, AHaltOfAProgramIsAFaultLikeAnyOther) {
  EXPECT_EQ(Plan(At(kProgram), {0xf4}), StepPlan{.way = StepPlan::Way::kTrapFlag});
}

TEST(StepPlanTest, TheKernelsTrapsLeadToWhereTheyReturn) {
  EXPECT_EQ(Plan(At(kKernel), {0xf4}), Behind(kKernel + 1));
  EXPECT_EQ(Plan(At(kKernel), {0x0f, 0x0b}, ResumeTarget{.rip = kProgram, .cs = 0x33}), Behind(kProgram, 0xa000));
}

TEST(StepPlanTest, PushedFlagsAreToBeCorrected) {
  EXPECT_TRUE(Plan(At(kProgram), {0x9c}).pushes_flags);
  EXPECT_TRUE(Plan(At(kProgram), {0x66, 0x9c}).pushes_flags);
  EXPECT_FALSE(Plan(At(kProgram), {0x9d}).pushes_flags);
}

TEST(StepPlanTest, RingZeroIsKvmsButForItsWayOut) {
  const CpuContext nucleus = At(0xffff'ffff'c000'1840, 0x10);
  EXPECT_EQ(Plan(nucleus, {0x0f, 0x22, 0xd8}), StepPlan{.way = StepPlan::Way::kKvm});
  EXPECT_EQ(Plan(nucleus, {0x48, 0xcf}, ResumeTarget{.rip = kProgram, .cs = 0x33}), Behind(kProgram));
  EXPECT_EQ(Plan(nucleus, {0x48, 0xcf}, ResumeTarget{.rip = kProgram, .cs = 0x10}),
            StepPlan{.way = StepPlan::Way::kKvm});
}

TEST(StepPlanTest, FlagsAreTheProgramsAgain) {
  EXPECT_EQ(ProgramFlags(0x102, false), 0x202u);
  EXPECT_EQ(ProgramFlags(0x102, true), 0x2u);
  EXPECT_EQ(ProgramFlags(0x246, false), 0x246u);
}

}  // namespace
}  // namespace vmm
