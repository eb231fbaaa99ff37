#include "tests/guest/sdk/host_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <zircon/syscalls/object.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>

#include "shared/abi/syscalls.h"
#include "shared/base/range.h"

namespace sdk_test {
namespace {

using pagoda::abi::Syscall;

constexpr zx_rights_t kVmoRights = ZX_DEFAULT_VMO_RIGHTS;

template <typename T>
T* Pointer(uint64_t address) {
  return reinterpret_cast<T*>(address);
}
zx_handle_t HandleIn(uint64_t argument) { return static_cast<zx_handle_t>(argument); }

timespec ToTimespec(int64_t ns) {
  ns = std::max<int64_t>(ns, 0);
  return {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
}

zx_status_t SleepUntil(int64_t deadline_ns) {
  const timespec deadline = ToTimespec(deadline_ns);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nullptr) == EINTR) {
  }
  return ZX_OK;
}

zx_status_t WaitOnFutex(uint64_t address, int expected, int64_t deadline_ns) {
  const timespec deadline = ToTimespec(deadline_ns);
  const timespec* timeout = deadline_ns == ZX_TIME_INFINITE ? nullptr : &deadline;
  // FUTEX_WAIT_BITSET takes an absolute time on CLOCK_MONOTONIC.
  if (syscall(SYS_futex, address, FUTEX_WAIT_BITSET, expected, timeout, nullptr, FUTEX_BITSET_MATCH_ANY) == 0) {
    return ZX_OK;
  }
  return errno == ETIMEDOUT ? ZX_ERR_TIMED_OUT : errno == EAGAIN ? ZX_ERR_BAD_STATE : ZX_OK;
}

zx_status_t CreateThread(HostProcess& process, const Arguments& a) {
  auto thread = std::make_shared<Object>();
  thread->type = ZX_OBJ_TYPE_THREAD;
  *Pointer<zx_handle_t>(a[4]) = process.handles.Add(std::move(thread), ZX_DEFAULT_THREAD_RIGHTS);
  return ZX_OK;
}

zx_status_t StartThread(HostProcess& process, const Arguments& a) {
  std::shared_ptr<Object> thread;
  if (const zx_status_t status = process.handles.Find(HandleIn(a[0]), ZX_OBJ_TYPE_THREAD, 0, &thread);
      status != ZX_OK) {
    return status;
  }
  if (thread->started) {
    return ZX_ERR_BAD_STATE;
  }
  thread->started = true;
  // The object outlives the thread: tests do not close the handle of a running one.
  return StartGuestThread(a[1], a[2], a[3], a[4], thread.get()) ? ZX_OK : ZX_ERR_NO_RESOURCES;
}

[[noreturn]] void ExitThread(HostProcess& process) {
  if (Object* self = CurrentThread(); self != nullptr) {
    process.handles.SetTerminated(*self);
  }
  // Not pthread_exit: that would unwind the guest's stack.
  syscall(SYS_exit, 0);
  __builtin_unreachable();
}

zx_status_t CreateVmo(HostProcess& process, const Arguments& a) {
  if ((a[1] & ~uint64_t{ZX_VMO_RESIZABLE}) != 0) {
    return ZX_ERR_INVALID_ARGS;
  }
  auto vmo = MakeVmo(a[0]);
  if (vmo == nullptr) {
    return ZX_ERR_NO_MEMORY;
  }
  *Pointer<zx_handle_t>(a[2]) = process.handles.Add(std::move(vmo), kVmoRights);
  return ZX_OK;
}

zx_status_t Transfer(HostProcess& process, const Arguments& a, bool write) {
  std::shared_ptr<Object> vmo;
  if (const zx_status_t status =
          process.handles.Find(HandleIn(a[0]), ZX_OBJ_TYPE_VMO, write ? ZX_RIGHT_WRITE : ZX_RIGHT_READ, &vmo);
      status != ZX_OK) {
    return status;
  }
  if (!base::RangeFits(a[2], a[3], vmo->size)) {
    return ZX_ERR_OUT_OF_RANGE;
  }
  const auto offset = static_cast<off_t>(a[2]);
  const ssize_t done = write ? pwrite(vmo->memory, Pointer<void>(a[1]), a[3], offset)
                             : pread(vmo->memory, Pointer<void>(a[1]), a[3], offset);
  return done == static_cast<ssize_t>(a[3]) ? ZX_OK : ZX_ERR_INVALID_ARGS;
}

zx_status_t GetSize(HostProcess& process, const Arguments& a) {
  std::shared_ptr<Object> vmo;
  const zx_status_t status = process.handles.Find(HandleIn(a[0]), ZX_OBJ_TYPE_VMO, 0, &vmo);
  if (status == ZX_OK) {
    *Pointer<uint64_t>(a[1]) = vmo->size;
  }
  return status;
}

zx_status_t GetProperty(HostProcess& process, const Arguments& a) {
  std::shared_ptr<Object> vmo;
  const zx_status_t status = process.handles.Find(HandleIn(a[0]), ZX_OBJ_TYPE_VMO, ZX_RIGHT_GET_PROPERTY, &vmo);
  if (status != ZX_OK) {
    return status;
  }
  if (a[1] != ZX_PROP_VMO_CONTENT_SIZE) {
    return ZX_ERR_NOT_SUPPORTED;
  }
  if (a[3] < sizeof(uint64_t)) {
    return ZX_ERR_BUFFER_TOO_SMALL;
  }
  *Pointer<uint64_t>(a[2]) = vmo->content_size;
  return ZX_OK;
}

int ProtectionOf(uint64_t options) {
  return ((options & ZX_VM_PERM_READ) != 0 ? PROT_READ : 0) | ((options & ZX_VM_PERM_WRITE) != 0 ? PROT_WRITE : 0);
}

zx_status_t Map(HostProcess& process, const Arguments& a) {
  constexpr uint64_t kPermissions = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE;
  std::shared_ptr<Object> vmo;
  if (const zx_status_t status = process.handles.Find(HandleIn(a[3]), ZX_OBJ_TYPE_VMO, ZX_RIGHT_MAP, &vmo);
      status != ZX_OK) {
    return status;
  }
  if ((a[1] & ~(kPermissions | ZX_VM_ALLOW_FAULTS)) != 0 || (a[1] & kPermissions) == ZX_VM_PERM_WRITE ||
      !base::IsPageAligned(a[4])) {
    return ZX_ERR_INVALID_ARGS;
  }
  if ((a[1] & ZX_VM_PERM_EXECUTE) != 0) {
    return ZX_ERR_ACCESS_DENIED;
  }
  const zx_rights_t needed =
      ((a[1] & ZX_VM_PERM_READ) != 0 ? ZX_RIGHT_READ : 0) | ((a[1] & ZX_VM_PERM_WRITE) != 0 ? ZX_RIGHT_WRITE : 0);
  if (const zx_status_t status = process.handles.Find(HandleIn(a[3]), ZX_OBJ_TYPE_VMO, needed, &vmo); status != ZX_OK) {
    return status;
  }
  void* address = mmap(nullptr, a[5], ProtectionOf(a[1]), MAP_SHARED, vmo->memory, static_cast<off_t>(a[4]));
  if (address == MAP_FAILED) {
    return errno == EINVAL ? ZX_ERR_INVALID_ARGS : ZX_ERR_NO_MEMORY;
  }
  process.mappings.Add(reinterpret_cast<uint64_t>(address), base::AlignUp(a[5], base::kPageSize));
  *Pointer<uint64_t>(a[6]) = reinterpret_cast<uint64_t>(address);
  return ZX_OK;
}

zx_status_t Unmap(HostProcess& process, const Arguments& a) {
  if (a[2] == 0 || !base::IsPageAligned(a[1]) || a[2] > UINT64_MAX - a[1]) {
    return ZX_ERR_INVALID_ARGS;
  }
  process.mappings.Unmap(a[1], base::AlignUp(a[2], base::kPageSize));
  return ZX_OK;
}

zx_status_t Protect(HostProcess& process, const Arguments& a) {
  if ((a[1] & ZX_VM_PERM_EXECUTE) != 0) {
    return ZX_ERR_ACCESS_DENIED;
  }
  if (a[3] == 0 || !base::IsPageAligned(a[2])) {
    return ZX_ERR_INVALID_ARGS;
  }
  if (!process.mappings.Cover(a[2], a[3])) {
    return ZX_ERR_NOT_FOUND;
  }
  return mprotect(Pointer<void>(a[2]), a[3], ProtectionOf(a[1])) == 0 ? ZX_OK : ZX_ERR_INVALID_ARGS;
}

zx_status_t WaitOne(HostProcess& process, const Arguments& a) {
  std::shared_ptr<Object> thread;
  if (const zx_status_t status = process.handles.Find(HandleIn(a[0]), ZX_OBJ_TYPE_THREAD, ZX_RIGHT_WAIT, &thread);
      status != ZX_OK) {
    return status;
  }
  const zx_status_t status = process.handles.WaitTerminated(*thread, static_cast<int64_t>(a[2]));
  if (a[3] != 0) {
    *Pointer<zx_signals_t>(a[3]) = status == ZX_OK ? ZX_THREAD_TERMINATED : ZX_THREAD_RUNNING;
  }
  return status;
}

zx_status_t WriteConsole(const Arguments& a) {
  return write(STDOUT_FILENO, Pointer<void>(a[0]), a[1]) == static_cast<ssize_t>(a[1]) ? ZX_OK : ZX_ERR_IO;
}

zx_status_t OpenServedObject(HostProcess& process, const Arguments& a) {
  const auto found = process.served_objects.find(std::string(Pointer<char>(a[0]), a[1]));
  if (found == process.served_objects.end()) {
    return ZX_ERR_NOT_FOUND;
  }
  const int file = open(found->second.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info = {};
  if (file < 0 || fstat(file, &info) != 0) {
    return ZX_ERR_IO;
  }
  auto vmo = MakeVmo(static_cast<uint64_t>(info.st_size));
  for (off_t done = 0; done < info.st_size;) {
    char piece[4096];
    const ssize_t size = pread(file, piece, sizeof(piece), done);
    if (size <= 0 || pwrite(vmo->memory, piece, static_cast<size_t>(size), done) != size) {
      break;
    }
    done += size;
  }
  close(file);
  *Pointer<zx_handle_t>(a[2]) = process.handles.Add(std::move(vmo), kVmoRights & ~ZX_RIGHT_WRITE);
  return ZX_OK;
}

// Threads are dealt to the CPUs in turn, so that a program sees all of them, however many this host lets us use.
uint32_t CpuOfThisThread() {
  static std::atomic<uint32_t> next = 0;
  thread_local const uint32_t cpu = next++ % kHostCpuCount;
  return cpu;
}

}  // namespace

int64_t CarryOut(HostProcess& process, uint64_t number, const Arguments& a) {
  switch (static_cast<Syscall>(number)) {
    case Syscall::handle_close:
      return process.handles.Close(HandleIn(a[0]));
    case Syscall::handle_duplicate:
      return process.handles.Duplicate(HandleIn(a[0]), static_cast<zx_rights_t>(a[1]), Pointer<zx_handle_t>(a[2]));
    case Syscall::nanosleep:
      return SleepUntil(static_cast<int64_t>(a[0]));
    case Syscall::thread_create:
      return CreateThread(process, a);
    case Syscall::thread_start:
      return StartThread(process, a);
    case Syscall::thread_exit:
      ExitThread(process);
    case Syscall::process_exit:
      _exit(static_cast<int>(a[0]));
    case Syscall::object_wait_one:
      return WaitOne(process, a);
    case Syscall::futex_wait:
      return WaitOnFutex(a[0], static_cast<int>(a[1]), static_cast<int64_t>(a[3]));
    case Syscall::futex_wake:
      syscall(SYS_futex, a[0], FUTEX_WAKE, std::min<uint64_t>(a[1], INT32_MAX));
      return ZX_OK;
    case Syscall::vmo_create:
      return CreateVmo(process, a);
    case Syscall::vmo_read:
      return Transfer(process, a, false);
    case Syscall::vmo_write:
      return Transfer(process, a, true);
    case Syscall::vmo_get_size:
      return GetSize(process, a);
    case Syscall::object_get_property:
      return GetProperty(process, a);
    case Syscall::vmar_map:
      return Map(process, a);
    case Syscall::vmar_unmap:
      return Unmap(process, a);
    case Syscall::vmar_protect:
      return Protect(process, a);
    case Syscall::pagoda_console_write:
      return WriteConsole(a);
    case Syscall::pagoda_object_open:
      return OpenServedObject(process, a);
    case Syscall::pagoda_cpu_index:
      return CpuOfThisThread();
    case Syscall::thread_yield:
      sched_yield();
      return ZX_OK;
    default:
      return ZX_ERR_BAD_SYSCALL;
  }
}

}  // namespace sdk_test
