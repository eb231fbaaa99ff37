# Exits with 0x12a, of which the low 8 bits are the exit code: 42.
.include "guest.inc"
guest_begin
  exit_with 0x12a
