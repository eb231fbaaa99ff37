// Child processes for the tests of tasks.
//
// A child has no program file: its code is a page of machine instructions, and what it does is seen in a page of memory
// that both sides map, or in its return code.
#pragma once

#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zxtest/zxtest.h>

#include <atomic>
#include <vector>

#include "shared/abi/syscalls.h"

namespace task_test {

inline constexpr size_t kPageSize = 4096;
inline constexpr zx_time_t kForever = ZX_TIME_INFINITE;

inline zx_status_t WaitFor(zx_handle_t handle, zx_signals_t signals) {
  zx_signals_t observed = 0;
  return zx_object_wait_one(handle, signals, kForever, &observed);
}

inline zx_signals_t SignalsOf(zx_handle_t handle) {
  zx_signals_t observed = 0;
  zx_object_wait_one(handle, 0, 0, &observed);
  return observed;
}

// A process with one thread, code of machine instructions, and a shared page that both its arguments' RSI and `shared`
// name. Ends with the object.
class Child {
 public:
  explicit Child(std::vector<uint8_t> code, zx_handle_t job = zx_job_default()) {
    if (Prepare(code, job) != ZX_OK) {
      ADD_FAILURE("the child could not be made");
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    zx_task_kill(process);
    WaitFor(process, ZX_PROCESS_TERMINATED);
    const zx_handle_t handles[] = {process, root, thread};
    zx_handle_close_many(handles, 3);
    zx::vmar::root_self()->unmap(reinterpret_cast<zx_vaddr_t>(shared), kPageSize);
  }

  zx_status_t Start(zx_handle_t argument = ZX_HANDLE_INVALID) {
    return zx_process_start(process, thread, code_address, shared_address + kPageSize, argument, shared_address);
  }
  // Gives the child the vDSO, and starts it with the address of a system call instead of the shared page.
  zx_status_t StartAtCall(pagoda::abi::Syscall call, zx_handle_t argument = ZX_HANDLE_INVALID) {
    namespace abi = pagoda::abi;
    constexpr uint64_t kSize = abi::kVdsoCodeOffset + abi::kVdsoCodePages * kPageSize;
    zx_vaddr_t vdso = 0;
    const zx_status_t status =
        zx_vmar_map(root, ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE, 0, pagoda_vdso_vmo(), 0, kSize, &vdso);
    if (status != ZX_OK) {
      return status;
    }
    const zx_vaddr_t entry = vdso + abi::kVdsoCodeOffset + abi::kVdsoEntriesOffset + OffsetOf(call);
    return zx_process_start(process, thread, code_address, shared_address + kPageSize, argument, entry);
  }
  static uint32_t OffsetOf(pagoda::abi::Syscall call) {
    return static_cast<uint32_t>(call) * static_cast<uint32_t>(pagoda::abi::kVdsoEntrySize);
  }
  void WaitForWord(uint32_t value) {
    while (shared->load() != value) {
      zx_thread_legacy_yield(0);
    }
  }
  zx_info_process_t Info() {
    zx_info_process_t info{};
    zx_object_get_info(process, ZX_INFO_PROCESS, &info, sizeof(info), nullptr, nullptr);
    return info;
  }

  zx_handle_t process = ZX_HANDLE_INVALID, root = ZX_HANDLE_INVALID, thread = ZX_HANDLE_INVALID;
  std::atomic<uint32_t>* shared = nullptr;
  zx_vaddr_t shared_address = 0, code_address = 0;

 private:
  zx_status_t Prepare(const std::vector<uint8_t>& code, zx_handle_t job) {
    zx_status_t status = zx_process_create(job, "child", 5, 0, &process, &root);
    if (status == ZX_OK) {
      status = zx_thread_create(process, "main", 4, 0, &thread);
    }
    if (status == ZX_OK) {
      status = MapCode(code);
    }
    return status == ZX_OK ? MapShared() : status;
  }
  zx_status_t MapCode(const std::vector<uint8_t>& code) {
    zx_handle_t vmo = ZX_HANDLE_INVALID;
    zx_status_t status = zx_vmo_create(kPageSize, 0, &vmo);
    if (status == ZX_OK) {
      status = zx_vmo_write(vmo, code.data(), 0, code.size());
    }
    if (status == ZX_OK) {
      status = zx_vmo_replace_as_executable(vmo, ZX_HANDLE_INVALID, &vmo);
    }
    if (status == ZX_OK) {
      status = zx_vmar_map(root, ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE, 0, vmo, 0, kPageSize, &code_address);
    }
    zx_handle_close(vmo);
    return status;
  }
  zx_status_t MapShared() {
    constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
    zx::vmo vmo;
    zx_vaddr_t here = 0;
    zx_status_t status = zx::vmo::create(kPageSize, 0, &vmo);
    if (status == ZX_OK) {
      status = zx_vmar_map(root, kReadWrite, 0, vmo.get(), 0, kPageSize, &shared_address);
    }
    if (status == ZX_OK) {
      status = zx::vmar::root_self()->map(kReadWrite, 0, vmo, 0, kPageSize, &here);
    }
    shared = reinterpret_cast<std::atomic<uint32_t>*>(here);
    return status;
  }
};

// mov dword [rsi], 42; spin: jmp spin
#define kSay42AndSpin \
  { 0xc7, 0x06, 42, 0, 0, 0, 0xeb, 0xfe }
// spin: inc dword [rsi]; jmp spin
#define kCount \
  { 0xff, 0x06, 0xeb, 0xfc }
// mov eax, [0x10] (seven bytes); mov dword [rsi], 42; spin: jmp spin
#define kFaultThenSay42 \
  { 0x8b, 0x04, 0x25, 0x10, 0, 0, 0, 0xc7, 0x06, 42, 0, 0, 0, 0xeb, 0xfe }

// What follows a system call at RBX: process_exit with the call's result.
inline std::vector<uint8_t> CallThenExit(std::vector<uint8_t> code, pagoda::abi::Syscall call) {
  const uint32_t distance = Child::OffsetOf(pagoda::abi::Syscall::process_exit) - Child::OffsetOf(call);
  const uint8_t* bytes = reinterpret_cast<const uint8_t*>(&distance);
  code.insert(code.end(), {0xff, 0xd3});                                                // call rbx
  code.insert(code.end(), {0x48, 0x63, 0xf8});                                          // movsxd rdi, eax
  code.insert(code.end(), {0x48, 0x81, 0xc3, bytes[0], bytes[1], bytes[2], bytes[3]});  // add rbx, distance
  code.insert(code.end(), {0xff, 0xd3, 0x0f, 0x0b});                                    // call rbx; ud2
  return code;
}

}  // namespace task_test
