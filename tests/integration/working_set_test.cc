// A second run that need not ask for what the first one asked, whoever serves the pages; and working sets that are of
// no use, which cost nothing but themselves.
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/integration/fixture.h"
#include "tests/integration/pager_process.h"

namespace integration {
namespace {

using nlohmann::json;

constexpr size_t kPage = 4096;

class WorkingSetTest : public GuestTest {
 protected:
  std::string Path(const std::string& name) const { return files_.path(name).string(); }
  std::string File(size_t bytes, const std::string& options = ",ro") {
    return "file:" + files_.Write("data", RandomContent(bytes)).string() + options;
  }

  Ending Record(const std::string& pager, const std::vector<std::string>& program) {
    return Execute(RunCommand({"--record-working-set", Path("set"), "--pager", "f=" + pager}, program));
  }
  Ending Replay(const std::string& pager, const std::vector<std::string>& program) {
    return Execute(RunCommand(
        {"--replay-working-set", Path("set"), "--stats=json", "--stats-file", Path("stats"), "--pager", "f=" + pager},
        program));
  }
  // What was replayed in the last run.
  json Replayed() const { return json::parse(ReadFile(files_.path("stats"))).at("replay"); }
};

struct Server {
  std::string name;
  bool process;  // of its own, which the monitor attaches to
  std::string options;
};

class ServedBy : public WorkingSetTest, public testing::WithParamInterface<Server> {
 protected:
  // A spec for the monitor, of which the file is read wherever the parameter says.
  std::string Serve(const std::string& file) {
    if (!GetParam().process) {
      return file;
    }
    pager_ = StartPager(file, files_.path("socket"));
    return "unix:" + Path("socket") + GetParam().options;
  }

 private:
  std::unique_ptr<Process> pager_;
};

INSTANTIATE_TEST_SUITE_P(WorkingSets, ServedBy,
                         testing::Values(Server{"TheMonitor", false, ""}, Server{"AProcess", true, ""},
                                         Server{"AProcessThatFillsTheGuestsPages", true, ",share-memory"}),
                         NameOfParameter());

TEST_P(ServedBy, AReplayedRunBringsThePagesOfTheRecordedOneAheadOfTheGuest) {
  const size_t size = Megabytes(16) << 20;
  const std::string pager = Serve(File(size));
  const Ending recorded = Record(pager, {"sha256sum", "f"});
  ASSERT_EQ(recorded.code, 0) << recorded.err;
  const Ending ending = Replay(pager, {"sha256sum", "f"});
  EXPECT_EQ(ending.code, 0) << ending.err;
  EXPECT_EQ(ending.out, recorded.out);
  EXPECT_NE(ending.err.find("% of "), std::string::npos) << ending.err;
  const json replay = Replayed();
  EXPECT_GE(replay.at("removed_share"), 0.95) << ending.err;
  EXPECT_EQ(replay.at("pages_prefetched"), size / kPage);
  EXPECT_EQ(replay.at("objects_stopped"), 0);
}

TEST_P(ServedBy, AnObjectThatHasChangedIsSaidAndReadAsItIs) {
  const std::string pager = Serve(File(64 * kPage));
  ASSERT_EQ(Record(pager, {"sha256sum", "f"}).code, 0);
  const std::string now = RandomContent(128 * kPage);
  files_.Write("data", now);
  const Ending ending = Replay(pager, {"sha256sum", "f"});
  EXPECT_EQ(ending.code, 0) << ending.err;
  EXPECT_EQ(ending.out.substr(0, 64), Sha256(now));
  EXPECT_NE(ending.err.find("'f' has changed since its working set was recorded (262144 bytes then, 524288 now)"),
            std::string::npos)
      << ending.err;
  EXPECT_EQ(Replayed().at("pages_prefetched"), 0);
}

TEST_P(ServedBy, AnObjectOfTheSameNameAndSizeWithOtherContentIsReadAsItIs) {
  const std::string pager = Serve(File(64 * kPage));
  ASSERT_EQ(Record(pager, {"sha256sum", "f"}).code, 0);
  const std::string other = RandomContent(65 * kPage).substr(kPage);
  files_.Write("data", other);
  const Ending ending = Replay(pager, {"sha256sum", "f"});
  EXPECT_EQ(ending.code, 0) << ending.err;
  EXPECT_EQ(ending.out.substr(0, 64), Sha256(other));
  EXPECT_NE(ending.err.find("'f' has changed since its working set was recorded: "), std::string::npos) << ending.err;
}

TEST_P(ServedBy, WhatAProgramWritesIsNotLostToAPageFromBefore) {
  const std::string pager = Serve(File(64 * kPage, ""));
  ASSERT_EQ(Record(pager, {"put", "f", "4094", "one"}).code, 0);
  EXPECT_EQ(Replay(pager, {"put", "f", "4094", "twice"}).code, 0);
  EXPECT_EQ(ReadFile(files_.path("data")).substr(4094, 5), "twice");
}

}  // namespace
}  // namespace integration
