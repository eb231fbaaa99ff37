# Starts every CPU, also those that run or do not exist; exits with the number of CPUs that came up.
.include "guest.inc"
guest_begin
  lock incl started(%rip)
  testl %r12d, %r12d
  jnz 3f
  xorl %eax, %eax
1:
  movl %eax, CPU_START(%r15)
  incl %eax
  cmpl $16, %eax
  jb 1b
  movl BOOT_CPU_COUNT(%r14), %eax
2:
  pause
  cmpl %eax, started(%rip)
  jne 2b
  movl %eax, EXIT(%r15)
3:
  pause
  jmp 3b

.section .bss
started: .long 0
