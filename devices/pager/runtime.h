// The threads on which pagers do what takes time: a Boost.Asio io_context with a few threads.
//
//   boost::asio::post(runtime.executor(), [request = std::move(request)]() mutable { ...; request.Complete(ZX_OK); });
//
// A monitor has one for all its pagers, so that a slow disk read delays neither the device nor the reads of others.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "devices/core/error.h"
#include "devices/core/service_thread.h"
#include "devices/pager/asio.h"
#include "shared/base/result.h"

namespace pager {

class Runtime {
 public:
  static constexpr size_t kDefaultThreads = 4;

  // Starts the threads: as many handlers run, or wait for a medium, at a time. Fails when the host has none left.
  static base::Result<std::unique_ptr<Runtime>, dev::Error> Create(size_t threads = kDefaultThreads);

  // Waits for the handlers that run, and drops those that have not begun; a request that one of these holds answers
  // itself with ZX_ERR_BAD_STATE. Everything that uses the executor must have gone before, apart from its handlers.
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // Any thread. Handlers may block: on a file, not on one another. They must not throw.
  [[nodiscard]] boost::asio::any_io_executor executor() { return context_.get_executor(); }

 private:
  explicit Runtime(size_t threads) : context_(static_cast<int>(threads)), work_(context_.get_executor()) {}

  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::vector<dev::ServiceThread> threads_;
};

}  // namespace pager
