// A pager as a process of its own: serves monitors that connect to a Unix socket. All that a pager's program needs:
//
//   int main() {
//     const auto served = pager::remote::Serve(pager::remote::Each<MyPager>(), "/run/my-pager.sock");
//     if (!served.ok()) {
//       std::fprintf(stderr, "my-pager: %s\n", served.error().message.c_str());
//       return 1;
//     }
//   }
//
// Each monitor gets a Pager of its own; all are served by one thread, a request of each in turn. Page sources may
// answer from other threads.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "devices/core/error.h"
#include "devices/pager/page_source.h"
#include "shared/base/result.h"

namespace pager::remote {

class Server {
 public:
  // Makes the objects of one guest. Called on the thread that serves; a monitor is told why there are none.
  using PagerFactory = std::function<base::Result<std::unique_ptr<Pager>, dev::Error>()>;
  // Gets what a person should know of, one line each: monitors that did what they must not.
  using Report = std::function<void(const std::string& line)>;

  // Listens at `path`: a socket there that nobody uses is replaced, a live one is an error. From here on monitors can
  // connect; they are served once Run is called.
  static base::Result<std::unique_ptr<Server>, dev::Error> Create(PagerFactory factory, const std::string& path,
                                                                  Report report);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  // Ends all connections and removes the socket.
  ~Server();

  // Serves until Stop, on this thread.
  void Run();
  // As Run, and until SIGINT or SIGTERM; returns the signal's number, or 0 after Stop. `ready` is called once, when a
  // signal would end it in order already.
  int RunUntilSignal(const std::function<void()>& ready = [] {});
  // Any thread.
  void Stop();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

// For pagers that are made without arguments and cannot fail.
template <typename T>
[[nodiscard]] Server::PagerFactory Each() {
  return [] { return base::Result<std::unique_ptr<Pager>, dev::Error>(std::make_unique<T>()); };
}

// Create and RunUntilSignal, with lines for people on standard error. Returns once a signal has ended it.
base::Result<void, dev::Error> Serve(Server::PagerFactory factory, const std::string& path);

}  // namespace pager::remote
