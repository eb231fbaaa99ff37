// Why something was stopped, in words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shared/abi/fault_report.h"
#include "vmm/debug/guest_view.h"

namespace vmm {

inline constexpr uint32_t kVectorPageFault = 14;

// One line of printable ASCII up to the first NUL, whatever the guest wrote.
[[nodiscard]] std::string Printable(std::string_view text);

// "divide error (vector 0)", "general protection fault (vector 13), error code 0x18". Not for page faults.
[[nodiscard]] std::string DescribeException(uint32_t vector, uint64_t error_code);

// "page fault: write to 0x8".
[[nodiscard]] std::string DescribePageFault(uint64_t error_code, uint64_t address);

// What the guest's kernel says of a program's end, with its own reason for a page fault: "page fault: write to 0x8 (no
// mapping there)".
[[nodiscard]] std::string DescribeCause(const abi::FaultReport& report);

}  // namespace vmm
