#include "vmm/gdb/server.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>
#include <variant>

#include "devices/core/service_thread.h"
#include "vmm/gdb/asio.h"
#include "vmm/gdb/connection.h"
#include "vmm/gdb/refusal.h"
#include "vmm/net/listener.h"

namespace vmm::gdb {

namespace {

// For the last words to a client that may not be listening.
constexpr std::chrono::milliseconds kStopPatience(500);

// What it means in whatever folder the debugger is started.
net::Address FromAnywhere(net::Address address) {
  if (auto* socket = std::get_if<net::UnixAddress>(&address)) {
    std::error_code error;
    const auto path = std::filesystem::absolute(socket->path, error);
    socket->path = error ? socket->path : path.string();
  }
  return address;
}

}  // namespace

// The server's thread, but for `context`, `wake_up_posted` and `thread`.
struct Server::State {
  State(Target& machine, Report to_person) : target(machine), report(std::move(to_person)) {}

  // Any thread. One notice at a time is enough, because it makes the session look at what there is.
  void WakeUp() {
    if (!wake_up_posted.exchange(true)) {
      boost::asio::post(context, [this] {
        wake_up_posted = false;
        if (client) {
          client->OnWakeUp();
        }
      });
    }
  }

  void Run() {
    context.run();
    if (client) {
      client->Close();  // a session must end in this thread
    }
  }

  void OnAccept(StreamSocket socket) {
    if (client) {
      report("refused a debugger at " + net::PeerName(socket) + ", because there is one already");
      Refusal::Start(std::move(socket), "Another debugger is connected to this guest already: " + client->peer() +
                                            ". Detach it or end it, and try again.");
      return;
    }
    client = Connection::Start(std::move(socket), target, [this] { OnClientEnd(); });
    report("a debugger has connected: " + client->peer());
  }

  void OnClientEnd() {
    report("the debugger has gone: " + client->peer());
    client.reset();
    if (stopping) {
      context.stop();
    }
  }

  void BeginStop() {
    stopping = true;
    listener->Close();
    if (!client) {
      context.stop();
      return;
    }
    patience.expires_after(kStopPatience);
    patience.async_wait([this](const boost::system::error_code& error) {
      if (!error) {
        context.stop();
      }
    });
    client->Finish();
  }

  Target& target;
  const Report report;
  boost::asio::io_context context{1};
  std::unique_ptr<net::Listener> listener;
  std::string connect_text;
  std::shared_ptr<Connection> client;
  boost::asio::steady_timer patience{context};
  bool stopping = false;
  std::atomic<bool> wake_up_posted{false};
  dev::ServiceThread thread;
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Server>> Server::Start(const net::Address& address, Target& target, Report report) {
  auto state = std::make_unique<State>(target, std::move(report));
  PAGODA_TRY_ASSIGN(state->listener, net::Listener::Open(state->context, address));
  State* const raw = state.get();
  raw->connect_text = net::ConnectText(FromAnywhere(raw->listener->address()));
  raw->listener->AcceptAll([raw](StreamSocket socket) { raw->OnAccept(std::move(socket)); });
  // Before there can be a client, whose first stop it may be.
  target.SetWakeUp([raw] { raw->WakeUp(); });
  auto thread = dev::ServiceThread::Start("gdb", [raw] { raw->Run(); });
  if (!thread.ok()) {
    target.SetWakeUp({});
    return base::Failure{Error(kExitHostFailure, thread.error().message)};
  }
  raw->thread = std::move(thread).value();
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::~Server() { Stop(); }

void Server::Stop() {
  State& state = *state_;
  boost::asio::post(state.context, [&state] { state.BeginStop(); });
  state.thread.Join();
  state.target.SetWakeUp({});
  state.listener.reset();  // and with it the path of a Unix socket
}

std::string Server::connect_text() const { return state_->connect_text; }

}  // namespace vmm::gdb
