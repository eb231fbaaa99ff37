# Starts CPU 1 with a copy of the bootstrap PML4. Exits with 0 when CPU 1 runs on that copy, although a value that is no
# page of RAM was written after it.
.include "guest.inc"
.set CPU_ROOT, 0x18
guest_begin
  testl %r12d, %r12d
  jnz second_cpu
  movq BOOT_PAGE_TABLE_ROOT(%r14), %rsi
  addq %r13, %rsi
  leaq copy(%rip), %rdi
  movl $512, %ecx
  cld
  rep movsq
  movq $(copy - IMAGE_OFFSET), %rax
  movq %rax, CPU_ROOT(%r15)
  incq %rax
  movq %rax, CPU_ROOT(%r15)     # not page-aligned
  movabsq $0x7ffffffff000, %rax
  movq %rax, CPU_ROOT(%r15)     # not in RAM
  movl $1, CPU_START(%r15)
  jmp .
second_cpu:
  movq %cr3, %rax
  subq $(copy - IMAGE_OFFSET), %rax
  movl %eax, EXIT(%r15)
  jmp .

.section .bss
.balign 4096
copy: .skip 4096
