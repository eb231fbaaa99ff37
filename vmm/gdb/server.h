// The debugger's server: listens, lets one client at a time drive the target, and refuses the others in words.
//
// One thread of its own does all of it, and makes all calls of the target.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "vmm/base/error.h"
#include "vmm/gdb/target.h"
#include "vmm/net/address.h"

namespace vmm::gdb {

class Server {
 public:
  // Takes one line for a person: who came and who went. Called in the server's thread.
  using Report = std::function<void(const std::string& line)>;

  // Listens and serves from here on. `target` outlives the server, which takes its wake-up.
  static Result<std::unique_ptr<Server>> Start(const net::Address& address, Target& target, Report report);

  // Stops. Any thread but the server's own.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // A client that waits still hears how the guest ended, if the target says so by now; then connections, socket and
  // thread go. Takes half a second at most, beside a call of the target that is under way. Idempotent.
  void Stop();

  // What to type after `target remote`.
  [[nodiscard]] std::string connect_text() const;

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace vmm::gdb
