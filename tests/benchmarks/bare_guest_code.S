# The code of the bare guests (bare_guest.h): no stack, no tables of their own, nothing but what is measured.
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

.section .note.GNU-stack, "", @progbits
