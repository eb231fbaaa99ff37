// Pointers that a program passed: addresses that say nothing about what is there.
//
// The type tells the direction. Every access is a copy that can fail and can block; nothing is ever read twice.
#pragma once

#include <zircon/types.h>

#include <type_traits>

#include "guest/kernel/arch/types.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/syscall/caller.h"
#include "guest/kernel/vm/user_copy.h"

namespace gk::syscall {

// Something to read, of a length that stands elsewhere.
struct UserInBytes {
  VirtualAddress address;
};

// Room for something, of a length that stands elsewhere.
struct UserOutBytes {
  VirtualAddress address;
};

template <typename T>
struct UserIn {
  static_assert(std::is_trivially_copyable_v<T>);
  VirtualAddress address;

  // ZX_ERR_INVALID_ARGS: nothing to read there.
  [[nodiscard]] Result<T> Read(Caller& caller) const {
    T value{};
    PAGODA_TRY(CopyFromUser(caller.address_space(), &value, address));
    return value;
  }
};

template <typename T>
struct UserOut {
  static_assert(std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T>,
                "padding would show the program bytes of the kernel");
  VirtualAddress address;

  [[nodiscard]] bool is_null() const { return address == 0; }
  // ZX_ERR_INVALID_ARGS: cannot be written there; part of it may have been.
  [[nodiscard]] Result<> Write(Caller& caller, const T& value) const {
    return CopyToUser(caller.address_space(), address, value);
  }
};

// A name that a program gives an object. Longer ones are cut, and of a long one the rest need not even be readable.
// ZX_ERR_INVALID_ARGS: nothing to read there.
Result<ObjectName> ReadObjectName(Caller& caller, UserInBytes name, size_t size);

// How every call gives out a handle: `handle` enters the caller's table if its value could be stored at `out`, and is
// closed otherwise.
Result<> GiveHandle(Caller& caller, UserOut<zx_handle_t> out, Handle handle);
// The same for two, of which either both enter the table or none.
Result<> GiveHandles(Caller& caller, UserOut<zx_handle_t> first_out, Handle first, UserOut<zx_handle_t> second_out,
                     Handle second);

}  // namespace gk::syscall
