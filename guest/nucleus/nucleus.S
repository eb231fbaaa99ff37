// The nucleus: all code that runs in ring 0.
//
// On a software KVM each instruction here is emulated at about a microsecond, so every path is counted. A trap from user
// code takes 4 instructions to reach the kernel at CPL 3 (5 for a page fault), a resume takes 4 (6 with a store).
//
// How a trap travels. The CPU pushes its frame on the trap stack (TSS.RSP0), a page that the kernel maps too. The stub
// swaps RAX with the kernel's CR3, which waits in a slot, and loads it. The next instruction is fetched from the *kernel's*
// page at the same address: the same stub, continued. It points RSP at a prebuilt frame whose RIP says which vector it was,
// and iretq lands in the kernel at CPL 3, interrupts off. Registers, frame and the swapped RAX are saved there, natively.
//
// Both views are written as one page each. They are position-independent: RIP-relative addresses reach the data page of
// whichever CPU's area the page is mapped in.

#include "guest/nucleus/layout.h"
#include "shared/abi/debug_trap.h"

// Where #DB and #BP lead with a debugger (debug_trap.h): the same in every view but for `without`, the stub that the trap
// has without one.
.macro DEBUG_STUB port without
  out %al, $\port
  iretq
  jmp \without
.endm

// ---------------------------------------------------------------------------------------------------------------------
// The user view: what the CPU executes while a user's page tables are loaded.

.section .nucleus.stubs, "a"
.balign 4096
.global nucleus_user_stubs
nucleus_user_stubs:
user_view:
vector = 0
.rept NUCLEUS_VECTORS
  .org vector * STUB_SIZE
  xchg %rax, (NUCLEUS_DATA - NUCLEUS_STUBS + DATA_SCRATCH + user_view)(%rip)
  mov %rax, %cr3
  // The rest of the stub is in the kernel's view, STUB_CONTINUE bytes in.
  vector = vector + 1
.endr

.org STUB_SYSCALL
  // `syscall` (hardware only) leaves the user's RSP in place. Interrupts are off by IA32_FMASK.
  mov %rsp, (NUCLEUS_DATA - NUCLEUS_STUBS + DATA_SYSCALL_RSP + user_view)(%rip)
  xchg %rax, (NUCLEUS_DATA - NUCLEUS_STUBS + DATA_SCRATCH + user_view)(%rip)
  mov %rax, %cr3

.org STUB_RESUME + 3
  // Reached by falling through from the kernel's view after its `mov %rax, %cr3`.
  mov (NUCLEUS_DATA - NUCLEUS_STUBS + DATA_RESUME_RAX + user_view)(%rip), %rax
  lea (NUCLEUS_DATA - NUCLEUS_STUBS + DATA_RESUME_FRAME + user_view)(%rip), %rsp
  iretq

.org STUB_DEBUG_STEP
  DEBUG_STUB PAGODA_DEBUG_PORT_STEP, user_view+1*STUB_SIZE
.org STUB_DEBUG_BREAKPOINT
  DEBUG_STUB PAGODA_DEBUG_PORT_BREAKPOINT, user_view+3*STUB_SIZE
.org 0x1000, 0xcc

// ---------------------------------------------------------------------------------------------------------------------
// The kernel view. It stands in the image twice: once in the bootstrap page tables' area of CPU 0, to get out of them, and
// once on a read-only page that the kernel maps into every area.

// Entry number n's frame, 40 bytes each.
#define FRAME(n) (NUCLEUS_FRAMES - NUCLEUS_STUBS + (n) * 40 + \view)(%rip)

.macro KERNEL_VIEW view
vector = 0
.rept NUCLEUS_VECTORS
  .org \view + vector * STUB_SIZE + STUB_CONTINUE
  .if vector == 14
    mov %cr2, %rax  // stays there: the user's RAX is in the slot already
  .endif
  lea FRAME(vector), %rsp
  iretq
  vector = vector + 1
.endr

.org \view + STUB_SYSCALL
\view\()_syscall:
  // Only a probe at boot executes `syscall` with the kernel's page tables loaded: it entered ring 0, which is the answer.
  jmp \view + STUB_PROBE_RETURN
.org \view + STUB_SYSCALL + 17
  lea FRAME(NUCLEUS_ENTRY_SYSCALL), %rsp
  iretq

.org \view + STUB_RESUME_STORING
\view\()_resume_storing:
  // The same with a page-table entry that the kernel left to us (late_entry.h): two instructions of RSP and memory, as
  // every general register is the user's already.
  mov (NUCLEUS_DATA - NUCLEUS_STUBS + DATA_STORE_END + \view)(%rip), %rsp
  pushq (NUCLEUS_DATA - NUCLEUS_STUBS + DATA_STORE_VALUE + \view)(%rip)

.org \view + STUB_RESUME
\view\()_resume:
  // The kernel's ud2. RAX = the user's CR3.
  mov %rax, %cr3

.org \view + STUB_SERVICE
\view\()_service:
  // The kernel's hlt, or a real general-protection fault. R8 = key, R9 = address of the service.
  cmp %r8, (NUCLEUS_DATA - NUCLEUS_STUBS + DATA_SERVICE_KEY + \view)(%rip)
  jne \view + STUB_KERNEL_FAULT + 13 * STUB_SIZE
  add $8, %rsp    // the error code
  jmp *%r9

.org \view + STUB_IDLE
\view\()_idle:
  // An interrupt ends this: its gate leads into the kernel at the idle thread's stack. STI takes effect behind HLT, so
  // an interrupt that is already pending ends the halt (SDM volume 2B, STI).
  sti
1:hlt
  jmp 1b

.org \view + STUB_WRITE_MSR
\view\()_write_msr:
  wrmsr
  incq (%rsp)     // past the hlt
  iretq

.org \view + STUB_READ_MSR
\view\()_read_msr:
  rdmsr
  incq (%rsp)
  iretq

.org \view + STUB_LOAD_ROOT
\view\()_load_root:
  // The area is mapped alike in every root that is ever loaded here.
  mov %rdi, %cr3
  incq (%rsp)
  iretq

.org \view + STUB_PROBE_RETURN
\view\()_probe_return:
  // `syscall` put the return address into RCX. SYSRET is not used: an iretq frame works from any state.
  lea (NUCLEUS_DATA - NUCLEUS_STUBS + DATA_TRAP_STACK_TOP - 64 + \view)(%rip), %rsp
  push $SELECTOR_SS3
  push %rbx       // the probe keeps its stack pointer here
  push $2
  push $SELECTOR_CS3
  push %rcx
  iretq

// Faults of the kernel itself: hand everything to its crash handler, on a stack of its own.
.org \view + STUB_KERNEL_FAULT
\view\()_kernel_fault:
vector = 0
.rept 32
  .org \view + STUB_KERNEL_FAULT + vector * STUB_SIZE
  mov %rax, (NUCLEUS_DATA - NUCLEUS_STUBS + DATA_KERNEL_RAX + \view)(%rip)
  mov %cr2, %rax
  mov %rax, (NUCLEUS_DATA - NUCLEUS_STUBS + DATA_FAULT_ADDRESS + \view)(%rip)
  lea FRAME(NUCLEUS_ENTRY_KERNEL_FAULT + vector), %rsp
  iretq
  vector = vector + 1
.endr

.org \view + STUB_DEBUG_STEP
\view\()_debug:
  DEBUG_STUB PAGODA_DEBUG_PORT_STEP, \view+STUB_KERNEL_FAULT+1*STUB_SIZE
.org \view + STUB_DEBUG_BREAKPOINT
  DEBUG_STUB PAGODA_DEBUG_PORT_BREAKPOINT, \view+STUB_KERNEL_FAULT+3*STUB_SIZE
.org \view + 0x1000, 0xcc
.endm

.section .nucleus.stubs
.balign 4096
.global nucleus_kernel_stubs
nucleus_kernel_stubs:
kernel_view:
KERNEL_VIEW kernel_view

.section .nucleus.boot_stubs, "ax"
.balign 4096
boot_view:
KERNEL_VIEW boot_view

// ---------------------------------------------------------------------------------------------------------------------
// Every CPU's first instructions. RDI = boot information, RSI = CPU index (boot_info.h); nothing is set up but paging.
// CPU 0 finds its area in the image; it prepares the others' before it starts them.

.section .nucleus.boot, "ax"
.global _start
_start:
  mov %rsi, %rbx
  shl $16, %rbx   // NUCLEUS_STRIDE
  lea NUCLEUS_BASE + NUCLEUS_DATA(%rbx), %rbx
  lgdt DATA_GDT_POINTER(%rbx)
  lidt DATA_IDT_POINTER(%rbx)
  mov $SELECTOR_TSS, %eax
  ltr %ax
  lea DATA_BOOT_FRAME(%rbx), %rsp
  iretq

// ---------------------------------------------------------------------------------------------------------------------
// CPU 0's data page as it must be when the first instruction runs. The kernel copies it for the other CPUs.

.section .nucleus.gates, "aw"
.balign 4096
nucleus_gates:
// CPU 0's gates of the kernel's view, filled by the kernel before its first trap. A debugger's traps may come earlier, so
// their two gates are here already; the kernel replaces them when there is no debugger.
#define EARLY_TARGET(stub) (NUCLEUS_BASE + NUCLEUS_STUBS + (stub))
.macro EARLY_GATE vector stub privilege  // SDM volume 3A, figure 6-8
  .org nucleus_gates + \vector * 16
  .word EARLY_TARGET(\stub) & 0xffff
  .word SELECTOR_CS0
  .byte 2         // IST
  .byte 0x8e | (\privilege << 5)
  .word (EARLY_TARGET(\stub) >> 16) & 0xffff
  .long (EARLY_TARGET(\stub) >> 32) & 0xffffffff
  .long 0
.endm
EARLY_GATE 1, STUB_DEBUG_STEP, 0
EARLY_GATE 3, STUB_DEBUG_BREAKPOINT, 3
.org nucleus_gates + 4096

.section .nucleus.data, "aw"
.balign 4096
nucleus_data:
#define AREA NUCLEUS_BASE
#define TSS_ADDRESS (NUCLEUS_BASE + NUCLEUS_DATA + DATA_TSS)
.org DATA_GDT
  .quad 0
  .quad 0
  .quad 0x00af9b000000ffff  // 0x10: 64-bit code, DPL 0, accessed
  .quad 0x00cf93000000ffff  // 0x18: data, DPL 0
  .quad 0
  .quad 0x00cff3000000ffff  // 0x28: data, DPL 3
  .quad 0x00affb000000ffff  // 0x30: 64-bit code, DPL 3
  .quad 0
  // 0x40: the TSS, 16 bytes (SDM 3A, figure 8-4). No I/O permission map: the limit ends where it would begin.
  .word 0x67
  .word TSS_ADDRESS & 0xffff
  .byte (TSS_ADDRESS >> 16) & 0xff
  .byte 0x89
  .byte 0
  .byte (TSS_ADDRESS >> 24) & 0xff
  .long (TSS_ADDRESS >> 32) & 0xffffffff
  .long 0
.org DATA_TSS
  .long 0
  .quad AREA + NUCLEUS_DATA + DATA_TRAP_STACK_TOP  // RSP0
  .quad 0, 0, 0
  .quad AREA + NUCLEUS_ABORT_STACK + 0x1000        // IST1
  .quad AREA + NUCLEUS_DATA + DATA_DEBUG_STACK_TOP // IST2
  .quad 0, 0, 0, 0, 0, 0
  .word 0, 0x68
.org DATA_GDT_POINTER
  .word 0x4f
  .quad AREA + NUCLEUS_DATA + DATA_GDT
.org DATA_IDT_POINTER
  .word NUCLEUS_VECTORS * 16 - 1
  .quad AREA + NUCLEUS_IDT
.org DATA_BOOT_FRAME
  .quad kernel_first_instruction
  .quad SELECTOR_CS3
  .quad 2
  .quad boot_stack_top
  .quad SELECTOR_SS3
.org DATA_SERVICE_KEY
  .quad NUCLEUS_SERVICE_KEY
.org 0x1000

.section .note.GNU-stack, "", @progbits
