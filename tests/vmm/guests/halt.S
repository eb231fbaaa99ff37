# Halts for ever: interrupts are off.
.include "guest.inc"
guest_begin
  hlt
  exit_with 1
