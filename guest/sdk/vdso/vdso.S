// The vDSO: the only code that knows how a system call traps, and how time follows from the TSC.
//
// It is assembled once for each trap instruction (PAGODA_VDSO_VARIANT, PAGODA_VDSO_TRAP) into two pages of read-only data
// that the kernel maps executable into every process. Slots of 32 bytes, numbered as shared/abi/syscalls.h says: first
// the system calls, then the functions of abi::VdsoFunction. Every reference is relative to the instruction pointer and
// resolved by the assembler, so the code works at any address that has the page of abi::VdsoData directly below it.

#include "shared/abi/syscalls.h"

        .intel_syntax noprefix

#define CONCATENATE_INNER(a, b, c) a##b##c
#define CONCATENATE(a, b, c) CONCATENATE_INNER(a, b, c)
#define VARIANT_START CONCATENATE(vdso_, PAGODA_VDSO_VARIANT, _start)
#define VARIANT_END CONCATENATE(vdso_, PAGODA_VDSO_VARIANT, _end)

        .section .rodata.vdso, "a", @progbits
        .balign 4096
        .globl  VARIANT_START, VARIANT_END
        .type   VARIANT_START, @object
VARIANT_START:
.Lcode:

// Fields of abi::VdsoData, seen from any instruction of the page.
#define DATA_BASE_TSC [rip + .Lcode - 4096 + 0]
#define DATA_BASE_NS [rip + .Lcode - 4096 + 8]
#define DATA_MULTIPLIER [rip + .Lcode - 4096 + 16]
#define DATA_SHIFT [rip + .Lcode - 4096 + 20]
#define DATA_TICKS_PER_SECOND [rip + .Lcode - 4096 + 24]

        .set    next_slot, 0

// Starts the next slot; it is an error for the one before to have run over.
.macro  begin_slot
        .org    .Lcode + next_slot * 32, 0xcc
        .set    next_slot, next_slot + 1
.endm

// The C ABI has the fourth argument in RCX, which `syscall` overwrites, and the seventh and eighth on the stack: they go
// to R10, R12 and R13, and the caller's R12 and R13 come back afterwards.
.macro  system_call arguments
        begin_slot
  .if \arguments == 7
        push    r12
        mov     r12, [rsp + 16]
  .elseif \arguments == 8
        push    r12
        push    r13
        mov     r12, [rsp + 24]
        mov     r13, [rsp + 32]
  .elseif \arguments > 8
        .error  "a system call has at most eight arguments"
  .endif
        mov     eax, next_slot - 1
  .if \arguments >= 4
        mov     r10, rcx
  .endif
        PAGODA_VDSO_TRAP
  .if \arguments == 8
        pop     r13
  .endif
  .if \arguments >= 7
        pop     r12
  .endif
        ret
.endm

#define SYSTEM_CALL_SLOT(name, arguments) system_call arguments;
        PAGODA_SYSCALLS(SYSTEM_CALL_SLOT)

// VdsoFunction::kClockGetMonotonic. The multiplication needs 96 bits and more than one slot.
        begin_slot
        jmp     .Lclock_get_monotonic

// VdsoFunction::kTicksGet. Without the fence the processor may read the TSC before what precedes it in the program, and
// time would seem to run backwards between threads (SDM volume 2, RDTSC).
        begin_slot
        lfence
        rdtsc
        shl     rdx, 32
        or      rax, rdx
        ret

// VdsoFunction::kTicksPerSecond
        begin_slot
        mov     rax, DATA_TICKS_PER_SECOND
        ret

        begin_slot
.Lclock_get_monotonic:
        lfence
        rdtsc
        shl     rdx, 32
        or      rax, rdx
        // The TSC of another CPU may be a little behind the one that base_tsc was read from: time starts at base_ns.
        xor     edx, edx
        sub     rax, DATA_BASE_TSC
        cmovs   rax, rdx
        mov     ecx, DATA_SHIFT
        test    ecx, ecx
        js      1f
        shl     rax, cl
        jmp     2f
1:      neg     ecx
        shr     rax, cl
2:      mov     edx, DATA_MULTIPLIER
        mul     rdx
        shrd    rax, rdx, 32
        add     rax, DATA_BASE_NS
        ret

        .org    .Lcode + 8192, 0xcc
VARIANT_END:
        .size   VARIANT_START, 8192

        .section .note.GNU-stack, "", @progbits
