// A thread's wait for one answer of the port device.
#pragma once

#include "guest/kernel/lib/status.h"
#include "guest/kernel/sched/wait_queue.h"

namespace gk::drivers {

// Kernel lock held.
class PortAnswerWait {
 public:
  [[nodiscard]] bool answered() const { return answered_; }
  [[nodiscard]] WaitQueue& queue() { return queue_; }
  // Precondition: answered().
  [[nodiscard]] Status status() const { return status_; }

  void Answer(Status status) {
    answered_ = true;
    status_ = status;
    queue_.WakeAll(Status(ZX_OK));
  }

 private:
  bool answered_ = false;
  Status status_{ZX_OK};
  WaitQueue queue_;
};

}  // namespace gk::drivers
