// Serves a text at /metrics over HTTP/1.1, for Prometheus and for curl.
//
// One thread, from Start to the destructor. Clients get one answer each and bounded time; how many there are at once is
// bounded too, and none can hold up the end.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "vmm/base/error.h"
#include "vmm/net/address.h"

namespace vmm {

class MetricsServer {
 public:
  // Makes the text of one answer; called in the server's thread.
  using Source = std::function<std::string()>;

  // Listens, and serves from here on. `content_type`: of the text. The error names the address.
  static Result<std::unique_ptr<MetricsServer>> Start(const net::Address& address, std::string content_type,
                                                      Source source);
  // Drops who is connected.
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  // With the port that was found.
  [[nodiscard]] const net::Address& address() const;

 private:
  struct State;
  explicit MetricsServer(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace vmm
