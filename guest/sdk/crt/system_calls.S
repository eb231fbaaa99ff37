// zx_*: one jump into the vDSO per system call, made from the list in shared/abi/syscalls.h. Registers and stack are
// passed on as they came, so the vDSO's slot sees the C call.

#include "shared/abi/syscalls.h"

        .intel_syntax noprefix
        .text

        .set    next_slot, 0

.macro  vdso_stub name
        .section .text.\name, "ax", @progbits
        .globl  \name
        .type   \name, @function
\name:
        mov     rax, [rip + pagoda_vdso_code]
        add     rax, next_slot * 32
        jmp     rax
        .size   \name, . - \name
        .set    next_slot, next_slot + 1
.endm

#define SYSTEM_CALL_STUB(name, arguments) vdso_stub zx_##name;
        PAGODA_SYSCALLS(SYSTEM_CALL_STUB)

// The functions of VdsoFunction, in their order.
        vdso_stub zx_clock_get_monotonic
        vdso_stub zx_ticks_get
        vdso_stub zx_ticks_per_second

        .section .note.GNU-stack, "", @progbits
