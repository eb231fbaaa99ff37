# Runs for ever in ring 3, where no host emulates: only a signal gets a vCPU out of there.
.include "guest.inc"
guest_begin
  lgdt gdt_pointer(%rip)
  leaq stack_top(%rip), %rsp
  pushq $0x2b                 # SS
  leaq stack_top(%rip), %rax
  pushq %rax                  # RSP
  pushq $2                    # RFLAGS: interrupts off
  pushq $0x33                 # CS
  leaq ring3(%rip), %rax
  pushq %rax                  # RIP
  iretq
ring3:
  movl $0x0ddba11, %ebx
1:
  jmp 1b

.section .data
.balign 16
gdt:
  .quad 0, 0
  .quad 0x00af9b000000ffff    # 0x10: code, ring 0
  .quad 0x00cf93000000ffff    # 0x18: data, ring 0
  .quad 0
  .quad 0x00cff3000000ffff    # 0x28: data, ring 3
  .quad 0x00affb000000ffff    # 0x30: code, ring 3
gdt_end:
gdt_pointer:
  .word gdt_end - gdt - 1
  .quad gdt

.section .bss
.balign 16
.skip 256
stack_top:
