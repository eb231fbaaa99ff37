// Tells a thread whether the scheduler has taken the CPU from it for another one.
#pragma once

#include <sys/resource.h>

#include "devices/core/adaptive_poll.h"

namespace dev {

// Made and used by one thread.
class CompanyWatch {
 public:
  // Since the last call, or since the watch was made.
  [[nodiscard]] Company Look() {
    const long before = switches_;
    switches_ = Count();
    return switches_ == before ? Company::kAlone : Company::kGaveWay;
  }

 private:
  static long Count() {
    rusage usage = {};
    // Of the calling thread; cannot fail with a buffer of ours (getrusage(2)).
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nivcsw;
  }

  long switches_ = Count();
};

}  // namespace dev
