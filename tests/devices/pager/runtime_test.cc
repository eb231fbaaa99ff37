// Handlers run beside each other, and a runtime that ends answers what it still holds.
#include "devices/pager/runtime.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <future>
#include <latch>
#include <memory>

#include "devices/pager/alarm.h"
#include "tests/devices/support/recording_answer.h"

namespace {

using pager::Runtime;

TEST(Runtime, BlockedHandlerDoesNotKeepOthersWaiting) {
  const auto runtime = Runtime::Create(2).value();
  std::latch release(1);
  std::promise<void> done;
  boost::asio::post(runtime->executor(), [&] { release.wait(); });
  boost::asio::post(runtime->executor(), [&] { done.set_value(); });
  done.get_future().wait();
  release.count_down();
}

TEST(Runtime, RequestsThatWaitAreAnsweredWhenItEnds) {
  test::AnswerRecord running;
  test::AnswerRecord waiting;
  test::PageBuffer buffer(1);
  const auto request = [&buffer](test::AnswerRecord& record) {
    return pager::ReadRequest(0, buffer.Pieces({1}), std::make_unique<test::RecordingAnswer>(record));
  };
  std::latch entered(1);
  std::latch release(1);
  {
    auto runtime = Runtime::Create(1).value();
    boost::asio::post(runtime->executor(), [&, request = request(running)]() mutable {
      entered.count_down();
      release.wait();
      request.Complete(ZX_OK);
    });
    boost::asio::post(runtime->executor(), [request = request(waiting)]() mutable { request.Complete(ZX_OK); });
    entered.wait();
    // Ends while the first is in its handler, and the second waits behind it.
    const auto ending = std::async(std::launch::async, [&runtime] { runtime.reset(); });
    release.count_down();
  }
  EXPECT_EQ(running.count, 1);
  EXPECT_EQ(running.status, ZX_OK);
  EXPECT_EQ(waiting.count, 1);
}

TEST(SteadyAlarm, RingsOnceAndNotWhenCancelled) {
  boost::asio::io_context context;
  pager::SteadyAlarm alarm(context.get_executor());
  int rung = 0;
  alarm.Set(std::chrono::hours(1), [&] { ADD_FAILURE(); });
  alarm.Set(std::chrono::milliseconds(0), [&] { ++rung; });
  context.run();
  EXPECT_EQ(rung, 1);
  alarm.Set(std::chrono::hours(1), [&] { ADD_FAILURE(); });
  alarm.Cancel();
  context.restart();
  context.run();
}

}  // namespace
