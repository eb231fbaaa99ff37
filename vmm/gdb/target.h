// What a debugger's session drives: the machine, seen as threads that all run or all stand still.
//
//             ┌────────────── Resume ──────────────▶┐
//          STOPPED                               RUNNING ──── the guest ended ────▶ ENDED
//             └◀── a stop: breakpoint, step, Interrupt… ──┘
//
// The target is the one authority on which of these it is in: stop() says so. It is a level, not an edge: after a
// change to STOPPED or ENDED the target calls the wake-up that it was given, and the session looks. So nothing is lost
// when a stop happens while no client is there, and no stale stop can be mistaken for a new one.
//
// Threads: the session's thread makes all calls. The target calls the wake-up from any thread. Calls may block for as
// long as it takes to bring a vCPU to a halt or to run a debug call in the guest, at most two seconds; never on the
// client.
//
// Unless it says otherwise, a call needs STOPPED and otherwise fails with kNotStopped; a call that fails has changed
// nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "shared/base/result.h"
#include "vmm/gdb/registers.h"

namespace vmm::gdb {

// One vCPU. From 1; 0 and -1 mean "any" and "all" in the protocol and never get here.
using ThreadId = uint32_t;

// gdb's own numbers of signals (include/gdb/signals.def), which differ from those of Linux.
enum class Signal : uint8_t {
  kNone = 0,
  kInt = 2,
  kIll = 4,
  kTrap = 5,
  kAbrt = 6,
  kFpe = 8,
  kKill = 9,
  kBus = 10,
  kSegv = 11
};

// What gdb shows of an error is its number, so the numbers are those of errno as the protocol has them ("E NN", and the
// errno list of vFile).
enum class ErrorCode : uint8_t {
  kNoSuchThread = 3,   // ESRCH
  kNotFound = 2,       // ENOENT
  kHost = 5,           // EIO: a call of the host failed
  kNotStopped = 11,    // EAGAIN
  kNotAllowed = 13,    // EACCES
  kBadAddress = 14,    // EFAULT
  kInvalid = 22,       // EINVAL: no machine could do this
  kNoRoom = 28,        // ENOSPC: no hardware breakpoint is left, for example
  kNotSupported = 95,  // EOPNOTSUPP: this host cannot
};

struct TargetError {
  ErrorCode code;
  std::string message;  // for the monitor's log, and for what a person asked in words; may be empty
};

template <typename T = void>
using Outcome = base::Result<T, TargetError>;

inline base::Failure<TargetError> Fail(ErrorCode code, std::string message = {}) {
  return {TargetError{code, std::move(message)}};
}

struct ThreadInfo {
  ThreadId id;
  uint32_t core;      // CPU index
  std::string name;   // "CPU 0: ls/main"
  std::string extra;  // one short line more for `info threads`: "halted", "in the nucleus"; may be empty
};

// --- Stops

enum class StopReason : uint8_t {
  kPlain,               // a step, Ctrl-C, an exception of the guest: the signal says all
  kSoftwareBreakpoint,  // RIP is the breakpoint's address, not behind it
  kHardwareBreakpoint,
  kWriteWatch,  // the three that have an address: that of the access
  kReadWatch,
  kAccessWatch,
  kLibraries,  // Libraries() has changed; gdb reads it and goes on by itself
  kNewThread,  // `thread` has started; gdb takes note and goes on by itself
};

struct ThreadStop {
  ThreadId thread;  // whose stop it is; all others stand still as well
  Signal signal = Signal::kTrap;
  StopReason reason = StopReason::kPlain;
  uint64_t address = 0;  // of a watchpoint's access
};
// The guest ended by itself; there are no threads any more.
struct GuestExited {
  uint8_t code;
};
// The guest was ended: killed by us, or by the host.
struct GuestTerminated {
  Signal signal;
};
using StopEvent = std::variant<ThreadStop, GuestExited, GuestTerminated>;

// --- Resuming

struct ResumeAction {
  enum class Kind : uint8_t { kContinue, kStep, kStepRange, kStay };
  ThreadId thread;
  Kind kind = Kind::kContinue;
  uint64_t range_start = 0;  // kStepRange: at least one step, then on for as long as RIP is in [start, end)
  uint64_t range_end = 0;
  Signal signal =
      Signal::kNone;  // to be delivered to the guest, where the target can; kNone discards what it stopped for
};

// --- Break- and watchpoints

enum class PointKind : uint8_t { kSoftware, kHardware, kWrite, kRead, kAccess };  // the protocol's Z0 to Z4

struct Point {
  PointKind kind;
  uint64_t address;
  uint64_t length;  // kSoftware, kHardware: of the instruction that gdb would write (1); else the bytes watched
  bool operator==(const Point&) const = default;
};

// --- Memory and files

enum class AddressSpace : uint8_t { kVirtual, kPhysical };

struct MemoryRegion {
  enum class Kind : uint8_t { kRam, kRom };  // gdb makes its breakpoints in kRom hardware ones by itself
  uint64_t start;
  uint64_t length;
  Kind kind;
};

// A module of the guest that is loaded and has symbols.
struct Library {
  std::string path;  // what OpenFile takes
  uint64_t address;  // where the first PT_LOAD segment is
};

// An open file on the target's side, of which the debugger reads symbols.
class RemoteFile {
 public:
  RemoteFile() = default;
  RemoteFile(const RemoteFile&) = delete;
  RemoteFile& operator=(const RemoteFile&) = delete;
  virtual ~RemoteFile() = default;

  // Session's thread, in any state of the target. Fewer bytes than asked for only at the end of the file; zero behind
  // it.
  virtual Outcome<size_t> Read(uint64_t offset, std::span<std::byte> into) = 0;
  [[nodiscard]] virtual uint64_t size() const = 0;
  // Seconds since the epoch, 0 where there is no such thing. gdb warns when an executable is newer than its symbols.
  [[nodiscard]] virtual uint64_t modified() const = 0;
};

// --- Commands of a person

struct MonitorCommand {
  std::string name;       // one word, lower case
  std::string arguments;  // "[PID]", for the help
  std::string summary;    // one line
};

// Where the text of a `monitor` command goes: to the client, in pieces, as it comes.
class MonitorOutput {
 public:
  MonitorOutput() = default;
  MonitorOutput(const MonitorOutput&) = delete;
  MonitorOutput& operator=(const MonitorOutput&) = delete;
  virtual ~MonitorOutput() = default;

  // Any length, any bytes; lines end with '\n'.
  virtual void Write(std::string_view text) = 0;
};

class Target {
 public:
  Target() = default;
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  virtual ~Target() = default;

  // --- State. All of these in any state.

  // `wake_up` is for any thread, does not block and may be called too often. Replaces the one before; when this has
  // returned, that one is neither called nor running. Never fails.
  virtual void SetWakeUp(std::function<void()> wake_up) = 0;

  // STOPPED and ENDED: why. RUNNING: nothing. STOPPED means that *all* threads stand still and all calls below work.
  // A machine that waits for its first debugger is STOPPED, with kPlain and kTrap.
  [[nodiscard]] virtual std::optional<StopEvent> stop() = 0;

  // Asks a running target to stop, with Signal::kInt unless something else stops it first; returns at once. Must lead
  // to STOPPED or ENDED in at most two seconds, also when a vCPU does not come back. Not RUNNING: no effect.
  virtual void Interrupt() = 0;

  // A client has begun to talk to us; Interrupt follows, unless it is not RUNNING. What is set per client is at its
  // defaults from here on.
  virtual void OnClientAttached() = 0;

  // The client is gone: it detached, or its connection broke. RemoveAllPoints has been called before, and Resume where
  // the client wanted that. A lost client leaves the target in the state that it is in.
  virtual void OnClientGone() = 0;

  // --- Threads

  // Ascending by id, never empty unless ENDED (then empty). CPUs that have not been started are not in it.
  virtual std::vector<ThreadInfo> Threads() = 0;

  // --- Registers of the context that this thread was stopped in: user code, kernel, or nucleus. kNoSuchThread, kHost.
  virtual Outcome<Registers> ReadRegisters(ThreadId thread) = 0;
  // Writes what differs from what ReadRegisters returns; what the target cannot set (CR3 of a context, for example), or
  // what the CPU would not take, is kInvalid.
  virtual Outcome<> WriteRegisters(ThreadId thread, const Registers& registers) = 0;

  // --- Memory, as this thread's stopped context sees it; rights of pages do not matter. Both return how many bytes
  // from the start on were there to be read or written: fewer than asked for where the next one is not mapped. Reads
  // show what the guest wrote, not our breakpoints, and writes go below them. kNoSuchThread; 0 bytes are no error.
  virtual Outcome<size_t> ReadMemory(ThreadId thread, AddressSpace space, uint64_t address,
                                     std::span<std::byte> into) = 0;
  virtual Outcome<size_t> WriteMemory(ThreadId thread, AddressSpace space, uint64_t address,
                                      std::span<const std::byte> bytes) = 0;

  // --- Break- and watchpoints: for all threads; virtual addresses, seen from `thread`'s context.

  // One that is there already: success, no second one. kNotSupported where this target never can do that kind (gdb then
  // does without, or with another kind), kNoRoom, kBadAddress, kInvalid.
  virtual Outcome<> InsertPoint(ThreadId thread, const Point& point) = 0;
  // One that is not there: success. kNotSupported as above.
  virtual Outcome<> RemovePoint(ThreadId thread, const Point& point) = 0;
  // In any state, RUNNING too: no point is left, and none is reported from here on. Never fails.
  virtual void RemoveAllPoints() = 0;

  // --- Running

  // Each action is for another thread, all of them exist. Threads without an action stay; those that start later
  // continue. RUNNING after success. When several threads hit something at once, one is reported and the others when
  // they are resumed next, before they execute anything, unless their breakpoint is gone by then.
  // kNoSuchThread; kInvalid where no thread would run.
  virtual Outcome<> Resume(std::span<const ResumeAction> actions) = 0;

  // In any state. Ends the guest; leads to ENDED.
  virtual void Kill() = 0;

  // --- What the debugger asks to find its way

  // In any state. Of the virtual address space, and all of it: gdb takes what is not listed for inaccessible. Empty:
  // the client is not told of any map.
  virtual std::vector<MemoryRegion> MemoryMap() = 0;
  // In any state. The program of the machine, the kernel, as OpenFile takes it; empty where there is none.
  virtual std::string ExecFile() = 0;
  // Needs STOPPED, otherwise empty.
  virtual std::vector<Library> Libraries() = 0;
  // In any state; read-only. Opens only what ExecFile and Libraries name: whoever reaches the debugger's socket may be
  // no user of this host. kNotFound, kNotAllowed, kHost.
  virtual Outcome<std::unique_ptr<RemoteFile>> OpenFile(const std::string& path) = 0;

  // --- `monitor` commands. "help" and "phys" are the session's own and not in here.

  // In any state; always the same list.
  virtual std::vector<MonitorCommand> MonitorCommands() = 0;
  // `name` is one of MonitorCommands, `arguments` what follows, trimmed. `thread`: the one that the client used last,
  // which may not be the one that the person has selected since. A message of a failure is shown to the person; what
  // has been written before stays.
  virtual Outcome<> RunMonitorCommand(ThreadId thread, const std::string& name, const std::string& arguments,
                                      MonitorOutput& output) = 0;
};

}  // namespace vmm::gdb
