// The packets that let threads run: who does what.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "vmm/gdb/context.h"
#include "vmm/gdb/target.h"
#include "vmm/gdb/text.h"

namespace vmm::gdb {

// `vCont;...` from the first semicolon on: an action for each of `threads` that does not stay. kInvalid for what is not
// in the protocol, kNoSuchThread.
Outcome<std::vector<ResumeAction>> ParseVCont(std::string_view text, std::span<const ThreadInfo> threads);

// What to do for the older `c`, `s`, `C` and `S`.
struct LegacyResume {
  std::vector<ResumeAction> actions;
  ThreadId thread;                  // whose RIP the address is for
  std::optional<uint64_t> address;  // where to go on
};
// `packet` starts with one of these letters.
Outcome<LegacyResume> ParseLegacyResume(std::string_view packet, const SessionContext& context,
                                        std::span<const ThreadInfo> threads);

// All go on.
std::vector<ResumeAction> ContinueAll(std::span<const ThreadInfo> threads);

}  // namespace vmm::gdb
