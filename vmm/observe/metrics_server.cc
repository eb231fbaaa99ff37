// The one file that includes Boost.Beast, which takes long to compile.
#include "vmm/observe/metrics_server.h"

#include "vmm/net/asio.h"

#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <cstdint>
#include <utility>

#include "devices/core/service_thread.h"
#include "vmm/net/listener.h"

namespace vmm {
namespace {

namespace http = boost::beast::http;

using Stream = boost::beast::basic_stream<boost::asio::generic::stream_protocol>;
using ErrorCode = boost::system::error_code;

// For a request, and for taking its answer.
constexpr std::chrono::seconds kPatience(5);
// What a request may have, bytes. One for metrics has a few hundred and no body.
constexpr uint32_t kMostHeader = 8192;
constexpr uint64_t kMostBody = 1024;
// Clients at a time. There is seldom more than one.
constexpr size_t kMostClients = 16;

// What sessions share; outlives them.
struct Service {
  std::string content_type;
  MetricsServer::Source source;
  size_t clients = 0;
};

// One client: a request, an answer, the end.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(net::StreamSocket socket, Service& service) : stream_(std::move(socket)), service_(service) {
    ++service_.clients;
    parser_.header_limit(kMostHeader);
    parser_.body_limit(kMostBody);
  }
  ~Session() { --service_.clients; }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void Start() {
    stream_.expires_after(kPatience);
    http::async_read(stream_, buffer_, parser_,
                     [self = shared_from_this()](const ErrorCode& error, size_t) { self->OnRequest(error); });
  }

 private:
  void OnRequest(const ErrorCode& error) {
    if (error == http::error::header_limit) {
      Answer(http::status::request_header_fields_too_large, "The request's header is too large.\n");
    } else if (error == http::error::body_limit) {
      Answer(http::status::payload_too_large, "The request's body is too large.\n");
    } else if (error && error.category() == make_error_code(http::error::bad_method).category() &&
               error != http::error::end_of_stream && error != http::error::partial_message) {
      Answer(http::status::bad_request, "This is no HTTP.\n");
    } else if (!error) {
      AnswerRequest();
    }
    // Otherwise it has gone, or said nothing for too long.
  }

  void AnswerRequest() {
    const std::string_view target(parser_.get().target().data(), parser_.get().target().size());
    if (target.substr(0, target.find('?')) != "/metrics") {
      Answer(http::status::not_found, "There is nothing here but /metrics.\n");
    } else if (parser_.get().method() != http::verb::get) {
      Answer(http::status::method_not_allowed, "Only GET is allowed.\n");
    } else {
      Answer(http::status::ok, service_.source());
    }
  }

  void Answer(http::status status, std::string text) {
    response_.result(status);
    response_.version(11);
    response_.set(http::field::content_type, status == http::status::ok ? service_.content_type : "text/plain");
    if (status == http::status::method_not_allowed) {
      response_.set(http::field::allow, "GET");
    }
    response_.keep_alive(false);
    response_.body() = std::move(text);
    response_.prepare_payload();
    stream_.expires_after(kPatience);
    http::async_write(stream_, response_, [self = shared_from_this()](const ErrorCode&, size_t) {
      ErrorCode ignored;
      self->stream_.socket().shutdown(boost::asio::socket_base::shutdown_send, ignored);
    });
  }

  Stream stream_;
  Service& service_;
  boost::beast::flat_buffer buffer_{kMostHeader + kMostBody};
  http::request_parser<http::string_body> parser_;
  http::response<http::string_body> response_;
};

}  // namespace

struct MetricsServer::State {
  Service service;  // before `context`, whose handlers hold sessions
  boost::asio::io_context context{1};
  std::unique_ptr<net::Listener> listener;
  dev::ServiceThread thread;
};

MetricsServer::MetricsServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<MetricsServer>> MetricsServer::Start(const net::Address& address, std::string content_type,
                                                            Source source) {
  auto state = std::make_unique<State>();
  state->service.content_type = std::move(content_type);
  state->service.source = std::move(source);
  PAGODA_TRY_ASSIGN(state->listener, net::Listener::Open(state->context, address));
  state->listener->AcceptAll([&service = state->service](net::StreamSocket socket) {
    if (service.clients < kMostClients) {
      std::make_shared<Session>(std::move(socket), service)->Start();
    }
  });
  auto thread = dev::ServiceThread::Start("metrics", [raw = state.get()] { raw->context.run(); });
  if (!thread.ok()) {
    return base::Failure{Error(kExitHostFailure, std::move(thread).error().message)};
  }
  state->thread = std::move(thread).value();
  return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(state)));
}

MetricsServer::~MetricsServer() {
  state_->context.stop();
  state_->thread.Join();
}

const net::Address& MetricsServer::address() const { return state_->listener->address(); }

}  // namespace vmm
