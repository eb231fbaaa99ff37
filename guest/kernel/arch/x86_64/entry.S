// Where the kernel is entered, at CPL 3, and where it leaves.
//
// The nucleus lands on entry number n of the table below with RSP = the CPU's PerCpu, all general registers but RSP and
// RAX still the interrupted code's, its RAX in the nucleus' scratch slot, and the CPU's frame on the trap stack.

#include "guest/kernel/arch/x86_64/offsets.h"
#include "guest/nucleus/layout.h"

.text

// What unwinders read, in the file only. A function with the defaults has its return address on top of the stack, which
// `push` and `pop` in here change, but nobody stops there.
.cfi_sections .debug_frame

// Code that nobody called.
.macro BEGIN_OUTERMOST
  .cfi_startproc
  .cfi_undefined %rip
.endm

.macro SAVE_REGISTERS  // into the UserRegisters at RAX; all but RAX and RSP
  mov %rbx, REGISTERS_RBX(%rax)
  mov %rcx, REGISTERS_RCX(%rax)
  mov %rdx, REGISTERS_RDX(%rax)
  mov %rsi, REGISTERS_RSI(%rax)
  mov %rdi, REGISTERS_RDI(%rax)
  mov %rbp, REGISTERS_RBP(%rax)
  mov %r8, REGISTERS_R8(%rax)
  mov %r9, REGISTERS_R9(%rax)
  mov %r10, REGISTERS_R10(%rax)
  mov %r11, REGISTERS_R11(%rax)
  mov %r12, REGISTERS_R12(%rax)
  mov %r13, REGISTERS_R13(%rax)
  mov %r14, REGISTERS_R14(%rax)
  mov %r15, REGISTERS_R15(%rax)
.endm

// The nucleus left the user's RAX where the kernel's CR3 waits between traps: exchange them. RBX = data page, uses RCX.
.macro TAKE_SCRATCH
  mov DATA_SCRATCH(%rbx), %rcx
  mov %rcx, REGISTERS_RAX(%rax)
  mov PER_CPU_KERNEL_ROOT(%rsp), %rcx
  mov %rcx, DATA_SCRATCH(%rbx)
.endm

.macro ENTER_KERNEL handler
  mov %rsp, %rdi
  mov PER_CPU_STACK_TOP(%rsp), %rsp
  xor %ebp, %ebp        // the end of the chain for whoever walks frame pointers
  call \handler
  ud2
.endm

.balign 16
.global kernel_entries
kernel_entries:
entry_number = 0
.rept NUCLEUS_ENTRIES
  .balign 16
  movl $entry_number, PER_CPU_ENTRY(%rsp)
  .if entry_number == NUCLEUS_ENTRY_SYSCALL
    jmp enter_from_syscall
  .elseif entry_number == 14
    jmp enter_from_page_fault
  .elseif entry_number >= NUCLEUS_ENTRY_KERNEL_FAULT
    jmp enter_from_kernel_fault
  .else
    jmp enter_from_trap
  .endif
  entry_number = entry_number + 1
.endr

// RAX = CR2.
.balign 16
enter_from_page_fault:
  mov %rax, PER_CPU_FAULT_ADDRESS(%rsp)
enter_from_trap:
  BEGIN_OUTERMOST
  mov PER_CPU_USER_STATE(%rsp), %rax
  SAVE_REGISTERS
  mov PER_CPU_NUCLEUS_DATA(%rsp), %rbx
  TAKE_SCRATCH
  mov TRAP_RIP(%rbx), %rcx
  mov %rcx, REGISTERS_RIP(%rax)
  mov TRAP_RFLAGS(%rbx), %rcx
  mov %rcx, REGISTERS_RFLAGS(%rax)
  mov TRAP_RSP(%rbx), %rcx
  mov %rcx, REGISTERS_RSP(%rax)
  mov TRAP_ERROR(%rbx), %rcx
  mov %rcx, PER_CPU_ERROR_CODE(%rsp)
  ENTER_KERNEL HandleTrap
  .cfi_endproc

.balign 16
enter_from_syscall:
  BEGIN_OUTERMOST
  mov PER_CPU_USER_STATE(%rsp), %rax
  SAVE_REGISTERS
  mov %rcx, REGISTERS_RIP(%rax)      // SDM volume 2B, SYSCALL
  mov %r11, REGISTERS_RFLAGS(%rax)
  mov PER_CPU_NUCLEUS_DATA(%rsp), %rbx
  TAKE_SCRATCH
  mov DATA_SYSCALL_RSP(%rbx), %rcx
  mov %rcx, REGISTERS_RSP(%rax)
  ENTER_KERNEL HandleTrap
  .cfi_endproc

// The kernel itself faulted. Its registers are intact; RAX is in a slot of its own. They go into a UserRegisters on the
// crash stack; if a probe was running, it has failed, and that is its answer.
.balign 16
enter_from_kernel_fault:
  BEGIN_OUTERMOST
  cmpq $0, PER_CPU_PROBE_STACK(%rsp)
  jne probe_failed
  mov PER_CPU_CRASH_STACK_TOP(%rsp), %rax
  sub $160, %rax
  SAVE_REGISTERS
  mov PER_CPU_NUCLEUS_DATA(%rsp), %rbx
  mov DATA_KERNEL_RAX(%rbx), %rcx
  mov %rcx, REGISTERS_RAX(%rax)
  mov %rsp, %rdi
  mov %rax, %rsi
  mov %rax, %rsp
  xor %ebp, %ebp
  call HandleKernelFault
  ud2
  .cfi_endproc

// ---------------------------------------------------------------------------------------------------------------------
// void ResumeUserAt(UserRegisters* rdi, uint64_t root rsi, uint8_t* nucleus_data rdx)
.global ResumeUserAt
.balign 16
ResumeUserAt:
  mov REGISTERS_RAX(%rdi), %rcx
  mov %rcx, DATA_RESUME_RAX(%rdx)
  mov REGISTERS_RIP(%rdi), %rcx
  mov %rcx, DATA_RESUME_FRAME(%rdx)
  mov REGISTERS_RFLAGS(%rdi), %rcx
  mov %rcx, DATA_RESUME_FRAME+16(%rdx)
  mov REGISTERS_RSP(%rdi), %rcx
  mov %rcx, DATA_RESUME_FRAME+24(%rdx)
  mov %rsi, %rax
  mov REGISTERS_RBX(%rdi), %rbx
  mov REGISTERS_RCX(%rdi), %rcx
  mov REGISTERS_RDX(%rdi), %rdx
  mov REGISTERS_RSI(%rdi), %rsi
  mov REGISTERS_RBP(%rdi), %rbp
  mov REGISTERS_R8(%rdi), %r8
  mov REGISTERS_R9(%rdi), %r9
  mov REGISTERS_R10(%rdi), %r10
  mov REGISTERS_R11(%rdi), %r11
  mov REGISTERS_R12(%rdi), %r12
  mov REGISTERS_R13(%rdi), %r13
  mov REGISTERS_R14(%rdi), %r14
  mov REGISTERS_R15(%rdi), %r15
  mov REGISTERS_RDI(%rdi), %rdi
  ud2

// ---------------------------------------------------------------------------------------------------------------------
// Nucleus services: `hlt` at CPL 3 traps, R8 says that it was meant, R9 where to go. Any CPU's copy of the stubs will do,
// they are one page.
.macro SERVICE stub
  movabs $NUCLEUS_SERVICE_KEY, %r8
  mov $(NUCLEUS_BASE + NUCLEUS_STUBS + \stub), %r9
  hlt
.endm

.global NucleusIdle
NucleusIdle:
  .cfi_startproc
  SERVICE STUB_IDLE
  ud2
  .cfi_endproc

// void NucleusWriteMsr(uint32_t msr, uint64_t value)
.global NucleusWriteMsr
NucleusWriteMsr:
  .cfi_startproc
  mov %edi, %ecx
  mov %esi, %eax
  mov %rsi, %rdx
  shr $32, %rdx
  SERVICE STUB_WRITE_MSR
  ret
  .cfi_endproc

// uint64_t NucleusReadMsr(uint32_t msr)
.global NucleusReadMsr
NucleusReadMsr:
  .cfi_startproc
  mov %edi, %ecx
  SERVICE STUB_READ_MSR
  shl $32, %rdx
  mov %eax, %eax
  or %rdx, %rax
  ret
  .cfi_endproc

// void NucleusLoadRoot(uint64_t root)
.global NucleusLoadRoot
NucleusLoadRoot:
  .cfi_startproc
  SERVICE STUB_LOAD_ROOT
  ret
  .cfi_endproc

// ---------------------------------------------------------------------------------------------------------------------
// bool RunProbe(PerCpu* rdi, void (*probe)() rsi): true when `probe` returned, false when it faulted.
.global RunProbe
RunProbe:
  push %rbx
  push %rbp
  push %r12
  push %r13
  push %r14
  push %r15
  push %rdi
  mov %rsp, PER_CPU_PROBE_STACK(%rdi)
  call *%rsi
  mov $1, %eax
probe_done:
  pop %rdi
  movq $0, PER_CPU_PROBE_STACK(%rdi)
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbp
  pop %rbx
  ret
probe_failed:
  mov PER_CPU_PROBE_STACK(%rsp), %rsp
  xor %eax, %eax
  jmp probe_done

// Does `syscall` enter ring 0? If so the nucleus comes straight back here with RSP from RBX (STUB_PROBE_RETURN).
.global ProbeSyscallInstruction
ProbeSyscallInstruction:
  push %rbx
  mov %rsp, %rbx
  syscall
  pop %rbx
  ret

.global ProbeFsBaseInstruction
ProbeFsBaseInstruction:
  rdfsbase %rax
  wrfsbase %rax
  rdgsbase %rax
  ret

// ---------------------------------------------------------------------------------------------------------------------
.global kernel_first_instruction
kernel_first_instruction:
  BEGIN_OUTERMOST
  xor %ebp, %ebp
  call StartCpu
  ud2
  .cfi_endproc

// void CallOnStack(uint64_t stack_top rdi, void (*function)(const void*) rsi, const void* argument rdx): never returns.
.global CallOnStack
CallOnStack:
  BEGIN_OUTERMOST
  mov %rdi, %rsp
  mov %rdx, %rdi
  xor %ebp, %ebp
  call *%rsi
  ud2
  .cfi_endproc

// Where CPU 0 begins, until it can have a stack with a guard page.
.section .bss
.balign 16
  .skip 16384
.global boot_stack_top
boot_stack_top:

.section .note.GNU-stack, "", @progbits
