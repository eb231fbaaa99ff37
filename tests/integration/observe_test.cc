// What a person sees of a run: statistics that add up, a timeline that a viewer can open however the run ended,
// and progress that leaves the output alone.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/integration/fixture.h"
#include "tests/vmm/observe/trace_check.h"
#include "vmm/cli/exit_codes.h"

namespace integration {
namespace {

using nlohmann::json;

constexpr size_t kPage = 4096;

class ObserveTest : public GuestTest {
 protected:
  std::string Path(const std::string& name) const { return files_.path(name).string(); }
  std::string Pager(size_t bytes, const std::string& options = ",ro") {
    return "f=file:" + files_.Write("data", RandomContent(bytes)).string() + options;
  }
  json Read(const std::string& name) const { return json::parse(ReadFile(files_.path(name))); }
};

TEST_F(ObserveTest, StatisticsAddUpToTheFile) {
  const size_t size = Megabytes(64) << 20;
  const Ending ending = Execute(RunCommand({"--stats=json", "--stats-file", Path("stats"), "--memory",
                                            std::to_string(Megabytes(32)) + "M", "--pager", Pager(size)},
                                           {"sha256sum", "f"}));
  ASSERT_EQ(ending.code, 0) << ending.err;
  EXPECT_EQ(ending.err, "");
  const json stats = Read("stats");
  const json& object = stats.at("objects").at(0);
  EXPECT_EQ(object.at("name"), "f");
  EXPECT_EQ(object.at("size_bytes"), size);
  EXPECT_GE(object.at("pages_in"), size / kPage);
  EXPECT_EQ(object.at("failed_requests"), 0);
  EXPECT_GT(object.at("read_seconds_p50"), 0.0);
  EXPECT_LE(object.at("read_seconds_p50"), object.at("read_seconds_p99"));
  EXPECT_EQ(stats.at("total").at("pages_in"), object.at("pages_in"));
  const json& guest = stats.at("guest");
  EXPECT_GT(guest.at("program_faults"), 0);
  // What came in and did not fit has gone again.
  EXPECT_GE(guest.at("pages_evicted"), (size - (Megabytes(32) << 20)) / kPage);
  EXPECT_LE(guest.at("pages_evicted"), object.at("pages_in"));
  EXPECT_GT(stats.at("vcpus").at(0).at("exits").at("mmio_write"), 0);
}

TEST_F(ObserveTest, TheTableIsOnStandardErrorAfterWhatTheProgramSaid) {
  const Ending ending = Execute(RunCommand({"--stats", "--pager", Pager(kPage)}, {"sha256sum", "f"}));
  ASSERT_EQ(ending.code, 0) << ending.err;
  EXPECT_TRUE(ending.err.starts_with("pagoda: the run took ")) << ending.err;
  EXPECT_NE(ending.err.find("vCPU 0: exits to the monitor: "), std::string::npos) << ending.err;
  EXPECT_EQ(ending.out.find("pagoda"), std::string::npos);
}

TEST_F(ObserveTest, WritebacksAreCounted) {
  const Ending ending = Execute(RunCommand({"--stats=json", "--pager", Pager(8 * kPage, "")}, {"put", "f", "5", "x"}));
  ASSERT_EQ(ending.code, 0) << ending.err;
  const json object = json::parse(ending.err).at("objects").at(0);
  EXPECT_EQ(object.at("pages_written_back"), 1);
  EXPECT_EQ(object.at("writeback_passes"), 1);
}

TEST_F(ObserveTest, ATimelineHasFaultsRequestsAndEvictionsOfObjects) {
  const size_t size = Megabytes(48) << 20;
  const Ending ending = Execute(
      RunCommand({"--trace", Path("trace"), "--memory", std::to_string(Megabytes(32)) + "M", "--pager", Pager(size)},
                 {"sha256sum", "f"}));
  ASSERT_EQ(ending.code, 0) << ending.err;
  const json trace = Read("trace");
  ASSERT_EQ(vmm::CheckTrace(trace), "");
  std::map<std::string, int> seen;
  uint64_t read = 0;
  for (const json& event : trace) {
    const std::string name = event.at("name").get<std::string>();
    const std::string phase = event.at("ph").get<std::string>();
    ++seen[name + " " + phase];
    if ((name == "READ" && phase == "b") || name == "fault" || name == "evict") {
      EXPECT_EQ(event.at("args").at("object"), "f") << event.dump();
      EXPECT_LT(event.at("args").at("offset"), size);
      read += name == "READ" ? event.at("args").at("length").get<uint64_t>() : 0;
    }
  }
  EXPECT_GE(read, size);
  EXPECT_GT(seen["fault i"], 0);
  EXPECT_GT(seen["evict i"], 0);
  EXPECT_GT(seen["mmio_write X"], 0);
  EXPECT_GT(seen["COMPLETE e"], 0);
}

// A program that waits for pages may find each answer before its CPU goes idle; one that sleeps does not.
TEST_F(ObserveTest, ATimelineHasTheTimesWithNothingToDo) {
  const Ending ending = Execute(RunCommand({"--trace", Path("trace")}, {"sleep", "50"}));
  ASSERT_EQ(ending.code, 0) << ending.err;
  const json trace = Read("trace");
  ASSERT_EQ(vmm::CheckTrace(trace), "");
  EXPECT_TRUE(std::any_of(trace.begin(), trace.end(),
                          [](const json& event) { return event.at("name") == "idle" && event.at("ph") == "B"; }));
}

struct WayToEnd {
  std::string name;
  std::vector<std::string> options;
  std::vector<std::string> program;
  int signal;
  int code;
};
class TimelineOf : public ObserveTest, public testing::WithParamInterface<WayToEnd> {};

TEST_P(TimelineOf, IsWhole) {
  std::vector<std::string> options = GetParam().options;
  options.insert(options.end(),
                 {"--cpus", "2", "--trace", Path("trace"), "--stats=json", "--stats-file", Path("stats")});
  Process pagoda(RunCommand(options, GetParam().program));
  if (GetParam().signal != 0) {
    ASSERT_TRUE(pagoda.WaitForOutput("spinning"));
    pagoda.Signal(GetParam().signal);
  }
  const Ending ending = pagoda.Wait();
  EXPECT_EQ(ending.code, GetParam().code) << ending.err;
  EXPECT_EQ(vmm::CheckTrace(Read("trace")), "");
  EXPECT_GT(Read("stats").at("elapsed_seconds"), 0.0);
}

INSTANTIATE_TEST_SUITE_P(
    Each, TimelineOf,
    testing::Values(WayToEnd{"Panic", {"--option", "crash=panic"}, {"hello"}, 0, vmm::kExitGuestPanic},
                    WayToEnd{"TripleFault", {"--option", "crash=triple-fault"}, {"hello"}, 0, vmm::kExitTripleFault},
                    WayToEnd{"Timeout", {"--timeout", "300ms"}, {"spin"}, 0, vmm::kExitTimeout},
                    WayToEnd{"Terminated", {}, {"spin"}, SIGTERM, vmm::kExitTerminated}),
    NameOfParameter());

TEST_F(ObserveTest, ProgressOffATerminalIsWholeLinesAndNoEscapes) {
  const Ending ending = Execute(RunCommand({"--progress", "--pager", Pager(64 * kPage)}, {"sha256sum", "f"}));
  ASSERT_EQ(ending.code, 0) << ending.err;
  EXPECT_TRUE(ending.err.starts_with("pagoda: f: 0.2 MiB in, of 0.2; ")) << ending.err;
  EXPECT_TRUE(ending.err.ends_with('\n'));
  EXPECT_EQ(ending.err.find('\x1b'), std::string::npos);
}

// What a client of the socket gets for GET /metrics.
std::string AskForMetrics(const std::string& path) {
  const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  constexpr std::string_view kRequest = "GET /metrics HTTP/1.1\r\n\r\n";
  std::string answer;
  if (connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
      write(client, kRequest.data(), kRequest.size()) > 0) {
    std::array<char, 65536> buffer;
    for (ssize_t count = 0; (count = read(client, buffer.data(), buffer.size())) > 0;) {
      answer.append(buffer.data(), static_cast<size_t>(count));
    }
  }
  close(client);
  return answer;
}

TEST_F(ObserveTest, MetricsAreServedWhileTheGuestRuns) {
  Process pagoda(RunCommand({"--metrics", "unix:" + Path("socket")}, {"spin"}));
  ASSERT_TRUE(pagoda.WaitForError("pagoda: metrics at /metrics of the socket " + Path("socket") + "\n"));
  ASSERT_TRUE(pagoda.WaitForOutput("spinning"));
  const std::string metrics = AskForMetrics(Path("socket"));
  EXPECT_TRUE(metrics.starts_with("HTTP/1.1 200 OK\r\n")) << metrics;
  EXPECT_NE(metrics.find("\npagoda_guest_syscalls_total "), std::string::npos) << metrics;
  EXPECT_NE(metrics.find("\npagoda_vcpu_exits_total{vcpu=\"0\",kind=\"mmio_write\"} "), std::string::npos) << metrics;
  pagoda.Signal(SIGTERM);
  EXPECT_EQ(pagoda.Wait().code, vmm::kExitTerminated);
}

TEST_F(ObserveTest, BadInputIsOneLineAndLosesNothing) {
  const std::string kept = files_.Write("kept", "still here").string();
  const std::string damaged = files_.Write("damaged", "pagoda working set 1\nread 0 0 4096\n").string();
  const std::string pipe = Path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--trace", pipe}, "pagoda: --trace: " + pipe + ": is a pipe that nobody reads\n"},
      {{"--stats=xml"}, "pagoda: --stats: 'xml' is neither 'table' nor 'json'\n"},
      {{"--stats-file", kept}, "pagoda: --stats-file: there is no --stats to go there\n"},
      {{"--trace", "/nowhere/t"}, "pagoda: --trace: /nowhere/t: No such file or directory\n"},
      {{"--replay-working-set", damaged},
       "pagoda: --replay-working-set: " + damaged + ": line 2: there is no object of that number\n"},
      {{"--trace", kept, "--record-working-set", kept, "--stats", "--stats-file", kept, "--kernel", "/nowhere/k"},
       "pagoda: /nowhere/k: No such file or directory\n"},
      {{"--record-working-set", kept, "--replay-working-set", kept},
       "pagoda: --record-working-set: what a replay asks for is no working set: run without --replay-working-set\n"}};
  for (const auto& [options, error] : cases) {
    const Ending ending = Execute(RunCommand(options, {"hello"}));
    EXPECT_EQ(ending.code, vmm::kExitBadInput) << ending.err;
    EXPECT_EQ(ending.err, error);
  }
  EXPECT_EQ(ReadFile(kept), "still here");
}

}  // namespace
}  // namespace integration
