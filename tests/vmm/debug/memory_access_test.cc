// Which memory an instruction accesses, told before it runs.
#include "vmm/debug/memory_access.h"

#include <gtest/gtest.h>

#include <array>
#include <span>
#include <vector>

#include "vmm/debug/watchpoints.h"

namespace vmm {
namespace {

constexpr uint64_t kRip = 0x1000'0000;

AddressRegisters Registers() {
  AddressRegisters registers = {};
  registers.general.rip = kRip;
  registers.general.rax = 0xa000;
  registers.general.rbx = 0xb000;
  registers.general.rcx = 2;
  registers.general.rsi = 0x5000;
  registers.general.rdi = 0x6000;
  registers.general.rbp = 0x7000;
  registers.general.rsp = 0x8000;
  registers.fs_base = 0xf000;
  return registers;
}

std::vector<MemoryAccess> Of(const AddressRegisters& registers, std::vector<uint8_t> code) {
  return AccessesOf(registers, std::as_bytes(std::span(code)));
}
std::vector<MemoryAccess> Of(std::vector<uint8_t> code) { return Of(Registers(), std::move(code)); }

using Accesses = std::vector<MemoryAccess>;
MemoryAccess Read(uint64_t address, uint64_t size) { return {address, size, true, false}; }
MemoryAccess Write(uint64_t address, uint64_t size) { return {address, size, false, true}; }
MemoryAccess Change(uint64_t address, uint64_t size) { return {address, size, true, true}; }

TEST(MemoryAccessTest, OperandsSayWhereAndHowMuch) {
  EXPECT_EQ(Of({0x48, 0x8b, 0x44, 0x8b, 0x08}), Accesses{Read(0xb000 + 2 * 4 + 8, 8)}) << "mov 8(rbx,rcx,4), rax";
  EXPECT_EQ(Of({0x0f, 0xb6, 0x03}), Accesses{Read(0xb000, 1)}) << "movzx (rbx), eax";
  EXPECT_EQ(Of({0xc6, 0x03, 0x01}), Accesses{Write(0xb000, 1)}) << "mov 1, (rbx)";
  EXPECT_EQ(Of({0x48, 0x01, 0x03}), Accesses{Change(0xb000, 8)}) << "add rax, (rbx)";
  EXPECT_EQ(Of({0x48, 0x83, 0x3b, 0x05}), Accesses{Read(0xb000, 8)}) << "cmp 5, (rbx)";
  EXPECT_EQ(Of({0x8b, 0x05, 0x10, 0, 0, 0}), Accesses{Read(kRip + 6 + 0x10, 4)}) << "mov 16(rip), eax";
  EXPECT_EQ(Of({0x64, 0x48, 0x8b, 0x04, 0x25, 8, 0, 0, 0}), Accesses{Read(0xf008, 8)}) << "mov fs:8, rax";
}

TEST(MemoryAccessTest, ShortAddressIsCutToItsWidth) {
  AddressRegisters registers = Registers();
  registers.general.rbx = 0x1'0000'b000;
  EXPECT_EQ(Of(registers, {0x67, 0x8b, 0x03}), Accesses{Read(0xb000, 4)}) << "mov (ebx), eax";
}

TEST(MemoryAccessTest, VectorStoresWrite) {
  EXPECT_EQ(Of({0x0f, 0x11, 0x07}), Accesses{Write(0x6000, 16)}) << "movups xmm0, (rdi)";
  EXPECT_EQ(Of({0xc5, 0xfe, 0x7f, 0x07}), Accesses{Write(0x6000, 32)}) << "vmovdqu ymm0, (rdi)";
  EXPECT_EQ(Of({0xf3, 0x0f, 0x6f, 0x07}), Accesses{Read(0x6000, 16)}) << "movdqu (rdi), xmm0";
}

TEST(MemoryAccessTest, StackIsAccessedWithoutAnOperand) {
  EXPECT_EQ(Of({0x50}), Accesses{Write(0x7ff8, 8)}) << "push rax";
  EXPECT_EQ(Of({0x66, 0x50}), Accesses{Write(0x7ffe, 2)}) << "push ax";
  EXPECT_EQ(Of({0x58}), Accesses{Read(0x8000, 8)}) << "pop rax";
  EXPECT_EQ(Of({0xff, 0x33}), (Accesses{Read(0xb000, 8), Write(0x7ff8, 8)})) << "push (rbx)";
  EXPECT_EQ(Of({0xff, 0x13}), (Accesses{Read(0xb000, 8), Write(0x7ff8, 8)})) << "call *(rbx)";
  EXPECT_EQ(Of({0xc3}), Accesses{Read(0x8000, 8)}) << "ret";
  EXPECT_EQ(Of({0xc9}), Accesses{Read(0x7000, 8)}) << "leave";
}

TEST(MemoryAccessTest, RepeatedStringInstructionIsOneIteration) {
  EXPECT_EQ(Of({0xf3, 0xa4}), (Accesses{Write(0x6000, 1), Read(0x5000, 1)})) << "rep movsb";
  AddressRegisters registers = Registers();
  registers.general.rcx = 0;
  EXPECT_EQ(Of(registers, {0xf3, 0xa4}), Accesses{}) << "no more of them";
  EXPECT_EQ(Of(registers, {0xf3, 0x0f, 0x6f, 0x07}), Accesses{Read(0x6000, 16)}) << "F3 is part of movdqu's name";
}

TEST(MemoryAccessTest, BitTestReachesBeyondItsOperand) {
  AddressRegisters registers = Registers();
  registers.general.rax = 64 * 3 + 5;
  EXPECT_EQ(Of(registers, {0x48, 0x0f, 0xa3, 0x03}), Accesses{Read(0xb000 + 24, 8)}) << "bt rax, (rbx)";
  registers.general.rax = ~uint64_t{0};
  EXPECT_EQ(Of(registers, {0x48, 0x0f, 0xa3, 0x03}), Accesses{Read(0xb000 - 8, 8)}) << "backwards";
}

TEST(MemoryAccessTest, AddressesAreNotAccesses) {
  EXPECT_EQ(Of({0x48, 0x8d, 0x03}), Accesses{}) << "lea";
  EXPECT_EQ(Of({0x0f, 0x18, 0x03}), Accesses{}) << "prefetch";
  EXPECT_EQ(Of({0x0f, 0x1f, 0x00}), Accesses{}) << "nop (rax)";
  EXPECT_EQ(Of({0x48, 0x89, 0xd8}), Accesses{}) << "mov rbx, rax";
  EXPECT_EQ(Of({0x0f, 0xff}), Accesses{}) << "no instruction";
  EXPECT_EQ(Of({}), Accesses{});
}

class WatchpointsTest : public testing::Test {
 protected:
  static constexpr uint64_t kRoot = 0x1000;
  std::array<std::byte, 64> ram_ = {};
  const dev::GuestMemory memory_ = dev::GuestMemory::Create({{.base = 0, .host = ram_}}).value();
  Watchpoints points_{memory_};
};

TEST_F(WatchpointsTest, ReadWatchWantsReadsAndAccessWatchWantsAll) {
  const gdb::Point reads = {gdb::PointKind::kRead, 0x100, 8};
  const gdb::Point all = {gdb::PointKind::kAccess, 0x200, 4};
  EXPECT_FALSE(points_.NeedsAccesses());
  ASSERT_TRUE(points_.Insert(reads, kRoot).ok());
  ASSERT_TRUE(points_.Insert(all, kRoot).ok());
  EXPECT_TRUE(points_.NeedsAccesses());
  EXPECT_EQ(points_.FindAccessed(kRoot, Accesses{Read(0x107, 4)}), reads) << "one byte of it is enough";
  EXPECT_EQ(points_.FindAccessed(kRoot, Accesses{Write(0x100, 8)}), std::nullopt);
  EXPECT_EQ(points_.FindAccessed(kRoot, Accesses{Read(0x300, 1), Write(0x1ff, 2)}), all);
  EXPECT_EQ(points_.FindAccessed(kRoot, Accesses{Read(0x108, 8), Read(0x204, 8)}), std::nullopt);
  EXPECT_EQ(points_.FindAccessed(kRoot + 0x1000, Accesses{Read(0x100, 8)}), std::nullopt) << "another address space";
}

TEST_F(WatchpointsTest, OnlyWritesThatAreWatchedNeedNoLookAtInstructions) {
  ASSERT_TRUE(points_.Insert({gdb::PointKind::kWrite, 0x100, 8}, kRoot).ok());
  EXPECT_TRUE(points_.any());
  EXPECT_FALSE(points_.NeedsAccesses());
  EXPECT_EQ(points_.FindAccessed(kRoot, Accesses{Write(0x100, 8)}), std::nullopt) << "comparing finds these";
}

TEST_F(WatchpointsTest, WhoeverWritesToWhatIsComparedIsKnownBefore) {
  const gdb::Point writes = {gdb::PointKind::kWrite, 0x100, 8};
  ASSERT_TRUE(points_.Insert(writes, kRoot).ok());
  EXPECT_EQ(points_.FindWritten(kRoot, Accesses{Read(0x300, 8), Write(0x107, 1)}), writes);
  EXPECT_EQ(points_.FindWritten(kRoot, Accesses{Read(0x100, 8)}), std::nullopt);
  EXPECT_EQ(points_.FindWritten(kRoot, Accesses{Write(0x108, 8)}), std::nullopt);
  EXPECT_EQ(points_.FindWritten(kRoot + 0x1000, Accesses{Write(0x100, 8)}), std::nullopt) << "another address space";
  EXPECT_TRUE(points_.Has(writes));
  points_.Remove(writes);
  EXPECT_FALSE(points_.Has(writes));
}

}  // namespace
}  // namespace vmm
