// A process in a hosted kernel that makes system calls, through the same door as a trap: Dispatch.
//
// The caller's memory is a VMO mapped into its address space; Put and Get play the program that reads and writes it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <type_traits>

#include "guest/kernel/object/process_dispatcher.h"
#include "guest/kernel/object/thread_dispatcher.h"
#include "guest/kernel/object/vmar_dispatcher.h"
#include "guest/kernel/syscall/dispatch.h"
#include "guest/kernel/vm/user_copy.h"
#include "shared/abi/syscalls.h"
#include "tests/guest/kernel/syscall/fake_platform.h"
#include "tests/support/fake_arch/fibers.h"
#include "tests/support/fake_arch/ram.h"

namespace gk::test {

inline constexpr uint64_t kUserMemorySize = 16 * kPageSize;

class SyscallTest : public testing::Test {
 protected:
  SyscallTest() {
    fake_arch::StartCpu();
    process_ = *ProcessDispatcher::Create(NameOf("caller"));
    thread_ = *ThreadDispatcher::Create(process_, NameOf("main"));
    root_ = Add(VmarDispatcher::Create(process_->address_space().root_reference()), VmarDispatcher::kRootRights);
    user_memory_ = MapMemory(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, kUserMemorySize);
    next_free_ = user_memory_;
  }
  ~SyscallTest() override {
    process_->Kill(0);
    fake_arch::RunUntilIdle();  // its threads find out
    thread_ = nullptr;
    process_ = nullptr;
  }

  static ObjectName NameOf(const std::string& text) { return ObjectName(std::span<const char>(text)); }

  zx_handle_t Add(RefPtr<Dispatcher> object, zx_rights_t rights) {
    return *process_->handles().Add(Handle(std::move(object), rights));
  }

  // A handle to the same object with fewer rights.
  zx_handle_t Without(zx_handle_t handle, zx_rights_t rights) {
    const Handle* found = process_->handles().Find(handle);
    return Add(found->object(), found->rights() & ~rights);
  }
  zx_rights_t RightsOf(zx_handle_t handle) { return process_->handles().Find(handle)->rights(); }

  // Fresh memory of the caller.
  VirtualAddress MapMemory(zx_vm_option_t options, uint64_t size) {
    MapRequest request{.vmo = *Vmo::Create(size, Resizability::kFixed), .length = size};
    request.options = options;
    return *process_->address_space().root().Map(request);
  }

  // What the program does in its own memory.
  template <typename T>
  VirtualAddress Put(const T& value) {
    return PutBytes(&value, sizeof(T));
  }
  VirtualAddress PutText(const std::string& text) { return PutBytes(text.data(), text.size()); }
  template <typename T>
  T Get(VirtualAddress address) {
    T value{};
    InThread([&] { EXPECT_TRUE(CopyFromUser(process_->address_space(), &value, address).ok()); });
    return value;
  }
  void Store(VirtualAddress address, const void* bytes, size_t size) {
    InThread([&] { EXPECT_TRUE(CopyToUser(process_->address_space(), address, bytes, size).ok()); });
  }

  // Makes the call in a thread of the kernel, so it may block as long as others wake it.
  template <typename... Arguments>
  int64_t Call(abi::Syscall number, Arguments... arguments) {
    int64_t result = 0;
    InThread([&] { result = CallHere(number, arguments...); });
    return result;
  }
  // The same, for a caller that is in a thread of the kernel already.
  template <typename... Arguments>
  int64_t CallHere(abi::Syscall number, Arguments... arguments) {
    uint64_t values[8] = {ToRegister(arguments)...};
    UserRegisters r{};
    r.rax = 0xffff'ffff'0000'0000 | static_cast<uint32_t>(number);  // only EAX counts
    r.rdi = values[0], r.rsi = values[1], r.rdx = values[2], r.r10 = values[3];
    r.r8 = values[4], r.r9 = values[5], r.r12 = values[6], r.r13 = values[7];
    return static_cast<int64_t>(syscall::Dispatch({.process = *process_, .thread = *thread_}, r));
  }

  static void InThread(const std::function<void()>& body) { fake_arch::RunInThread(body); }

  zx_handle_t CreateVmo(uint64_t size, uint32_t options = 0) {
    const VirtualAddress out = Put(ZX_HANDLE_INVALID);
    EXPECT_EQ(Call(abi::Syscall::vmo_create, size, options, out), ZX_OK);
    return Get<zx_handle_t>(out);
  }

  static constexpr VirtualAddress kBadAddress = 1;

  fake_arch::FakeRam ram_;
  FakePlatform platform_;
  RefPtr<ProcessDispatcher> process_;
  RefPtr<ThreadDispatcher> thread_;
  zx_handle_t root_;
  VirtualAddress user_memory_;

 private:
  // Handles, rights, options leave rubbish in the rest of their register; plain numbers in tests are whole.
  template <typename T>
  static uint64_t ToRegister(T value) {
    if constexpr (std::is_same_v<T, uint32_t>) {
      return 0xdeadbeef'00000000 | value;
    } else {
      return static_cast<uint64_t>(value);
    }
  }
  VirtualAddress PutBytes(const void* bytes, size_t size) {
    const VirtualAddress address = next_free_;
    next_free_ += (size + 15) / 16 * 16;
    EXPECT_LE(next_free_, user_memory_ + kUserMemorySize);
    Store(address, bytes, size);
    return address;
  }
  VirtualAddress next_free_;
};

}  // namespace gk::test
