#include "tests/syscall_fuzz/calls.h"

#include <string.h>

#include "shared/abi/syscalls.h"

extern "C" uint64_t pagoda_vdso_code;

namespace fuzz {
namespace {

struct Known {
  const char* name;
  const char* arguments;
};

// Calls that are not here get '?' for every argument.
constexpr Known kKnown[] = {
    {"process_exit", nullptr},
    {"thread_exit", nullptr},
    {"thread_start", nullptr},   // a thread of this program at a random address
    {"process_start", nullptr},  // the same in another one; its end is reported at length
    {"pagoda_console_write", nullptr},
    {"debug_write", nullptr},
    {"nanosleep", "T"},
    {"handle_close", "H"},
    {"handle_close_many", "PN"},
    {"handle_duplicate", "HNQ"},
    {"handle_replace", "HNQ"},
    {"object_wait_one", "HNTP"},
    {"object_wait_many", "PNT"},
    {"object_wait_async", "HHNNN"},
    {"object_get_info", "HNPLPP"},
    {"object_get_property", "HNPL"},
    {"object_set_property", "HNPL"},
    {"object_signal", "HNN"},
    {"object_signal_peer", "HNN"},
    {"object_get_child", "HNNQ"},
    {"event_create", "NQ"},
    {"eventpair_create", "NQQ"},
    {"channel_create", "NQQ"},
    {"channel_read", "HNPQNNPP"},
    {"channel_read_etc", "HNPPNNPP"},
    {"channel_write", "HNPNPN"},
    {"channel_write_etc", "HNPNPN"},
    {"channel_call", "HNTPPP"},
    {"channel_call_etc", "HNTPPP"},
    {"port_create", "NQ"},
    {"port_queue", "HP"},
    {"port_wait", "HTP"},
    {"port_cancel", "HHN"},
    {"timer_create", "NNQ"},
    {"timer_set", "HTN"},
    {"timer_cancel", "H"},
    {"futex_wait", "PNHT"},
    {"futex_wake", "PN"},
    {"futex_requeue", "PNNPNH"},
    {"thread_create", "HPLNQ"},
    {"process_create", "HPLNQQ"},
    {"process_read_memory", "HAPLP"},
    {"process_write_memory", "HAPLP"},
    {"task_kill", "H"},
    {"task_suspend", "HQ"},
    {"task_suspend_token", "HQ"},
    {"task_create_exception_channel", "HNQ"},
    {"thread_read_state", "HNPL"},
    {"thread_write_state", "HNPL"},
    {"job_create", "HNQ"},
    {"job_set_policy", "HNNPN"},
    {"vmo_create", "ONQ"},
    {"vmo_read", "HPOL"},
    {"vmo_write", "HPOL"},
    {"vmo_get_size", "HP"},
    {"vmo_set_size", "HO"},
    {"vmo_op_range", "HNOOPL"},
    {"vmo_create_child", "HNOOQ"},
    {"vmo_set_cache_policy", "HN"},
    {"vmo_replace_as_executable", "HHQ"},
    {"vmo_create_contiguous", "HONQ"},
    {"vmo_create_physical", "HOOQ"},
    {"vmar_allocate", "VNOOQP"},
    {"vmar_destroy", "V"},
    {"vmar_map", "VNOHOOP"},
    {"vmar_unmap", "VAO"},
    {"vmar_protect", "VNAO"},
    {"vmar_op_range", "VNAOPL"},
    {"bti_pin", "HNHOOPNQ"},
    {"pmt_unpin", "H"},
    {"resource_create", "HNOOPLQ"},
    {"clock_read", "HP"},
    {"pagoda_object_open", "PLQ"},
    {"pagoda_object_list", "PLNPLPP"},
    {"pagoda_object_sync", "H"},
    {"pagoda_console_read", "PLTP"},
    {"futex_wake_single_owner", "P"},
    {"futex_requeue_single_owner", "PNPNH"},
    {"futex_get_owner", "PP"},
    {"port_cancel_key", "HNN"},
    {"exception_get_thread", "HQ"},
    {"exception_get_process", "HQ"},
    {"iommu_create", "HNPLQ"},
    {"bti_create", "HNNQ"},
    {"vmo_get_stream_size", "HP"},
    {"vmo_set_stream_size", "HO"},
    {"pager_create", "NQ"},
    {"pager_create_vmo", "HNHNOQ"},
    {"pager_detach_vmo", "HH"},
    {"pager_supply_pages", "HHOOHO"},
    {"pager_op_range", "HNHOON"},
    {"pager_query_dirty_ranges", "HHOOPLPP"},
    {"pager_query_vmo_stats", "HHNPL"},
};

constexpr const char* kAnything[] = {"", "?", "??", "???", "????", "?????", "??????", "???????", "????????"};

constexpr bool Equal(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) {
    ++a;
    ++b;
  }
  return *a == *b;
}

constexpr const char* ArgumentsOf(const char* name, size_t count) {
  for (const Known& known : kKnown) {
    if (Equal(known.name, name)) {
      return known.arguments;
    }
  }
  return kAnything[count];
}

// Where in a slot of the vDSO the trap is: behind `mov eax, number`.
constexpr uint64_t kTrapInSlot = 5;

}  // namespace

constexpr Call kCalls[] = {
#define CALL(name, count) {#name, static_cast<uint32_t>(pagoda::abi::Syscall::name), ArgumentsOf(#name, count)},
    PAGODA_SYSCALLS(CALL)
#undef CALL
};
constexpr size_t kCallCount = sizeof(kCalls) / sizeof(kCalls[0]);

int64_t RawCall(uint32_t number, const uint64_t (&arguments)[kMaxArguments]) {
  // The slot of a call with one argument moves nothing but the number.
  const uint64_t trap = pagoda_vdso_code + pagoda::abi::kVdsoEntriesOffset +
                        static_cast<uint32_t>(pagoda::abi::Syscall::handle_close) * pagoda::abi::kVdsoEntrySize +
                        kTrapInSlot;
  register uint64_t r10 asm("r10") = arguments[3];
  register uint64_t r8 asm("r8") = arguments[4];
  register uint64_t r9 asm("r9") = arguments[5];
  register uint64_t r12 asm("r12") = arguments[6];
  register uint64_t r13 asm("r13") = arguments[7];
  uint64_t result = number;
  // The call's return address must not fall into this function's red zone.
  asm volatile(
      "lea -128(%%rsp), %%rsp\n\t"
      "call *%[trap]\n\t"
      "lea 128(%%rsp), %%rsp"
      : "+a"(result), "+r"(r10), "+r"(r8), "+r"(r9), "+r"(r12), "+r"(r13)
      : "D"(arguments[0]), "S"(arguments[1]), "d"(arguments[2]), [trap] "b"(trap)
      : "rcx", "r11", "memory", "cc");
  return static_cast<int64_t>(result);
}

}  // namespace fuzz
