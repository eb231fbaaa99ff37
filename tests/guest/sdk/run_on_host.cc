// Runs a guest program in this host process: run_on_host [--serve NAME=PATH]... PROGRAM [ARGUMENT]...
//
// The program is mapped where it was linked; its vDSO is the `ud2` variant, whose traps arrive as SIGILL and are
// carried out on host objects. So the SDK and everything written with it that does not look into the kernel can be
// tested where no guest can run. Any other signal is the program's own fault and kills the process.
#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "guest/sdk/vdso/vdso_images.h"
#include "shared/abi/syscalls.h"
#include "shared/base/range.h"
#include "tests/guest/sdk/host_calls.h"

namespace sdk_test {
namespace {

namespace abi = pagoda::abi;
using base::kPageSize;

HostProcess* g_process;
constexpr uint64_t kVdsoCodeSize = abi::kVdsoCodePages * kPageSize;
uint64_t g_vdso_code;
thread_local Object* t_current_thread = nullptr;

[[noreturn]] void Die(const std::string& reason) {
  fprintf(stderr, "run_on_host: %s\n", reason.c_str());
  exit(3);
}

char* MapAnonymous(size_t size, void* at = nullptr) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | (at != nullptr ? MAP_FIXED_NOREPLACE : 0);
  void* memory = mmap(at, size, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (memory == MAP_FAILED) {
    Die("no memory for the program");
  }
  return static_cast<char*>(memory);
}

void OnTrap(int signal, siginfo_t* /*info*/, void* context) {
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  auto value = [&](int index) { return static_cast<uint64_t>(registers[index]); };
  if (value(REG_RIP) - g_vdso_code >= kVdsoCodeSize) {
    // The program's own ud2: back to the default action, which the retried instruction then meets.
    ::signal(signal, SIG_DFL);
    return;
  }
  const Arguments arguments = {value(REG_RDI), value(REG_RSI), value(REG_RDX), value(REG_R10),
                               value(REG_R8),  value(REG_R9),  value(REG_R12), value(REG_R13)};
  registers[REG_RAX] = CarryOut(*g_process, value(REG_RAX) & UINT32_MAX, arguments);
  registers[REG_RCX] = registers[REG_R11] = -1;
  registers[REG_RIP] += 2;
}

// System calls are carried out on a stack of the host's: the program's may be too small, or about to be unmapped.
void UseSignalStack() {
  constexpr size_t kSize = size_t{1} << 20;
  const stack_t stack = {.ss_sp = MapAnonymous(kSize), .ss_flags = 0, .ss_size = kSize};
  sigaltstack(&stack, nullptr);
}

[[noreturn]] void EnterGuest(uint64_t entry, uint64_t stack, uint64_t argument1, uint64_t argument2) {
  // SAFETY: leaves this stack for good; nothing on it is needed again.
  asm volatile(
      "mov %[stack], %%rsp\n"
      "xor %%ebp, %%ebp\n"
      "jmp *%[entry]\n"
      :
      : [entry] "a"(entry), [stack] "c"(stack), "D"(argument1), "S"(argument2)
      : "memory");
  __builtin_unreachable();
}

struct Launch {
  uint64_t entry, stack, argument1, argument2;
  Object* self;
};

void* ThreadMain(void* argument) {
  const Launch launch = *static_cast<Launch*>(argument);
  delete static_cast<Launch*>(argument);
  t_current_thread = launch.self;
  UseSignalStack();
  EnterGuest(launch.entry, launch.stack, launch.argument1, launch.argument2);
}

void MapVdso() {
  char* memory = MapAnonymous(kPageSize + kVdsoCodeSize);
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const uint64_t start = __builtin_ia32_rdtsc();
  usleep(20'000);
  timespec later;
  clock_gettime(CLOCK_MONOTONIC, &later);
  const uint64_t ticks = __builtin_ia32_rdtsc() - start;
  const int64_t base_ns = now.tv_sec * 1'000'000'000 + now.tv_nsec;
  const int64_t ns = later.tv_sec * 1'000'000'000 + later.tv_nsec - base_ns;
  const auto data = reinterpret_cast<abi::VdsoData*>(memory);
  *data = {.base_tsc = start,
           .base_ns = base_ns,
           .multiplier = static_cast<uint32_t>((static_cast<unsigned __int128>(ns) << 31) / ticks),
           .shift = 1,
           .ticks_per_second = static_cast<uint64_t>(static_cast<unsigned __int128>(ticks) * 1'000'000'000 /
                                                     static_cast<uint64_t>(ns))};
  memcpy(memory + kPageSize, vdso_ud2_start, kVdsoCodeSize);
  mprotect(memory, kPageSize, PROT_READ);
  mprotect(memory + kPageSize, kVdsoCodeSize, PROT_READ | PROT_EXEC);
  g_vdso_code = reinterpret_cast<uint64_t>(memory + kPageSize);
}

// Maps the segments as a kernel would and returns the entry point. The file is one of our own build and is trusted.
uint64_t LoadProgram(const char* path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  Elf64_Ehdr header;
  if (file < 0 || pread(file, &header, sizeof(header), 0) != sizeof(header) ||
      memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    Die(std::string(path) + " is not a program");
  }
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    const auto offset = static_cast<off_t>(header.e_phoff + i * sizeof(segment));
    if (pread(file, &segment, sizeof(segment), offset) != sizeof(segment)) {
      Die(std::string(path) + " is truncated");
    }
    if (segment.p_type != PT_LOAD) {
      continue;
    }
    const size_t size = base::AlignUp(segment.p_memsz, kPageSize);
    char* memory = MapAnonymous(size, reinterpret_cast<void*>(segment.p_vaddr));
    if (pread(file, memory, segment.p_filesz, static_cast<off_t>(segment.p_offset)) !=
        static_cast<ssize_t>(segment.p_filesz)) {
      Die(std::string(path) + " is truncated");
    }
    mprotect(memory, size,
             ((segment.p_flags & PF_R) != 0 ? PROT_READ : 0) | ((segment.p_flags & PF_W) != 0 ? PROT_WRITE : 0) |
                 ((segment.p_flags & PF_X) != 0 ? PROT_EXEC : 0));
  }
  close(file);
  return header.e_entry;
}

abi::ProcessStartup* MakeStartup(int argument_count, char** arguments) {
  std::string strings;
  for (int i = 0; i < argument_count; ++i) {
    const std::string_view text = arguments[i];
    strings += i == 0 ? text.substr(text.rfind('/') + 1) : text;
    strings += '\0';
  }
  char* page = MapAnonymous(base::AlignUp(sizeof(abi::ProcessStartup) + strings.size(), kPageSize));
  memcpy(page + sizeof(abi::ProcessStartup), strings.data(), strings.size());
  auto add = [](zx_obj_type_t type, zx_rights_t rights) {
    auto object = std::make_shared<Object>();
    object->type = type;
    return g_process->handles.Add(std::move(object), rights);
  };
  auto* startup = reinterpret_cast<abi::ProcessStartup*>(page);
  *startup = {.magic = abi::kProcessStartupMagic,
              .version = abi::kProcessStartupVersion,
              .argument_count = static_cast<uint32_t>(argument_count),
              .arguments = reinterpret_cast<uint64_t>(page + sizeof(abi::ProcessStartup)),
              .arguments_size = strings.size(),
              .process_self = add(ZX_OBJ_TYPE_PROCESS, ZX_DEFAULT_PROCESS_RIGHTS),
              .thread_self = add(ZX_OBJ_TYPE_THREAD, ZX_DEFAULT_THREAD_RIGHTS),
              .vmar_root_self = add(ZX_OBJ_TYPE_VMAR, ZX_DEFAULT_VMAR_RIGHTS),
              .root_job = 0,
              .cpu_count = kHostCpuCount,
              .vdso_vmo = 0,
              .root_resource = 0,
              .mmio_resource = 0};
  return startup;
}

}  // namespace

bool StartGuestThread(uint64_t entry, uint64_t stack, uint64_t argument1, uint64_t argument2, Object* self) {
  pthread_t thread;
  auto* launch = new Launch{entry, stack, argument1, argument2, self};
  return pthread_create(&thread, nullptr, ThreadMain, launch) == 0 && pthread_detach(thread) == 0;
}

Object* CurrentThread() { return t_current_thread; }

}  // namespace sdk_test

int main(int argument_count, char** arguments) {
  using namespace sdk_test;
  g_process = new HostProcess;
  int next = 1;
  while (next + 1 < argument_count && std::string_view(arguments[next]) == "--serve") {
    const std::string served = arguments[next + 1];
    const size_t equals = served.find('=');
    g_process->served_objects[served.substr(0, equals)] = served.substr(equals + 1);
    next += 2;
  }
  if (next >= argument_count) {
    Die("usage: run_on_host [--serve NAME=PATH]... PROGRAM [ARGUMENT]...");
  }
  struct sigaction action = {};
  action.sa_sigaction = OnTrap;
  // SA_NODEFER: a system call that waits must not keep the signal of other calls from this thread's successor.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigaction(SIGILL, &action, nullptr);
  UseSignalStack();
  MapVdso();
  const uint64_t entry = LoadProgram(arguments[next]);
  constexpr size_t kStackSize = size_t{256} << 10;
  char* stack = MapAnonymous(kStackSize);
  mprotect(stack, kPageSize, PROT_NONE);
  const auto* startup = MakeStartup(argument_count - next, arguments + next);
  EnterGuest(entry, reinterpret_cast<uint64_t>(stack + kStackSize), reinterpret_cast<uint64_t>(startup), g_vdso_code);
}
