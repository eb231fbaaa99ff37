# Reports the fault of a program, once from where there is no RAM, then properly; exits with 7.
.include "guest.inc"
guest_begin
  movq $-8, USER_FAULT(%r15)
  movq $(report - IMAGE_OFFSET), %rax
  movq %rax, USER_FAULT(%r15)
  exit_with 7

.section .data
report:
  .quad 0x1111111111111111        # rip
  .fill 18, 8, 0                  # the other registers, the root
  .long 14, 6                     # vector, error code
  .quad 0x8                       # fault address
  .long -25, 1                    # status, other threads
  .quad others - IMAGE_OFFSET
  .quad 5, 6                      # process, thread
  .ascii "evil\033"
  .fill 27, 1, 0
  .fill 32, 1, 0x41               # no terminator
  .fill 8, 8, 0
others:
  .quad 0x2222222222222222        # rip
  .fill 17, 8, 0
  .quad 9
  .fill 32, 1, 0
