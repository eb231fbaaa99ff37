# Checks the registers and the boot information that shared/abi/boot_info.h promises. Exits with the number of the first
# check that fails, or 0.
.include "guest.inc"

.macro require_equal number, value, register
  movabsq $\value, %rcx
  cmpq %rcx, \register
  movl $\number, %ebx
  jne fail
.endm

.section .text
.globl guest_entry
guest_entry:
  movq %rdi, %r14
  movq %rsi, %r12
  movabsq $PHYSMAP, %r13
  require_equal 1, 0, %rsp
  require_equal 2, 0, %r12
  require_equal 3, 0, %rax
  movq %cr0, %rax
  require_equal 4, 0x80050033, %rax
  movq %cr4, %rax
  require_equal 5, 0x6a0, %rax
  movq %cr3, %rax
  cmpq BOOT_PAGE_TABLE_ROOT(%r14), %rax
  movl $6, %ebx
  jne fail
  movl $0xc0000080, %ecx
  rdmsr
  require_equal 7, 0xd01, %rax
  movl $0x1b, %ecx
  rdmsr
  require_equal 8, 0xfee00d00, %rax
  movq BOOT_MAGIC(%r14), %rax
  require_equal 9, 0x31746f6f42646750, %rax
  movl $0x802, %ecx
  rdmsr
  require_equal 10, 0, %rax
  xorl %eax, %eax
  movw %cs, %ax
  require_equal 11, 0x10, %rax
  movw %ss, %ax
  require_equal 12, 0x18, %rax
  xorl %ebx, %ebx
fail:
  movl %ebx, %r11d
  map_devices
  movl %r11d, EXIT(%r15)
  jmp .
