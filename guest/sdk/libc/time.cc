// The C and POSIX clock and sleep functions that std::chrono and std::this_thread call.
#include <errno.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>
#include <zircon/syscalls.h>

namespace {

constexpr zx_duration_t kSecond = ZX_SEC(1);

}  // namespace

extern "C" {

// Every clock counts from the machine's start: there is no wall clock to ask.
int clock_gettime(clockid_t /*clock*/, struct timespec* now) {
  const zx_time_t ns = zx_clock_get_monotonic();
  now->tv_sec = ns / kSecond;
  now->tv_nsec = ns % kSecond;
  return 0;
}

int nanosleep(const struct timespec* duration, struct timespec* /*remaining*/) {
  if (duration->tv_sec < 0 || duration->tv_nsec < 0 || duration->tv_nsec >= kSecond) {
    errno = EINVAL;
    return -1;
  }
  zx_duration_t ns;
  if (__builtin_mul_overflow(duration->tv_sec, kSecond, &ns) || __builtin_add_overflow(ns, duration->tv_nsec, &ns)) {
    ns = ZX_TIME_INFINITE;
  }
  zx_nanosleep(zx_deadline_after(ns));
  return 0;
}

unsigned sleep(unsigned seconds) {
  zx_nanosleep(zx_deadline_after(ZX_SEC(static_cast<zx_duration_t>(seconds))));
  return 0;
}

int usleep(useconds_t us) {
  zx_nanosleep(zx_deadline_after(ZX_USEC(static_cast<zx_duration_t>(us))));
  return 0;
}

int sched_yield() {
  zx_thread_legacy_yield(0);
  return 0;
}

}  // extern "C"
