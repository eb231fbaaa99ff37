// The state of a thread that a debugger reads and writes (zx_thread_read_state, zx_thread_write_state). The layouts are
// those of x86-64.
#pragma once

#include <zircon/types.h>

// NOLINTBEGIN(modernize-use-using)

typedef uint32_t zx_thread_state_topic_t;
#define ZX_THREAD_STATE_GENERAL_REGS ((zx_thread_state_topic_t)0u)  // zx_thread_state_general_regs_t
#define ZX_THREAD_STATE_FP_REGS ((zx_thread_state_topic_t)1u)       // zx_thread_state_fp_regs_t
#define ZX_THREAD_STATE_VECTOR_REGS ((zx_thread_state_topic_t)2u)   // zx_thread_state_vector_regs_t
#define ZX_THREAD_STATE_DEBUG_REGS ((zx_thread_state_topic_t)4u)    // zx_thread_state_debug_regs_t
#define ZX_THREAD_STATE_SINGLE_STEP ((zx_thread_state_topic_t)5u)   // zx_thread_state_single_step_t
#define ZX_THREAD_X86_REGISTER_FS ((zx_thread_state_topic_t)6u)     // zx_thread_x86_register_fs_t
#define ZX_THREAD_X86_REGISTER_GS ((zx_thread_state_topic_t)7u)     // zx_thread_x86_register_gs_t

typedef struct zx_thread_state_general_regs {
  uint64_t rax;
  uint64_t rbx;
  uint64_t rcx;
  uint64_t rdx;
  uint64_t rsi;
  uint64_t rdi;
  uint64_t rbp;
  uint64_t rsp;
  uint64_t r8;
  uint64_t r9;
  uint64_t r10;
  uint64_t r11;
  uint64_t r12;
  uint64_t r13;
  uint64_t r14;
  uint64_t r15;
  uint64_t rip;
  uint64_t rflags;
  uint64_t fs_base;
  uint64_t gs_base;
} zx_thread_state_general_regs_t;

typedef struct zx_thread_state_fp_regs {
  uint16_t fcw;
  uint16_t fsw;
  uint8_t ftw;
  uint8_t reserved;
  uint16_t fop;
  uint64_t fip;
  uint64_t fdp;
  uint8_t padding1[8];
  struct {
    uint64_t low;
    uint64_t high;
  } st[8];
} zx_thread_state_fp_regs_t;

typedef struct zx_thread_state_vector_regs {
  struct {
    uint64_t v[8];
  } zmm[32];
  uint64_t opmask[8];
  uint32_t mxcsr;
  uint8_t padding1[4];
} zx_thread_state_vector_regs_t;

typedef struct zx_thread_state_debug_regs {
  uint64_t dr[4];
  uint64_t dr6;
  uint64_t dr7;
} zx_thread_state_debug_regs_t;

typedef uint32_t zx_thread_state_single_step_t;
typedef uint64_t zx_thread_x86_register_fs_t;
typedef uint64_t zx_thread_x86_register_gs_t;

// NOLINTEND(modernize-use-using)

#if defined(__cplusplus)
static_assert(offsetof(zx_thread_state_general_regs_t, rip) == 128);
static_assert(sizeof(zx_thread_state_general_regs_t) == 160);
static_assert(sizeof(zx_thread_state_fp_regs_t) == 160);
static_assert(sizeof(zx_thread_state_vector_regs_t) == 2120);
static_assert(sizeof(zx_thread_state_debug_regs_t) == 48);
#endif
