#include "vmm/debug/monitor_commands.h"

#include <fmt/format.h>

#include <charconv>
#include <span>
#include <sstream>
#include <utility>

#include "shared/abi/boot_info.h"
#include "vmm/gdb/register_map.h"

namespace vmm {

using gdb::ErrorCode;
using gdb::Fail;

namespace {

// `dis`.
constexpr uint64_t kDisassembled = 10;
constexpr uint64_t kMostDisassembled = 10000;

}  // namespace

std::vector<gdb::MonitorCommand> AllMonitorCommands() {
  return {
      {"vmos", "", "All VMOs: sizes, kinds, relations"},
      {"vmars", "[PID]", "Regions and mappings of the process with this koid, or of all"},
      {"maps", "ADDR [THREAD]", "The page-table walk of an address, or of $rip and the like"},
      {"pagers", "", "Pagers and the VMOs that they serve"},
      {"requests", "", "Page requests that wait for an answer, with their age"},
      {"threads", "[PID]", "Threads of the process with this koid, or of all"},
      {"modules", "[PID]", "Programs that are loaded, with their addresses"},
      {"dis", "ADDR [N [THREAD]]", "N instructions from an address on, with symbols"},
      {"regs", "[THREAD]", "All registers; THREAD as in 'info threads', otherwise the one that gdb used last"},
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

gdb::Outcome<CpuQuestion> ParseCpuQuestion(std::string_view name, std::span<const std::string> words) {
  using Kind = CpuQuestion::Kind;
  CpuQuestion question = {.kind = name == "regs" ? Kind::kRegisters : name == "maps" ? Kind::kWalk : Kind::kCode};
  if (question.kind != Kind::kRegisters) {
    if (words.empty()) {
      return Fail(ErrorCode::kInvalid, "an address is missing, as 4096, 0x1000 or $rip");
    }
    question.address = words.front();
    words = words.subspan(1);
  }
  if (question.kind == Kind::kCode) {
    const std::optional<uint64_t> count = words.empty() ? kDisassembled : ParseNumber(words.front());
    if (!count || *count == 0 || *count > kMostDisassembled) {
      return Fail(ErrorCode::kInvalid, fmt::format("1 to {} instructions can be shown", kMostDisassembled));
    }
    question.count = *count;
    words = words.subspan(words.empty() ? 0 : 1);
  }
  if (!words.empty()) {
    const std::optional<uint64_t> thread = ParseNumber(words.front());
    if (!thread || *thread == 0 || *thread > abi::kMaxCpus || words.size() > 1) {
      return Fail(ErrorCode::kInvalid, fmt::format("'{}' is not the number of a thread", words.back()));
    }
    question.thread = static_cast<gdb::ThreadId>(*thread);
  }
  return question;
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
