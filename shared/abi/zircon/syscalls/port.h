// Packets that a port delivers. Unused bytes of a packet are zero; receivers may compare whole packets.
#pragma once

#include <zircon/types.h>

// NOLINTBEGIN(modernize-use-using)

// Options of zx_object_wait_async.
#define ZX_WAIT_ASYNC_ONCE ((uint32_t)0u)
#define ZX_WAIT_ASYNC_TIMESTAMP ((uint32_t)1u)
#define ZX_WAIT_ASYNC_EDGE ((uint32_t)2u)
#define ZX_WAIT_ASYNC_BOOT_TIMESTAMP ((uint32_t)4u)

#define ZX_PORT_BIND_TO_INTERRUPT ((uint32_t)1u)

typedef uint32_t zx_packet_type_t;
#define ZX_PKT_TYPE_USER ((zx_packet_type_t)0x00u)
#define ZX_PKT_TYPE_SIGNAL_ONE ((zx_packet_type_t)0x01u)
#define ZX_PKT_TYPE_GUEST_BELL ((zx_packet_type_t)0x03u)
#define ZX_PKT_TYPE_GUEST_MEM ((zx_packet_type_t)0x04u)
#define ZX_PKT_TYPE_GUEST_IO ((zx_packet_type_t)0x05u)
#define ZX_PKT_TYPE_GUEST_VCPU ((zx_packet_type_t)0x06u)
#define ZX_PKT_TYPE_INTERRUPT ((zx_packet_type_t)0x07u)
#define ZX_PKT_TYPE_PAGE_REQUEST ((zx_packet_type_t)0x09u)

#define ZX_PKT_IS_USER(type) ((type) == ZX_PKT_TYPE_USER)
#define ZX_PKT_IS_SIGNAL_ONE(type) ((type) == ZX_PKT_TYPE_SIGNAL_ONE)
#define ZX_PKT_IS_INTERRUPT(type) ((type) == ZX_PKT_TYPE_INTERRUPT)
#define ZX_PKT_IS_PAGE_REQUEST(type) ((type) == ZX_PKT_TYPE_PAGE_REQUEST)

typedef uint16_t zx_page_request_command_t;
#define ZX_PAGER_VMO_READ ((zx_page_request_command_t)0x0000u)
#define ZX_PAGER_VMO_COMPLETE ((zx_page_request_command_t)0x0001u)
#define ZX_PAGER_VMO_DIRTY ((zx_page_request_command_t)0x0002u)

typedef union zx_packet_user {
  uint64_t u64[4];
  uint32_t u32[8];
  uint16_t u16[16];
  uint8_t c8[32];
} zx_packet_user_t;

typedef struct zx_packet_signal {
  zx_signals_t trigger;
  zx_signals_t observed;
  uint64_t count;
  zx_time_t timestamp;
  uint64_t reserved1;
} zx_packet_signal_t;

typedef struct zx_packet_interrupt {
  zx_time_t timestamp;
  uint64_t reserved0;
  uint64_t reserved1;
  uint64_t reserved2;
} zx_packet_interrupt_t;

// Offset and length are bytes and page-aligned; both are 0 in a COMPLETE.
typedef struct zx_packet_page_request {
  zx_page_request_command_t command;
  uint16_t flags;
  uint32_t reserved0;
  uint64_t offset;
  uint64_t length;
  uint64_t reserved1;
} zx_packet_page_request_t;

typedef struct zx_port_packet {
  uint64_t key;
  zx_packet_type_t type;
  zx_status_t status;
  union {
    zx_packet_user_t user;
    zx_packet_signal_t signal;
    zx_packet_interrupt_t interrupt;
    zx_packet_page_request_t page_request;
  };
} zx_port_packet_t;

// NOLINTEND(modernize-use-using)

#if defined(__cplusplus)
static_assert(offsetof(zx_port_packet_t, user) == 16);
static_assert(offsetof(zx_port_packet_t, signal.timestamp) == 32);
static_assert(offsetof(zx_port_packet_t, page_request.offset) == 24);
static_assert(sizeof(zx_packet_page_request_t) == 32);
static_assert(sizeof(zx_packet_signal_t) == 32);
static_assert(sizeof(zx_port_packet_t) == 48);
#endif
