// The system calls. Each function carries the name that shared/abi/syscalls.h gives the call; the dispatcher's table
// checks that it exists and takes as many arguments as the list says.
//
// Each decodes completely (copies in, checks type, then rights, then values, in Zircon's order) before it acts. All
// follow Zircon's description of the call of that name (zx_*); what differs, and the calls of our own (pagoda_*), is
// said here.
#pragma once

#include <zircon/syscalls/clock.h>
#include <zircon/syscalls/port.h>
#include <zircon/types.h>

#include "guest/kernel/lib/status.h"
#include "guest/kernel/syscall/caller.h"
#include "guest/kernel/syscall/user_pointer.h"

namespace gk::syscall {

// handle_calls.cc
Status handle_close(Caller& caller, zx_handle_t handle);
Status handle_duplicate(Caller& caller, zx_handle_t handle, zx_rights_t rights, UserOut<zx_handle_t> out);
Status handle_close_many(Caller& caller, UserIn<zx_handle_t> handles, size_t count);
Status handle_replace(Caller& caller, zx_handle_t handle, zx_rights_t rights, UserOut<zx_handle_t> out);

// info_calls.cc
// An unknown topic is ZX_ERR_NOT_SUPPORTED. `actual` and `available` may be null.
Status object_get_info(Caller& caller, zx_handle_t handle, uint32_t number, UserOutBytes buffer, size_t buffer_size,
                       UserOut<size_t> actual, UserOut<size_t> available);

// task_calls.cc
Status thread_create(Caller& caller, zx_handle_t process, UserInBytes name, size_t name_size, uint32_t options,
                     UserOut<zx_handle_t> out);
Status thread_start(Caller& caller, zx_handle_t thread, VirtualAddress entry, VirtualAddress stack, uint64_t argument1,
                    uint64_t argument2);
Status thread_exit(Caller& caller);
Status thread_yield(Caller& caller, uint32_t options);
Status process_exit(Caller& caller, int64_t return_code);

// process_calls.cc
Status process_create(Caller& caller, zx_handle_t job, UserInBytes name, size_t name_size, uint32_t options,
                      UserOut<zx_handle_t> process_out, UserOut<zx_handle_t> vmar_out);
// A handle `argument1` that is neither invalid nor there is ZX_ERR_BAD_HANDLE. It is consumed on failure too.
Status process_start(Caller& caller, zx_handle_t process, zx_handle_t thread, VirtualAddress entry,
                     VirtualAddress stack, zx_handle_t argument1, uint64_t argument2);
Status task_kill(Caller& caller, zx_handle_t task);

// suspend_calls.cc
Status task_suspend(Caller& caller, zx_handle_t task, UserOut<zx_handle_t> token);
// Debug registers and single steps are ZX_ERR_NOT_SUPPORTED.
Status thread_read_state(Caller& caller, zx_handle_t thread, uint32_t kind, UserOutBytes buffer, size_t size);
Status thread_write_state(Caller& caller, zx_handle_t thread, uint32_t kind, UserInBytes buffer, size_t size);

// job_calls.cc
Status job_create(Caller& caller, zx_handle_t parent, uint32_t options, UserOut<zx_handle_t> out);
// Timer slack is not a topic: timers have none.
Status job_set_policy(Caller& caller, zx_handle_t job, uint32_t options, uint32_t topic, UserInBytes policy,
                      uint32_t count);
Status job_set_critical(Caller& caller, zx_handle_t job, uint32_t options, zx_handle_t process);
Status object_get_child(Caller& caller, zx_handle_t handle, zx_koid_t koid, zx_rights_t rights,
                        UserOut<zx_handle_t> out);

// exception_calls.cc
Status task_create_exception_channel(Caller& caller, zx_handle_t task, uint32_t options, UserOut<zx_handle_t> out);
Status exception_get_thread(Caller& caller, zx_handle_t exception, UserOut<zx_handle_t> out);
Status exception_get_process(Caller& caller, zx_handle_t exception, UserOut<zx_handle_t> out);

// wait_calls.cc
Status nanosleep(Caller& caller, zx_time_t deadline);
Status object_wait_one(Caller& caller, zx_handle_t handle, zx_signals_t signals, zx_time_t deadline,
                       UserOut<zx_signals_t> observed);
Status object_wait_many(Caller& caller, UserOutBytes items, size_t count, zx_time_t deadline);

// futex_calls.cc: without priority inheritance; an owner is remembered for those who ask.
Status futex_wait(Caller& caller, UserIn<int32_t> value, int32_t expected, zx_handle_t new_owner, zx_time_t deadline);
Status futex_wake(Caller& caller, UserIn<int32_t> value, uint32_t count);
Status futex_wake_single_owner(Caller& caller, UserIn<int32_t> value);
Status futex_requeue(Caller& caller, UserIn<int32_t> value, uint32_t wake_count, int32_t expected,
                     UserIn<int32_t> target, uint32_t requeue_count, zx_handle_t new_owner);
Status futex_requeue_single_owner(Caller& caller, UserIn<int32_t> value, int32_t expected, UserIn<int32_t> target,
                                  uint32_t requeue_count, zx_handle_t new_owner);
Status futex_get_owner(Caller& caller, UserIn<int32_t> value, UserOut<zx_koid_t> koid);

// property_calls.cc
Status object_get_property(Caller& caller, zx_handle_t handle, uint32_t property, UserOutBytes value, size_t size);
Status object_set_property(Caller& caller, zx_handle_t handle, uint32_t property, UserInBytes value, size_t size);

// signal_calls.cc
Status event_create(Caller& caller, uint32_t options, UserOut<zx_handle_t> out);
Status eventpair_create(Caller& caller, uint32_t options, UserOut<zx_handle_t> first, UserOut<zx_handle_t> second);
Status object_signal(Caller& caller, zx_handle_t handle, zx_signals_t clear, zx_signals_t set);
Status object_signal_peer(Caller& caller, zx_handle_t handle, zx_signals_t clear, zx_signals_t set);

// port_calls.cc: a full port is ZX_ERR_SHOULD_WAIT to who queues.
Status port_create(Caller& caller, uint32_t options, UserOut<zx_handle_t> out);
Status port_queue(Caller& caller, zx_handle_t port, UserIn<zx_port_packet_t> packet);
Status port_wait(Caller& caller, zx_handle_t port, zx_time_t deadline, UserOutBytes packet);
Status port_cancel(Caller& caller, zx_handle_t port, zx_handle_t source, uint64_t key);
Status port_cancel_key(Caller& caller, zx_handle_t port, uint32_t options, uint64_t key);
Status object_wait_async(Caller& caller, zx_handle_t handle, zx_handle_t port, uint64_t key, zx_signals_t signals,
                         uint32_t options);

// clock_calls.cc
Status clock_create(Caller& caller, uint64_t options, UserInBytes args, UserOut<zx_handle_t> out);
Status clock_read(Caller& caller, zx_handle_t clock, UserOut<zx_time_t> now);
Status clock_update(Caller& caller, zx_handle_t clock, uint64_t options, UserInBytes args);
Status clock_get_details(Caller& caller, zx_handle_t clock, uint64_t options, UserOut<zx_clock_details_v1_t> details);
uint64_t system_get_physmem(Caller& caller);

// timer_calls.cc
Status timer_create(Caller& caller, uint32_t options, zx_clock_t clock, UserOut<zx_handle_t> out);
Status timer_set(Caller& caller, zx_handle_t timer, zx_time_t deadline, zx_duration_t slack);
Status timer_cancel(Caller& caller, zx_handle_t timer);

// channel_calls.cc: without I/O vectors. A full channel is ZX_ERR_SHOULD_WAIT to its writer, where Zircon raises a
// policy exception.
Status channel_create(Caller& caller, uint32_t options, UserOut<zx_handle_t> first, UserOut<zx_handle_t> second);
Status channel_read(Caller& caller, zx_handle_t handle, uint32_t options, UserOutBytes bytes, UserOutBytes handles,
                    uint32_t byte_capacity, uint32_t handle_capacity, UserOut<uint32_t> actual_bytes,
                    UserOut<uint32_t> actual_handles);
Status channel_read_etc(Caller& caller, zx_handle_t handle, uint32_t options, UserOutBytes bytes, UserOutBytes handles,
                        uint32_t byte_capacity, uint32_t handle_capacity, UserOut<uint32_t> actual_bytes,
                        UserOut<uint32_t> actual_handles);
Status channel_write(Caller& caller, zx_handle_t handle, uint32_t options, UserInBytes bytes, uint32_t byte_count,
                     UserInBytes handles, uint32_t handle_count);
Status channel_write_etc(Caller& caller, zx_handle_t handle, uint32_t options, UserInBytes bytes, uint32_t byte_count,
                         UserOutBytes handles, uint32_t handle_count);
Status channel_call(Caller& caller, zx_handle_t handle, uint32_t options, zx_time_t deadline,
                    UserIn<zx_channel_call_args_t> args, UserOut<uint32_t> actual_bytes,
                    UserOut<uint32_t> actual_handles);
Status channel_call_etc(Caller& caller, zx_handle_t handle, uint32_t options, zx_time_t deadline,
                        UserIn<zx_channel_call_etc_args_t> args, UserOut<uint32_t> actual_bytes,
                        UserOut<uint32_t> actual_handles);

// vmo_create_calls.cc
Status vmo_create(Caller& caller, uint64_t size, uint32_t options, UserOut<zx_handle_t> out);
Status vmo_create_contiguous(Caller& caller, zx_handle_t bti, uint64_t size, uint32_t alignment_log2,
                             UserOut<zx_handle_t> out);
Status vmo_create_physical(Caller& caller, zx_handle_t resource, PhysicalAddress base, uint64_t size,
                           UserOut<zx_handle_t> out);
Status vmo_create_child(Caller& caller, zx_handle_t handle, uint32_t options, uint64_t offset, uint64_t size,
                        UserOut<zx_handle_t> out);
Status vmo_replace_as_executable(Caller& caller, zx_handle_t handle, zx_handle_t vmex, UserOut<zx_handle_t> out);

// vmo_op_range.cc
Status vmo_op_range(Caller& caller, zx_handle_t handle, uint32_t number, uint64_t offset, uint64_t length,
                    UserOutBytes buffer, size_t buffer_size);

// vmo_calls.cc
Status vmo_set_size(Caller& caller, zx_handle_t handle, uint64_t size);
// The stream size is what ZX_PROP_VMO_CONTENT_SIZE names; setting it needs ZX_RIGHT_WRITE.
Status vmo_get_stream_size(Caller& caller, zx_handle_t handle, UserOut<uint64_t> size);
Status vmo_set_stream_size(Caller& caller, zx_handle_t handle, uint64_t size);
Status vmo_set_cache_policy(Caller& caller, zx_handle_t handle, uint32_t policy);
Status vmo_read(Caller& caller, zx_handle_t handle, UserOutBytes buffer, uint64_t offset, size_t length);
Status vmo_write(Caller& caller, zx_handle_t handle, UserInBytes buffer, uint64_t offset, size_t length);
Status vmo_get_size(Caller& caller, zx_handle_t handle, UserOut<uint64_t> size);

// process_memory_calls.cc. What is not mapped is ZX_ERR_NOT_FOUND, as in the newest variant of the real system.
Status process_read_memory(Caller& caller, zx_handle_t handle, VirtualAddress address, UserOutBytes buffer,
                           size_t length, UserOut<size_t> actual);
Status process_write_memory(Caller& caller, zx_handle_t handle, VirtualAddress address, UserInBytes buffer,
                            size_t length, UserOut<size_t> actual);

// vmar_calls.cc
Status vmar_allocate(Caller& caller, zx_handle_t parent, zx_vm_option_t options, uint64_t offset, uint64_t size,
                     UserOut<zx_handle_t> child, UserOut<zx_vaddr_t> child_address);
Status vmar_destroy(Caller& caller, zx_handle_t handle);
Status vmar_op_range(Caller& caller, zx_handle_t handle, uint32_t op, VirtualAddress address, uint64_t size,
                     UserInBytes buffer, size_t buffer_size);
Status vmar_map(Caller& caller, zx_handle_t handle, zx_vm_option_t options, uint64_t vmar_offset, zx_handle_t vmo,
                uint64_t vmo_offset, uint64_t length, UserOut<zx_vaddr_t> mapped_address);
Status vmar_unmap(Caller& caller, zx_handle_t handle, VirtualAddress address, uint64_t length);
Status vmar_protect(Caller& caller, zx_handle_t handle, zx_vm_option_t options, VirtualAddress address,
                    uint64_t length);

// resource_calls.cc
// Of physical memory (ZX_RSRC_KIND_MMIO) only what the kernel has set aside can be had; the rest is ZX_ERR_NOT_FOUND.
Status resource_create(Caller& caller, zx_handle_t parent, uint32_t options, uint64_t base, uint64_t size,
                       UserInBytes name, size_t name_size, UserOut<zx_handle_t> out);

// bti_calls.cc
// The one kind of IOMMU is ZX_IOMMU_TYPE_DUMMY; others are ZX_ERR_NOT_SUPPORTED.
Status iommu_create(Caller& caller, zx_handle_t resource, uint32_t type, UserInBytes description,
                    size_t description_size, UserOut<zx_handle_t> out);
Status bti_create(Caller& caller, zx_handle_t iommu, uint32_t options, uint64_t bti_id, UserOut<zx_handle_t> out);
Status bti_pin(Caller& caller, zx_handle_t handle, uint32_t options, zx_handle_t vmo, uint64_t offset, uint64_t length,
               UserOutBytes addresses, size_t address_count, UserOut<zx_handle_t> out);
Status bti_release_quarantine(Caller& caller, zx_handle_t handle);
Status pmt_unpin(Caller& caller, zx_handle_t handle);

// pager_calls.cc
Status pager_create(Caller& caller, uint32_t options, UserOut<zx_handle_t> out);
Status pager_create_vmo(Caller& caller, zx_handle_t pager, uint32_t options, zx_handle_t port, uint64_t key,
                        uint64_t size, UserOut<zx_handle_t> out);
Status pager_detach_vmo(Caller& caller, zx_handle_t pager, zx_handle_t vmo);
Status pager_supply_pages(Caller& caller, zx_handle_t pager, zx_handle_t vmo, uint64_t offset, uint64_t length,
                          zx_handle_t aux, uint64_t aux_offset);
Status pager_op_range(Caller& caller, zx_handle_t pager, uint32_t number, zx_handle_t vmo, uint64_t offset,
                      uint64_t length, uint64_t data);

// pager_query_calls.cc
Status pager_query_dirty_ranges(Caller& caller, zx_handle_t pager, zx_handle_t vmo, uint64_t offset, uint64_t length,
                                UserOutBytes buffer, size_t size, UserOut<size_t> actual, UserOut<size_t> available);
Status pager_query_vmo_stats(Caller& caller, zx_handle_t pager, zx_handle_t vmo, uint32_t options, UserOutBytes buffer,
                             size_t size);

// pagoda_calls.cc

// Writes bytes to the machine's console. A bad buffer is ZX_ERR_INVALID_ARGS; what came before the bad page is written.
Status pagoda_console_write(Caller& caller, UserInBytes buffer, size_t length);
// Waits for input from the machine's console and gives as much of it as is there and fits. `actual` may not be null.
// ZX_ERR_TIMED_OUT; ZX_ERR_NOT_SUPPORTED: there is no console. What cannot be stored is lost.
Status pagoda_console_read(Caller& caller, UserOutBytes buffer, size_t size, zx_time_t deadline,
                           UserOut<uint64_t> actual);
// Opens an object that the host serves: a VMO whose pages come from there, content size set, without ZX_RIGHT_WRITE
// when the object is read-only. ZX_ERR_INVALID_ARGS: the name is empty or longer than 255 bytes; ZX_ERR_NOT_FOUND:
// nothing is served under it; or the host's status.
Status pagoda_object_open(Caller& caller, UserInBytes name, size_t length, UserOut<zx_handle_t> out);
// The names in the host's directory `name` (0..255 bytes; empty: the pagers themselves) from the one with index `first`
// on, whole ones, each with a zero byte behind it: `actual` bytes, perhaps fewer than would fit. `available`: how many
// names there are in all. ZX_ERR_INVALID_ARGS: the name is too long, `size` is 0, or a bad pointer;
// ZX_ERR_BUFFER_TOO_SMALL: not even one fits; ZX_ERR_NOT_SUPPORTED: no directory; or the host's status.
Status pagoda_object_list(Caller& caller, UserInBytes name, size_t length, uint64_t first, UserOutBytes buffer,
                          size_t size, UserOut<size_t> actual, UserOut<uint64_t> available);
// What is dirty of a host-served object is written back durably, with ZX_RIGHT_WRITE. ZX_ERR_NOT_SUPPORTED: another
// VMO; or the host's status.
Status pagoda_object_sync(Caller& caller, zx_handle_t vmo);
// The index of the CPU that the caller runs on; by the time it looks, perhaps another one.
uint32_t pagoda_cpu_index(Caller& caller);

}  // namespace gk::syscall
