// Exceptions of user threads: what happened, and the report that a handler reads. The layout is that of x86-64.
#pragma once

#include <zircon/types.h>

// NOLINTBEGIN(modernize-use-using)

typedef uint32_t zx_excp_type_t;

// Set in the types that the kernel makes up; the others come from the processor.
#define ZX_EXCP_SYNTH ((zx_excp_type_t)0x8000u)
#define ZX_EXCP_IS_ARCH(type) (((type)&ZX_EXCP_SYNTH) == 0)

#define ZX_EXCP_GENERAL ((zx_excp_type_t)0x008u)
#define ZX_EXCP_FATAL_PAGE_FAULT ((zx_excp_type_t)0x108u)
#define ZX_EXCP_UNDEFINED_INSTRUCTION ((zx_excp_type_t)0x208u)
#define ZX_EXCP_SW_BREAKPOINT ((zx_excp_type_t)0x308u)
#define ZX_EXCP_HW_BREAKPOINT ((zx_excp_type_t)0x408u)
#define ZX_EXCP_UNALIGNED_ACCESS ((zx_excp_type_t)0x508u)
#define ZX_EXCP_THREAD_STARTING ((zx_excp_type_t)(0x008u | ZX_EXCP_SYNTH))
#define ZX_EXCP_THREAD_EXITING ((zx_excp_type_t)(0x108u | ZX_EXCP_SYNTH))
#define ZX_EXCP_POLICY_ERROR ((zx_excp_type_t)(0x208u | ZX_EXCP_SYNTH))
#define ZX_EXCP_PROCESS_STARTING ((zx_excp_type_t)(0x308u | ZX_EXCP_SYNTH))

// synth_code of ZX_EXCP_POLICY_ERROR: which policy was violated.
#define ZX_EXCP_POLICY_CODE_BAD_HANDLE ((uint32_t)0u)
#define ZX_EXCP_POLICY_CODE_WRONG_OBJECT ((uint32_t)1u)
#define ZX_EXCP_POLICY_CODE_VMAR_WX ((uint32_t)2u)
#define ZX_EXCP_POLICY_CODE_NEW_ANY ((uint32_t)3u)
#define ZX_EXCP_POLICY_CODE_NEW_VMO ((uint32_t)4u)
#define ZX_EXCP_POLICY_CODE_NEW_CHANNEL ((uint32_t)5u)
#define ZX_EXCP_POLICY_CODE_NEW_EVENT ((uint32_t)6u)
#define ZX_EXCP_POLICY_CODE_NEW_EVENTPAIR ((uint32_t)7u)
#define ZX_EXCP_POLICY_CODE_NEW_PORT ((uint32_t)8u)
#define ZX_EXCP_POLICY_CODE_NEW_SOCKET ((uint32_t)9u)
#define ZX_EXCP_POLICY_CODE_NEW_FIFO ((uint32_t)10u)
#define ZX_EXCP_POLICY_CODE_NEW_TIMER ((uint32_t)11u)
#define ZX_EXCP_POLICY_CODE_NEW_PROCESS ((uint32_t)12u)
#define ZX_EXCP_POLICY_CODE_NEW_PROFILE ((uint32_t)13u)
#define ZX_EXCP_POLICY_CODE_NEW_PAGER ((uint32_t)14u)
#define ZX_EXCP_POLICY_CODE_AMBIENT_MARK_VMO_EXEC ((uint32_t)15u)
#define ZX_EXCP_POLICY_CODE_CHANNEL_FULL_WRITE ((uint32_t)16u)
#define ZX_EXCP_POLICY_CODE_PORT_TOO_MANY_PACKETS ((uint32_t)17u)
#define ZX_EXCP_POLICY_CODE_BAD_SYSCALL ((uint32_t)18u)
#define ZX_EXCP_POLICY_CODE_PORT_TOO_MANY_OBSERVERS ((uint32_t)19u)

// Option of zx_task_create_exception_channel.
#define ZX_EXCEPTION_CHANNEL_DEBUGGER ((uint32_t)1u)

typedef struct zx_x86_64_exc_data {
  uint64_t vector;
  uint64_t err_code;
  uint64_t cr2;
} zx_x86_64_exc_data_t;

typedef struct zx_exception_header {
  uint32_t size;  // bytes of the whole report
  zx_excp_type_t type;
} zx_exception_header_t;

// For a fatal page fault synth_code is the zx_status_t of the failed fault, never ZX_OK.
typedef struct zx_exception_context {
  union {
    zx_x86_64_exc_data_t x86_64;
  } arch;
  uint32_t synth_code;
  uint32_t synth_data;
} zx_exception_context_t;

typedef struct zx_exception_report {
  zx_exception_header_t header;
  zx_exception_context_t context;
} zx_exception_report_t;

// The message in an exception channel; the exception's handle travels beside it.
typedef struct zx_exception_info {
  zx_koid_t pid;
  zx_koid_t tid;
  zx_excp_type_t type;
  uint8_t padding1[4];
} zx_exception_info_t;

// NOLINTEND(modernize-use-using)

#if defined(__cplusplus)
static_assert(offsetof(zx_exception_report_t, context.arch.x86_64.cr2) == 24);
static_assert(offsetof(zx_exception_report_t, context.synth_code) == 32);
static_assert(sizeof(zx_exception_report_t) == 40);
static_assert(sizeof(zx_exception_info_t) == 24);
#endif
