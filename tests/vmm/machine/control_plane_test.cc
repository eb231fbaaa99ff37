#include "vmm/machine/control_plane.h"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>
#include <vector>

namespace vmm {
namespace {

using std::chrono::milliseconds;

TEST(ControlPlane, RunReturnsWhenAnotherThreadFinishesIt) {
  ControlPlane control;
  std::thread other([&control] { control.Finish(); });

  control.Run();

  other.join();
}

TEST(ControlPlane, FinishBeforeRunIsNotLost) {
  ControlPlane control;
  control.Finish();

  control.Run();
}

TEST(ControlPlane, PostedWorkRunsInTheThreadThatRuns) {
  ControlPlane control;
  std::thread::id ran_in;
  std::thread other([&] {
    control.Post([&] {
      ran_in = std::this_thread::get_id();
      control.Finish();
    });
  });

  control.Run();

  other.join();
  EXPECT_EQ(ran_in, std::this_thread::get_id());
}

TEST(ControlPlane, TimersFireInTheOrderOfTheirDelays) {
  ControlPlane control;
  std::vector<int> fired;
  control.CallAfter(milliseconds(20), [&] {
    fired.push_back(2);
    control.Finish();
  });
  control.CallAfter(milliseconds(1), [&] { fired.push_back(1); });

  control.Run();

  EXPECT_EQ(fired, (std::vector{1, 2}));
}

TEST(ControlPlane, EverySignalIsReported) {
  ControlPlane control;
  std::vector<int> signals;
  control.WatchSignals([&](int signal) {
    signals.push_back(signal);
    if (signals.size() == 1) {
      std::raise(SIGTERM);
    } else {
      control.Finish();
    }
  });
  std::raise(SIGINT);

  control.Run();

  EXPECT_EQ(signals, (std::vector{SIGINT, SIGTERM}));
}

TEST(ControlPlane, RunReadyServesAFinishedPlaneWithoutWaiting) {
  ControlPlane control;
  control.Finish();
  control.Run();
  bool ran = false;
  control.Post([&ran] { ran = true; });

  control.RunReady();

  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace vmm
