#include "devices/pager/remote/server.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <set>
#include <utility>

#include "devices/pager/remote/asio.h"
#include "devices/pager/remote/server_session.h"
#include "devices/pager/remote/unix_socket.h"

namespace pager::remote {

namespace {

// How long to let be when the process has no descriptors or memory for another connection.
constexpr std::chrono::milliseconds kAcceptPause(100);

}  // namespace

// I/O thread, but for Stop.
struct Server::State {
  State(PagerFactory factory_, SocketListener listener_, Report report_)
      : factory(std::move(factory_)), listener(std::move(listener_)), report(std::move(report_)) {}

  void AwaitConnection() {
    readiness.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const auto& error) {
      if (!error) {
        AcceptAll();
      }
    });
  }

  void AcceptAll() {
    while (true) {
      auto accepted = listener.Accept();
      if (accepted.ok()) {
        StartSession(std::move(accepted).value());
      } else if (accepted.error() == EAGAIN) {
        AwaitConnection();
        return;
      } else if (accepted.error() != EINTR && accepted.error() != ECONNABORTED) {
        pause.expires_after(kAcceptPause);
        pause.async_wait([this](const auto& error) {
          if (!error) {
            AcceptAll();
          }
        });
        return;
      }
    }
  }

  void StartSession(dev::UniqueFd socket) {
    auto pager = factory();
    if (!pager.ok()) {
      report("a monitor was refused: " + pager.error().message);
      static_cast<void>(Channel(std::move(socket)).Send(EncodeRefused(pager.error().message)));
      return;
    }
    // The session is known only after Start, and its end may remove it only after that.
    auto place = std::make_shared<std::weak_ptr<ServerSession>>();
    auto session = ServerSession::Start(context, std::move(socket), std::move(pager).value(),
                                        [this, place](const std::string& reason) {
                                          sessions.erase(place->lock());
                                          if (!reason.empty()) {
                                            report("a monitor was disconnected: " + reason);
                                          }
                                        });
    *place = session;
    sessions.insert(std::move(session));
  }

  PagerFactory factory;
  SocketListener listener;
  Report report;
  boost::asio::io_context context{1};
  boost::asio::posix::stream_descriptor readiness{context};  // of the listener, which it does not own
  boost::asio::steady_timer pause{context};
  std::set<std::shared_ptr<ServerSession>> sessions;
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

base::Result<std::unique_ptr<Server>, dev::Error> Server::Create(PagerFactory factory, const std::string& path,
                                                                 Report report) {
  PAGODA_TRY_ASSIGN(SocketListener listener, SocketListener::Create(path));
  auto state = std::make_unique<State>(std::move(factory), std::move(listener), std::move(report));
  boost::system::error_code error;
  state->readiness.assign(state->listener.fd(), error);
  if (error) {
    return base::Failure{dev::Error{path + ": " + error.message()}};
  }
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::~Server() {
  for (const auto& session : state_->sessions) {
    session->End();
  }
  state_->readiness.release();
}

void Server::Run() {
  state_->AwaitConnection();
  state_->context.run();
}

int Server::RunUntilSignal(const std::function<void()>& ready) {
  int received = 0;
  boost::asio::signal_set signals(state_->context, SIGINT, SIGTERM);
  signals.async_wait([this, &received](const auto& error, int signal) {
    if (!error) {
      received = signal;
      state_->context.stop();
    }
  });
  ready();
  Run();
  return received;
}

void Server::Stop() { state_->context.stop(); }

base::Result<void, dev::Error> Serve(Server::PagerFactory factory, const std::string& path) {
  PAGODA_TRY_ASSIGN(const std::unique_ptr<Server> server,
                    Server::Create(std::move(factory), path,
                                   [](const std::string& line) { std::fprintf(stderr, "pager: %s\n", line.c_str()); }));
  static_cast<void>(server->RunUntilSignal());
  return {};
}

}  // namespace pager::remote
