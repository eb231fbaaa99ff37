#include "vmm/gdb/commands.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace vmm::gdb {

namespace {

struct Command {
  enum class Match : uint8_t { kWhole, kPrefix };
  std::string_view name;
  Match match;  // kPrefix: arguments follow
  std::string (*handler)(SessionContext&, TextCursor);
};

constexpr Command kCommands[] = {
    {"g", Command::Match::kWhole, ReadAllRegisters},
    {"G", Command::Match::kPrefix, WriteAllRegisters},
    {"p", Command::Match::kPrefix, ReadRegister},
    {"P", Command::Match::kPrefix, WriteRegister},
    {"m", Command::Match::kPrefix, ReadMemoryAsHex},
    {"x", Command::Match::kPrefix, ReadMemoryAsBinary},
    {"M", Command::Match::kPrefix, WriteMemoryFromHex},
    {"X", Command::Match::kPrefix, WriteMemoryFromBinary},
    {"Z", Command::Match::kPrefix, InsertPoint},
    {"z", Command::Match::kPrefix, RemovePoint},
    {"H", Command::Match::kPrefix, SelectThread},
    {"T", Command::Match::kPrefix, IsThreadAlive},
    {"qC", Command::Match::kWhole, CurrentThread},
    {"qfThreadInfo", Command::Match::kWhole, FirstThreads},
    {"qsThreadInfo", Command::Match::kWhole, FurtherThreads},
    {"qThreadExtraInfo,", Command::Match::kPrefix, ThreadExtraInfo},
    {"qThreadStopInfo", Command::Match::kPrefix, ThreadStopInfo},
    {"qSupported", Command::Match::kPrefix, Supported},
    {"vCont?", Command::Match::kWhole, ActionsOfVCont},
    {"qAttached", Command::Match::kPrefix, Attached},
    {"qSymbol:", Command::Match::kPrefix, Symbols},
    {"qHostInfo", Command::Match::kWhole, HostInfo},
    {"qProcessInfo", Command::Match::kWhole, ProcessInfo},
    {"qXfer:", Command::Match::kPrefix, TransferDocument},
    {"vFile:setfs:", Command::Match::kPrefix, SetFileSystem},
    {"vFile:open:", Command::Match::kPrefix, OpenRemoteFile},
    {"vFile:pread:", Command::Match::kPrefix, ReadRemoteFile},
    {"vFile:fstat:", Command::Match::kPrefix, StatRemoteFile},
    {"vFile:close:", Command::Match::kPrefix, CloseRemoteFile},
};

bool Matches(const Command& command, std::string_view packet) {
  return command.match == Command::Match::kWhole ? packet == command.name : packet.starts_with(command.name);
}

}  // namespace

std::optional<std::string> RunCommand(SessionContext& context, std::string_view packet) {
  const auto* found = std::find_if(std::begin(kCommands), std::end(kCommands),
                                   [&](const Command& command) { return Matches(command, packet); });
  if (found == std::end(kCommands)) {
    return std::nullopt;
  }
  return found->handler(context, TextCursor(packet.substr(found->name.size())));
}

}  // namespace vmm::gdb
