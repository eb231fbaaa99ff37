// What pagers say to opens and listings, and page sources to COMPLETE and SYNC, on its way from any thread to the
// service thread, which owns the queues and the open objects. None of these has memory of the guest's, so nobody need
// wait for them.
//
// A pager may answer when the session is over: its answer is then dropped, and with it the page source. The mutex is a
// leaf: nothing is called while it is held.
#pragma once

#include <zircon/types.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "devices/core/event_fd.h"
#include "devices/pager/page_source.h"
#include "devices/port/port_completions.h"
#include "devices/port/port_request.h"

namespace dev {

struct PortOpenAnswer {
  std::string name;
  base::Result<std::shared_ptr<pager::PageSource>, zx_status_t> source;
};
struct PortListAnswer {
  PortList list;
  base::Result<std::vector<std::string>, zx_status_t> names;
};
struct PortWriteBackAnswer {
  zx_status_t status;
};
struct PortInquiry {
  PortCompletion completion;  // with the request's id; the ticket means something for the last only
  std::variant<PortOpenAnswer, PortListAnswer, PortWriteBackAnswer> answer;
};

class PortInquiries {
 public:
  // `wake` outlives the session; it is signalled when an answer arrives while the service thread sleeps.
  explicit PortInquiries(const EventFd& wake) : wake_(wake) {}

  // Any thread.
  void Post(PortInquiry inquiry);

  // Service thread. As PortCompletions'.
  [[nodiscard]] bool Has() const { return count_.load(std::memory_order_acquire) != 0; }
  [[nodiscard]] std::vector<PortInquiry> Take();
  [[nodiscard]] bool PrepareToSleep();
  void WokeUp();
  // The session ends: nothing is kept any more.
  void Close();

 private:
  enum class State { kAwake, kAsleep, kClosed };

  const EventFd& wake_;
  std::mutex mutex_;
  State state_ = State::kAwake;    // guarded by mutex_
  std::vector<PortInquiry> list_;  // guarded by mutex_
  std::atomic<size_t> count_{0};   // list_.size(), for Has()
};

}  // namespace dev
