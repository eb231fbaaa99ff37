# Reports a crash at an address that is not RAM.
.include "guest.inc"
guest_begin
  movq $-8, CRASH(%r15)
  jmp .
