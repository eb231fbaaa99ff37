# Reports a crash.
.include "guest.inc"
guest_begin
  movq $(report - IMAGE_OFFSET), %rax
  movq %rax, CRASH(%r15)
  jmp .

.section .data
report:
  .quad 0x1111111111111111        # rip
  .fill 20, 8, 0                  # the other registers
  .long 13, 0                     # vector, cpu
1:
  .ascii "out of\n\033[31mcheese\0"
  .fill 256 - (. - 1b), 1, 0x41
