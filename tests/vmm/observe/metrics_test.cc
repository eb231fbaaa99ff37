// The metrics server answers what it should, refuses the rest, and no client can hold it up.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "devices/core/unique_fd.h"
#include "tests/devices/support/temporary_directory.h"
#include "vmm/observe/metrics_server.h"
#include "vmm/observe/metrics_text.h"

namespace vmm {
namespace {

class MetricsServerTest : public testing::Test {
 protected:
  void Start(const net::Address& address) {
    server_ = MetricsServer::Start(address, "text/x", [] { return std::string("the text\n"); }).value();
  }
  void SetUp() override { Start(net::UnixAddress{.path = directory_.Path("socket")}); }

  dev::UniqueFd Connect() const {
    dev::UniqueFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, directory_.Path("socket").c_str());
    EXPECT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    return client;
  }
  static void Say(const dev::UniqueFd& client, std::string_view text) {
    // A server that has heard enough may have closed.
    static_cast<void>(::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL));
  }
  // Until the server closes.
  static std::string ReadAll(const dev::UniqueFd& client) {
    std::string answer;
    char buffer[4096];
    ssize_t count = 0;
    while ((count = ::read(client.get(), buffer, sizeof(buffer))) > 0) {
      answer.append(buffer, static_cast<size_t>(count));
    }
    return answer;
  }
  std::string Ask(std::string_view text) const {
    const dev::UniqueFd client = Connect();
    Say(client, text);
    return ReadAll(client);
  }
  static std::string StatusOf(const std::string& answer) { return answer.substr(0, answer.find("\r\n")); }

  test::TemporaryDirectory directory_;
  std::unique_ptr<MetricsServer> server_;
};

TEST_F(MetricsServerTest, GetGivesTheText) {
  for (const std::string_view target : {"/metrics", "/metrics?a=b"}) {
    const std::string answer = Ask("GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(StatusOf(answer), "HTTP/1.1 200 OK");
    EXPECT_NE(answer.find("Content-Type: text/x\r\n"), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nthe text\n")) << answer;
  }
}

TEST_F(MetricsServerTest, OtherPathsMethodsAndNonsenseAreRefused) {
  EXPECT_EQ(StatusOf(Ask("GET / HTTP/1.1\r\n\r\n")), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(StatusOf(Ask("GET /metrics/x HTTP/1.1\r\n\r\n")), "HTTP/1.1 404 Not Found");
  const std::string post = Ask("POST /metrics HTTP/1.1\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(StatusOf(post), "HTTP/1.1 405 Method Not Allowed");
  EXPECT_NE(post.find("Allow: GET\r\n"), std::string::npos) << post;
  EXPECT_EQ(StatusOf(Ask("nonsense\r\n\r\n")), "HTTP/1.1 400 Bad Request");
}

TEST_F(MetricsServerTest, OversizedRequestsAreRefused) {
  EXPECT_EQ(StatusOf(Ask("GET /metrics HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n")),
            "HTTP/1.1 431 Request Header Fields Too Large");
  EXPECT_EQ(StatusOf(Ask("POST /metrics HTTP/1.1\r\nContent-Length: 100000\r\n\r\n")),
            "HTTP/1.1 413 Payload Too Large");
}

TEST_F(MetricsServerTest, SilentClientsAreBoundedAndHoldUpNeitherOthersNorTheEnd) {
  std::vector<dev::UniqueFd> silent;
  for (int i = 0; i < 15; ++i) {
    silent.push_back(Connect());
    Say(silent.back(), "GET /met");
  }
  EXPECT_EQ(StatusOf(Ask("GET /metrics HTTP/1.1\r\n\r\n")), "HTTP/1.1 200 OK");
  for (int i = 0; i < 10; ++i) {
    silent.push_back(Connect());
  }
  // More than sixteen at a time are not served: this one is closed without an answer.
  EXPECT_EQ(ReadAll(silent.back()), "");
  const auto begin = std::chrono::steady_clock::now();
  server_ = nullptr;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
  EXPECT_NE(::access(directory_.Path("socket").c_str(), F_OK), 0) << "the socket's path is still there";
}

TEST_F(MetricsServerTest, APortThatIsTakenIsABadAddress) {
  Start(net::TcpAddress{.host = "127.0.0.1", .port = 0});
  const auto second = MetricsServer::Start(server_->address(), "", [] { return std::string(); });
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().exit_code(), kExitBadInput);
  EXPECT_NE(second.error().message().find("cannot listen at tcp:127.0.0.1:"), std::string::npos);
}

TEST(MetricsText, HasHelpTypeAndEscapedLabels) {
  RunReport report;
  report.objects = {{.name = "d/a\"\\\n\xff", .requests = 3}};
  report.objects[0].reads.Add(std::chrono::microseconds(3));
  report.cpus = {{7, 0, 0, 0, 0, 0}};
  report.guest = pagoda::abi::GuestCounters();
  const std::string text = MetricsText(report);
  EXPECT_NE(text.find("# HELP pagoda_read_requests_total "), std::string::npos);
  EXPECT_NE(text.find("# TYPE pagoda_read_requests_total counter\n"
                      "pagoda_read_requests_total{pager=\"d\",object=\"d/a\\\"\\\\\\n\xef\xbf\xbd\"} 3\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("pagoda_read_duration_seconds_bucket{pager=\"d\",le=\"1.024e-06\"} 0\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("pagoda_read_duration_seconds_bucket{pager=\"d\",le=\"4.096e-06\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("pagoda_read_duration_seconds_bucket{pager=\"d\",le=\"+Inf\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("pagoda_read_duration_seconds_count{pager=\"d\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("pagoda_vcpu_exits_total{vcpu=\"0\",kind=\"mmio_read\"} 7\n"), std::string::npos);
  EXPECT_NE(text.find("\npagoda_guest_pages_evicted_total 0\n"), std::string::npos);
  EXPECT_TRUE(text.ends_with('\n'));
}

}  // namespace
}  // namespace vmm
