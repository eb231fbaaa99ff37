// One monitor that is connected to a pager process: its messages, its objects, its requests.
//
// I/O thread only; what page sources need on other threads is in MonitorPeer. A session does one request at a time and
// then lets the others have their turn.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "devices/core/adaptive_poll.h"
#include "devices/core/company_watch.h"
#include "devices/pager/page_source.h"
#include "devices/pager/remote/asio.h"
#include "devices/pager/remote/fair_queue.h"
#include "devices/pager/remote/memory_grant.h"
#include "devices/pager/remote/monitor_peer.h"

namespace pager::remote {

class ServerSession : public std::enable_shared_from_this<ServerSession> {
 public:
  // `on_end`: called once, with the reason in words when the monitor did what it must not, else with an empty text.
  using EndHandler = std::function<void(const std::string& reason)>;
  static std::shared_ptr<ServerSession> Start(boost::asio::io_context& context, dev::UniqueFd socket,
                                              std::unique_ptr<Pager> pager, EndHandler on_end);
  ~ServerSession();

  // Closes the connection and all objects. Idempotent; does not call the handler.
  void End();

 private:
  using Clock = std::chrono::steady_clock;
  using Descriptor = boost::asio::posix::stream_descriptor;
  enum class Phase { kGreeting, kSetup, kMemory, kRunning, kEnded };
  enum class Read { kAll, kMore, kEnded };
  struct Object {
    std::shared_ptr<PageSource> source;
    std::optional<uint64_t> fixed_size;  // bytes; none for one that can be resized
  };
  struct TakenRequest {
    uint32_t slot;
    RequestSlot record;
    std::vector<iovec> pages;  // kRead: to be filled
  };

  ServerSession(boost::asio::io_context& context, std::unique_ptr<Pager> pager, EndHandler on_end)
      : context_(context), readiness_(context), pager_(std::move(pager)), on_end_(std::move(on_end)) {}

  // Does what is to be done now, but at most one request, and arranges for its next call.
  void Step();
  void StepSoon();
  void StepWhen(Descriptor::wait_type ready);
  void Sleep();
  void Fail(const std::string& reason);

  [[nodiscard]] Read ReadMessages();
  // Takes over `count` requests. False when the session has ended.
  [[nodiscard]] bool TakeRequests(uint32_t count);
  void Serve(const TakenRequest& request);

  // One message each; the error is what was wrong with it.
  using Outcome = base::Result<void, std::string>;
  Outcome On(const Kick& kick);
  Outcome On(const Hello& hello);
  Outcome On(Setup& setup);
  Outcome On(Memory& memory);
  Outcome On(const remote::Open& open);
  Outcome On(const remote::Attach& attach);
  Outcome On(const remote::Close& close);
  Outcome On(const List& list);
  Outcome On(const OperationResult& result);
  [[nodiscard]] Opened OpenObject(const remote::Open& open);
  // Tells the monitor, and why.
  Outcome Refuse(const std::string& reason);
  void StartServing();
  [[nodiscard]] bool MayBe(uint32_t slot, const RequestSlot& record) const;
  // What a kRead that may be is to fill; nullopt when that is not the monitor's to name.
  [[nodiscard]] std::optional<std::vector<iovec>> PagesOf(uint32_t slot, const RequestSlot& record) const;

  boost::asio::io_context& context_;
  std::shared_ptr<MonitorPeer> peer_;
  Descriptor readiness_;  // of the peer's socket, which it does not own
  std::unique_ptr<Pager> pager_;
  EndHandler on_end_;
  Phase phase_ = Phase::kGreeting;
  uint64_t features_ = 0;
  std::shared_ptr<Region> region_;  // after kSetup, as is the next
  std::optional<RingReader<uint64_t>> requests_;
  std::shared_ptr<const GrantedMemory> granted_;  // null when the monitor grants none
  std::unordered_map<uint64_t, Object> objects_;
  FairQueue<uint64_t, TakenRequest> queue_;  // by object
  dev::AdaptivePoll adaptive_;
  dev::CompanyWatch company_;
  Clock::time_point last_work_ = Clock::now();
  bool step_pending_ = false;
  bool asleep_ = false;
};

}  // namespace pager::remote
