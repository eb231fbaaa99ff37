// A thread that serves a device: named, deaf to signals, joined by its owner.
//
// Signals are blocked in it so that SIGINT and SIGTERM reach the threads that handle them, and so that a closed output
// is an error code (EPIPE) instead of the end of the process.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "devices/core/error.h"
#include "shared/base/result.h"

namespace dev {

class ServiceThread {
 public:
  // Starts `body` at once. `name`: at most 15 characters, what `top -H` and a debugger show. Fails when the host has no
  // thread left.
  static base::Result<ServiceThread, Error> Start(const std::string& name, std::function<void()> body);

  ServiceThread() = default;
  ServiceThread(ServiceThread&&) = default;
  ServiceThread& operator=(ServiceThread&&) = default;
  ~ServiceThread() { Join(); }

  // Waits for `body` to return, which its owner must have asked for. Idempotent.
  void Join();

 private:
  explicit ServiceThread(std::thread thread) : thread_(std::move(thread)) {}

  std::thread thread_;
};

}  // namespace dev
