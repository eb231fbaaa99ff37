// Properties and information topics of objects (zx_object_get_property, zx_object_get_info).
//
// A topic's number carries its version in the top four bits; a structure that grew keeps its older forms readable under
// the older numbers.
#pragma once

#include <zircon/types.h>

// NOLINTBEGIN(modernize-use-using)

// ---- Properties
// ---------------------------------------------------------------------------------------------------------

#define ZX_PROP_NAME ((uint32_t)3u)                       // char[ZX_MAX_NAME_LEN]
#define ZX_PROP_REGISTER_GS ((uint32_t)2u)                // uintptr_t
#define ZX_PROP_REGISTER_FS ((uint32_t)4u)                // uintptr_t
#define ZX_PROP_PROCESS_DEBUG_ADDR ((uint32_t)5u)         // uintptr_t
#define ZX_PROP_PROCESS_VDSO_BASE_ADDRESS ((uint32_t)6u)  // uintptr_t
#define ZX_PROP_JOB_KILL_ON_OOM ((uint32_t)15u)           // size_t
#define ZX_PROP_EXCEPTION_STATE ((uint32_t)16u)           // uint32_t
#define ZX_PROP_VMO_CONTENT_SIZE ((uint32_t)17u)          // uint64_t
#define ZX_PROP_EXCEPTION_STRATEGY ((uint32_t)18u)        // uint32_t

// Values of ZX_PROP_EXCEPTION_STATE.
#define ZX_EXCEPTION_STATE_TRY_NEXT ((uint32_t)0u)
#define ZX_EXCEPTION_STATE_HANDLED ((uint32_t)1u)
#define ZX_EXCEPTION_STATE_THREAD_EXIT ((uint32_t)2u)

// Values of ZX_PROP_EXCEPTION_STRATEGY.
#define ZX_EXCEPTION_STRATEGY_FIRST_CHANCE ((uint32_t)0u)
#define ZX_EXCEPTION_STRATEGY_SECOND_CHANCE ((uint32_t)1u)

// ---- Topics
// -------------------------------------------------------------------------------------------------------------

typedef uint32_t zx_object_info_topic_t;
#define ZX_INFO_TOPIC_WITH_VERSION(topic, version) ((zx_object_info_topic_t)((topic) | ((uint32_t)(version) << 28)))

#define ZX_INFO_NONE ((zx_object_info_topic_t)0u)
#define ZX_INFO_HANDLE_VALID ((zx_object_info_topic_t)1u)                   // nothing
#define ZX_INFO_HANDLE_BASIC ((zx_object_info_topic_t)2u)                   // zx_info_handle_basic_t[1]
#define ZX_INFO_PROCESS ZX_INFO_TOPIC_WITH_VERSION(3u, 1)                   // zx_info_process_t[1]
#define ZX_INFO_PROCESS_THREADS ((zx_object_info_topic_t)4u)                // zx_koid_t[n]
#define ZX_INFO_VMAR ((zx_object_info_topic_t)7u)                           // zx_info_vmar_t[1]
#define ZX_INFO_JOB_CHILDREN ((zx_object_info_topic_t)8u)                   // zx_koid_t[n]
#define ZX_INFO_JOB_PROCESSES ((zx_object_info_topic_t)9u)                  // zx_koid_t[n]
#define ZX_INFO_THREAD ((zx_object_info_topic_t)10u)                        // zx_info_thread_t[1]
#define ZX_INFO_THREAD_EXCEPTION_REPORT_V1 ((zx_object_info_topic_t)11u)    // its first 32 bytes
#define ZX_INFO_THREAD_EXCEPTION_REPORT ZX_INFO_TOPIC_WITH_VERSION(11u, 1)  // zx_exception_report_t[1]
#define ZX_INFO_TASK_STATS ((zx_object_info_topic_t)12u)                    // zx_info_task_stats_t[1]
#define ZX_INFO_PROCESS_MAPS_V1 ((zx_object_info_topic_t)13u)               // zx_info_maps_v1_t[n]
#define ZX_INFO_PROCESS_MAPS ZX_INFO_TOPIC_WITH_VERSION(13u, 1)             // zx_info_maps_t[n]
#define ZX_INFO_PROCESS_VMOS_V1 ((zx_object_info_topic_t)14u)               // zx_info_vmo_v1_t[n]
#define ZX_INFO_PROCESS_VMOS_V2 ZX_INFO_TOPIC_WITH_VERSION(14u, 1)          // zx_info_vmo_v2_t[n]
#define ZX_INFO_PROCESS_VMOS_V3 ZX_INFO_TOPIC_WITH_VERSION(14u, 2)          // zx_info_vmo_v3_t[n]
#define ZX_INFO_PROCESS_VMOS ZX_INFO_TOPIC_WITH_VERSION(14u, 3)             // zx_info_vmo_t[n]
#define ZX_INFO_THREAD_STATS ((zx_object_info_topic_t)15u)                  // zx_info_thread_stats_t[1]
#define ZX_INFO_CPU_STATS ((zx_object_info_topic_t)16u)
#define ZX_INFO_KMEM_STATS ((zx_object_info_topic_t)17u)            // zx_info_kmem_stats_t[1]
#define ZX_INFO_RESOURCE ((zx_object_info_topic_t)18u)              // zx_info_resource_t[1]
#define ZX_INFO_HANDLE_COUNT ((zx_object_info_topic_t)19u)          // zx_info_handle_count_t[1]
#define ZX_INFO_BTI ((zx_object_info_topic_t)20u)                   // zx_info_bti_t[1]
#define ZX_INFO_PROCESS_HANDLE_STATS ((zx_object_info_topic_t)21u)  // zx_info_process_handle_stats_t[1]
#define ZX_INFO_SOCKET ((zx_object_info_topic_t)22u)
#define ZX_INFO_VMO_V1 ((zx_object_info_topic_t)23u)       // zx_info_vmo_v1_t[1]
#define ZX_INFO_VMO_V2 ZX_INFO_TOPIC_WITH_VERSION(23u, 1)  // zx_info_vmo_v2_t[1]
#define ZX_INFO_VMO_V3 ZX_INFO_TOPIC_WITH_VERSION(23u, 2)  // zx_info_vmo_v3_t[1]
#define ZX_INFO_VMO ZX_INFO_TOPIC_WITH_VERSION(23u, 3)     // zx_info_vmo_t[1]
#define ZX_INFO_JOB ((zx_object_info_topic_t)24u)          // zx_info_job_t[1]
#define ZX_INFO_TIMER ((zx_object_info_topic_t)25u)        // zx_info_timer_t[1]
#define ZX_INFO_STREAM ((zx_object_info_topic_t)26u)
#define ZX_INFO_HANDLE_TABLE ((zx_object_info_topic_t)27u)  // zx_info_handle_extended_t[n]
#define ZX_INFO_MSI ((zx_object_info_topic_t)28u)
#define ZX_INFO_TASK_RUNTIME_V1 ((zx_object_info_topic_t)30u)      // the first 16 bytes of zx_info_task_runtime_t
#define ZX_INFO_TASK_RUNTIME ZX_INFO_TOPIC_WITH_VERSION(30u, 1)    // zx_info_task_runtime_t[1]
#define ZX_INFO_KMEM_STATS_EXTENDED ((zx_object_info_topic_t)31u)  // zx_info_kmem_stats_extended_t[1]
#define ZX_INFO_VCPU ((zx_object_info_topic_t)32u)
#define ZX_INFO_VMAR_MAPS ((zx_object_info_topic_t)36u)  // zx_info_maps_t[n]

typedef struct zx_info_handle_basic {
  zx_koid_t koid;
  zx_rights_t rights;
  zx_obj_type_t type;
  zx_koid_t related_koid;
  uint32_t reserved;
  uint8_t padding1[4];
} zx_info_handle_basic_t;

typedef struct zx_info_handle_count {
  uint32_t handle_count;
} zx_info_handle_count_t;

// One handle of a process, as ZX_INFO_HANDLE_TABLE lists them.
typedef struct zx_info_handle_extended {
  zx_obj_type_t type;
  zx_handle_t handle_value;
  zx_rights_t rights;
  uint32_t reserved;
  zx_koid_t koid;
  zx_koid_t related_koid;
  zx_koid_t peer_owner_koid;
} zx_info_handle_extended_t;

typedef struct zx_info_process_handle_stats {
  uint32_t handle_count[ZX_OBJ_TYPE_UPPER_BOUND];  // by type
} zx_info_process_handle_stats_t;

typedef struct zx_info_timer {
  uint32_t options;
  zx_clock_t clock_id;
  zx_time_t deadline;  // 0: not set
  zx_duration_t slack;
} zx_info_timer_t;

typedef struct zx_info_job {
  int64_t return_code;
  uint8_t exited;  // 0 or 1, as the two that follow
  uint8_t kill_on_oom;
  uint8_t debugger_attached;
  uint8_t padding1[5];
} zx_info_job_t;

typedef uint32_t zx_info_process_flags_t;
#define ZX_INFO_PROCESS_FLAG_STARTED ((zx_info_process_flags_t)1u << 0)
#define ZX_INFO_PROCESS_FLAG_EXITED ((zx_info_process_flags_t)1u << 1)
#define ZX_INFO_PROCESS_FLAG_DEBUGGER_ATTACHED ((zx_info_process_flags_t)1u << 2)

typedef struct zx_info_process {
  int64_t return_code;
  zx_time_t start_time;
  zx_info_process_flags_t flags;
  uint8_t padding1[4];
} zx_info_process_t;

// ---- Threads
// ------------------------------------------------------------------------------------------------------------

typedef uint32_t zx_thread_state_t;
#define ZX_THREAD_STATE_NEW ((zx_thread_state_t)0x0000u)
#define ZX_THREAD_STATE_RUNNING ((zx_thread_state_t)0x0001u)
#define ZX_THREAD_STATE_SUSPENDED ((zx_thread_state_t)0x0002u)
#define ZX_THREAD_STATE_BLOCKED ((zx_thread_state_t)0x0003u)
#define ZX_THREAD_STATE_DYING ((zx_thread_state_t)0x0004u)
#define ZX_THREAD_STATE_DEAD ((zx_thread_state_t)0x0005u)
// Why it is blocked; the low byte is the basic state.
#define ZX_THREAD_STATE_BLOCKED_EXCEPTION ((zx_thread_state_t)0x0103u)
#define ZX_THREAD_STATE_BLOCKED_SLEEPING ((zx_thread_state_t)0x0203u)
#define ZX_THREAD_STATE_BLOCKED_FUTEX ((zx_thread_state_t)0x0303u)
#define ZX_THREAD_STATE_BLOCKED_PORT ((zx_thread_state_t)0x0403u)
#define ZX_THREAD_STATE_BLOCKED_CHANNEL ((zx_thread_state_t)0x0503u)
#define ZX_THREAD_STATE_BLOCKED_WAIT_ONE ((zx_thread_state_t)0x0603u)
#define ZX_THREAD_STATE_BLOCKED_WAIT_MANY ((zx_thread_state_t)0x0703u)
#define ZX_THREAD_STATE_BLOCKED_INTERRUPT ((zx_thread_state_t)0x0803u)
#define ZX_THREAD_STATE_BLOCKED_PAGER ((zx_thread_state_t)0x0903u)
#define ZX_THREAD_STATE_BASIC(n) ((zx_thread_state_t)((n)&0xffu))

typedef uint32_t zx_exception_channel_type_t;
#define ZX_EXCEPTION_CHANNEL_TYPE_NONE ((zx_exception_channel_type_t)0u)
#define ZX_EXCEPTION_CHANNEL_TYPE_DEBUGGER ((zx_exception_channel_type_t)1u)
#define ZX_EXCEPTION_CHANNEL_TYPE_THREAD ((zx_exception_channel_type_t)2u)
#define ZX_EXCEPTION_CHANNEL_TYPE_PROCESS ((zx_exception_channel_type_t)3u)
#define ZX_EXCEPTION_CHANNEL_TYPE_JOB ((zx_exception_channel_type_t)4u)
#define ZX_EXCEPTION_CHANNEL_TYPE_JOB_DEBUGGER ((zx_exception_channel_type_t)5u)

#define ZX_CPU_SET_MAX_CPUS 512
#define ZX_CPU_SET_BITS_PER_WORD 64
typedef struct zx_cpu_set {
  uint64_t mask[ZX_CPU_SET_MAX_CPUS / ZX_CPU_SET_BITS_PER_WORD];
} zx_cpu_set_t;

typedef struct zx_info_thread {
  zx_thread_state_t state;
  zx_exception_channel_type_t wait_exception_channel_type;
  zx_cpu_set_t cpu_affinity_mask;
} zx_info_thread_t;

typedef struct zx_info_thread_stats {
  zx_duration_t total_runtime;
  uint32_t last_scheduled_cpu;
  uint8_t padding1[4];
} zx_info_thread_stats_t;

typedef struct zx_info_task_runtime {
  zx_duration_t cpu_time;
  zx_duration_t queue_time;
  zx_duration_t page_fault_time;
  zx_duration_t lock_contention_time;
} zx_info_task_runtime_t;

typedef struct zx_info_task_stats {
  size_t mem_mapped_bytes;
  size_t mem_private_bytes;
  size_t mem_shared_bytes;
  size_t mem_scaled_shared_bytes;
} zx_info_task_stats_t;

// ---- The machine's memory, in bytes
// ------------------------------------------------------------------------------------------

typedef struct zx_info_kmem_stats {
  uint64_t total_bytes;
  uint64_t free_bytes;
  uint64_t wired_bytes;  // in use since before the page allocator, or for ever
  uint64_t total_heap_bytes;
  uint64_t free_heap_bytes;
  uint64_t vmo_bytes;
  uint64_t mmu_overhead_bytes;
  uint64_t ipc_bytes;
  uint64_t other_bytes;
} zx_info_kmem_stats_t;

typedef struct zx_info_kmem_stats_extended {
  uint64_t total_bytes;
  uint64_t free_bytes;
  uint64_t wired_bytes;
  uint64_t total_heap_bytes;
  uint64_t free_heap_bytes;
  uint64_t vmo_bytes;
  uint64_t vmo_pager_total_bytes;
  uint64_t vmo_pager_newest_bytes;
  uint64_t vmo_pager_oldest_bytes;
  uint64_t vmo_discardable_locked_bytes;
  uint64_t vmo_discardable_unlocked_bytes;
  uint64_t mmu_overhead_bytes;
  uint64_t ipc_bytes;
  uint64_t other_bytes;
  uint64_t vmo_reclaim_disabled_bytes;
} zx_info_kmem_stats_extended_t;

// ---- Memory
// -------------------------------------------------------------------------------------------------------------

typedef struct zx_info_vmar {
  uintptr_t base;
  size_t len;
} zx_info_vmar_t;

typedef uint32_t zx_info_maps_type_t;
#define ZX_INFO_MAPS_TYPE_NONE ((zx_info_maps_type_t)0u)
#define ZX_INFO_MAPS_TYPE_ASPACE ((zx_info_maps_type_t)1u)
#define ZX_INFO_MAPS_TYPE_VMAR ((zx_info_maps_type_t)2u)
#define ZX_INFO_MAPS_TYPE_MAPPING ((zx_info_maps_type_t)3u)

typedef struct zx_info_maps_mapping {
  zx_vm_option_t mmu_flags;
  uint8_t padding1[4];
  zx_koid_t vmo_koid;
  uint64_t vmo_offset;
  size_t committed_pages;
  size_t populated_pages;
} zx_info_maps_mapping_t;

// Entries come depth first, a region before what lies in it.
typedef struct zx_info_maps {
  char name[ZX_MAX_NAME_LEN];
  zx_vaddr_t base;
  size_t size;
  size_t depth;
  zx_info_maps_type_t type;
  uint8_t padding1[4];
  union {
    zx_info_maps_mapping_t mapping;
  } u;
} zx_info_maps_t;

typedef struct zx_info_maps_mapping_v1 {
  zx_vm_option_t mmu_flags;
  uint8_t padding1[4];
  zx_koid_t vmo_koid;
  uint64_t vmo_offset;
  size_t committed_pages;
} zx_info_maps_mapping_v1_t;

typedef struct zx_info_maps_v1 {
  char name[ZX_MAX_NAME_LEN];
  zx_vaddr_t base;
  size_t size;
  size_t depth;
  zx_info_maps_type_t type;
  uint8_t padding1[4];
  union {
    zx_info_maps_mapping_v1_t mapping;
  } u;
} zx_info_maps_v1_t;

typedef struct zx_info_bti {
  uint64_t minimum_contiguity;
  uint64_t aspace_size;
  uint64_t pmo_count;
  uint64_t quarantine_count;
} zx_info_bti_t;

#define ZX_INFO_VMO_TYPE_PHYSICAL ((uint32_t)0u)
#define ZX_INFO_VMO_TYPE_PAGED ((uint32_t)1u << 0)
#define ZX_INFO_VMO_TYPE(n) ((n) & ((uint32_t)1u << 0))
#define ZX_INFO_VMO_RESIZABLE ((uint32_t)1u << 1)
#define ZX_INFO_VMO_IS_COW_CLONE ((uint32_t)1u << 2)
#define ZX_INFO_VMO_VIA_HANDLE ((uint32_t)1u << 3)
#define ZX_INFO_VMO_VIA_MAPPING ((uint32_t)1u << 4)
#define ZX_INFO_VMO_PAGER_BACKED ((uint32_t)1u << 5)
#define ZX_INFO_VMO_CONTIGUOUS ((uint32_t)1u << 6)
#define ZX_INFO_VMO_DISCARDABLE ((uint32_t)1u << 7)
#define ZX_INFO_VMO_IMMUTABLE ((uint32_t)1u << 8)
#define ZX_INFO_VMO_VIA_IOB_HANDLE ((uint32_t)1u << 9)

typedef struct zx_info_vmo {
  zx_koid_t koid;
  char name[ZX_MAX_NAME_LEN];
  uint64_t size_bytes;
  zx_koid_t parent_koid;
  size_t num_children;
  size_t num_mappings;
  size_t share_count;
  uint32_t flags;
  uint8_t padding1[4];
  uint64_t committed_bytes;
  zx_rights_t handle_rights;
  uint32_t cache_policy;
  uint64_t metadata_bytes;
  uint64_t committed_change_events;
  uint64_t populated_bytes;
  uint64_t committed_private_bytes;
  uint64_t populated_private_bytes;
  uint64_t committed_scaled_bytes;
  uint64_t populated_scaled_bytes;
  uint64_t committed_fractional_scaled_bytes;
  uint64_t populated_fractional_scaled_bytes;
} zx_info_vmo_t;

// Older forms: each is the beginning of the next.
typedef struct zx_info_vmo_v1 {
  zx_koid_t koid;
  char name[ZX_MAX_NAME_LEN];
  uint64_t size_bytes;
  zx_koid_t parent_koid;
  size_t num_children;
  size_t num_mappings;
  size_t share_count;
  uint32_t flags;
  uint8_t padding1[4];
  uint64_t committed_bytes;
  zx_rights_t handle_rights;
  uint32_t cache_policy;
} zx_info_vmo_v1_t;

typedef struct zx_info_vmo_v2 {
  zx_koid_t koid;
  char name[ZX_MAX_NAME_LEN];
  uint64_t size_bytes;
  zx_koid_t parent_koid;
  size_t num_children;
  size_t num_mappings;
  size_t share_count;
  uint32_t flags;
  uint8_t padding1[4];
  uint64_t committed_bytes;
  zx_rights_t handle_rights;
  uint32_t cache_policy;
  uint64_t metadata_bytes;
  uint64_t committed_change_events;
} zx_info_vmo_v2_t;

typedef struct zx_info_vmo_v3 {
  zx_koid_t koid;
  char name[ZX_MAX_NAME_LEN];
  uint64_t size_bytes;
  zx_koid_t parent_koid;
  size_t num_children;
  size_t num_mappings;
  size_t share_count;
  uint32_t flags;
  uint8_t padding1[4];
  uint64_t committed_bytes;
  zx_rights_t handle_rights;
  uint32_t cache_policy;
  uint64_t metadata_bytes;
  uint64_t committed_change_events;
  uint64_t populated_bytes;
} zx_info_vmo_v3_t;

// NOLINTEND(modernize-use-using)

#if defined(__cplusplus)
static_assert(sizeof(zx_info_handle_basic_t) == 32);
static_assert(sizeof(zx_info_handle_extended_t) == 40);
static_assert(sizeof(zx_info_process_handle_stats_t) == 256);
static_assert(sizeof(zx_info_process_t) == 24);
static_assert(sizeof(zx_info_job_t) == 16);
static_assert(sizeof(zx_info_timer_t) == 24);
static_assert(offsetof(zx_info_thread_t, wait_exception_channel_type) == 4);
static_assert(sizeof(zx_info_thread_t) == 72);
static_assert(sizeof(zx_info_thread_stats_t) == 16);
static_assert(sizeof(zx_info_task_stats_t) == 32);
static_assert(sizeof(zx_info_task_runtime_t) == 32);
static_assert(sizeof(zx_info_vmar_t) == 16);
static_assert(offsetof(zx_info_maps_t, type) == 56);
static_assert(offsetof(zx_info_maps_t, u.mapping.mmu_flags) == 64);
static_assert(offsetof(zx_info_maps_t, u.mapping.vmo_koid) == 72);
static_assert(offsetof(zx_info_maps_t, u.mapping.populated_pages) == 96);
static_assert(sizeof(zx_info_maps_t) == 104);
static_assert(sizeof(zx_info_maps_v1_t) == 96);
static_assert(sizeof(zx_info_kmem_stats_t) == 72);
static_assert(sizeof(zx_info_kmem_stats_extended_t) == 120);
static_assert(sizeof(zx_info_bti_t) == 32);
static_assert(offsetof(zx_info_vmo_t, size_bytes) == 40);
static_assert(offsetof(zx_info_vmo_t, flags) == 80);
static_assert(offsetof(zx_info_vmo_t, committed_bytes) == 88);
static_assert(offsetof(zx_info_vmo_t, metadata_bytes) == 104);
static_assert(offsetof(zx_info_vmo_t, populated_bytes) == 120);
static_assert(sizeof(zx_info_vmo_t) == 176);
static_assert(sizeof(zx_info_vmo_v1_t) == 104);
static_assert(sizeof(zx_info_vmo_v2_t) == 120);
static_assert(sizeof(zx_info_vmo_v3_t) == 128);
#endif
