// Does what a program must not do: `fault KIND`. The kernel is expected to kill it and to say why; if it lives on, the
// exit code is 1.
#include <pagoda/thread.h>
#include <stdio.h>
#include <string.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include <cstdint>

namespace {

// The compiler must not see what comes, or it would refuse or replace it.
template <typename T>
T Hidden(T value) {
  asm volatile("" : "+r"(value));
  return value;
}

void ReadNull() { static_cast<void>(*Hidden<volatile int*>(nullptr)); }
void WriteNull() { *Hidden<volatile int*>(nullptr) = 1; }
void ReadKernel() { static_cast<void>(*Hidden(reinterpret_cast<volatile int*>(0xffff'ffff'8000'0000))); }
void WriteCode() { *Hidden(reinterpret_cast<volatile char*>(&ReadNull)) = 0; }

void ExecuteData() {
  static unsigned char return_instruction[] = {0xc3};
  reinterpret_cast<void (*)()>(Hidden(reinterpret_cast<uintptr_t>(return_instruction)))();
}

// A mapping that is writable and executable, with an instruction that stores into its own page: movb $42, 0x100(%rip).
void WriteSelf() {
  constexpr unsigned char kCode[] = {0xc6, 0x05, 0x00, 0x01, 0x00, 0x00, 42, 0xc3};
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  zx_vaddr_t address = 0;
  if (zx_vmo_create(4096, 0, &vmo) == ZX_OK && zx_vmo_write(vmo, kCode, 0, sizeof(kCode)) == ZX_OK &&
      zx_vmo_replace_as_executable(vmo, ZX_HANDLE_INVALID, &vmo) == ZX_OK &&
      zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE, 0, vmo, 0, 4096,
                  &address) == ZX_OK) {
    reinterpret_cast<void (*)()>(Hidden(address))();
  }
}

void JumpNowhere() { reinterpret_cast<void (*)()>(Hidden<uintptr_t>(0x7fff'0000'0000))(); }
void NonCanonical() { static_cast<void>(*Hidden(reinterpret_cast<volatile int*>(0x8000'0000'0000'0000))); }
void Divide() { static_cast<void>(Hidden(Hidden(1) / Hidden(0))); }
void Undefined() { asm volatile("ud2"); }
void Breakpoint() { asm volatile("int3"); }
// Number 0 is zx_handle_close: harmless if it were carried out.
void ForeignSyscall() { asm volatile("syscall" : : "a"(0), "D"(0) : "rcx", "r11", "memory"); }
void Privileged() { asm volatile("hlt"); }

// Every call needs its own frame, because the sum is formed after the calls inside have returned.
int Recurse(int depth) {
  volatile char frame[512];
  frame[0] = static_cast<char>(depth);
  return Hidden(depth) == -1 ? 0 : Recurse(depth + 1) + frame[0];
}
void StackOverflow() { static_cast<void>(Recurse(0)); }

void Work() { WriteNull(); }

// The main thread waits while another one faults.
void FaultInThread() {
  pagoda::Thread worker;
  if (worker.Start("worker", [] { Work(); }) == ZX_OK) {
    worker.Join();
  }
}

struct Kind {
  const char* name;
  void (*commit)();
  const char* description;
};

constexpr Kind kKinds[] = {
    {"read-null", ReadNull, "read from address 0"},
    {"write-null", WriteNull, "write to address 0"},
    {"read-kernel", ReadKernel, "read the kernel's memory"},
    {"write-code", WriteCode, "write to the program's own code"},
    {"write-self", WriteSelf, "write to the page that the writing instruction lies in"},
    {"execute-data", ExecuteData, "call into the program's data"},
    {"jump-nowhere", JumpNowhere, "call an address where nothing is mapped"},
    {"non-canonical", NonCanonical, "read from an address that no page table can map"},
    {"divide", Divide, "divide by zero"},
    {"undefined", Undefined, "execute ud2"},
    {"breakpoint", Breakpoint, "execute int3"},
    {"privileged", Privileged, "execute hlt"},
    {"foreign-syscall", ForeignSyscall, "make a system call outside the vDSO"},
    {"in-thread", FaultInThread, "write to address 0 in a second thread"},
    {"stack-overflow", StackOverflow, "recurse without end"},
};

int Usage() {
  fprintf(stderr, "usage: fault KIND\n");
  for (const Kind& kind : kKinds) {
    fprintf(stderr, "  %-16s %s\n", kind.name, kind.description);
  }
  return 2;
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count != 2) {
    return Usage();
  }
  for (const Kind& kind : kKinds) {
    if (strcmp(kind.name, arguments[1]) == 0) {
      printf("fault: about to %s\n", kind.description);
      kind.commit();
      printf("fault: still alive\n");
      return 1;
    }
  }
  return Usage();
}
