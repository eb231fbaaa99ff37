// Service threads leave signals to the threads that handle them; eventfds carry wake-ups.
#include "devices/core/service_thread.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include "devices/core/event_fd.h"
#include "devices/core/poll.h"

namespace {

TEST(ServiceThread, BlocksSignalsOnlyInTheNewThread) {
  bool blocked = false;
  {
    auto thread = dev::ServiceThread::Start("test", [&] {
      sigset_t mask;
      pthread_sigmask(SIG_SETMASK, nullptr, &mask);
      blocked = sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGPIPE) == 1;
    });
    ASSERT_TRUE(thread.ok());
  }
  EXPECT_TRUE(blocked);
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, SIGINT), 0);
}

TEST(EventFd, SignalsAreTakenOnceHoweverManyThereWere) {
  const auto event = dev::EventFd::Create();
  ASSERT_TRUE(event.ok());
  EXPECT_FALSE(event.value().Drain());
  event.value().Signal();
  event.value().Signal();
  EXPECT_TRUE(dev::IsReady(event.value().fd(), POLLIN));
  EXPECT_TRUE(event.value().Drain());
  EXPECT_FALSE(event.value().Drain());
}

}  // namespace
