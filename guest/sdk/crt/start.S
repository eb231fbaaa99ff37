// Where a program begins: RDI = pagoda::abi::ProcessStartup, RSI = address of the vDSO's code, RSP = top of the stack.

        .intel_syntax noprefix
        .text
        .globl  _start
        .type   _start, @function
_start:
        // A zero frame pointer ends the chain that debuggers follow.
        xor     ebp, ebp
        call    PagodaStart
        ud2
        .size   _start, . - _start

        .section .note.GNU-stack, "", @progbits
