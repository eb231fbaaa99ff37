// The main thread's event loop: signals, the time limit, and work that other threads hand over.
//
// It keeps Asio out of everybody else's sight. Threads: Post and Finish are for any thread, the rest for the one that
// created the object.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace vmm {

class ControlPlane {
 public:
  ControlPlane();
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;
  ~ControlPlane();

  // `handler` is called, from Run or RunReady, for each SIGINT and SIGTERM from now on.
  void WatchSignals(std::function<void(int signal)> handler);

  // Calls `handler` once, from Run or RunReady, when `delay` has passed.
  void CallAfter(std::chrono::milliseconds delay, std::function<void()> handler);

  // Calls `handler` from Run or RunReady.
  void Post(std::function<void()> handler);

  // Runs handlers until Finish.
  void Run();
  // Makes Run return, also one that has not begun.
  void Finish();
  // Runs the handlers that are due and returns at once, also after Finish.
  void RunReady();

 private:
  struct Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace vmm
