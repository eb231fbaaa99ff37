// The system calls: one list from which the kernel's table, the vDSO's entries and the SDK's stubs are made.
//
// Calling convention at the trap (only the vDSO may know it): number in EAX, arguments in RDI, RSI, RDX, R10, R8, R9,
// R12, R13, result in RAX; RCX and R11 are lost. The trap instruction is `syscall` where that enters ring 0 and `ud2`
// elsewhere; the kernel takes a `ud2` for a system call only inside the vDSO's code.
//
// Numbers are positions: entries are only appended. Assembly includes this file for the list alone.
#pragma once

// clang-format off
// X(name, argument count)
#define PAGODA_SYSCALLS(X)            \
  X(handle_close, 1)                  \
  X(handle_duplicate, 3)              \
  X(nanosleep, 1)                     \
  X(thread_create, 5)                 \
  X(thread_start, 5)                  \
  X(thread_exit, 0)                   \
  X(process_exit, 1)                  \
  X(object_wait_one, 4)               \
  X(futex_wait, 4)                    \
  X(futex_wake, 2)                    \
  X(vmo_create, 3)                    \
  X(vmo_read, 4)                      \
  X(vmo_write, 4)                     \
  X(vmo_get_size, 2)                  \
  X(object_get_property, 4)           \
  X(vmar_map, 7)                      \
  X(vmar_unmap, 3)                    \
  X(vmar_protect, 4)                  \
  X(pagoda_console_write, 2)          \
  X(pagoda_object_open, 3)            \
  X(pagoda_cpu_index, 0)              \
  X(thread_yield, 1)                  \
  X(object_get_info, 6)               \
  X(vmar_allocate, 6)                 \
  X(vmar_destroy, 1)                  \
  X(event_create, 2)                  \
  X(eventpair_create, 3)              \
  X(object_signal, 3)                 \
  X(object_signal_peer, 3)            \
  X(channel_create, 3)                \
  X(channel_read, 8)                  \
  X(channel_read_etc, 8)              \
  X(channel_write, 6)                 \
  X(channel_write_etc, 6)             \
  X(channel_call, 6)                  \
  X(channel_call_etc, 6)              \
  X(resource_create, 7)               \
  X(vmar_op_range, 6)                 \
  X(handle_close_many, 2)             \
  X(handle_replace, 3)                \
  X(object_get_child, 4)              \
  X(process_create, 6)                \
  X(process_start, 6)                 \
  X(task_kill, 1)                     \
  X(task_suspend, 2)                  \
  X(thread_read_state, 4)             \
  X(thread_write_state, 4)            \
  X(job_create, 3)                    \
  X(job_set_policy, 5)                \
  X(job_set_critical, 3)              \
  X(object_set_property, 4)           \
  X(task_create_exception_channel, 3) \
  X(exception_get_thread, 2)          \
  X(exception_get_process, 2)         \
  X(process_read_memory, 5)           \
  X(process_write_memory, 5)          \
  X(object_wait_many, 3)              \
  X(object_wait_async, 5)             \
  X(port_create, 2)                   \
  X(port_queue, 2)                    \
  X(port_wait, 3)                     \
  X(port_cancel, 3)                   \
  X(port_cancel_key, 3)               \
  X(timer_create, 3)                  \
  X(timer_set, 3)                     \
  X(timer_cancel, 1)                  \
  X(futex_wake_single_owner, 1)       \
  X(futex_requeue, 6)                 \
  X(futex_requeue_single_owner, 5)    \
  X(futex_get_owner, 2)               \
  X(pagoda_console_read, 4)           \
  X(vmo_set_size, 2)                  \
  X(vmo_set_cache_policy, 2)          \
  X(vmo_op_range, 6)                  \
  X(vmo_create_child, 5)              \
  X(vmo_create_contiguous, 4)         \
  X(vmo_create_physical, 4)           \
  X(vmo_replace_as_executable, 3)     \
  X(iommu_create, 5)                  \
  X(bti_create, 4)                    \
  X(bti_pin, 8)                       \
  X(bti_release_quarantine, 1)        \
  X(pmt_unpin, 1)                     \
  X(vmo_get_stream_size, 2)           \
  X(vmo_set_stream_size, 2)           \
  X(clock_create, 3)                  \
  X(clock_read, 2)                    \
  X(clock_update, 3)                  \
  X(clock_get_details, 3)             \
  X(system_get_physmem, 0)            \
  X(pager_create, 2)                  \
  X(pager_create_vmo, 6)              \
  X(pager_detach_vmo, 2)              \
  X(pager_supply_pages, 6)            \
  X(pager_op_range, 6)                \
  X(pager_query_dirty_ranges, 8)      \
  X(pager_query_vmo_stats, 5)         \
  X(pagoda_object_list, 7)            \
  X(pagoda_object_sync, 1)
// clang-format on

#if !defined(__ASSEMBLER__)

#include <stddef.h>
#include <stdint.h>

#include "shared/abi/namespace.h"

namespace pagoda::abi {

enum class Syscall : uint32_t {
#define PAGODA_SYSCALL_ENUM(name, arguments) name,
  PAGODA_SYSCALLS(PAGODA_SYSCALL_ENUM)
#undef PAGODA_SYSCALL_ENUM
};

#define PAGODA_SYSCALL_COUNT(name, arguments) +1
inline constexpr uint32_t kSyscallCount = 0 PAGODA_SYSCALLS(PAGODA_SYSCALL_COUNT);
#undef PAGODA_SYSCALL_COUNT

// The vDSO: kVdsoCodePages pages of code that the kernel maps read-execute into every process, and below them one page
// of data (read-only there, VdsoData). Entry number n of the list above starts kVdsoEntriesOffset + n * kVdsoEntrySize
// bytes into the code; after the system calls come the functions of VdsoFunction in the same spacing.
inline constexpr uint64_t kVdsoCodePages = 2;
inline constexpr uint64_t kVdsoCodeOffset = 4096;  // of the VMO that holds both
inline constexpr uint64_t kVdsoEntriesOffset = 0;
inline constexpr uint64_t kVdsoEntrySize = 32;

// What the vDSO answers without a system call. C calling convention.
enum class VdsoFunction : uint32_t {
  kClockGetMonotonic = 0,  // int64_t (void): nanoseconds since the machine's start
  kTicksGet = 1,           // int64_t (void): the TSC
  kTicksPerSecond = 2,     // int64_t (void)
};
inline constexpr uint32_t kVdsoFunctionCount = 3;

// Written by the kernel before the process starts and constant from then on: time is a line over the TSC, whose
// parameters kvmclock gives and a stable TSC keeps (KVM document, section on KVM_FEATURE_CLOCKSOURCE_STABLE_BIT).
//   ns = base_ns + (((tsc - base_tsc) << shift or >> -shift) * multiplier >> 32)
struct VdsoData {
  uint64_t base_tsc;
  int64_t base_ns;
  uint32_t multiplier;
  int32_t shift;
  uint64_t ticks_per_second;
};
static_assert(sizeof(VdsoData) == 32);

// What a program's entry point gets: RDI = address of this structure (read-only, on a page of its own together with the
// argument strings), RSI = address of the vDSO's code, RSP = 16-byte aligned top of a stack.
struct ProcessStartup {
  uint64_t magic;  // kProcessStartupMagic
  uint32_t version;
  uint32_t argument_count;
  uint64_t arguments;       // virtual address: argument_count NUL-terminated strings, the program's name first
  uint64_t arguments_size;  // bytes
  uint32_t process_self;    // handles
  uint32_t thread_self;
  uint32_t vmar_root_self;
  uint32_t root_job;  // the job that the process is in
  uint32_t cpu_count;
  uint32_t vdso_vmo;  // VdsoData's page and the vDSO's code behind it, to be mapped side by side into other processes
  uint32_t root_resource;  // grants everything that the machine has to grant
  uint32_t mmio_resource;  // the physical memory that is set aside for programs; 0: there is none
};
inline constexpr uint64_t kProcessStartupMagic = 0x3174726174536750;  // "PgStart1"
inline constexpr uint32_t kProcessStartupVersion = 2;
static_assert(sizeof(ProcessStartup) == 64);

}  // namespace pagoda::abi

#endif  // !defined(__ASSEMBLER__)
