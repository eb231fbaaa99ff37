// void SwitchStacks(uint64_t* from_rsp rdi, uint64_t to_rsp rsi): saves what calls preserve and changes stacks.
//
// No privileged instruction: hosted tests switch their fibers with the same code.
.text
.global SwitchStacks
.type SwitchStacks, @function
SwitchStacks:
  push %rbx
  push %rbp
  push %r12
  push %r13
  push %r14
  push %r15
  mov %rsp, (%rdi)
  mov %rsi, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbp
  pop %rbx
  ret

// The first thing on a new stack: R12 = function, R13 = argument.
.global StartOnStack
.type StartOnStack, @function
StartOnStack:
  xor %ebp, %ebp
  mov %r13, %rdi
  call *%r12
  ud2

.section .note.GNU-stack, "", @progbits
