# How guest code is compiled. Two kinds: the kernel (and its nucleus), and user programs (add_guest_program).

set(PAGODA_GUEST_COMMON_FLAGS
    -ffreestanding -nostdinc++ -fno-exceptions -fno-rtti -fno-stack-protector -fno-asynchronous-unwind-tables
    -fno-threadsafe-statics -fcf-protection=none -fno-pic -fno-pie -march=x86-64 -mtune=generic -fno-strict-aliasing)

# The kernel runs at CPL 3 but never touches the vector registers: they belong to the thread that it interrupted.
# It sits in the top 2 GiB (-mcmodel=kernel). Traps switch stacks, so the red zone is safe; it is kept out all the same,
# because the entry paths write below the stack pointer of interrupted kernel code when it crashes.
# gcc must not turn "undefined" into ud2: in the kernel's address space that instruction means "resume a thread".
set(PAGODA_KERNEL_FLAGS
    ${PAGODA_GUEST_COMMON_FLAGS} -mcmodel=kernel -mgeneral-regs-only -mno-red-zone -O2 -g
    -fno-isolate-erroneous-paths-dereference -fno-delete-null-pointer-checks
    # Destructors of globals go into a table that the linker script drops, instead of being registered by start-up code.
    -fno-use-cxa-atexit)
list(REMOVE_ITEM PAGODA_KERNEL_FLAGS -nostdinc++)

include(${CMAKE_CURRENT_LIST_DIR}/sdk/sdk.cmake)
