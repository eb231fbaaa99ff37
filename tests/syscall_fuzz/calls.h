// Which system calls there are and what each of their arguments is for: enough to make calls that are nearly valid.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace fuzz {

inline constexpr size_t kMaxArguments = 8;

// What an argument is, so that a value can be chosen that has a chance.
//   H handle of anything   V handle of a region    P pointer            Q pointer to where new handles go
//   L length               O offset or size        A address            N number or option bits      T deadline
//   ? anything of these
struct Call {
  const char* name;
  uint32_t number;
  const char* arguments;  // null: never made, because it would end this program or let it run wild
};

extern const Call kCalls[];
extern const size_t kCallCount;

// Any system call by number, with the trap instruction that the vDSO has: numbers beyond the list included.
int64_t RawCall(uint32_t number, const uint64_t (&arguments)[kMaxArguments]);

}  // namespace fuzz
