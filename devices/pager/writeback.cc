#include "devices/pager/writeback.h"

#include <zircon/errors.h>

#include <exception>
#include <utility>

namespace pager {

using boost::asio::awaitable;
using boost::asio::post;

std::shared_ptr<Writeback> Writeback::Create(const boost::asio::any_io_executor& executor,
                                             std::shared_ptr<WritebackTarget> target, WritebackOptions options,
                                             std::unique_ptr<Alarm> alarm) {
  return std::shared_ptr<Writeback>(new Writeback(executor, std::move(target), options, std::move(alarm)));
}

Writeback::Writeback(const boost::asio::any_io_executor& executor, std::shared_ptr<WritebackTarget> target,
                     WritebackOptions options, std::unique_ptr<Alarm> alarm)
    : strand_(executor),
      target_(std::move(target)),
      options_(options),
      budget_(options.dirty_limit),
      alarm_(std::move(alarm)) {}

void Writeback::Attach(std::shared_ptr<VmoControl> vmo, uint64_t content_size) {
  post(strand_, [self = shared_from_this(), vmo = std::move(vmo), content_size]() mutable {
    self->budget_.Reset(ZX_ERR_BAD_STATE);
    self->vmo_ = std::move(vmo);
    self->content_size_ = content_size;
    self->SetAlarm();
  });
}

void Writeback::Dirty(DirtyRequest request) {
  if (budget_.Offer(std::move(request)) == DirtyBudget::Advice::kWriteBack) {
    post(strand_, [self = shared_from_this()] { self->Start(); });
  }
}

void Writeback::Flush(Handler handler) {
  post(strand_, [self = shared_from_this(), handler = std::move(handler)]() mutable {
    self->waiting_.push_back(std::move(handler));
    self->Start();
  });
}

void Writeback::Sync(SyncRequest request) {
  // A std::function can be copied, a request cannot.
  const auto shared = std::make_shared<SyncRequest>(std::move(request));
  Flush([shared](zx_status_t status) { shared->Complete(status); });
}

void Writeback::Complete(CompleteRequest request) {
  post(strand_, [self = shared_from_this(), request = std::move(request)]() mutable {
    self->completing_.push_back(std::move(request));
    self->Start();
  });
}

void Writeback::Start() {
  if (phase_ == Phase::kRunning) {
    return;
  }
  phase_ = Phase::kRunning;
  boost::asio::co_spawn(strand_, Run(), [self = shared_from_this()](const std::exception_ptr& error) {
    if (error) {
      std::rethrow_exception(error);  // out of memory
    }
  });
}

awaitable<void> Writeback::Run() {
  do {
    const std::vector<Handler> waiters = std::exchange(waiting_, {});
    std::vector<CompleteRequest> completing = std::exchange(completing_, {});
    const bool clock_only = waiters.empty() && completing.empty();
    unsynced_ = unsynced_ || !waiters.empty();  // who asks is told of what others have written as well
    const zx_status_t status = co_await RunPass(clock_only ? options_.clock_durability : Durability::kDurable);
    for (const Handler& waiter : waiters) {
      waiter(status);
    }
    if (!completing.empty()) {
      Finish(std::move(completing), status);
    }
  } while (!waiting_.empty() || !completing_.empty() || advice_ == DirtyBudget::Advice::kWriteBack);
  phase_ = Phase::kIdle;
  SetAlarm();
}

awaitable<zx_status_t> Writeback::RunPass(Durability durability) {
  advice_ = DirtyBudget::Advice::kNone;
  if (!vmo_) {
    co_return ZX_ERR_BAD_STATE;
  }
  budget_.BeginWriteback();
  const std::shared_ptr<VmoControl> vmo = vmo_;
  WritebackPass pass(vmo, target_, content_size_, unsynced_, durability);
  const WritebackResult result = co_await pass.Run();
  unsynced_ = result.unsynced;
  if (vmo_ != vmo) {
    co_return result.status;  // attached to another one meanwhile: all that we know of it is from there
  }
  content_size_ = result.content_size;
  advice_ = budget_.EndWriteback(result.status, result.left);
  co_return result.status;
}

void Writeback::Finish(std::vector<CompleteRequest> requests, zx_status_t status) {
  if (vmo_ && status != ZX_OK) {
    target_->OnLost(status);
  }
  vmo_.reset();
  alarm_->Cancel();
  budget_.Reset(ZX_ERR_BAD_STATE);
  advice_ = DirtyBudget::Advice::kNone;
  for (CompleteRequest& request : requests) {
    request.Complete(status);
  }
}

void Writeback::SetAlarm() {
  if (!vmo_ || options_.interval == std::chrono::milliseconds(0)) {
    return;
  }
  // Weak: an object that nobody uses any more need not wait for its alarm.
  alarm_->Set(options_.interval, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      post(self->strand_, [self] { self->Start(); });
    }
  });
}

}  // namespace pager
