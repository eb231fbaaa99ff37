#include "vmm/arch/x86_64/start_state.h"

#include <gtest/gtest.h>

namespace vmm {
namespace {

constexpr CpuStart kStart = {
    .index = 3, .entry = 0xffff'ffff'8020'0000, .boot_info = 0x1000'0000'3000, .page_table_root = 0x5000};

TEST(StartState, GeneralRegistersCarryOnlyWhatTheContractSays) {
  const kvm_regs registers = StartRegisters(kStart);

  EXPECT_EQ(registers.rip, kStart.entry);
  EXPECT_EQ(registers.rdi, kStart.boot_info);
  EXPECT_EQ(registers.rsi, 3u);
  EXPECT_EQ(registers.rflags, 2u);
  EXPECT_EQ(registers.rsp, 0u);
  EXPECT_EQ(registers.rax | registers.rbx | registers.rcx | registers.rdx | registers.rbp, 0u);
}

TEST(StartState, ControlRegistersAreThoseOf64BitModeWithPaging) {
  const kvm_sregs registers = StartSystemRegisters({}, kStart);

  EXPECT_EQ(registers.cr0, 0x8005'0033u);
  EXPECT_EQ(registers.cr3, 0x5000u);
  EXPECT_EQ(registers.cr4, 0x6a0u);
  EXPECT_EQ(registers.efer, 0xd01u);
}

TEST(StartState, SegmentsAreFlatAndTheTablesAreEmpty) {
  kvm_sregs reset = {};
  reset.gdt.limit = reset.idt.limit = 0xffff;

  const kvm_sregs registers = StartSystemRegisters(reset, kStart);

  EXPECT_EQ(registers.cs.selector, 0x10);
  EXPECT_EQ(registers.cs.l, 1);
  EXPECT_EQ(registers.cs.db, 0);
  EXPECT_EQ(registers.cs.dpl, 0);
  EXPECT_EQ(registers.ss.selector, 0x18);
  EXPECT_EQ(registers.ds.unusable, 1);
  EXPECT_EQ(registers.ldt.unusable, 1);
  EXPECT_EQ(registers.gdt.limit, 0);
  EXPECT_EQ(registers.idt.limit, 0);
}

TEST(StartState, OnlyCpu0IsTheBootProcessor) {
  CpuStart first = kStart;
  first.index = 0;

  EXPECT_EQ(StartSystemRegisters({}, first).apic_base, 0xfee0'0d00u);
  EXPECT_EQ(StartSystemRegisters({}, kStart).apic_base, 0xfee0'0c00u);
}

TEST(StartState, WhatTheContractDoesNotNameKeepsItsResetValue) {
  kvm_sregs reset = {};
  reset.cr8 = 7;
  reset.interrupt_bitmap[1] = 42;

  const kvm_sregs registers = StartSystemRegisters(reset, kStart);

  EXPECT_EQ(registers.cr8, 7u);
  EXPECT_EQ(registers.interrupt_bitmap[1], 42u);
}

}  // namespace
}  // namespace vmm
