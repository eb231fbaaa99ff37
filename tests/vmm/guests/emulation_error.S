# Jumps into device space: there are no instructions that KVM could fetch.
.include "guest.inc"
guest_begin
  leaq 0x100000(%r15), %rax
  jmp *%rax
