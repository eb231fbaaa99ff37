// Pagers in processes of their own, as a person runs them: `pagoda pager`, guests that attach, and SIGKILL.
#include <time.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "guest/programs/page-storm.h"
#include "tests/integration/fixture.h"
#include "tests/integration/pager_process.h"
#include "tests/integration/terminal.h"

namespace integration {
namespace {

constexpr uint64_t kPageSize = 4096;

void Kill(std::unique_ptr<Process> pager) {
  pager->Signal(SIGKILL);
  EXPECT_EQ(pager->Wait().code, 128 + SIGKILL);
}

// By calls of read, preadv and the like so far (proc_pid_io(5)).
uint64_t BytesReadBy(const Process& process) {
  std::istringstream counts(ReadFile("/proc/" + std::to_string(process.pid()) + "/io"));
  std::string name;
  uint64_t count = 0;
  counts >> name >> count;
  EXPECT_EQ(name, "rchar:");
  return count;
}

class PagerCommandTest : public testing::Test {
 protected:
  TemporaryFolder files_;
  const std::filesystem::path socket_ = files_.path("socket");
  const std::string spec_ = "file:" + files_.Write("data", "0123456789").string() + ",ro";
};

TEST_F(PagerCommandTest, SigtermAndSigintEndItInOrder) {
  for (const int signal : {SIGTERM, SIGINT}) {
    const auto pager = StartPager(spec_, socket_);
    pager->Signal(signal);
    const Ending ending = pager->Wait();
    EXPECT_EQ(ending.code, 0) << ending.err;
    EXPECT_EQ(ending.err, "");
    EXPECT_FALSE(std::filesystem::exists(socket_));
  }
}

TEST_F(PagerCommandTest, SocketOfAKilledPagerIsReplacedAndThatOfALiveOneIsNot) {
  Kill(StartPager(spec_, socket_));
  EXPECT_TRUE(std::filesystem::exists(socket_));
  const auto pager = StartPager(spec_, socket_);
  const Ending second = Execute(PagerCommand(spec_, socket_));
  EXPECT_EQ(second.code, 2);
  EXPECT_EQ(second.err, "pagoda: " + socket_.string() + ": in use by a running program\n");
  EXPECT_TRUE(std::filesystem::exists(socket_));
}

TEST_F(PagerCommandTest, WhatCannotBeServedIsSaidInOneLine) {
  for (const auto& [spec, text] : {std::pair("file:" + files_.path("none").string() + ",ro", "No such file"),
                                   std::pair(std::string("smoke:signals"), "unknown kind 'smoke'"),
                                   std::pair(std::string("nothing"), "no kind of pager")}) {
    const Ending ending = Execute(PagerCommand(spec, socket_));
    EXPECT_EQ(ending.code, 2) << spec;
    EXPECT_EQ(ending.err.find("pagoda: "), 0u) << ending.err;
    EXPECT_NE(ending.err.find(text), std::string::npos) << ending.err;
    EXPECT_EQ(ending.err.find('\n'), ending.err.size() - 1);
  }
  EXPECT_FALSE(std::filesystem::exists(socket_));
}

TEST_F(PagerCommandTest, MonitorWithoutAPagerSaysWhatToStart) {
  const Ending ending = Execute(RunCommand({"--pager", "f=unix:" + socket_.string()}, {"hello"}));
  EXPECT_EQ(ending.code, 2);
  EXPECT_NE(ending.err.find("pagoda pager SPEC --socket " + socket_.string()), std::string::npos) << ending.err;
}

class ExternalPagerTest : public GuestTest {
 protected:
  [[nodiscard]] std::string Attach(const std::string& options = "") const {
    return "f=unix:" + socket_.string() + options;
  }

  // Reads "f" again and again, for longer than it takes to do something to its pager. One that cannot be opened is not
  // the end of it.
  [[nodiscard]] static std::vector<std::string> LongHash(size_t times) {
    std::vector<std::string> program = {"sha256sum"};
    program.insert(program.end(), times, "f");
    return program;
  }

  const std::filesystem::path socket_ = files_.path("socket");
};

TEST_F(ExternalPagerTest, FileHasTheSameHashInTheGuestAsOnTheHost) {
  const std::string content = RandomContent((4 << 20) + 1);
  const auto pager = StartPager("file:" + files_.Write("data", content).string() + ",ro", socket_);
  const Ending ending = Execute(RunCommand({"--pager", Attach()}, {"sha256sum", "f"}));
  EXPECT_EQ(ending.code, 0) << ending.err << ending.out;
  EXPECT_EQ(ending.out.substr(0, 64), Sha256(content));
}

TEST_F(ExternalPagerTest, TwoGuestsShareOnePagerProcess) {
  const std::string content = RandomContent(3 << 20);
  const auto pager = StartPager("file:" + files_.Write("data", content).string() + ",ro", socket_);
  Process first(RunCommand({"--pager", Attach()}, {"sha256sum", "f"}));
  Process second(RunCommand({"--pager", Attach()}, {"sha256sum", "f"}));
  for (Process* guest : {&first, &second}) {
    const Ending ending = guest->Wait();
    EXPECT_EQ(ending.code, 0) << ending.err << ending.out;
    EXPECT_EQ(ending.out.substr(0, 64), Sha256(content));
  }
  pager->Signal(SIGTERM);
  const Ending ending = pager->Wait();
  EXPECT_EQ(ending.code, 0);
  EXPECT_EQ(ending.err, "");
}

TEST_F(ExternalPagerTest, PagerThatStaysAwayFailsTheGuestsAccessAndNotTheMonitor) {
  const std::string spec = "file:" + files_.Write("data", RandomContent(64 << 20)).string() + ",ro";
  auto pager = StartPager(spec, socket_);
  Process guest(RunCommand({"--timeout", TimeLimit(), "--pager", Attach(",reconnect=1")}, LongHash(100)));
  EXPECT_TRUE(guest.WaitForOutput("  f"));
  Kill(std::move(pager));
  const Ending ending = guest.Wait();
  EXPECT_FALSE(ending.hung);
  EXPECT_NE(ending.code, 0);
  EXPECT_NE(ending.code, 124) << "an access waited without end";
  EXPECT_NE(ending.err.find("pager 'f': lost the pager"), std::string::npos) << ending.err;
  EXPECT_NE(ending.err.find("failed with ZX_ERR_IO"), std::string::npos) << ending.err;
}

// A guest that reads and writes until it is told to stop, on a terminal of its own.
class PageStorm {
 public:
  PageStorm(const std::string& pager, uint64_t seed)
      : guest_(RunCommand({"--timeout", "600", "--pager", pager}, {"page-storm", "f", std::to_string(seed)}),
               terminal_.program_side()) {
    EXPECT_TRUE(terminal_.WaitForEither("page-storm begins", kFailure)) << terminal_.shown();
  }
  // Tells it to stop; what it printed, and how it ended.
  Ending Stop() {
    EXPECT_TRUE(terminal_.Type("\n"));
    EXPECT_TRUE(terminal_.WaitForEither("page-storm ends", kFailure)) << terminal_.shown();
    Ending ending = guest_.Wait();
    ending.out = terminal_.shown();
    return ending;
  }

 private:
  static constexpr std::string_view kFailure = "page-storm: ";

  Terminal terminal_;
  Process guest_;
};

std::vector<uint64_t> VersionsIn(const std::string& shown) {
  std::vector<uint64_t> versions;
  std::istringstream words(shown);
  std::string word;
  while (words >> word) {
    if (word == "version") {
      words >> versions.emplace_back();
    }
  }
  return versions;
}

TEST_F(ExternalPagerTest, FileHasTheSameHashWhenThePagerFillsTheGuestsPages) {
  const std::string content = RandomContent((4 << 20) + 1);
  const auto pager = StartPager("file:" + files_.Write("data", content).string() + ",ro", socket_);
  const Ending ending = Execute(RunCommand({"--pager", Attach(",share-memory")}, {"sha256sum", "f"}));
  EXPECT_EQ(ending.code, 0) << ending.err << ending.out;
  EXPECT_EQ(ending.out.substr(0, 64), Sha256(content));
  EXPECT_EQ(ending.err, "");
  EXPECT_GE(BytesReadBy(*pager), content.size()) << "it is the pager that reads the file";
}

// A pager that is there and says nothing, whatever it is asked when it stops: an open, a READ, the last COMPLETE.
TEST_F(ExternalPagerTest, PagerThatStopsAnsweringHoldsUpNeitherReaderNorExit) {
  // Longer than it takes to answer wherever this runs; the run has to wait that long for what is not answered, and a
  // second for each open.
  const std::string timeout = std::to_string((Patience() / 30).count()) + "s";
  for (const std::string options : {",reconnect=1", ",reconnect=1,share-memory"}) {
    const auto pager = StartPager("file:" + files_.Write("data", RandomContent(16 << 20)).string() + ",ro", socket_);
    Process guest(
        RunCommand({"--timeout", TimeLimit(), "--pager-timeout", timeout, "--pager", Attach(options)}, LongHash(8)));
    EXPECT_TRUE(guest.WaitForOutput("  f"));
    pager->Signal(SIGSTOP);
    const Ending ending = guest.Wait();
    EXPECT_FALSE(ending.hung);
    EXPECT_NE(ending.code, 0);
    EXPECT_NE(ending.code, 124) << ending.err;
  }
}

struct KilledPager {
  std::string name;
  std::string serving;   // options of the pager process
  std::string attached;  // options of the monitor
};

class KilledPagerTest : public ExternalPagerTest, public testing::WithParamInterface<KilledPager> {};

// With the default interval no pager lives until its clock writes back; with the short ones each is in the middle of
// it.
INSTANTIATE_TEST_SUITE_P(
    Each, KilledPagerTest,
    testing::Values(KilledPager{"WithArena", "", ""}, KilledPager{"WithGuestMemory", "", ",share-memory"},
                    KilledPager{"WritingBackByTheClock", ",writeback=2ms", ""},
                    KilledPager{"WritingBackByTheClockWithGuestMemory", ",writeback=2ms", ",share-memory"}),
    NameOfParameter());

TEST_P(KilledPagerTest, LosesNoWriteAndGivesNoWrongByte) {
  // Where the machine itself is emulated a pager takes as long to start as 20 of them do elsewhere.
  const int kills = std::getenv("PAGODA_HARDWARE_KVM") != nullptr ? 10 : 200;
  constexpr uint64_t kPages = 256;
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto file = files_.Write("data", std::string(kPages * kPageSize, '\0'));
  const std::string spec = "file:" + file.string() + GetParam().serving;

  auto pager = StartPager(spec, socket_);
  PageStorm storm(Attach(",reconnect=" + std::to_string(Patience().count()) + GetParam().attached), seed);
  for (int kill = 0; kill < kills; ++kill) {
    // The point in time is what is random here; nothing is waited for.
    const timespec moment{.tv_sec = 0, .tv_nsec = static_cast<long>(random() % 15'000'000)};
    nanosleep(&moment, nullptr);
    Kill(std::move(pager));
    pager = StartPager(spec, socket_);
  }
  const Ending ending = storm.Stop();
  EXPECT_EQ(ending.code, 0) << ending.out << ending.err;

  const std::vector<uint64_t> versions = VersionsIn(ending.out);
  ASSERT_EQ(versions.size(), kPages) << ending.out;
  const std::string content = ReadFile(file);
  ASSERT_EQ(content.size(), kPages * kPageSize);
  for (uint64_t page = 0; page < kPages; ++page) {
    std::array<uint64_t, programs::kWordsPerPage> words;
    std::memcpy(words.data(), content.data() + page * kPageSize, kPageSize);
    for (uint64_t index = 0; index < words.size(); ++index) {
      ASSERT_EQ(words[index], programs::StormWord(page, versions[page], index)) << "page " << page;
    }
  }
}

}  // namespace
}  // namespace integration
