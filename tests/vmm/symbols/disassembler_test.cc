#include "vmm/symbols/disassembler.h"

#include <gtest/gtest.h>

#include "tests/vmm/symbols/explained_code.h"
#include "tests/vmm/symbols/own_memory.h"

namespace vmm {
namespace {

uint64_t AddressOf(const void* object) { return reinterpret_cast<uint64_t>(object); }

TEST(Disassembler, NamesTheTargetsOfJumpsAndOfAddresses) {
  const SymbolSet symbols = OwnSymbols();

  const auto jump = Disassemble(AddressOf(explained_jump), 1, OwnMemory(), symbols);
  const auto target = Disassemble(AddressOf(explained_target), 2, OwnMemory(), symbols);

  ASSERT_EQ(jump.size(), 1u);
  EXPECT_EQ(jump[0].text.substr(0, 3), "jmp");
  EXPECT_EQ(jump[0].target, "explained_target");
  ASSERT_EQ(target.size(), 2u);
  EXPECT_EQ(target[0].text.substr(0, 4), "leaq");
  EXPECT_EQ(target[0].target, "explained_jump");
  EXPECT_EQ(target[1].text, "hlt");
  EXPECT_EQ(target[1].target, "");
}

TEST(Disassembler, WhatIsNoInstructionIsOneBadByte) {
  const auto code = Disassemble(AddressOf(explained_target) + 7, 2, OwnMemory(), OwnSymbols());
  ASSERT_EQ(code.size(), 2u);
  EXPECT_EQ(code[1].text, "(bad)");
  EXPECT_EQ(code[1].size, 1u);
}

TEST(Disassembler, StartsAtTheFunctionsSymbolToShowWhatIsInFront) {
  const uint64_t hlt = AddressOf(explained_target) + 7;
  const auto code = DisassembleAround(hlt, 5, 0, OwnMemory(), OwnSymbols());
  ASSERT_EQ(code.size(), 2u);
  EXPECT_EQ(code[0].address, AddressOf(explained_target));
  EXPECT_EQ(code[1].address, hlt);
}

TEST(Disassembler, WithoutASymbolFindsWhereDecodingMeetsTheAddress) {
  const uint64_t hlt = AddressOf(explained_target) + 7;
  const auto code = DisassembleAround(hlt, 1, 0, OwnMemory(), SymbolSet());
  ASSERT_EQ(code.size(), 2u);
  EXPECT_EQ(code[1].address, hlt);
  EXPECT_EQ(code[0].address + code[0].size, hlt);
}

TEST(Disassembler, ShowsNothingWhereNothingCanBeRead) {
  EXPECT_TRUE(Disassemble(0x10, 4, OwnMemory(), SymbolSet()).empty());
  EXPECT_TRUE(DisassembleAround(0, 4, 4, OwnMemory(), SymbolSet()).empty());
  EXPECT_TRUE(DisassembleAround(~uint64_t{0}, 4, 4, OwnMemory(), SymbolSet()).empty());
}

TEST(Disassembler, ArrowMarksTheInstruction) {
  const SymbolSet symbols = OwnSymbols();
  const uint64_t hlt = AddressOf(explained_target) + 7;

  const std::string text = FormatInstructions(DisassembleAround(hlt, 5, 0, OwnMemory(), symbols), hlt, symbols);

  EXPECT_NE(text.find("  explained_target:\n"), std::string::npos) << text;
  EXPECT_NE(text.find(fmt::format("  => {:x} <+7>  hlt\n", hlt)), std::string::npos) << text;
  EXPECT_NE(text.find("<explained_jump>\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace vmm
