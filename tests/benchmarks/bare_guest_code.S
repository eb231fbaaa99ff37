# The code of the bare guests (bare_guest.h): nothing but what is measured.
#
# It runs at an address that it is not linked for, so all of it is position-independent.
.section .rodata
.balign 16

# Ring 0: one byte to port 0x10 after the other.
.globl kBenchPortWriterBegin, kBenchPortWriterEnd
kBenchPortWriterBegin:
  movl $0x10, %edx
1:
  outb %al, %dx
  jmp 1b
kBenchPortWriterEnd:

# Ring 3: one store to the address in r8 after the other.
.globl kBenchDeviceWriterBegin, kBenchDeviceWriterEnd
kBenchDeviceWriterBegin:
1:
  movl $1, (%r8)
  jmp 1b
kBenchDeviceWriterEnd:

# Ring 3: reads a byte of each page of a list and writes down, in TSC cycles, how long it took; then stores to the
# address in r8. rdi: page 0, rsi: the list (32-bit indices of pages), rdx: its length, rcx: the results (32 bits each).
.globl kBenchPageToucherBegin, kBenchPageToucherEnd
kBenchPageToucherBegin:
  movq %rdx, %r11
  xorl %r9d, %r9d
1:
  movl (%rsi,%r9,4), %r10d
  shlq $12, %r10
  lfence
  rdtsc
  movl %eax, %r12d
  movb (%rdi,%r10), %bl
  lfence
  rdtsc
  subl %r12d, %eax
  movl %eax, (%rcx,%r9,4)
  incq %r9
  cmpq %r11, %r9
  jb 1b
2:
  movl $1, (%r8)
  jmp 2b
kBenchPageToucherEnd:

# Ring 3: executes int3 rdx times and writes down, in TSC cycles, how long each took; then stores to the address in r8.
# rcx: the results (32 bits each). The two handlers are ring 0's: the first only returns, the second loads the page-table
# root in rbx and then that in rbp before.
.globl kBenchTrapperBegin, kBenchTrapHandler, kBenchRootTrapHandler, kBenchTrapperEnd
kBenchTrapperBegin:
  movq %rdx, %r11
  xorl %r9d, %r9d
1:
  lfence
  rdtsc
  movl %eax, %r12d
  int3
  lfence
  rdtsc
  subl %r12d, %eax
  movl %eax, (%rcx,%r9,4)
  incq %r9
  cmpq %r11, %r9
  jb 1b
2:
  movl $1, (%r8)
  jmp 2b
kBenchTrapHandler:
  iretq
kBenchRootTrapHandler:
  movq %rbx, %cr3
  movq %rbp, %cr3
  iretq
kBenchTrapperEnd:

.section .note.GNU-stack, "", @progbits
