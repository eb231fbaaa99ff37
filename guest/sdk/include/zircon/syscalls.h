// The system calls that a guest program can make, with Zircon's names and signatures.
//
// Each is a jump into the vDSO. Calls that Zircon does not have are named zx_pagoda_*.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <zircon/features.h>
#include <zircon/syscalls/clock.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/pager.h>
#include <zircon/syscalls/port.h>
#include <zircon/syscalls/resource.h>
#include <zircon/types.h>

#if defined(__cplusplus)
extern "C" {
#endif

// ---- Time: answered without entering the kernel, except for sleeping -----------------------------------------------

zx_time_t zx_clock_get_monotonic(void);
zx_ticks_t zx_ticks_get(void);
zx_ticks_t zx_ticks_per_second(void);
// Now plus `duration`, saturating at ZX_TIME_INFINITE and ZX_TIME_INFINITE_PAST.
zx_time_t zx_deadline_after(zx_duration_t duration);
zx_status_t zx_nanosleep(zx_time_t deadline);

// Clocks that programs steer. The version of `args` and `details` is in the options (ZX_CLOCK_ARGS_VERSION).
zx_status_t zx_clock_create(uint64_t options, const void* args, zx_handle_t* out);
zx_status_t zx_clock_read(zx_handle_t handle, zx_time_t* now);
zx_status_t zx_clock_update(zx_handle_t handle, uint64_t options, const void* args);
zx_status_t zx_clock_get_details(zx_handle_t handle, uint64_t options, void* details);

// ---- Handles and objects -------------------------------------------------------------------------------------------

zx_status_t zx_handle_close(zx_handle_t handle);
zx_status_t zx_handle_duplicate(zx_handle_t handle, zx_rights_t rights, zx_handle_t* out);
// Closes all, whatever is wrong with some of them: ZX_ERR_BAD_HANDLE then.
zx_status_t zx_handle_close_many(const zx_handle_t* handles, size_t num_handles);
// The old handle is gone in any case but ZX_ERR_BAD_HANDLE.
zx_status_t zx_handle_replace(zx_handle_t handle, zx_rights_t rights, zx_handle_t* out);
zx_status_t zx_object_get_child(zx_handle_t handle, uint64_t koid, zx_rights_t rights, zx_handle_t* out);
zx_status_t zx_object_wait_one(zx_handle_t handle, zx_signals_t signals, zx_time_t deadline, zx_signals_t* observed);
zx_status_t zx_object_get_info(zx_handle_t handle, uint32_t topic, void* buffer, size_t buffer_size,
                               size_t* actual_count, size_t* avail_count);
zx_status_t zx_object_wait_many(zx_wait_item_t* items, size_t num_items, zx_time_t deadline);
zx_status_t zx_object_wait_async(zx_handle_t handle, zx_handle_t port, uint64_t key, zx_signals_t signals,
                                 uint32_t options);
zx_status_t zx_object_get_property(zx_handle_t handle, uint32_t property, void* value, size_t value_size);

zx_status_t zx_object_set_property(zx_handle_t handle, uint32_t property, const void* value, size_t value_size);
zx_status_t zx_object_signal(zx_handle_t handle, uint32_t clear_mask, uint32_t set_mask);
zx_status_t zx_object_signal_peer(zx_handle_t handle, uint32_t clear_mask, uint32_t set_mask);

// ---- Events and channels -------------------------------------------------------------------------------------------

zx_status_t zx_event_create(uint32_t options, zx_handle_t* out);
zx_status_t zx_eventpair_create(uint32_t options, zx_handle_t* out0, zx_handle_t* out1);

zx_status_t zx_channel_create(uint32_t options, zx_handle_t* out0, zx_handle_t* out1);
zx_status_t zx_channel_read(zx_handle_t handle, uint32_t options, void* bytes, zx_handle_t* handles, uint32_t num_bytes,
                            uint32_t num_handles, uint32_t* actual_bytes, uint32_t* actual_handles);
zx_status_t zx_channel_read_etc(zx_handle_t handle, uint32_t options, void* bytes, zx_handle_info_t* handles,
                                uint32_t num_bytes, uint32_t num_handles, uint32_t* actual_bytes,
                                uint32_t* actual_handles);
// The handles are gone in every case.
zx_status_t zx_channel_write(zx_handle_t handle, uint32_t options, const void* bytes, uint32_t num_bytes,
                             const zx_handle_t* handles, uint32_t num_handles);
zx_status_t zx_channel_write_etc(zx_handle_t handle, uint32_t options, const void* bytes, uint32_t num_bytes,
                                 zx_handle_disposition_t* handles, uint32_t num_handles);
// Writes a message, whose first four bytes the kernel replaces, and waits for the one that starts with the same bytes.
zx_status_t zx_channel_call(zx_handle_t handle, uint32_t options, zx_time_t deadline,
                            const zx_channel_call_args_t* args, uint32_t* actual_bytes, uint32_t* actual_handles);
zx_status_t zx_channel_call_etc(zx_handle_t handle, uint32_t options, zx_time_t deadline,
                                zx_channel_call_etc_args_t* args, uint32_t* actual_bytes, uint32_t* actual_handles);

// ---- Ports and timers ----------------------------------------------------------------------------------------------

zx_status_t zx_port_create(uint32_t options, zx_handle_t* out);
zx_status_t zx_port_queue(zx_handle_t handle, const zx_port_packet_t* packet);
zx_status_t zx_port_wait(zx_handle_t handle, zx_time_t deadline, zx_port_packet_t* packet);
zx_status_t zx_port_cancel(zx_handle_t handle, zx_handle_t source, uint64_t key);
zx_status_t zx_port_cancel_key(zx_handle_t handle, uint32_t options, uint64_t key);

zx_status_t zx_timer_create(uint32_t options, zx_clock_t clock_id, zx_handle_t* out);
zx_status_t zx_timer_set(zx_handle_t handle, zx_time_t deadline, zx_duration_t slack);
zx_status_t zx_timer_cancel(zx_handle_t handle);

// ---- Threads and processes -----------------------------------------------------------------------------------------

zx_status_t zx_thread_create(zx_handle_t process, const char* name, size_t name_size, uint32_t options,
                             zx_handle_t* out);
// The thread begins at `thread_entry` with `arg1` and `arg2` as a C function's arguments; `stack` is its stack pointer.
zx_status_t zx_thread_start(zx_handle_t handle, uintptr_t thread_entry, uintptr_t stack, uintptr_t arg1,
                            uintptr_t arg2);
void zx_thread_exit(void) __attribute__((__noreturn__));
void zx_process_exit(int64_t retcode) __attribute__((__noreturn__));
zx_status_t zx_process_create(zx_handle_t job, const char* name, size_t name_size, uint32_t options,
                              zx_handle_t* proc_handle, zx_handle_t* vmar_handle);
// `arg1` moves into the new process, and is gone on failure too.
zx_status_t zx_process_start(zx_handle_t handle, zx_handle_t thread, zx_vaddr_t entry, zx_vaddr_t stack,
                             zx_handle_t arg1, uintptr_t arg2);
zx_status_t zx_task_kill(zx_handle_t handle);
// The task stands still until the token is closed. ZX_THREAD_SUSPENDED says that a thread has stopped.
zx_status_t zx_task_suspend(zx_handle_t handle, zx_handle_t* token);
zx_status_t zx_task_suspend_token(zx_handle_t handle, zx_handle_t* token);
// Of a stopped thread: suspended, or in an exception. Layouts are in zircon/syscalls/debug.h.
zx_status_t zx_thread_read_state(zx_handle_t handle, uint32_t kind, void* buffer, size_t buffer_size);
zx_status_t zx_thread_write_state(zx_handle_t handle, uint32_t kind, const void* buffer, size_t buffer_size);
// The channel through which exceptions of the task's threads can be handled. Each message is a zx_exception_info_t and
// a handle to the exception; the thread goes on, or the next handler is asked, when that handle is closed.
zx_status_t zx_task_create_exception_channel(zx_handle_t handle, uint32_t options, zx_handle_t* out);
zx_status_t zx_exception_get_thread(zx_handle_t handle, zx_handle_t* out);
zx_status_t zx_exception_get_process(zx_handle_t handle, zx_handle_t* out);
zx_status_t zx_job_create(zx_handle_t parent_job, uint32_t options, zx_handle_t* out);
zx_status_t zx_job_set_policy(zx_handle_t handle, uint32_t options, uint32_t topic, const void* policy,
                              uint32_t policy_size);
zx_status_t zx_job_set_critical(zx_handle_t job, uint32_t options, zx_handle_t process);
// `options` must be 0. Gives the processor to another thread that is ready, if there is one.
void zx_thread_legacy_yield(uint32_t options);

// ---- Futexes -------------------------------------------------------------------------------------------------------

zx_status_t zx_futex_wait(const zx_futex_t* value_ptr, zx_futex_storage_t current_value, zx_handle_t new_futex_owner,
                          zx_time_t deadline);
zx_status_t zx_futex_wake(const zx_futex_t* value_ptr, uint32_t wake_count);
zx_status_t zx_futex_wake_single_owner(const zx_futex_t* value_ptr);
zx_status_t zx_futex_requeue(const zx_futex_t* value_ptr, uint32_t wake_count, zx_futex_storage_t current_value,
                             const zx_futex_t* requeue_ptr, uint32_t requeue_count, zx_handle_t new_requeue_owner);
zx_status_t zx_futex_requeue_single_owner(const zx_futex_t* value_ptr, zx_futex_storage_t current_value,
                                          const zx_futex_t* requeue_ptr, uint32_t requeue_count,
                                          zx_handle_t new_requeue_owner);
zx_status_t zx_futex_get_owner(const zx_futex_t* value_ptr, zx_koid_t* koid);

// ---- Memory --------------------------------------------------------------------------------------------------------

zx_status_t zx_vmo_create(uint64_t size, uint32_t options, zx_handle_t* out);
zx_status_t zx_vmo_read(zx_handle_t handle, void* buffer, uint64_t offset, size_t buffer_size);
zx_status_t zx_vmo_write(zx_handle_t handle, const void* buffer, uint64_t offset, size_t buffer_size);
zx_status_t zx_vmo_get_size(zx_handle_t handle, uint64_t* size);
// The memory of another process. `*actual` may come out smaller than asked for, but not 0.
zx_status_t zx_process_read_memory(zx_handle_t handle, zx_vaddr_t vaddr, void* buffer, size_t buffer_size,
                                   size_t* actual);
zx_status_t zx_process_write_memory(zx_handle_t handle, zx_vaddr_t vaddr, const void* buffer, size_t buffer_size,
                                    size_t* actual);
zx_status_t zx_vmo_set_size(zx_handle_t handle, uint64_t size);
zx_status_t zx_vmo_get_stream_size(zx_handle_t handle, uint64_t* size);
zx_status_t zx_vmo_set_stream_size(zx_handle_t handle, uint64_t size);
zx_status_t zx_vmo_op_range(zx_handle_t handle, uint32_t op, uint64_t offset, uint64_t size, void* buffer,
                            size_t buffer_size);
zx_status_t zx_vmo_create_child(zx_handle_t handle, uint32_t options, uint64_t offset, uint64_t size, zx_handle_t* out);
zx_status_t zx_vmo_set_cache_policy(zx_handle_t handle, uint32_t cache_policy);
zx_status_t zx_vmo_replace_as_executable(zx_handle_t handle, zx_handle_t vmex, zx_handle_t* out);
zx_status_t zx_vmo_create_contiguous(zx_handle_t bti, size_t size, uint32_t alignment_log2, zx_handle_t* out);
// Without a system call. `addr` must be readable. Options are ZX_CACHE_FLUSH_*.
zx_status_t zx_cache_flush(const void* addr, size_t size, uint32_t options);
zx_status_t zx_vmo_create_physical(zx_handle_t resource, zx_paddr_t paddr, size_t size, zx_handle_t* out);
zx_status_t zx_vmar_allocate(zx_handle_t parent_vmar, zx_vm_option_t options, uint64_t offset, uint64_t size,
                             zx_handle_t* child_vmar, zx_vaddr_t* child_addr);
zx_status_t zx_vmar_destroy(zx_handle_t handle);
zx_status_t zx_vmar_op_range(zx_handle_t handle, uint32_t op, zx_vaddr_t address, uint64_t size, void* buffer,
                             size_t buffer_size);
zx_status_t zx_vmar_map(zx_handle_t handle, zx_vm_option_t options, uint64_t vmar_offset, zx_handle_t vmo,
                        uint64_t vmo_offset, uint64_t len, zx_vaddr_t* mapped_addr);
zx_status_t zx_vmar_unmap(zx_handle_t handle, zx_vaddr_t addr, uint64_t len);
zx_status_t zx_vmar_protect(zx_handle_t handle, zx_vm_option_t options, zx_vaddr_t addr, uint64_t len);

// ---- Pagers: the two queries are in zircon/syscalls-next.h ----------------------------------------------------------

zx_status_t zx_pager_create(uint32_t options, zx_handle_t* out);
// Requests for pages arrive at `port` as packets with `key` (ZX_PKT_TYPE_PAGE_REQUEST).
zx_status_t zx_pager_create_vmo(zx_handle_t pager, uint32_t options, zx_handle_t port, uint64_t key, uint64_t size,
                                zx_handle_t* out);
zx_status_t zx_pager_detach_vmo(zx_handle_t pager, zx_handle_t vmo);
// Moves the pages of `aux_vmo`, which has none of the range afterwards.
zx_status_t zx_pager_supply_pages(zx_handle_t pager, zx_handle_t pager_vmo, uint64_t offset, uint64_t length,
                                  zx_handle_t aux_vmo, uint64_t aux_offset);
// `op` is a ZX_PAGER_OP_*; what `data` means depends on it.
zx_status_t zx_pager_op_range(zx_handle_t pager, uint32_t op, zx_handle_t pager_vmo, uint64_t offset, uint64_t length,
                              uint64_t data);

// ---- Resources -----------------------------------------------------------------------------------------------------

zx_status_t zx_resource_create(zx_handle_t parent_rsrc, uint32_t options, uint64_t base, size_t size, const char* name,
                               size_t name_size, zx_handle_t* resource_out);
zx_status_t zx_iommu_create(zx_handle_t resource, uint32_t type, const void* desc, size_t desc_size, zx_handle_t* out);
zx_status_t zx_bti_create(zx_handle_t iommu, uint32_t options, uint64_t bti_id, zx_handle_t* out);
zx_status_t zx_bti_pin(zx_handle_t handle, uint32_t options, zx_handle_t vmo, uint64_t offset, uint64_t size,
                       zx_paddr_t* addrs, size_t num_addrs, zx_handle_t* pmt);
zx_status_t zx_bti_release_quarantine(zx_handle_t handle);
zx_status_t zx_pmt_unpin(zx_handle_t handle);

// ---- The machine ---------------------------------------------------------------------------------------------------

uint32_t zx_system_get_num_cpus(void);
uint32_t zx_system_get_page_size(void);
// Bytes of RAM.
uint64_t zx_system_get_physmem(void);
zx_string_view_t zx_system_get_version_string(void);
// `kind` is a ZX_FEATURE_KIND_*. ZX_ERR_NOT_SUPPORTED: nothing is known of it here.
zx_status_t zx_system_get_features(uint32_t kind, uint32_t* features);

// Writes to the machine's console. All of `length` bytes or none; one call is not interleaved with another.
zx_status_t zx_pagoda_console_write(const void* buffer, size_t length);

// Waits until something has been typed at the machine's console and takes as much as is there and fits into
// `buffer_size` bytes: at least one byte, and not necessarily a line.
zx_status_t zx_pagoda_console_read(void* buffer, size_t buffer_size, zx_time_t deadline, size_t* actual);

// Opens an object that the host serves, by the name it was given there. The VMO's content size
// (ZX_PROP_VMO_CONTENT_SIZE) is the object's size in bytes. ZX_ERR_NOT_FOUND: the host serves nothing of that name.
zx_status_t zx_pagoda_object_open(const char* name, size_t name_size, zx_handle_t* out);

// Lists the directory `name` of objects that the host serves (up to 255 bytes; empty: the pagers): fills `buffer` with
// whole names from the one with index `first` on, each with a zero byte behind it, and says how many bytes it filled
// and how many names there are in all. Names of directories end in '/'. ZX_ERR_NOT_SUPPORTED: its pager has no
// directories; ZX_ERR_BUFFER_TOO_SMALL: not even one name fits; ZX_ERR_NOT_FOUND; ZX_ERR_INVALID_ARGS: `buffer_size` is
// 0.
zx_status_t zx_pagoda_object_list(const char* name, size_t name_size, uint64_t first, char* buffer, size_t buffer_size,
                                  size_t* actual, uint64_t* available);

// Has the host write back what is dirty of an object that it serves, and waits until that is durable. ZX_OK: whatever
// was written before the call survives a crash of this machine and a loss of power. After an error (ZX_ERR_NO_SPACE,
// ZX_ERR_IO and whatever else the pager says) what could not be written is still dirty, and a later call tries again.
// `vmo`: the object, or a slice or reference of it, with ZX_RIGHT_WRITE. ZX_ERR_NOT_SUPPORTED: any other VMO, or its
// pager knows nothing durable.
zx_status_t zx_pagoda_object_sync(zx_handle_t vmo);

// Index of the CPU that the calling thread runs on, 0..zx_system_get_num_cpus() - 1; it may be another one on return.
uint32_t zx_pagoda_cpu_index(void);

#if defined(__cplusplus)
}
#endif
