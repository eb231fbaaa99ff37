#include <utility>

#include "vmm/gdb/commands.h"
#include "vmm/gdb/register_map.h"

namespace vmm::gdb {

namespace {

// Reads the registers, lets `change` work on them, and writes them back.
template <typename Change>
std::string ChangeRegisters(const SessionContext& context, Change change) {
  const ThreadId thread = context.SelectedThread();
  auto registers = context.target.ReadRegisters(thread);
  if (!registers.ok()) {
    return context.ErrorReply(registers.error());
  }
  if (!change(*registers)) {
    return context.ErrorReply(ErrorCode::kInvalid);
  }
  const auto written = context.target.WriteRegisters(thread, *registers);
  return written.ok() ? OkReply() : context.ErrorReply(written.error());
}

}  // namespace

std::string ReadAllRegisters(SessionContext& context, TextCursor /*arguments*/) {
  const auto registers = context.target.ReadRegisters(context.SelectedThread());
  return registers.ok() ? AllRegistersText(*registers) : context.ErrorReply(registers.error());
}

std::string WriteAllRegisters(SessionContext& context, TextCursor arguments) {
  return ChangeRegisters(context, [&](Registers& registers) { return SetAllRegisters(registers, arguments.rest()); });
}

std::string ReadRegister(SessionContext& context, TextCursor arguments) {
  const auto number = arguments.TakeHex();
  if (!number || *number >= RegisterTable().size() || !arguments.empty()) {
    return context.ErrorReply(ErrorCode::kInvalid);
  }
  const auto registers = context.target.ReadRegisters(context.SelectedThread());
  return registers.ok() ? RegisterText(*registers, *number) : context.ErrorReply(registers.error());
}

std::string WriteRegister(SessionContext& context, TextCursor arguments) {
  const auto number = arguments.TakeHex();
  if (!number || *number >= RegisterTable().size() || !arguments.Skip("=")) {
    return context.ErrorReply(ErrorCode::kInvalid);
  }
  return ChangeRegisters(context,
                         [&](Registers& registers) { return SetRegister(registers, *number, arguments.rest()); });
}

}  // namespace vmm::gdb
