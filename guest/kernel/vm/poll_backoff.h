// Whether a waiter should poll before it sleeps, learnt from how polls end.
//
// A poll that an answer ends saves a doorbell's wake-up, a sleep and an interrupt, so after it the next waiter polls
// too. One in vain was for nothing, or worse: it may have kept from a processor whoever has the answer. So after it the
// next waiter sleeps, after a second one in a row the next two, up to kMost, and then one tries again.
//
// How long sleeps last is not asked: where the host is slow to wake anybody up they would say that answers take long,
// and nobody would ever poll again.
#pragma once

#include <stdint.h>

namespace gk {

class PollBackoff {
 public:
  static constexpr uint32_t kMost = 16;

  // For each wait once.
  [[nodiscard]] bool ShouldPoll() {
    if (to_skip_ == 0) {
      return true;
    }
    --to_skip_;
    return false;
  }

  void OnAnswered() { backoff_ = to_skip_ = 0; }
  void OnVain() {
    backoff_ = backoff_ == 0 ? 1 : backoff_ < kMost ? backoff_ * 2 : kMost;
    to_skip_ = backoff_;
  }

 private:
  uint32_t backoff_ = 0;
  uint32_t to_skip_ = 0;
};

}  // namespace gk
