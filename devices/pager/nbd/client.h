// What is asked of an NBD server, across any number of connections to it.
//
//            Create                 connection ends
//   LOST ─────────────▶ CONNECTED ──────────────────▶ LOST ──patience is over──▶ GIVEN UP ──connected──▶ CONNECTED
//
//   CONNECTED  tasks go out as they come, many at a time
//   LOST       tasks wait; those that were out are sent again, which changes nothing where they had been done
//   GIVEN UP   what waited has failed with ZX_ERR_IO, and so does what comes; trying to connect goes on
//
// A server that comes back with another export (its size, its block sizes, read-only) is none: its bytes would look
// like ours. A server that ends at the same task again and again gets no new time: the clock of LOST starts anew only
// after an answer, or when nothing waits.
//
// Threads: one service thread has the connection; the rest is for any.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "devices/core/error.h"
#include "devices/core/event_fd.h"
#include "devices/core/service_thread.h"
#include "devices/pager/nbd/connection.h"
#include "shared/base/result.h"

namespace pager::nbd {

struct ClientOptions {
  std::string uri;
  std::chrono::milliseconds patience{10'000};      // how long tasks wait for a server that has gone
  std::function<void(const std::string&)> report;  // one line of text for a person; service thread
};

// How a task ended.
struct Outcome {
  int error;            // an errno, 0 when it did what it should; ENOTCONN: there was no server in time
  uint64_t connection;  // which connection did it, by number
};

// Like a Command, but of any length. Its memory is in use until `done`, which is called once, by any thread, also
// inside Submit, and must not block.
struct Task {
  Operation operation;
  uint64_t offset = 0;  // these two: inside the export, multiples of its minimum_block
  uint64_t length = 0;
  std::byte* data = nullptr;
  std::function<void(const Outcome&)> done;
};

class Client {
 public:
  // Connected. The error names the URI.
  static base::Result<std::unique_ptr<Client>, dev::Error> Create(ClientOptions options);
  // Stops.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // As it was when the client connected first, and whenever it is connected.
  [[nodiscard]] const Export& exported() const { return export_; }

  // After Stop: fails at once.
  void Submit(Task task);

  // From now on nobody waits for a server that has gone.
  void OnGuestEnded();
  // Fails what is left, and disconnects. Not from `done`.
  void Stop();

 private:
  using Clock = Connection::Clock;

  // A task that is out, whole or in part.
  struct Sent {
    Task task;
    uint64_t commands = 0;  // not done
    int error = 0;          // the first
  };
  struct State {
    bool given_up;
    bool guest_ended;
    size_t waiting;
  };

  Client(ClientOptions options, dev::EventFd wake, dev::EventFd stop)
      : options_(std::move(options)), wake_(std::move(wake)), stop_(std::move(stop)) {}

  // All that follows: service thread.
  void Run();
  void Serve();
  void SendWaiting();
  void Send(Task task);
  // The part of a task that begins `from` bytes into it.
  [[nodiscard]] Command CommandAt(const Task& task, uint64_t from) const;
  [[nodiscard]] bool TakeAnswers();
  void OnDone(const std::shared_ptr<Sent>& sent, int error);
  void Retract();
  void Lose();
  void Reconnect();
  base::Result<void, dev::Error> Connect(Clock::time_point deadline);
  [[nodiscard]] base::Result<void, dev::Error> CheckStillTheSame(const Export& found) const;
  void GiveUp();
  [[nodiscard]] Clock::time_point HandshakeDeadline() const;
  void FailWaiting();
  void Pause(std::chrono::milliseconds time) const;
  [[nodiscard]] State CurrentState();

  const ClientOptions options_;
  const dev::EventFd wake_;
  const dev::EventFd stop_;
  Export export_;  // written before Create returns

  std::mutex mutex_;          // a leaf: nothing is called under it
  std::deque<Task> waiting_;  // these three: guarded by mutex_
  bool given_up_ = false;
  bool guest_ended_ = false;

  // The service thread's.
  std::unique_ptr<Connection> connection_;                    // null: LOST or GIVEN UP
  uint64_t number_ = 0;                                       // of the last connection
  std::unordered_map<uint64_t, std::shared_ptr<Sent>> sent_;  // by command
  std::optional<Clock::time_point> lost_since_;               // set in LOST; afterwards until there is an answer
  std::string reason_;                                        // of what went wrong last
  std::string refused_;  // why the server that is there is not used; a person knows
  bool told_ = false;    // a person knows that it is lost
  std::optional<Clock::time_point> told_at_;

  dev::ServiceThread thread_;  // last: uses all of the above
};

}  // namespace pager::nbd
