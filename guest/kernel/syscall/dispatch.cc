#include "guest/kernel/syscall/dispatch.h"

#include <stddef.h>
#include <zircon/syscalls/object.h>

#include <array>
#include <type_traits>
#include <utility>

#include "guest/kernel/object/policy.h"
#include "guest/kernel/syscall/calls.h"
#include "guest/kernel/vm/reclaim.h"
#include "shared/abi/syscalls.h"

namespace gk::syscall {
namespace {

constexpr size_t kMaxArguments = 8;
using Arguments = std::array<uint64_t, kMaxArguments>;
using Entry = uint64_t (*)(Caller&, const Arguments&);

// A narrow argument is the low part of its register, as the C convention has it: the rest may hold anything.
template <typename T>
T FromRegister(uint64_t value) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(value);
  } else {
    return T{.address = value};
  }
}

uint64_t ToRegister(Status status) { return static_cast<uint64_t>(int64_t{status.value()}); }
uint64_t ToRegister(uint32_t value) { return value; }
uint64_t ToRegister(uint64_t value) { return value; }

// Makes a table entry out of a system call: `function` is a pointer to it.
template <auto function, typename Type = decltype(function)>
struct Adapter;

template <auto function, typename R, typename... Parameters>
struct Adapter<function, R (*)(Caller&, Parameters...)> {
  static constexpr size_t kArgumentCount = sizeof...(Parameters);
  static_assert(kArgumentCount <= kMaxArguments);

  static uint64_t Call(Caller& caller, const Arguments& arguments) {
    return Call(caller, arguments, std::index_sequence_for<Parameters...>());
  }

 private:
  template <size_t... indices>
  static uint64_t Call(Caller& caller, [[maybe_unused]] const Arguments& arguments, std::index_sequence<indices...>) {
    return ToRegister(function(caller, FromRegister<Parameters>(arguments[indices])...));
  }
};

#define PAGODA_SYSCALL_CHECK(name, arguments) \
  static_assert(Adapter<&name>::kArgumentCount == (arguments), #name " and its entry in the list differ");
PAGODA_SYSCALLS(PAGODA_SYSCALL_CHECK)
#undef PAGODA_SYSCALL_CHECK

constexpr std::array<Entry, abi::kSyscallCount> kTable = {
#define PAGODA_SYSCALL_ENTRY(name, arguments) &Adapter<&name>::Call,
    PAGODA_SYSCALLS(PAGODA_SYSCALL_ENTRY)
#undef PAGODA_SYSCALL_ENTRY
};

// The two conditions of a job's policy that any call can meet. Asking whether a handle is valid is no offence.
void EnforceHandlePolicy(Caller& caller, const UserRegisters& r, uint64_t result) {
  const bool asks_for_validity =
      static_cast<abi::Syscall>(static_cast<uint32_t>(r.rax)) == abi::Syscall::object_get_info &&
      static_cast<uint32_t>(r.rsi) == ZX_INFO_HANDLE_VALID;
  if (result == ToRegister(Status(ZX_ERR_BAD_HANDLE)) && !asks_for_validity) {
    (void)EnforcePolicy(caller.process, caller.thread, ZX_POL_BAD_HANDLE);
  } else if (result == ToRegister(Status(ZX_ERR_WRONG_TYPE))) {
    (void)EnforcePolicy(caller.process, caller.thread, ZX_POL_WRONG_OBJECT);
  }
}

}  // namespace

uint64_t Dispatch(Caller caller, const UserRegisters& r) {
  const uint32_t number = static_cast<uint32_t>(r.rax);
  if (number >= kTable.size()) {
    return ToRegister(Status(ZX_ERR_BAD_SYSCALL));
  }
  reclaim::SafePoint();
  const uint64_t result = kTable[number](caller, {r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9, r.r12, r.r13});
  EnforceHandlePolicy(caller, r, result);
  return result;
}

}  // namespace gk::syscall
