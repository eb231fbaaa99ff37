// How long to poll before sleeping, learnt from how long the sleeps turn out to be.
//
// A sleep that ended within the longest window would have been better spent polling: the window doubles. A longer one
// shows that polling was wasted: it halves, down to none. So a busy queue is polled and an idle one costs nothing.
#pragma once

#include <algorithm>
#include <chrono>

namespace dev {

class AdaptivePoll {
 public:
  using Duration = std::chrono::nanoseconds;
  // A wake-up from an eventfd takes 8 to 10 us on the development host; polling for less gains nothing. The longest
  // window covers a guest that handles a fault and works on the page for a while before the next.
  static constexpr Duration kShortest = std::chrono::microseconds(10);
  static constexpr Duration kLongest = std::chrono::microseconds(100);

  // How long to poll after the last request; zero: sleep at once.
  [[nodiscard]] Duration window() const { return window_; }

  // A sleep, including the polling before it, lasted this long.
  void OnSlept(Duration duration) {
    if (duration <= kLongest) {
      window_ = std::clamp(window_ * 2, kShortest, kLongest);
    } else {
      window_ = window_ / 2 < kShortest ? Duration::zero() : window_ / 2;
    }
  }

 private:
  Duration window_ = kLongest;
};

}  // namespace dev
