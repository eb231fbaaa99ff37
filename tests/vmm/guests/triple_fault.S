# Faults with an empty IDT, so that delivering the fault, and then the double fault, faults again.
.include "guest.inc"
guest_begin
  movq $0x5ca1ab1e, %rbx
  ud2
