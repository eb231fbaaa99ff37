// What one client's session remembers between packets, and what all packets' handlers need.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "vmm/gdb/file_table.h"
#include "vmm/gdb/target.h"

namespace vmm::gdb {

struct SessionContext {
  explicit SessionContext(Target& machine) : target(machine) {}

  Target& target;

  // What the client has selected; 0 is none, as in the protocol.
  ThreadId general_thread = 0;  // `Hg`: of registers and memory
  ThreadId resume_thread = 0;   // `Hc`: of `c` and `s`; none: all
  AddressSpace space = AddressSpace::kVirtual;

  // What the client knows, by its qSupported.
  bool knows_software_breakpoints = false;
  bool knows_hardware_breakpoints = false;
  bool knows_error_texts = false;
  bool is_lldb = false;  // by its qHostInfo: takes threads' names from stops, and waits for an answer to `k`

  FileTable files;
  std::map<std::string, std::string, std::less<>> documents;  // of qXfer, while they are read in pieces

  // The thread that a packet without one means: the selected one, else that of the stop, else any.
  [[nodiscard]] ThreadId SelectedThread() const;
  // In the client's words: a number, or a text where it can show one.
  [[nodiscard]] std::string ErrorReply(const TargetError& error) const;
  [[nodiscard]] std::string ErrorReply(ErrorCode code) const { return ErrorReply({code, {}}); }
};

// "E" and two digits.
std::string ErrorNumber(ErrorCode code);
inline std::string OkReply() { return "OK"; }

}  // namespace vmm::gdb
