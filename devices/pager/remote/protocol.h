// The bytes between a monitor and a pager in a process of its own, version 2. PROTOCOL.md says what they mean and when
// they may be sent; this file only says where each byte is.
//
// Little-endian, naturally aligned, sizes asserted; reserved fields are 0. Nothing of the other side is ever used in
// place: a message is one packet of a SOCK_SEQPACKET socket, an entry of shared memory is copied once, and the copy is
// what is checked and used.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pager::remote {

inline constexpr uint32_t kMagic = 0x72676170;  // "pagr"
inline constexpr uint32_t kVersion = 3;

// What either side can do without. Offered in kHello, masked in kWelcome.
inline constexpr uint64_t kFeatureFileRange = 1;    // answers may name a range of a file instead of holding the bytes
inline constexpr uint64_t kFeatureGuestMemory = 2;  // the pager gets guest memory, and fills pages where they are
inline constexpr uint64_t kFeatures = kFeatureFileRange | kFeatureGuestMemory;

inline constexpr size_t kMaxMessage = 8192;     // bytes of one packet
inline constexpr size_t kMaxPath = 255;         // bytes of an object's path
inline constexpr size_t kMaxText = 512;         // bytes of a reason in kRefused, of a version in kOpened
inline constexpr size_t kMaxDirtyRanges = 256;  // in one kResult
inline constexpr size_t kMaxOperations = 64;    // that a pager has unanswered at a time
inline constexpr size_t kMaxFiles = 128;        // that a pager has introduced for open objects
inline constexpr size_t kMaxMemoryRanges = 16;  // in kMemory

enum class MessageType : uint32_t {
  // Monitor to pager.
  kHello = 1,
  kSetup = 2,  // with one descriptor: the shared region
  kOpen = 3,
  kAttach = 4,
  kClose = 5,
  kList = 6,
  kResult = 7,
  kMemory = 8,  // with one descriptor: guest memory
  // Both.
  kKick = 16,
  // Pager to monitor.
  kWelcome = 32,
  kRefused = 33,
  kReady = 34,
  kOpened = 35,
  kListed = 36,
  kFile = 37,  // with one descriptor: the file
  kOperation = 38,
};

struct MessageHeader {
  MessageType type;
  uint32_t size;  // bytes of the whole message: that of the packet
};

struct HelloMessage {
  MessageHeader header;
  uint32_t magic;
  uint32_t version;
  uint64_t features;
};

struct WelcomeMessage {
  MessageHeader header;
  uint32_t version;
  uint32_t reserved;
  uint64_t features;  // a part of those offered
};

// Followed by the reason: 1..kMaxText bytes of text. The pager closes the connection after it.
struct RefusedMessage {
  MessageHeader header;
  uint32_t version;  // the one that the pager speaks
  uint32_t reserved;
};

struct SetupMessage {
  MessageHeader header;
  uint64_t region_size;
  uint32_t slot_count;
  uint32_t slot_size;
  uint64_t area_size;
};

// Followed by 1..kMaxMemoryRanges MemoryRangeEntry, ascending, without overlap.
struct MemoryMessage {
  MessageHeader header;
  uint64_t file_size;
};

struct MemoryRangeEntry {
  uint64_t address;  // guest-physical; this and the others: bytes, page multiples
  uint64_t length;   // not 0
  uint64_t file_offset;
};

// kReady, kKick.
struct PlainMessage {
  MessageHeader header;
};

// kOpen (followed by the path: 0..kMaxPath bytes), kAttach, kClose.
struct ObjectMessage {
  MessageHeader header;
  uint64_t object;  // chosen by the monitor, not 0, never used again
};

inline constexpr uint32_t kObjectReadOnly = 1;
inline constexpr uint32_t kObjectResizable = 2;
inline constexpr uint32_t kObjectTrapDirty = 4;
inline constexpr uint32_t kObjectFlags = kObjectReadOnly | kObjectResizable | kObjectTrapDirty;

// Followed by the version of the content (PageSource::content_version): 0..kMaxText bytes.
struct OpenedMessage {
  MessageHeader header;
  uint64_t object;
  int32_t status;  // zx_status_t; what follows means something with ZX_OK only
  uint32_t flags;
  uint64_t existing;      // the object that this is another name for: `object` is not open then; else 0
  uint64_t size;          // bytes, a page multiple
  uint64_t content_size;  // bytes, in the last page or at the end of it
};

// Followed by the path: 0..kMaxPath bytes.
struct ListMessage {
  MessageHeader header;
  uint64_t id;
  uint32_t first;  // how many names to leave out: those that the monitor has
  uint32_t reserved;
};

// Followed by names, each ended by a zero byte.
struct ListedMessage {
  MessageHeader header;
  uint64_t id;
  int32_t status;
  uint32_t more;  // 1: there are more names behind these; else 0
};

struct FileMessage {
  MessageHeader header;
  uint32_t file;  // chosen by the pager, never used again
  uint32_t reserved;
  uint64_t object;  // whose answers will name it; the monitor closes the file with the object
};

enum class OperationKind : uint32_t {
  kSupplyPages = 1,
  kOpRange = 2,
  kQueryDirtyRanges = 3,
  kQueryVmoStats = 4,
  kDetach = 5,
  kLend = 6,
};

struct OperationMessage {
  MessageHeader header;
  uint64_t id;  // chosen by the pager; not that of another one that is unanswered
  uint64_t object;
  OperationKind kind;
  uint32_t op;           // kOpRange: ZX_PAGER_OP_*
  uint64_t offset;       // bytes, a page multiple; all but kQueryVmoStats and kDetach
  uint64_t length;       // bytes, a page multiple; the same
  uint64_t data;         // kOpRange: as zx_pager_op_range has it; kQueryVmoStats: the options
  uint64_t area_offset;  // kSupplyPages: where in the area the bytes are; kLend: where they are wanted
};

// Followed by `range_count` DirtyRangeEntry.
struct ResultMessage {
  MessageHeader header;
  uint64_t id;
  int32_t status;
  uint32_t range_count;
  uint64_t values[3];  // kQueryDirtyRanges: available; kQueryVmoStats: modified, size, content_size; kLend: bytes lent
};

struct DirtyRangeEntry {
  uint64_t offset;
  uint64_t length;
  uint64_t zero;  // 0 or 1
};

// ---- The shared region -------------------------------------------------------------------------------------------

// At offset 0. Each line is written by one side, but for those of sleepers: their owner sets them, the other side
// clears.
struct alignas(64) RingIndex {
  uint32_t produced;  // entries ever published, modulo 2^32
  uint32_t reserved[15];
};
struct RegionHeader {
  RingIndex requests;        // monitor
  RingIndex answers;         // pager
  RingIndex pager_sleeps;    // 1: a kick is wanted for the next request
  RingIndex monitor_sleeps;  // 1: a kick is wanted for the next answer
};

enum class RequestKind : uint32_t {
  kRead = 1,
  kDirty = 2,
  kComplete = 3,
  kSync = 4,
};
enum class SlotState : uint32_t {
  kFree = 0,
  kUnanswered = 1,
};

// The in-flight record: one entry per slot, written by the monitor.
struct RequestSlot {
  uint64_t id;  // not 0; the same when the request is sent anew
  uint64_t object;
  RequestKind kind;
  SlotState state;
  uint64_t offset;        // bytes, a page multiple; kComplete, kSync: 0
  uint64_t length;        // bytes, a page multiple; kRead: at most slot_size; kComplete, kSync: 0
  uint64_t arena_offset;  // kRead: of the bytes to be filled, from the start of the region; else 0
  // kRead, with kFeatureGuestMemory: not 0: the pages to be filled are in guest memory, in so many pieces, and a
  // PieceEntry for each is at `arena_offset`.
  uint32_t piece_count;
  uint32_t reserved;
  uint64_t reserved2;
};

// Pages in guest memory, inside one range of kMemory.
struct PieceEntry {
  uint64_t address;  // guest-physical; this and the length: bytes, page multiples
  uint64_t length;   // not 0
};

enum class AnswerKind : uint32_t {
  kStatus = 1,     // nothing but a status: every kDirty, kComplete and kSync, and a kRead that failed
  kArena = 2,      // the slot's part of the arena holds the bytes
  kFileRange = 3,  // the bytes are in a file; needs kFeatureFileRange
  kInPlace = 4,    // the bytes are where they belong: for a request with pieces, and no other
};

struct AnswerEntry {
  uint64_t id;
  uint32_t slot;
  int32_t status;  // zx_status_t: ZX_OK or negative
  AnswerKind kind;
  uint32_t file;         // kFileRange
  uint64_t file_offset;  // kFileRange: bytes
  uint64_t file_length;  // kFileRange: bytes, at most the request's length; what is beyond reads as zeros
  uint64_t reserved[3];
};

static_assert(sizeof(MessageHeader) == 8);
static_assert(sizeof(HelloMessage) == 24);
static_assert(sizeof(WelcomeMessage) == 24);
static_assert(sizeof(RefusedMessage) == 16);
static_assert(sizeof(SetupMessage) == 32);
static_assert(sizeof(MemoryMessage) == 16);
static_assert(sizeof(MemoryRangeEntry) == 24);
static_assert(sizeof(PlainMessage) == 8);
static_assert(sizeof(ObjectMessage) == 16);
static_assert(sizeof(OpenedMessage) == 48);
static_assert(sizeof(ListMessage) == 24);
static_assert(sizeof(ListedMessage) == 24);
static_assert(sizeof(FileMessage) == 24);
static_assert(sizeof(OperationMessage) == 64);
static_assert(sizeof(ResultMessage) == 48);
static_assert(sizeof(DirtyRangeEntry) == 24);
static_assert(sizeof(ResultMessage) + kMaxDirtyRanges * sizeof(DirtyRangeEntry) <= kMaxMessage);
static_assert(sizeof(RegionHeader) == 256);
static_assert(sizeof(RequestSlot) == 64);
static_assert(sizeof(PieceEntry) == 16);
static_assert(sizeof(AnswerEntry) == 64);

}  // namespace pager::remote
