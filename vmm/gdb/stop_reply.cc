#include "vmm/gdb/stop_reply.h"

#include <optional>
#include <variant>
#include <vector>

#include "vmm/gdb/register_map.h"
#include "vmm/gdb/text.h"
#include "vmm/gdb/threads.h"

namespace vmm::gdb {

namespace {

std::string TwoDigits(uint8_t value) {
  const auto byte = static_cast<std::byte>(value);
  return HexBytes({&byte, 1});
}

std::string ReasonText(const SessionContext& context, const ThreadStop& stop) {
  switch (stop.reason) {
    case StopReason::kPlain:
      return {};
    case StopReason::kSoftwareBreakpoint:
      return context.knows_software_breakpoints ? "swbreak:;" : "";
    case StopReason::kHardwareBreakpoint:
      return context.knows_hardware_breakpoints ? "hwbreak:;" : "";
    case StopReason::kWriteWatch:
      return "watch:" + HexNumber(stop.address) + ";";
    case StopReason::kReadWatch:
      return "rwatch:" + HexNumber(stop.address) + ";";
    case StopReason::kAccessWatch:
      return "awatch:" + HexNumber(stop.address) + ";";
    case StopReason::kLibraries:
      return "library:;";
    case StopReason::kNewThread:
      return "create:;";
  }
  return {};
}

// What a debugger asks for first after every stop, so that a step takes one exchange.
std::string ExpeditedRegisters(const SessionContext& context, ThreadId thread) {
  const auto registers = context.target.ReadRegisters(thread);
  std::string text;
  if (registers.ok()) {
    for (const size_t number : {kFramePointerNumber, kStackPointerNumber, kProgramCounterNumber}) {
      text += TwoDigits(static_cast<uint8_t>(number)) + ":" + RegisterText(*registers, number) + ";";
    }
  }
  return text;
}

std::string ReplyTo(const SessionContext& context, const ThreadStop& stop) {
  const std::vector<ThreadInfo> threads = context.target.Threads();
  const ThreadInfo* thread = FindThread(threads, stop.thread);
  std::string text = "T" + TwoDigits(static_cast<uint8_t>(stop.signal)) + "thread:" + HexNumber(stop.thread) + ";";
  if (thread != nullptr) {
    text += "core:" + HexNumber(thread->core) + ";";
    text += context.is_lldb ? "hexname:" + HexText(thread->name) + ";" : "";
  }
  return text + ReasonText(context, stop) + ExpeditedRegisters(context, stop.thread);
}

std::string ReplyTo(const SessionContext& /*context*/, const GuestExited& exited) {
  return "W" + TwoDigits(exited.code);
}

std::string ReplyTo(const SessionContext& /*context*/, const GuestTerminated& terminated) {
  return "X" + TwoDigits(static_cast<uint8_t>(terminated.signal));
}

}  // namespace

std::string StopReply(const SessionContext& context, const StopEvent& event) {
  return std::visit([&](const auto& each) { return ReplyTo(context, each); }, event);
}

std::string ThreadStopReply(const SessionContext& context, ThreadId thread) {
  const std::optional<StopEvent> event = context.target.stop();
  const ThreadStop* stop = event ? std::get_if<ThreadStop>(&*event) : nullptr;
  if (stop != nullptr && stop->thread == thread) {
    return StopReply(context, *stop);
  }
  return StopReply(context, ThreadStop{.thread = thread, .signal = Signal::kNone});
}

}  // namespace vmm::gdb
