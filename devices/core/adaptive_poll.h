// How long to poll before sleeping, learnt from how long the sleeps turn out to be.
//
// A sleep that ended within the longest window would have been better spent polling: the window doubles. A longer one
// shows that polling was wasted: it halves, down to none. So a busy queue is polled and an idle one costs nothing: a
// guest that asks for something less often than once in kLongest is waited for asleep.
//
// Who polls while others want the CPU takes it away from those he waits for, and uses up his own turn before he is
// needed: then he waits for the next one, for milliseconds. Who sleeps is let in at once when he wakes. So a poller
// that was made to give way sleeps for his next kPenance requests.
#pragma once

#include <algorithm>
#include <chrono>

namespace dev {

// Whether the poller's thread had to let another one run, between two sleeps.
enum class Company : uint8_t { kAlone, kGaveWay };

class AdaptivePoll {
 public:
  using Duration = std::chrono::nanoseconds;
  // A wake-up from an eventfd takes 8 to 10 us on the development host; polling for less gains nothing. The longest
  // window covers a guest that handles a fault and works on the page for a while before the next: on a host with slow
  // traps one random fault after the other takes 150 us, and 250 with the doorbells and wake-ups of a device that
  // sleeps in between.
  static constexpr Duration kShortest = std::chrono::microseconds(10);
  static constexpr Duration kLongest = std::chrono::microseconds(400);
  static constexpr unsigned kPenance = 256;

  // How long to poll after the last request; zero: sleep at once.
  [[nodiscard]] Duration window() const { return window_; }

  // A sleep, including the polling before it, lasted this long.
  void OnSlept(Duration duration, Company company) {
    if (company == Company::kGaveWay) {
      window_ = Duration::zero();
      penance_ = kPenance;
    } else if (penance_ != 0) {
      --penance_;
    } else if (duration <= kLongest) {
      window_ = std::clamp(window_ * 2, kShortest, kLongest);
    } else {
      window_ = window_ / 2 < kShortest ? Duration::zero() : window_ / 2;
    }
  }

 private:
  Duration window_ = kLongest;
  unsigned penance_ = 0;  // sleeps that do not lengthen the window
};

}  // namespace dev
