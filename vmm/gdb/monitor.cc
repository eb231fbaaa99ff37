#include "vmm/gdb/monitor.h"

#include <algorithm>
#include <string>
#include <vector>

#include "vmm/gdb/text.h"

namespace vmm::gdb {

namespace {

// Of text in one O packet: small enough that any client takes it.
constexpr size_t kPieceSize = 2048;
// Of text of one command. A table of everything in a guest has some hundred KiB.
constexpr size_t kMaxOutput = size_t{2} << 20;

class OutputPackets final : public MonitorOutput {
 public:
  explicit OutputPackets(Link& link) : link_(link) {}

  void Write(std::string_view text) override {
    const std::string_view rest = text.substr(0, kMaxOutput - written_);
    cut_ = cut_ || rest.size() < text.size();
    written_ += rest.size();
    for (size_t start = 0; start < rest.size(); start += kPieceSize) {
      Send(rest.substr(start, kPieceSize));
    }
  }
  void Finish() {
    if (cut_) {
      Send("\n(the rest is cut off)\n");
    }
    link_.Send(OkReply());
  }

 private:
  void Send(std::string_view piece) { link_.Send("O" + HexText(piece)); }

  Link& link_;
  size_t written_ = 0;
  bool cut_ = false;
};

std::string_view Trim(std::string_view text) {
  const size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) {
    return {};
  }
  return text.substr(start, text.find_last_not_of(" \t\r\n") - start + 1);
}

std::vector<MonitorCommand> AllCommands(Target& target) {
  std::vector<MonitorCommand> commands = target.MonitorCommands();
  commands.push_back({.name = "help", .arguments = "", .summary = "this list"});
  commands.push_back({.name = "phys",
                      .arguments = "[on|off]",
                      .summary = "whether addresses of memory are physical ones, until you disconnect"});
  std::sort(commands.begin(), commands.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return commands;
}

void PrintHelp(Target& target, MonitorOutput& output) {
  const std::vector<MonitorCommand> commands = AllCommands(target);
  size_t width = 0;
  for (const MonitorCommand& command : commands) {
    width = std::max(width, command.name.size() + command.arguments.size() + 1);
  }
  for (const MonitorCommand& command : commands) {
    std::string usage = command.name + " " + command.arguments;
    usage.resize(width + 2, ' ');
    output.Write("monitor " + usage + command.summary + "\n");
  }
}

void SetPhysical(SessionContext& context, std::string_view arguments, MonitorOutput& output) {
  if (arguments == "on") {
    context.space = AddressSpace::kPhysical;
  } else if (arguments == "off") {
    context.space = AddressSpace::kVirtual;
  } else if (!arguments.empty()) {
    output.Write("monitor phys takes 'on' or 'off'\n");
    return;
  }
  output.Write(context.space == AddressSpace::kPhysical ? "addresses of memory are physical\n"
                                                        : "addresses of memory are virtual\n");
}

// A command may be shortened as long as it is clear which one is meant. One name when it is.
std::vector<std::string> MatchingCommands(Target& target, std::string_view word) {
  std::vector<std::string> matches;
  for (const MonitorCommand& command : AllCommands(target)) {
    if (command.name == word) {
      return {command.name};
    }
    if (command.name.starts_with(word)) {
      matches.push_back(command.name);
    }
  }
  return matches;
}

void PrintNoCommand(std::string_view word, const std::vector<std::string>& matches, MonitorOutput& output) {
  if (matches.empty()) {
    return output.Write("there is no command '" + std::string(word) + "'; 'monitor help' lists what there is\n");
  }
  std::string line = "'" + std::string(word) + "' can be";
  for (const std::string& match : matches) {
    line += (&match == &matches.front() ? " " : " or ") + match;
  }
  output.Write(line + "\n");
}

void Run(SessionContext& context, std::string_view line, MonitorOutput& output) {
  const size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view word = line.substr(0, end);
  const std::string_view arguments = Trim(line.substr(end));
  if (word.empty()) {
    return PrintHelp(context.target, output);
  }
  const std::vector<std::string> matches = MatchingCommands(context.target, word);
  if (matches.size() != 1) {
    return PrintNoCommand(word, matches, output);
  }
  const std::string& name = matches.front();
  if (name == "help") {
    return PrintHelp(context.target, output);
  }
  if (name == "phys") {
    return SetPhysical(context, arguments, output);
  }
  const auto outcome = context.target.RunMonitorCommand(context.SelectedThread(), name, std::string(arguments), output);
  if (!outcome.ok()) {
    const TargetError& error = outcome.error();
    output.Write(name + ": " + (error.message.empty() ? "failed (" + ErrorNumber(error.code) + ")" : error.message) +
                 "\n");
  }
}

}  // namespace

void RunMonitorLine(SessionContext& context, Link& link, std::string_view line) {
  OutputPackets output(link);
  Run(context, Trim(line), output);
  output.Finish();
}

}  // namespace vmm::gdb
