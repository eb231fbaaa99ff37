#include "vmm/crash/cause.h"

#include <fmt/format.h>
#include <zircon/errors.h>

#include <algorithm>
#include <array>

namespace vmm {
namespace {

// Bits of a page fault's error code (SDM volume 3A, section 4.7).
constexpr uint64_t kErrorWrite = 1u << 1;
constexpr uint64_t kErrorReserved = 1u << 3;
constexpr uint64_t kErrorFetch = 1u << 4;

// SDM volume 3A, table 6-1.
constexpr std::array<const char*, 22> kVectorNames = {"divide error",
                                                      "debug exception",
                                                      "non-maskable interrupt",
                                                      "breakpoint",
                                                      "overflow",
                                                      "bound range exceeded",
                                                      "undefined instruction",
                                                      "no floating-point unit",
                                                      "double fault",
                                                      "exception",
                                                      "invalid task state",
                                                      "segment not present",
                                                      "stack fault",
                                                      "general protection fault",
                                                      "page fault",
                                                      "exception",
                                                      "x87 floating-point error",
                                                      "unaligned access",
                                                      "machine check",
                                                      "SIMD floating-point error",
                                                      "virtualization exception",
                                                      "control protection exception"};

std::string ReasonOf(int32_t status) {
  switch (status) {
    case ZX_ERR_NOT_FOUND:
      return "no mapping there";
    case ZX_ERR_ACCESS_DENIED:
      return "the mapping does not permit it";
    case ZX_ERR_OUT_OF_RANGE:
      return "beyond the end of the mapped object";
    case ZX_ERR_NO_MEMORY:
      return "the machine has no memory left";
    case ZX_ERR_BAD_STATE:
      return "the pager of the mapped object is gone";
    case ZX_ERR_IO:
      return "the pager of the mapped object failed to read or write";
    case ZX_ERR_IO_DATA_INTEGRITY:
      return "the pager of the mapped object found its data damaged";
    case ZX_ERR_NO_SPACE:
      return "the pager of the mapped object has no space for the change";
    case ZX_ERR_NOT_SUPPORTED:
      return "the instruction lies in the page that it writes to";
    default:
      return fmt::format("the page could not be provided: status {}", status);
  }
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string line(text.substr(0, text.find('\0')));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return line;
}

std::string DescribeException(uint32_t vector, uint64_t error_code) {
  const char* name = vector < kVectorNames.size() ? kVectorNames[vector] : "exception";
  return error_code == 0 ? fmt::format("{} (vector {})", name, vector)
                         : fmt::format("{} (vector {}), error code {:#x}", name, vector, error_code);
}

std::string DescribePageFault(uint64_t error_code, uint64_t address) {
  const char* access = (error_code & kErrorFetch) != 0   ? "execution of"
                       : (error_code & kErrorWrite) != 0 ? "write to"
                                                         : "read from";
  return fmt::format("page fault: {} {:#x}{}", access, address,
                     (error_code & kErrorReserved) != 0 ? ", reserved bits in the page tables" : "");
}

std::string DescribeCause(const abi::FaultReport& report) {
  if (report.vector == abi::kFaultReportPolicy) {
    return fmt::format("a system call that the policy of its job does not allow (condition {})", report.error_code);
  }
  if (report.vector == kVectorPageFault) {
    return fmt::format("{} ({})", DescribePageFault(report.error_code, report.fault_address),
                       ReasonOf(report.fault_status));
  }
  return DescribeException(report.vector, report.error_code);
}

}  // namespace vmm
