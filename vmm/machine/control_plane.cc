#include "vmm/machine/control_plane.h"

#include <csignal>
#include <list>

#include "vmm/base/asio.h"

namespace vmm {

struct ControlPlane::Loop {
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};
  boost::asio::signal_set signals{context};
  std::function<void(int)> on_signal;
  std::list<boost::asio::steady_timer> timers;

  // One signal at a time: each completed wait starts the next.
  void WaitForSignal() {
    signals.async_wait([this](const boost::system::error_code& error, int signal) {
      if (!error) {
        on_signal(signal);
        WaitForSignal();
      }
    });
  }
};

ControlPlane::ControlPlane() : loop_(std::make_unique<Loop>()) {}
ControlPlane::~ControlPlane() = default;

void ControlPlane::WatchSignals(std::function<void(int signal)> handler) {
  loop_->on_signal = std::move(handler);
  boost::system::error_code error;  // adding a signal that exists cannot fail
  loop_->signals.add(SIGINT, error);
  loop_->signals.add(SIGTERM, error);
  loop_->WaitForSignal();
}

void ControlPlane::CallAfter(std::chrono::milliseconds delay, std::function<void()> handler) {
  auto& timer = loop_->timers.emplace_back(loop_->context);
  timer.expires_after(delay);
  timer.async_wait([handler = std::move(handler)](const boost::system::error_code& error) {
    if (!error) {
      handler();
    }
  });
}

void ControlPlane::Post(std::function<void()> handler) { boost::asio::post(loop_->context, std::move(handler)); }

void ControlPlane::Run() { loop_->context.run(); }

void ControlPlane::Finish() { loop_->context.stop(); }

void ControlPlane::RunReady() {
  loop_->context.restart();
  loop_->context.poll();
}

}  // namespace vmm
