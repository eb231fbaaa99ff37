// Why the target stopped, as the answer to `?`, `vCont` and the like (gdb manual, "Stop Reply Packets").
#pragma once

#include <string>

#include "vmm/gdb/context.h"

namespace vmm::gdb {

std::string StopReply(const SessionContext& context, const StopEvent& event);
// Of one thread that exists, which need not be the one that the stop was about.
std::string ThreadStopReply(const SessionContext& context, ThreadId thread);

}  // namespace vmm::gdb
