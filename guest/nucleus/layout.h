// Where the nucleus lies and what the kernel finds there. Read by the assembler and by C++.
//
// Each CPU has an area of NUCLEUS_STRIDE bytes at NUCLEUS_BASE + index * NUCLEUS_STRIDE, mapped for ring 0 only:
//
//   offset  page            user's address space      kernel's address space
//   0x0000  IDT             every gate -> entry stub   gates of its own (see below)
//   0x1000  stubs           view "user"                view "kernel"
//   0x2000  data            the same page: GDT, TSS, the slots, the trap stack
//   0x3000  frames          the same page: one prebuilt iretq frame per entry into the kernel
//   0x4000  abort stack     the same page: NMI, double fault, machine check (IST)
//
// IDT and stubs are *different physical pages at the same address*. That is the whole security argument: what a gate or
// a stub does depends on whose page tables are loaded, so "resume a thread" exists only where the kernel's are.
#pragma once

#include "shared/abi/nucleus_area.h"

#define NUCLEUS_IDT 0x0000
#define NUCLEUS_FRAMES 0x3000
#define NUCLEUS_ABORT_STACK 0x4000
#define NUCLEUS_PAGES 5

// Vectors 0..NUCLEUS_VECTORS - 1 have gates: exceptions, then interrupts from 0x20 on.
#define NUCLEUS_FIRST_INTERRUPT 0x20
#define NUCLEUS_VECTOR_TIMER 0x20
#define NUCLEUS_VECTOR_IPI 0x21
#define NUCLEUS_VECTOR_DEVICES 0x30
#define NUCLEUS_VECTOR_SPURIOUS 0x3f
// Not a vector: the number under which a `syscall` instruction enters the kernel.
#define NUCLEUS_ENTRY_SYSCALL 64
// Exceptions that the kernel itself causes enter under 65 + vector.
#define NUCLEUS_ENTRY_KERNEL_FAULT 65
#define NUCLEUS_ENTRIES (NUCLEUS_ENTRY_KERNEL_FAULT + 32)

// Offsets inside the stubs page.
#define STUB_CONTINUE 10  // bytes of a stub before the address space changes: xchg, mov to cr3
#define STUB_SYSCALL 0x800
#define STUB_RESUME 0x840
#define STUB_RESUME_STORING (STUB_RESUME - 13)  // falls through into STUB_RESUME
#define STUB_SERVICE 0x880
#define STUB_IDLE 0x8c0
#define STUB_WRITE_MSR 0x900
#define STUB_READ_MSR 0x940
#define STUB_LOAD_ROOT 0x980
#define STUB_PROBE_RETURN 0x9c0
#define STUB_KERNEL_FAULT 0xa00  // 32 stubs
#define STUB_DEBUG_STEP 0xe00
#define STUB_DEBUG_BREAKPOINT 0xe20

// Offsets inside the data page.
#define DATA_GDT 0x000
#define DATA_TSS 0x080
#define DATA_GDT_POINTER 0x100
#define DATA_IDT_POINTER 0x110
#define DATA_BOOT_FRAME 0x120
#define DATA_SCRATCH 0x180        // the kernel's CR3 between traps; the user's RAX after one
#define DATA_FAULT_ADDRESS 0x188  // of kernel code that faulted; a user's is in RAX
#define DATA_SYSCALL_RSP 0x190
#define DATA_RESUME_RAX 0x198
#define DATA_RESUME_FRAME 0x1a0  // RIP, CS, RFLAGS, RSP, SS
#define DATA_SERVICE_KEY 0x1c8
#define DATA_KERNEL_RAX 0x1d0       // RAX of kernel code that faulted
#define DATA_STORE_END 0x1d8        // what STUB_RESUME_STORING stores: where it ends, in the kernel's address space
#define DATA_STORE_VALUE 0x1e0      // 8 bytes
#define DATA_DEBUG_STACK_TOP 0x800  // one frame: #DB and #BP with a debugger (IST2)
#define DATA_TRAP_STACK_TOP 0x1000

// Below the frame of nucleus_area.h, for exceptions that have one.
#define TRAP_ERROR 0xfd0

// Selectors. Linux's, because the software KVM insists on them (the frame of a trap from CPL 3 always shows 0x33/0x2b).
#define SELECTOR_CS0 0x10
#define SELECTOR_SS0 0x18
#define SELECTOR_CS3 0x33
#define SELECTOR_SS3 0x2b
#define SELECTOR_TSS 0x40

// In R8 for a nucleus service call: tells a wanted `hlt` at CPL 3 from a general-protection fault of the kernel.
#define NUCLEUS_SERVICE_KEY 0x5eaf00d5e7713e57
