# The linked tiny guests as bytes: a table of {name, start, end}, ended by zeros.
.macro TINY_GUEST name
  .section .rodata
  .balign 8
guest_\name\()_start:
  .incbin "\name\().elf"
guest_\name\()_end:
guest_\name\()_name:
  .asciz "\name"
  .section .data.rel.ro, "aw"
  .balign 8
  .quad guest_\name\()_name, guest_\name\()_start, guest_\name\()_end
.endm

.section .data.rel.ro, "aw"
.balign 8
.globl tiny_guest_table
tiny_guest_table:
.include "list.inc"
.section .data.rel.ro, "aw"
.quad 0, 0, 0
.section .note.GNU-stack, "", @progbits
