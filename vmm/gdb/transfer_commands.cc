#include <algorithm>
#include <string>

#include "vmm/gdb/commands.h"
#include "vmm/gdb/documents.h"
#include "vmm/gdb/packet.h"

namespace vmm::gdb {

namespace {

// A piece of the document from `offset` on: 'm' says that there is more, 'l' that this is the last.
std::string Piece(std::string_view document, uint64_t offset, uint64_t length) {
  const std::string_view rest = document.substr(std::min<uint64_t>(offset, document.size()));
  const Escaped piece = EscapeBinary(rest.substr(0, length), kMaxPayload - 1);
  return (piece.consumed < rest.size() ? "m" : "l") + piece.text;
}

bool IsObject(std::string_view object) {
  return object == "features" || object == "threads" || object == "libraries" || object == "memory-map" ||
         object == "exec-file";
}

}  // namespace

// "object:read:annex:offset,length". What the client reads in pieces is what there was at its first piece.
std::string TransferDocument(SessionContext& context, TextCursor arguments) {
  const std::string_view object = arguments.TakeUntil(':');
  if (!IsObject(object) || !arguments.Skip("read:")) {
    return {};
  }
  const std::string_view annex = arguments.TakeUntil(':');
  const auto offset = arguments.TakeHex();
  if (!offset || !arguments.Skip(",")) {
    return context.ErrorReply(ErrorCode::kInvalid);
  }
  const auto length = arguments.TakeHex();
  if (!length || !arguments.empty()) {
    return context.ErrorReply(ErrorCode::kInvalid);
  }
  auto kept = context.documents.find(object);
  if (*offset == 0 || kept == context.documents.end()) {
    auto document = MakeDocument(context.target, object, annex);
    if (!document) {
      return "E00";  // as the manual has it for a bad annex
    }
    kept = context.documents.insert_or_assign(std::string(object), std::move(*document)).first;
  }
  return Piece(kept->second, *offset, *length);
}

}  // namespace vmm::gdb
