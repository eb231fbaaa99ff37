#include "vmm/gdb/commands.h"
#include "vmm/gdb/packet.h"

namespace vmm::gdb {

namespace {

// What lldb wants to know before it asks for anything else.
constexpr std::string_view kTriple = "x86_64-unknown-unknown";

void TakeNote(SessionContext& context, std::string_view feature) {
  if (feature == "swbreak+") {
    context.knows_software_breakpoints = true;
  } else if (feature == "hwbreak+") {
    context.knows_hardware_breakpoints = true;
  } else if (feature == "error-message+") {
    context.knows_error_texts = true;
  }
}

}  // namespace

std::string Supported(SessionContext& context, TextCursor arguments) {
  static_cast<void>(arguments.Skip(":"));
  while (!arguments.empty()) {
    TakeNote(context, arguments.TakeUntil(';'));
  }
  std::string reply = "PacketSize=" + HexNumber(kMaxPayload) +
                      ";QStartNoAckMode+;swbreak+;hwbreak+;vContSupported+;binary-upload+;error-message+"
                      ";qXfer:features:read+;qXfer:threads:read+;qXfer:libraries:read+";
  if (!context.target.ExecFile().empty()) {
    reply += ";qXfer:exec-file:read+";
  }
  if (!context.target.MemoryMap().empty()) {
    reply += ";qXfer:memory-map:read+";
  }
  return reply;
}

std::string ActionsOfVCont(SessionContext& /*context*/, TextCursor /*arguments*/) { return "vCont;c;C;s;S;t;r"; }

// The guest was there before the client: gdb leaves it running when it quits.
std::string Attached(SessionContext& /*context*/, TextCursor /*arguments*/) { return "1"; }

// The client offers to look symbols up for us; we need none.
std::string Symbols(SessionContext& /*context*/, TextCursor /*arguments*/) { return OkReply(); }

std::string HostInfo(SessionContext& context, TextCursor /*arguments*/) {
  context.is_lldb = true;
  return "triple:" + HexText(kTriple) + ";ptrsize:8;endian:little;";
}

std::string ProcessInfo(SessionContext& /*context*/, TextCursor /*arguments*/) {
  return "pid:1;triple:" + HexText(kTriple) + ";ptrsize:8;endian:little;";
}

}  // namespace vmm::gdb
