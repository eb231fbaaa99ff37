// Where the guest's ring-0 code lies, as far as the monitor knows it: enough to see from a stopped CPU's registers that
// it is in there, and what it was entered from. Read by the assembler and by C++; the rest is in
// guest/nucleus/layout.h.
#pragma once

// Each CPU has an area of NUCLEUS_STRIDE bytes at NUCLEUS_BASE + index * NUCLEUS_STRIDE, in every address space.
#define NUCLEUS_BASE 0xffffffffc0000000
#define NUCLEUS_STRIDE 0x10000

// Pages of an area. The symbols nucleus_user_stubs and nucleus_kernel_stubs of the kernel's file are the two pages of
// code of which one or the other is mapped, depending on the address space.
#define NUCLEUS_STUBS 0x1000
#define NUCLEUS_DATA 0x2000

// The stubs page begins with one stub for each vector with a gate.
#define NUCLEUS_VECTORS 64
#define STUB_SIZE 32

// In the data page, what the CPU pushes at a trap from ring 3.
#define TRAP_SS 0xff8
#define TRAP_RSP 0xff0
#define TRAP_RFLAGS 0xfe8
#define TRAP_CS 0xfe0
#define TRAP_RIP 0xfd8
