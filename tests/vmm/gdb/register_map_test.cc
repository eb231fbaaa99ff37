#include "vmm/gdb/register_map.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "vmm/gdb/tag_word.h"
#include "vmm/gdb/target_xml.h"

namespace vmm::gdb {
namespace {

// A value of every register that no other one has.
std::string SampleText(size_t number) {
  std::string text;
  for (size_t digit = 0; digit < 2 * RegisterTable()[number].size(); ++digit) {
    text += "123456789abcdef"[(number * 7 + digit) % 15];
  }
  return text;
}

size_t NumberOf(const std::string& name) {
  size_t number = 0;
  while (RegisterTable()[number].name != name) {
    ++number;
  }
  return number;
}

TEST(RegisterTable, HasTheOrderThatGdbWantsOfCore) {
  EXPECT_EQ(NumberOf("rax"), 0u);
  EXPECT_EQ(NumberOf("rbp"), kFramePointerNumber);
  EXPECT_EQ(NumberOf("rsp"), kStackPointerNumber);
  EXPECT_EQ(NumberOf("rip"), kProgramCounterNumber);
  EXPECT_EQ(NumberOf("eflags"), 17u);
  EXPECT_EQ(NumberOf("gs"), 23u);
  EXPECT_EQ(NumberOf("st0"), 24u);
  EXPECT_EQ(NumberOf("fop"), 39u);
  EXPECT_EQ(NumberOf("xmm0"), 40u);
  EXPECT_EQ(NumberOf("mxcsr"), 56u);
  EXPECT_EQ(NumberOf("fs_base"), 57u);
}

TEST(RegisterTable, NamesEveryRegisterOnce) {
  std::set<std::string> names;
  for (const RegisterEntry& entry : RegisterTable()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
  }
}

TEST(RegisterTable, GivesBackWhatWasSet) {
  // Selectors and x87 control words have 16 bits in 32; the tag word is abridged. Their upper parts read as zeros.
  const std::set<std::string> narrow{"cs", "ss", "ds", "es", "fs", "gs", "fctrl", "fstat", "fop"};
  for (size_t number = 0; number < RegisterTable().size(); ++number) {
    const std::string& name = RegisterTable()[number].name;
    if (name == "ftag") {
      continue;
    }
    Registers registers;
    const std::string text = SampleText(number);
    ASSERT_TRUE(SetRegister(registers, number, text)) << name;
    const std::string expected = narrow.contains(name) ? text.substr(0, 4) + "0000" : text;
    EXPECT_EQ(RegisterText(registers, number), expected) << name;
  }
}

TEST(RegisterTable, ChangesOneRegisterOnly) {
  const std::string before = AllRegistersText(Registers{});
  size_t position = 0;
  for (size_t number = 0; number < RegisterTable().size(); ++number) {
    const size_t digits = 2 * RegisterTable()[number].size();
    Registers registers;
    ASSERT_TRUE(SetRegister(registers, number, std::string(digits, '1')));
    const std::string after = AllRegistersText(registers);
    EXPECT_EQ(after.substr(0, position), before.substr(0, position)) << RegisterTable()[number].name;
    EXPECT_EQ(after.substr(position + digits), before.substr(position + digits)) << RegisterTable()[number].name;
    position += digits;
  }
}

TEST(RegisterTable, TakesAllRegistersAtOnce) {
  Registers registers;
  registers.general[3] = 0x1122334455667788;
  registers.xmm[15][15] = 0xee;
  registers.efer = 0x500;
  registers.st[7][9] = 0x40;
  Registers copy;
  EXPECT_TRUE(SetAllRegisters(copy, AllRegistersText(registers)));
  EXPECT_EQ(copy, registers);
}

TEST(RegisterTable, RefusesTextsOfAnotherLength) {
  Registers registers;
  const Registers before = registers;
  const std::string all = AllRegistersText(registers);
  EXPECT_FALSE(SetAllRegisters(registers, all.substr(2)));
  EXPECT_FALSE(SetAllRegisters(registers, all + "00"));
  EXPECT_FALSE(SetAllRegisters(registers, ""));
  EXPECT_FALSE(SetRegister(registers, 0, "00"));
  EXPECT_FALSE(SetRegister(registers, 0, "xxxxxxxxxxxxxxxx"));
  EXPECT_EQ(registers, before);
}

TEST(TagWord, IsFullForADebugger) {
  Registers registers;
  EXPECT_EQ(FullTagWord(registers), 0xffff) << "all empty";
  registers.ftw = 0xff;
  EXPECT_EQ(FullTagWord(registers), 0x5555) << "all zero";
  // TOP is 6: st(0) is physical register 6, st(1) is 7.
  registers.fsw = 6 << 11;
  registers.ftw = 0xc0;
  registers.st[0] = {0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f};  // 1.0
  registers.st[1] = {0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x7f};  // infinity
  EXPECT_EQ(FullTagWord(registers), 0x8fff);
}

TEST(TagWord, LosesNoEmptyRegisterWhenItIsAbridged) {
  EXPECT_EQ(AbridgedTagWord(0xffff), 0x00);
  EXPECT_EQ(AbridgedTagWord(0x5555), 0xff);
  EXPECT_EQ(AbridgedTagWord(0x8fff), 0xc0);
}

TEST(TargetXml, DescribesEveryRegisterOfTheTable) {
  size_t position = 0;
  for (size_t number = 0; number < RegisterTable().size(); ++number) {
    const RegisterEntry& entry = RegisterTable()[number];
    position = TargetXml().find("<reg name=\"" + entry.name + "\" bitsize=\"" + std::to_string(entry.bits) +
                                    "\" type=\"" + entry.type + "\" regnum=\"" + std::to_string(number) + "\"",
                                position);
    ASSERT_NE(position, std::string::npos) << entry.name;
  }
}

}  // namespace
}  // namespace vmm::gdb
