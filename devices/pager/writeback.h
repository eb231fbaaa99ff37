// When the dirty pages of one object are written back: on request, at COMPLETE, after a time, and above a limit.
//
// A page source hands it the VMO and passes on what concerns dirty pages; Writeback drives WritebackPass:
//
//   void Attach(vmo)       { writeback_->Attach(vmo, content_size); }
//   void Dirty(request)    { writeback_->Dirty(std::move(request)); }
//   void Sync(request)     { writeback_->Sync(std::move(request)); }
//   void Complete(request) { writeback_->Complete(std::move(request)); }
//
// One pass runs at a time. Flush and Complete wait for a pass that begins after them, so it covers all that was dirty.
#pragma once

#include <zircon/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "devices/pager/alarm.h"
#include "devices/pager/asio.h"
#include "devices/pager/dirty_budget.h"
#include "devices/pager/request.h"
#include "devices/pager/vmo_control.h"
#include "devices/pager/writeback_options.h"
#include "devices/pager/writeback_pass.h"

namespace pager {

// Any thread may call any method. Its own work, and the target's methods, run on `executor`, in a strand.
class Writeback : public std::enable_shared_from_this<Writeback> {
 public:
  using Handler = std::function<void(zx_status_t)>;

  // `alarm` is used from the strand.
  static std::shared_ptr<Writeback> Create(const boost::asio::any_io_executor& executor,
                                           std::shared_ptr<WritebackTarget> target, WritebackOptions options,
                                           std::unique_ptr<Alarm> alarm);

  // `content_size`: what the target has now.
  void Attach(std::shared_ptr<VmoControl> vmo, uint64_t content_size);
  // Answers at once while there is room in the limit.
  void Dirty(DirtyRequest request);
  // Writes back, durably. ZX_OK: nothing of what was dirty before the call is missing. ZX_ERR_BAD_STATE: not attached.
  // After an error what could not be written is still dirty, and every later pass tries again.
  void Flush(Handler handler);
  // Flush, whose status is the answer.
  void Sync(SyncRequest request);
  // Writes back, durably, answers, and lets go of the VMO. If that fails the target is told (OnLost).
  void Complete(CompleteRequest request);

 private:
  enum class Phase { kIdle, kRunning };

  Writeback(const boost::asio::any_io_executor& executor, std::shared_ptr<WritebackTarget> target,
            WritebackOptions options, std::unique_ptr<Alarm> alarm);

  // All below: on the strand.
  void Start();
  boost::asio::awaitable<void> Run();
  boost::asio::awaitable<zx_status_t> RunPass(Durability durability);
  void Finish(std::vector<CompleteRequest> requests, zx_status_t status);
  void SetAlarm();

  const boost::asio::strand<boost::asio::any_io_executor> strand_;
  const std::shared_ptr<WritebackTarget> target_;
  const WritebackOptions options_;
  DirtyBudget budget_;

  // The rest is touched on the strand only.
  const std::unique_ptr<Alarm> alarm_;
  std::shared_ptr<VmoControl> vmo_;  // null: not attached
  uint64_t content_size_ = 0;
  // The target may have something that is not durable: of a pass by the clock, or of a predecessor of this process.
  bool unsynced_ = false;
  Phase phase_ = Phase::kIdle;
  std::vector<Handler> waiting_;                             // for the next pass, which shall be durable
  std::vector<CompleteRequest> completing_;                  // the same
  DirtyBudget::Advice advice_ = DirtyBudget::Advice::kNone;  // of the last pass
};

}  // namespace pager
