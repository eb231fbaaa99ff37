// From the kernel's startup block to main, and what programs ask about it later.
#include <stdlib.h>
#include <string.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "guest/sdk/libc/fatal.h"
#include "shared/abi/syscalls.h"
#include "shared/base/range.h"

namespace {

namespace abi = pagoda::abi;

const abi::ProcessStartup* g_startup;

using Function = void (*)();

}  // namespace

extern "C" {

// Every stub of crt/system_calls.S jumps relative to this.
uint64_t pagoda_vdso_code;

// Placed by program.ld around what the compiler registered.
extern Function __init_array_start[];
extern Function __init_array_end[];
extern Function __fini_array_start[];
extern Function __fini_array_end[];

char** environ;

}  // extern "C"

// The language forbids naming main in C++; the assembler does not.
int ProgramMain(int argument_count, char** arguments) asm("main");

namespace {

void RunDestructors() {
  for (Function* function = __fini_array_end; function != __fini_array_start;) {
    (*--function)();
  }
}

// main may write to its arguments, so the strings are copied out of the read-only page.
char** CopyArguments(const abi::ProcessStartup& startup) {
  const size_t table_size = (startup.argument_count + 1) * sizeof(char*);
  auto** table = static_cast<char**>(malloc(table_size + startup.arguments_size));
  if (table == nullptr) {
    pagoda::libc::Fatal("no memory for the arguments");
  }
  char* text = reinterpret_cast<char*>(table) + table_size;
  memcpy(text, reinterpret_cast<const void*>(startup.arguments), startup.arguments_size);
  for (uint32_t i = 0; i < startup.argument_count; ++i) {
    table[i] = text;
    text += strlen(text) + 1;
  }
  table[startup.argument_count] = nullptr;
  return table;
}

}  // namespace

extern "C" [[noreturn]] void PagodaStart(const abi::ProcessStartup* startup, uint64_t vdso_code) {
  pagoda_vdso_code = vdso_code;
  g_startup = startup;
  if (startup->magic != abi::kProcessStartupMagic || startup->version != abi::kProcessStartupVersion) {
    pagoda::libc::Fatal("the kernel's startup block is not of the version that this program was built for");
  }
  atexit(RunDestructors);
  for (Function* function = __init_array_start; function != __init_array_end; ++function) {
    (*function)();
  }
  exit(ProgramMain(static_cast<int>(startup->argument_count), CopyArguments(*startup)));
}

extern "C" {

zx_handle_t zx_process_self() { return g_startup->process_self; }
zx_handle_t zx_vmar_root_self() { return g_startup->vmar_root_self; }
zx_handle_t pagoda_root_resource() { return g_startup->root_resource; }
zx_handle_t pagoda_mmio_resource() { return g_startup->mmio_resource; }
zx_handle_t pagoda_vdso_vmo() { return g_startup->vdso_vmo; }
zx_handle_t zx_job_default() { return g_startup->root_job; }
zx_handle_t pagoda_main_thread() { return g_startup->thread_self; }
uint32_t zx_system_get_num_cpus() { return g_startup->cpu_count; }
uint32_t zx_system_get_page_size() { return static_cast<uint32_t>(base::kPageSize); }

zx_time_t zx_deadline_after(zx_duration_t duration) {
  zx_time_t deadline;
  if (__builtin_add_overflow(zx_clock_get_monotonic(), duration, &deadline)) {
    return duration < 0 ? ZX_TIME_INFINITE_PAST : ZX_TIME_INFINITE;
  }
  return deadline;
}

zx_status_t zx_thread_yield(uint32_t options);
void zx_thread_legacy_yield(uint32_t options) { zx_thread_yield(options); }
zx_status_t zx_task_suspend_token(zx_handle_t handle, zx_handle_t* token) { return zx_task_suspend(handle, token); }

}  // extern "C"
