// Where a debug call begins and ends (shared/abi/debug_call.h).
.text

// RDI, RSI, RDX: command, argument, cursor. RSP: the top of a stack of its own.
.global debug_call_entry
.balign 16
debug_call_entry:
  xor %ebp, %ebp        // the end of the chain for whoever walks frame pointers
  call RunDebugCall     // does not return

// void ReturnFromDebugCall(uint64_t error rdi, uint64_t size rsi, uint64_t cursor rdx): never returns. The monitor takes
// the registers when the CPU stops at the int3, and puts back what it had before the call.
.global ReturnFromDebugCall
.balign 16
ReturnFromDebugCall:
  mov %rdi, %rax
  mov %rdx, %rcx
  mov %rsi, %rdx
.global debug_call_return
debug_call_return:
  int3
  jmp debug_call_return

.section .note.GNU-stack, "", @progbits
