// Threads as packets name them.
#pragma once

#include <optional>
#include <span>

#include "vmm/gdb/target.h"
#include "vmm/gdb/text.h"

namespace vmm::gdb {

// "1f" is a thread; "0" is any and "-1" all of them, which are both 0 here. Nothing for what is neither.
std::optional<ThreadId> TakeThread(TextCursor& text);

// nullptr when there is none.
const ThreadInfo* FindThread(std::span<const ThreadInfo> threads, ThreadId id);

}  // namespace vmm::gdb
