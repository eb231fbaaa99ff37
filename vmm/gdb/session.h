// One client: what it sends, what it gets, and what becomes of the target when it comes and goes.
//
//   SILENT ──first packet──▶ ATTACHING ──the target stands──▶ STOPPED ◀──── stop ─────┐
//                                                                └────── vCont ──▶ RUNNING
//                                                                └── D, k ──▶ FINISHED
//
// A connection alone does not stop the guest: what looks for open ports, or speaks something else, never sends a packet
// with a checksum. While the target is to be stopped, further packets wait; while it runs, every packet but those that
// end something is answered with an error.
//
// A client that detaches lets the guest run. One whose connection breaks leaves it as it is: running or stopped; what
// it had asked for (a step) takes its course. Either way its break- and watchpoints go, because nobody is there to hear
// of them.
//
// No sockets and no waiting in here: bytes come in, bytes go out, and Work handles one request at a time for as long as
// there is no output. Threads: one, that of the server.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "vmm/gdb/context.h"
#include "vmm/gdb/link.h"
#include "vmm/gdb/target.h"

namespace vmm::gdb {

class Session {
 public:
  explicit Session(Target& target) : target_(target), context_(target) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  // The client is gone, if it has not detached before.
  ~Session() { End(); }

  void Receive(std::span<const std::byte> bytes) { link_.Receive(bytes); }
  // The target's state may have changed.
  void OnWakeUp();
  // Handles what has been received and leads to output.
  void Work();

  [[nodiscard]] std::string TakeOutput() { return link_.TakeOutput(); }
  // Bytes that wait to be handled. Who gives us more only when there are none bounds what a client makes us keep.
  [[nodiscard]] size_t unread() const { return link_.unread(); }
  // The connection is to be closed when the output is out.
  [[nodiscard]] bool finished() const { return state_ == State::kFinished; }

 private:
  enum class State { kSilent, kAttaching, kStopped, kRunning, kFinished };

  void Handle(Request request);
  void HandlePacket(std::string packet);
  void HandleFirst(std::string packet);
  void HandleWhileRunning(const std::string& packet);
  void HandleStopped(const std::string& packet);
  // False when it is none of those that start, stop or end something.
  bool HandleControl(const std::string& packet);
  // Ends the session if the packet says so; works in every state.
  bool HandleEnd(const std::string& packet);

  void Resume(const Outcome<std::vector<ResumeAction>>& actions);
  void ResumeLegacy(std::string_view packet);
  void RunMonitor(std::string_view hex);
  void Detach();
  void Kill();
  void End();
  void ReportStop();

  Target& target_;
  SessionContext context_;
  Link link_;
  State state_ = State::kSilent;
  std::optional<std::string> first_packet_;  // kAttaching
};

}  // namespace vmm::gdb
