// What the console says about a fault that ended a program: one line that names it. The monitor explains it at length
// elsewhere (fault_report.h).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <array>
#include <span>

#include "guest/kernel/arch/registers.h"
#include "guest/kernel/lib/object_name.h"
#include "guest/kernel/lib/text_writer.h"

namespace gk {

// A system call that the policy of the process' job wants to be an exception.
struct PolicyViolation {
  uint32_t condition;  // ZX_POL_*
};

class ExceptionReport {
 public:
  ExceptionReport(const ObjectName& process, const ObjectName& thread, uint64_t rip, const UserException& exception);
  ExceptionReport(const ObjectName& process, const ObjectName& thread, uint64_t rip, const PolicyViolation& violation);

  // A complete line.
  [[nodiscard]] std::span<const char> text() const { return writer_.text(); }

 private:
  void AppendTask(const ObjectName& process, const ObjectName& thread);
  void Append(const char* text) { writer_.Append(text); }
  void AppendDecimal(int64_t value) { writer_.AppendDecimal(value); }
  void AppendHexadecimal(uint64_t value, int min_digits);
  void AppendQuoted(const ObjectName& name);
  void AppendPageFault(uint64_t rip, const UserException& exception);

  // Names are bounded, so the text is: longer than any report.
  std::array<char, 512> text_;
  TextWriter writer_{text_};
};

}  // namespace gk
