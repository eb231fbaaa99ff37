// How the nucleus stops for a debugger. Read by the assembler and by C++.
//
// With a debugger the gates of vectors 1 (#DB) and 3 (#BP) of every CPU lead to a stub in ring 0, in both views of the
// nucleus:
//
//     out %al, $port     exits to the monitor
//     iretq              continues what was interrupted
//     jmp ...            the way that the trap takes without a debugger
//
// At the exit all general registers but RSP are those of the interrupted code, CR3 is its address space, and RSP points
// at the frame that the CPU pushed: RIP, CS, RFLAGS, RSP, SS. The monitor reads and changes the interrupted code's
// registers there. The frame is on a stack of its own, so that the kernel's entry code can be debugged, too, which
// reads the frame of what it was entered from. To give the trap to the guest the monitor completes the `out`, moves the
// frame to the top of the trap stack (RSP0 of the TSS) and RSP with it, and skips the iretq.
#pragma once

// The port says which trap it was.
#define PAGODA_DEBUG_PORT_STEP 0xd1        // #DB
#define PAGODA_DEBUG_PORT_BREAKPOINT 0xd3  // #BP

// Bytes of `out` and of `iretq`.
#define PAGODA_DEBUG_OUT_SIZE 2
#define PAGODA_DEBUG_IRETQ_SIZE 2

// Where the frame of what the nucleus resumes next lies: so many bytes below the top of the CPU's trap stack (RSP0 of
// its TSS).
#define PAGODA_RESUME_FRAME_BELOW_TRAP_STACK 0xe60
// So many bytes below that frame lies its RAX; all other general registers are the resumed code's own already.
#define PAGODA_RESUME_RAX_BELOW_FRAME 8

// The page in a CPU's area with the frames by which the nucleus enters the kernel, one behind the other
// (nucleus_area.h).
#define PAGODA_ENTRY_FRAMES 0x3000
// Whose code a CPU runs: all these frames have one RSP, and so many bytes above it lies a number that each thread has
// for itself.
#define PAGODA_ENTRY_THREAD 8

// Where in it the nucleus begins to resume a program: a `mov %rax, %cr3` of so many bytes.
#define PAGODA_RESUME_STUB 0x1840
#define PAGODA_RESUME_ROOT_SIZE 3
