// The monitor's tie to a pager process, across any number of connections.
//
//            Connect                     connection ends
//   LOST ─────────────▶ CONNECTED ──────────────────────────▶ LOST ──patience is over──▶ GIVEN UP ──Connect──▶
//   CONNECTED
//
//   CONNECTED  requests go out as slots get free; answers are checked, their bytes copied into the guest's pages
//   LOST       requests wait; every few milliseconds it is tried to connect, once the old pager has hung up in case it
//              has guest memory: until then it may write into pages that it was asked to fill
//   GIVEN UP   what waited has failed with ZX_ERR_IO, and so does what comes; trying goes on
//
// A pager that connects and makes the same mistake again gets no new time: the clock of LOST starts anew only after a
// valid answer, or when nothing waited.
//
// Threads: Run is the service thread's and alone reads from the connection; the rest is for any. `mutex_` guards
// everything but that; requests are answered and operations called without it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "devices/core/error.h"
#include "devices/core/event_fd.h"
#include "devices/pager/page_source.h"
#include "devices/pager/remote/client_session.h"
#include "devices/pager/remote/in_flight.h"
#include "devices/pager/remote/messages.h"
#include "shared/base/result.h"

namespace pager::remote {

struct LinkOptions {
  std::string path;                                    // of the socket
  std::chrono::milliseconds patience{10'000};          // how long requests wait for a pager that has gone
  std::shared_ptr<const MemoryGrant> grant = nullptr;  // null: the pager gets no guest memory
  std::function<void(const std::string&)> report;      // one line of text for a person; any thread
};

struct LinkCounters {
  uint64_t connections = 0;
  uint64_t violations = 0;  // what the other side did that it must not; each ended a connection
  // Bytes that READs have brought: copied out of the arena, read from files, filled in place by the pager.
  uint64_t arena_bytes = 0;
  uint64_t file_bytes = 0;
  uint64_t in_place_bytes = 0;
};

class Link : public std::enable_shared_from_this<Link> {
 public:
  // Connected; nothing is read before Run. The error is the reason only, without the path.
  static base::Result<std::shared_ptr<Link>, dev::Error> Create(LinkOptions options);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Serves until Stop; then fails what is left.
  void Run();
  void Stop();

  // The handler is called once, by any thread, also inside the call: with the answer, or with ZX_ERR_IO when there is
  // none within the patience.
  using OpenHandler = std::function<void(base::Result<Opened, zx_status_t>)>;
  using ListHandler = std::function<void(base::Result<std::vector<std::string>, zx_status_t>)>;
  void Open(std::string_view path, OpenHandler handler);
  void List(std::string_view path, ListHandler handler);

  // `object`: as Open said. The request is answered once, by any thread, also inside the call.
  void Ask(uint64_t object, Request request);
  void Attach(uint64_t object, std::shared_ptr<VmoControl> vmo);
  // Answers what the object has not had answered, with ZX_ERR_BAD_STATE.
  void Close(uint64_t object);
  // From now on nobody waits for a pager to let go of guest memory.
  void OnGuestEnded();

  [[nodiscard]] LinkCounters counters() const;

 private:
  using Clock = std::chrono::steady_clock;
  using Reply = std::variant<Opened, Listed>;
  using ReplyHandler = std::function<void(base::Result<Reply, zx_status_t>)>;
  // What was wrong with what the other side sent; nothing: all is well.
  using Violation = std::optional<std::string>;
  enum class Pass { kWorked, kIdle, kLost };

  struct Object {
    enum class Phase {
      kOpening,  // on this connection
      kOpen,
      kRejected,  // the pager that came after does not have it: everything asked of it fails
    };
    Phase phase;
    std::string path;
    ObjectInfo info;
    std::shared_ptr<VmoControl> vmo;  // null when not attached
  };
  struct Call {
    MessageType type;                // kOpen or kList
    std::vector<std::byte> message;  // sent on every connection until there is a reply
    std::string path;
    ReplyHandler done;
    Clock::time_point deadline;
  };

  Link(LinkOptions options, dev::EventFd wake, dev::EventFd stop)
      : options_(std::move(options)), wake_(std::move(wake)), stop_(std::move(stop)) {}

  void Consult(uint64_t id, Call call);
  void ListFrom(const std::string& path, std::vector<std::string> names, ListHandler handler);
  uint64_t NewId();

  // Service thread.
  Pass ServePass();
  Violation ReadMessages(bool& worked, bool& closed);
  Violation TakeAnswers(uint32_t count);
  Violation TakeAnswer(const AnswerEntry& entry);
  [[nodiscard]] Violation CheckLocked(const AnswerEntry& entry) const;
  [[nodiscard]] zx_status_t Carry(const AnswerEntry& entry, const Part& part) const;
  Pass Lose(const std::string& reason, bool closed);
  // Nothing is sent to the pager any more, and it still has guest memory.
  [[nodiscard]] bool OldPagerIsThere();
  void ForgetOldPager();
  void TryToConnect();
  void GiveUp();
  void Sleep();
  void Say(const std::string& text);
  void SayNow(const std::string& text);

  // One message each.
  Violation On(const Opened& opened);
  Violation On(const Listed& listed);
  Violation On(File& file);
  Violation On(const Operation& operation);
  template <typename T>
  Violation On(const T& other);  // kKick, and what has no place here

  void Execute(const Operation& operation, VmoControl& vmo);
  void Return(const std::shared_ptr<ClientSession>& session, OperationResult result);

  void Install(std::shared_ptr<ClientSession> session);
  void SendLocked(std::vector<std::byte> message);
  void PublishLocked();
  [[nodiscard]] RequestSlot RecordForLocked(uint32_t slot, const Part& part);
  void CountLocked(const AnswerEntry& entry, const Part& part);
  // Takes out the call with this id that waits for a reply of this kind; nothing: there is none.
  [[nodiscard]] std::optional<Call> TakeCallLocked(uint64_t id, MessageType type);
  // Ends calls whose time is over by then, with ZX_ERR_IO.
  void ExpireCalls(Clock::time_point now);
  [[nodiscard]] std::optional<Clock::time_point> NextDeadlineLocked() const;
  void OpenedAgainLocked(uint64_t id, Object& object, const Opened& opened);
  // Service thread.
  void ForgetFilesLocked();
  static void AnswerAll(std::vector<Finished> finished);

  const LinkOptions options_;
  const dev::EventFd wake_;  // something has to wait until it can be sent
  const dev::EventFd stop_;  // readable for ever once Stop was called

  mutable std::mutex mutex_;
  std::shared_ptr<ClientSession> session_;  // null: lost. Written by the service thread, which reads it without lock
  InFlight in_flight_{kSlotCount, kSlotSize};
  std::unordered_map<uint64_t, Object> objects_;
  std::unordered_map<uint64_t, Call> calls_;     // somebody waits for each
  std::unordered_set<uint64_t> abandoned_;       // opened on this connection, and not wanted any more
  std::vector<uint64_t> closed_objects_;         // whose files are still to be closed
  std::vector<Finished> rejected_;               // to be answered when the lock is free
  std::vector<std::function<void()>> replies_;   // to be given then
  uint64_t next_id_ = 1;                         // of objects and lists
  std::optional<Clock::time_point> lost_since_;  // until the first valid answer after it
  bool given_up_ = false;
  bool stopping_ = false;
  LinkCounters counters_;

  // Service thread.
  std::shared_ptr<ClientSession> leaving_;  // the old pager, while it may write into guest memory; else null
  std::string last_failure_;                // to connect
  std::optional<Clock::time_point> last_said_;
  uint64_t unsaid_ = 0;
};

}  // namespace pager::remote
