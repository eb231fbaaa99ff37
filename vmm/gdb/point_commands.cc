#include <optional>

#include "vmm/gdb/commands.h"

namespace vmm::gdb {

namespace {

constexpr uint64_t kPointKinds = 5;

// "type,address,kind"; what gdb might append (conditions, commands) it appends only to who says that it knows them.
std::optional<Point> TakePoint(TextCursor arguments) {
  const auto kind = arguments.TakeHex();
  if (!kind || *kind >= kPointKinds || !arguments.Skip(",")) {
    return std::nullopt;
  }
  const auto address = arguments.TakeHex();
  if (!address || !arguments.Skip(",")) {
    return std::nullopt;
  }
  const auto length = arguments.TakeHex();
  if (!length || *length == 0 || !arguments.empty()) {
    return std::nullopt;
  }
  return Point{.kind = static_cast<PointKind>(*kind), .address = *address, .length = *length};
}

// The empty answer says that we do not know this kind at all, and gdb finds another way.
std::string ReplyTo(const SessionContext& context, const Outcome<>& outcome) {
  if (outcome.ok()) {
    return OkReply();
  }
  return outcome.error().code == ErrorCode::kNotSupported ? std::string() : context.ErrorReply(outcome.error());
}

}  // namespace

std::string InsertPoint(SessionContext& context, TextCursor arguments) {
  const auto point = TakePoint(arguments);
  return point ? ReplyTo(context, context.target.InsertPoint(context.SelectedThread(), *point))
               : context.ErrorReply(ErrorCode::kInvalid);
}

std::string RemovePoint(SessionContext& context, TextCursor arguments) {
  const auto point = TakePoint(arguments);
  return point ? ReplyTo(context, context.target.RemovePoint(context.SelectedThread(), *point))
               : context.ErrorReply(ErrorCode::kInvalid);
}

}  // namespace vmm::gdb
