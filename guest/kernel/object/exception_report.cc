#include "guest/kernel/object/exception_report.h"

#include <zircon/errors.h>

namespace gk {
namespace {

constexpr uint32_t kVectorPageFault = 14;

// Bits of a page fault's error code (SDM volume 3A, section 4.7).
constexpr uint32_t kErrorWrite = 1u << 1;
constexpr uint32_t kErrorFetch = 1u << 4;

// SDM volume 3A, table 6-1.
const char* VectorName(uint32_t vector) {
  switch (vector) {
    case 0:
      return "division error";
    case 1:
      return "debug exception";
    case 3:
      return "breakpoint";
    case 4:
      return "overflow";
    case 5:
      return "bound range exceeded";
    case 6:
      return "undefined instruction";
    case 7:
      return "no floating-point unit";
    case 11:
      return "segment not present";
    case 12:
      return "stack fault";
    case 13:
      return "general protection fault";
    case 16:
      return "x87 floating-point error";
    case 17:
      return "unaligned access";
    case 19:
      return "SIMD floating-point error";
    default:
      return "exception";
  }
}

const char* AccessName(uint32_t error_code) {
  if ((error_code & kErrorFetch) != 0) {
    return "execution of ";
  }
  return (error_code & kErrorWrite) != 0 ? "write to " : "read from ";
}

}  // namespace

ExceptionReport::ExceptionReport(const ObjectName& process, const ObjectName& thread, uint64_t rip,
                                 const UserException& exception) {
  AppendTask(process, thread);
  if (exception.vector == kVectorPageFault) {
    AppendPageFault(rip, exception);
  } else {
    Append(VectorName(exception.vector));
    Append(" (vector ");
    AppendDecimal(exception.vector);
    Append(", error code ");
    AppendHexadecimal(exception.error_code, 1);
    Append(") at rip ");
    AppendHexadecimal(rip, 1);
  }
  Append("\n");
}

ExceptionReport::ExceptionReport(const ObjectName& process, const ObjectName& thread, uint64_t rip,
                                 const PolicyViolation& violation) {
  AppendTask(process, thread);
  Append("violation of its job's policy (condition ");
  AppendDecimal(violation.condition);
  Append(") at rip ");
  AppendHexadecimal(rip, 1);
  Append("\n");
}

void ExceptionReport::AppendTask(const ObjectName& process, const ObjectName& thread) {
  Append("pagoda: program ");
  AppendQuoted(process);
  Append(" thread ");
  AppendQuoted(thread);
  Append(": ");
}

void ExceptionReport::AppendPageFault(uint64_t rip, const UserException& exception) {
  Append("page fault: ");
  Append(AccessName(exception.error_code));
  AppendHexadecimal(exception.fault_address, 1);
  Append(" at rip ");
  AppendHexadecimal(rip, 1);
  switch (exception.fault_status) {
    case ZX_ERR_NOT_FOUND:
      Append(" (no mapping there)");
      break;
    case ZX_ERR_ACCESS_DENIED:
      Append(" (the mapping does not permit it)");
      break;
    case ZX_ERR_OUT_OF_RANGE:
      Append(" (beyond the end of the mapped object)");
      break;
    case ZX_ERR_NO_MEMORY:
      Append(" (the machine has no memory left)");
      break;
    case ZX_ERR_BAD_STATE:
      Append(" (the pager of the mapped object is gone)");
      break;
    case ZX_ERR_IO:
      Append(" (the pager of the mapped object failed to read or write)");
      break;
    case ZX_ERR_IO_DATA_INTEGRITY:
      Append(" (the pager of the mapped object found its data damaged)");
      break;
    case ZX_ERR_NO_SPACE:
      Append(" (the pager of the mapped object has no space for the change)");
      break;
    case ZX_ERR_NOT_SUPPORTED:
      Append(" (the instruction lies in the page that it writes to)");
      break;
    default:
      Append(" (the page could not be provided: status ");
      AppendDecimal(exception.fault_status);
      Append(")");
      break;
  }
}

void ExceptionReport::AppendQuoted(const ObjectName& name) {
  Append("'");
  writer_.AppendName(name.text());
  Append("'");
}

void ExceptionReport::AppendHexadecimal(uint64_t value, int min_digits) {
  Append("0x");
  writer_.AppendHexadecimal(value, min_digits);
}

}  // namespace gk
