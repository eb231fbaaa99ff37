#include "vmm/gdb/threads.h"

#include <algorithm>
#include <limits>

namespace vmm::gdb {

std::optional<ThreadId> TakeThread(TextCursor& text) {
  if (text.Skip("-1")) {
    return 0;
  }
  const auto number = text.TakeHex();
  if (!number || *number > std::numeric_limits<ThreadId>::max()) {
    return std::nullopt;
  }
  return static_cast<ThreadId>(*number);
}

const ThreadInfo* FindThread(std::span<const ThreadInfo> threads, ThreadId id) {
  const auto found = std::find_if(threads.begin(), threads.end(), [id](const auto& each) { return each.id == id; });
  return found == threads.end() ? nullptr : &*found;
}

}  // namespace vmm::gdb
