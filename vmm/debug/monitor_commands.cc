#include "vmm/debug/monitor_commands.h"

#include <charconv>
#include <span>
#include <sstream>
#include <utility>

#include "vmm/gdb/register_map.h"

namespace vmm {

std::vector<gdb::MonitorCommand> AllMonitorCommands() {
  return {
      {"vmos", "", "All VMOs: sizes, kinds, relations"},
      {"vmars", "[PID]", "Regions and mappings of the process with this koid, or of all"},
      {"maps", "ADDR", "The page-table walk of an address, or of $rip and the like, in the selected CPU's space"},
      {"pagers", "", "Pagers and the VMOs that they serve"},
      {"requests", "", "Page requests that wait for an answer, with their age"},
      {"threads", "[PID]", "Threads of the process with this koid, or of all"},
      {"modules", "[PID]", "Programs that are loaded, with their addresses"},
      {"dis", "ADDR [N]", "N instructions from an address on, with symbols"},
      {"regs", "", "All registers of the selected CPU"},
  };
}

std::optional<abi::DebugCommand> KernelQuestion(std::string_view command) {
  static constexpr std::pair<std::string_view, abi::DebugCommand> kQuestions[] = {
      {"vmos", abi::DebugCommand::kVmos},       {"vmars", abi::DebugCommand::kVmars},
      {"pagers", abi::DebugCommand::kPagers},   {"requests", abi::DebugCommand::kRequests},
      {"threads", abi::DebugCommand::kThreads}, {"modules", abi::DebugCommand::kModules},
  };
  for (const auto& [name, question] : kQuestions) {
    if (name == command) {
      return question;
    }
  }
  return std::nullopt;
}

std::optional<uint64_t> ParseNumber(std::string_view text) {
  const bool is_hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  const std::string_view digits = is_hexadecimal ? text.substr(2) : text;
  uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, is_hexadecimal ? 16 : 10);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return value;
}

std::optional<uint64_t> ParseAddress(std::string_view text, const gdb::Registers& registers) {
  if (!text.starts_with('$')) {
    return ParseNumber(text);
  }
  for (const gdb::RegisterEntry& entry : gdb::RegisterTable()) {
    uint64_t value = 0;
    if (entry.name == text.substr(1) && entry.size() == sizeof(value)) {
      entry.load(registers, std::as_writable_bytes(std::span(&value, 1)));
      return value;
    }
  }
  return std::nullopt;
}

std::vector<std::string> SplitWords(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) {
    words.push_back(word);
  }
  return words;
}

}  // namespace vmm
