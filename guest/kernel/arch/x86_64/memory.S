// memcpy and memset for the kernel.
//
// Quadword string instructions, then the remaining bytes. On real CPUs they are as fast as byte string instructions with
// their fast path; where ring 0 is interpreted (boot), each iteration is paid for, and eight bytes for one is the better
// bargain. The direction flag is clear, as the ABI demands.
        .text

        // void* memcpy(void* rdi, const void* rsi, size_t rdx). Also right for a destination that overlaps the source
        // from below: it copies strictly upwards.
        .globl memcpy
        .type memcpy, @function
memcpy:
        mov     %rdi, %rax
        mov     %rdx, %rcx
        shr     $3, %rcx
        rep movsq
        mov     %edx, %ecx
        and     $7, %ecx
        rep movsb
        ret
        .size memcpy, . - memcpy

        // void* memset(void* rdi, int esi, size_t rdx)
        .globl memset
        .type memset, @function
memset:
        mov     %rdi, %r8
        movzbl  %sil, %eax
        movabs  $0x0101010101010101, %rcx
        imul    %rcx, %rax
        mov     %rdx, %rcx
        shr     $3, %rcx
        rep stosq
        mov     %edx, %ecx
        and     $7, %ecx
        rep stosb
        mov     %r8, %rax
        ret
        .size memset, . - memset

        .section .note.GNU-stack, "", @progbits
