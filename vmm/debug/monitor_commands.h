// What a person can ask with gdb's `monitor`: the list, and how a line is understood. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/abi/debug_call.h"
#include "vmm/gdb/target.h"

namespace vmm {

[[nodiscard]] std::vector<gdb::MonitorCommand> AllMonitorCommands();

// The question that the guest's kernel answers, for the commands that are one.
[[nodiscard]] std::optional<abi::DebugCommand> KernelQuestion(std::string_view command);

// "0x1f", "31"; nullopt for anything else.
[[nodiscard]] std::optional<uint64_t> ParseNumber(std::string_view text);

// A number, or a general or control register's name behind a dollar sign, as "$rip": gdb passes a line of `monitor` on
// as it is, without putting values in.
[[nodiscard]] std::optional<uint64_t> ParseAddress(std::string_view text, const gdb::Registers& registers);

// What `regs`, `maps` and `dis` ask about a CPU.
struct CpuQuestion {
  enum class Kind : uint8_t { kRegisters, kWalk, kCode };
  Kind kind;
  std::string address = {};                  // kWalk, kCode: as for ParseAddress
  uint64_t count = 0;                        // kCode: of instructions, from 1
  std::optional<gdb::ThreadId> thread = {};  // none: the selected one
};

// `name` is one of the three, `words` what is behind it. A failure's message says what is wrong with them.
[[nodiscard]] gdb::Outcome<CpuQuestion> ParseCpuQuestion(std::string_view name, std::span<const std::string> words);

// Words separated by blanks.
[[nodiscard]] std::vector<std::string> SplitWords(const std::string& text);

}  // namespace vmm
