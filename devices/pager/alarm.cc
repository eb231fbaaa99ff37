#include "devices/pager/alarm.h"

#include <utility>

namespace pager {

void SteadyAlarm::Set(std::chrono::milliseconds delay, std::function<void()> ring) {
  timer_.expires_after(delay);
  timer_.async_wait([ring = std::move(ring)](const boost::system::error_code& error) {
    if (!error) {
      ring();
    }
  });
}

}  // namespace pager
