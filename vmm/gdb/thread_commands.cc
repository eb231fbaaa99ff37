#include <optional>
#include <vector>

#include "vmm/gdb/commands.h"
#include "vmm/gdb/stop_reply.h"
#include "vmm/gdb/threads.h"

namespace vmm::gdb {

namespace {

// The rest of the packet is the number of a thread that exists.
std::optional<ThreadInfo> TakeExisting(const SessionContext& context, TextCursor arguments) {
  const auto id = TakeThread(arguments);
  if (!id || !arguments.empty()) {
    return std::nullopt;
  }
  const std::vector<ThreadInfo> threads = context.target.Threads();
  const ThreadInfo* thread = FindThread(threads, *id);
  return thread == nullptr ? std::nullopt : std::optional(*thread);
}

}  // namespace

std::string SelectThread(SessionContext& context, TextCursor arguments) {
  const bool general = arguments.Skip("g");
  if (!general && !arguments.Skip("c")) {
    return context.ErrorReply(ErrorCode::kInvalid);
  }
  TextCursor number = arguments;
  const auto id = TakeThread(number);
  if (!id || !number.empty()) {
    return context.ErrorReply(ErrorCode::kInvalid);
  }
  if (*id != 0 && !TakeExisting(context, arguments)) {
    return context.ErrorReply(ErrorCode::kNoSuchThread);
  }
  (general ? context.general_thread : context.resume_thread) = *id;
  return OkReply();
}

std::string IsThreadAlive(SessionContext& context, TextCursor arguments) {
  return TakeExisting(context, arguments) ? OkReply() : context.ErrorReply(ErrorCode::kNoSuchThread);
}

std::string CurrentThread(SessionContext& context, TextCursor /*arguments*/) {
  return "QC" + HexNumber(context.SelectedThread());
}

std::string FirstThreads(SessionContext& context, TextCursor /*arguments*/) {
  std::string list;
  for (const ThreadInfo& thread : context.target.Threads()) {
    list += (list.empty() ? "m" : ",") + HexNumber(thread.id);
  }
  return list.empty() ? "l" : list;
}

std::string FurtherThreads(SessionContext& /*context*/, TextCursor /*arguments*/) { return "l"; }

std::string ThreadExtraInfo(SessionContext& context, TextCursor arguments) {
  const auto thread = TakeExisting(context, arguments);
  if (!thread) {
    return context.ErrorReply(ErrorCode::kNoSuchThread);
  }
  return HexText(thread->extra.empty() ? thread->name : thread->name + ", " + thread->extra);
}

std::string ThreadStopInfo(SessionContext& context, TextCursor arguments) {
  const auto thread = TakeExisting(context, arguments);
  return thread ? ThreadStopReply(context, thread->id) : context.ErrorReply(ErrorCode::kNoSuchThread);
}

}  // namespace vmm::gdb
