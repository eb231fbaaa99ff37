# Runs for ever.
.include "guest.inc"
guest_begin
  movq $0x0ddba11, %rbx
1:
  pause
  jmp 1b
