# Reads and writes device space where nothing is: reads give ones, writes vanish. Port I/O likewise.
.include "guest.inc"
guest_begin
  movq $0x1234, 0x100000(%r15)
  movq 0x100000(%r15), %rax
  cmpq $-1, %rax
  jne 1f
  outb %al, $0x80
  xorl %eax, %eax
  inb $0x80, %al
  cmpb $0xff, %al
  jne 2f
  exit_with 0
1:
  exit_with 1
2:
  exit_with 2
