// The packets that are answered at once: by name, their handlers, and the answer. Those that start, stop or end
// something are in session.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "vmm/gdb/context.h"
#include "vmm/gdb/text.h"

namespace vmm::gdb {

// The answer's payload; nothing when there is no such packet.
std::optional<std::string> RunCommand(SessionContext& context, std::string_view packet);

// --- The handlers, by file. `arguments` is what follows the name in the table of commands.cc.

// register_commands.cc
std::string ReadAllRegisters(SessionContext& context, TextCursor arguments);
std::string WriteAllRegisters(SessionContext& context, TextCursor arguments);
std::string ReadRegister(SessionContext& context, TextCursor arguments);
std::string WriteRegister(SessionContext& context, TextCursor arguments);

// memory_commands.cc
std::string ReadMemoryAsHex(SessionContext& context, TextCursor arguments);
std::string ReadMemoryAsBinary(SessionContext& context, TextCursor arguments);
std::string WriteMemoryFromHex(SessionContext& context, TextCursor arguments);
std::string WriteMemoryFromBinary(SessionContext& context, TextCursor arguments);

// point_commands.cc
std::string InsertPoint(SessionContext& context, TextCursor arguments);
std::string RemovePoint(SessionContext& context, TextCursor arguments);

// thread_commands.cc
std::string SelectThread(SessionContext& context, TextCursor arguments);
std::string IsThreadAlive(SessionContext& context, TextCursor arguments);
std::string CurrentThread(SessionContext& context, TextCursor arguments);
std::string FirstThreads(SessionContext& context, TextCursor arguments);
std::string FurtherThreads(SessionContext& context, TextCursor arguments);
std::string ThreadExtraInfo(SessionContext& context, TextCursor arguments);
std::string ThreadStopInfo(SessionContext& context, TextCursor arguments);

// query_commands.cc
std::string Supported(SessionContext& context, TextCursor arguments);
std::string ActionsOfVCont(SessionContext& context, TextCursor arguments);
std::string Attached(SessionContext& context, TextCursor arguments);
std::string Symbols(SessionContext& context, TextCursor arguments);
std::string HostInfo(SessionContext& context, TextCursor arguments);
std::string ProcessInfo(SessionContext& context, TextCursor arguments);

// transfer_commands.cc
std::string TransferDocument(SessionContext& context, TextCursor arguments);

// file_commands.cc
std::string SetFileSystem(SessionContext& context, TextCursor arguments);
std::string OpenRemoteFile(SessionContext& context, TextCursor arguments);
std::string ReadRemoteFile(SessionContext& context, TextCursor arguments);
std::string StatRemoteFile(SessionContext& context, TextCursor arguments);
std::string CloseRemoteFile(SessionContext& context, TextCursor arguments);

}  // namespace vmm::gdb
