// Which registers the debugger sees: the one table behind `g`, `G`, `p`, `P`, the expedited registers of a stop, and
// target.xml. A register's number is its place in the table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/gdb/registers.h"

namespace vmm::gdb {

// The features of target.xml. gdb knows the first three by name and wants certain registers in them (gdb manual, "i386
// Features"); the last is ours.
enum class RegisterFeature : uint8_t { kCore, kSse, kSegments, kSystem };

struct RegisterEntry {
  std::string name;
  uint32_t bits;
  std::string type;  // of gdb's predefined ones, or one that target.xml defines in the same feature
  RegisterFeature feature;
  // Little-endian, exactly `bits` / 8 bytes.
  std::function<void(const Registers&, std::span<std::byte>)> load;
  std::function<void(Registers&, std::span<const std::byte>)> store;

  [[nodiscard]] size_t size() const { return bits / 8; }
};

const std::vector<RegisterEntry>& RegisterTable();

// Numbers of those that a stop reply carries.
constexpr size_t kFramePointerNumber = 6;
constexpr size_t kStackPointerNumber = 7;
constexpr size_t kProgramCounterNumber = 16;

// The value of one register, and of all in the order of their numbers, as the packets have them. Precondition: `number`
// is in the table.
std::string RegisterText(const Registers& registers, size_t number);
std::string AllRegistersText(const Registers& registers);
// False, and nothing changed, unless the text has exactly the right number of digits.
bool SetRegister(Registers& registers, size_t number, std::string_view text);
bool SetAllRegisters(Registers& registers, std::string_view text);

}  // namespace vmm::gdb
