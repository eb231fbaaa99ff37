#include "vmm/gdb/context.h"

#include <optional>
#include <variant>
#include <vector>

#include "vmm/gdb/text.h"

namespace vmm::gdb {

namespace {

// A text is no binary data, which could be escaped; and it is one line.
char Printable(char character) {
  const bool special = character == '#' || character == '$' || character == '}' || character == '*';
  return special || character < ' ' || character == 0x7f ? '?' : character;
}

}  // namespace

std::string ErrorNumber(ErrorCode code) {
  const auto number = static_cast<std::byte>(code);
  return "E" + HexBytes({&number, 1});
}

std::string SessionContext::ErrorReply(const TargetError& error) const {
  if (!knows_error_texts || error.message.empty()) {
    return ErrorNumber(error.code);
  }
  std::string reply = "E.";
  for (const char character : error.message) {
    reply += Printable(character);
  }
  return reply;
}

ThreadId SessionContext::SelectedThread() const {
  if (general_thread != 0) {
    return general_thread;
  }
  const std::optional<StopEvent> event = target.stop();
  if (event) {
    if (const auto* stop = std::get_if<ThreadStop>(&*event)) {
      return stop->thread;
    }
  }
  const std::vector<ThreadInfo> threads = target.Threads();
  return threads.empty() ? 0 : threads.front().id;
}

}  // namespace vmm::gdb
