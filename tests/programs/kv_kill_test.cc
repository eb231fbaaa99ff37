// The monitor is killed at random instants while a guest commits transactions. Each time the file holds all that was
// acknowledged and no part of anything else, as a reader on the host sees it; and the next guest goes on from there.
#include <chrono>
#include <csignal>
#include <thread>

#include "tests/programs/kv_model.h"
#include "tests/programs/kv_reader.h"
#include "tests/programs/support.h"

namespace programs_test {
namespace {

// The last transaction that `output` acknowledges; `before` where it does not.
uint64_t LastAcknowledged(const std::string& output, uint64_t before) {
  constexpr std::string_view kWord = "committed ";
  const size_t end = output.rfind('\n');
  const size_t word = end == std::string::npos ? end : output.rfind(kWord, end);
  return word == std::string::npos ? before : std::stoull(output.substr(word + kWord.size()));
}

// The clock writes back as well, so that pages reach the file in any order.
constexpr const char* kOptions = ",resizable,dirty-limit=1M,writeback=2ms";

class KvKillTest : public GuestTest {
 protected:
  // One guest, killed `delay` after its program has begun or, at 0, while it boots. Its whole output.
  std::string RunAndKill(std::chrono::microseconds delay) {
    integration::Process machine(integration::RunCommand({"--cpus", "1", "--pager", File("d", file_, kOptions)},
                                                         {"kv", "d", "bench", "1000000"}));
    if (delay.count() != 0) {
      EXPECT_TRUE(machine.WaitForOutput("committed "));
      // The instant must be any: this is the one thing here that is not waited for.
      std::this_thread::sleep_for(delay);
    }
    machine.Signal(SIGKILL);
    const Ending ending = machine.Wait();
    EXPECT_EQ(ending.code, 128 + SIGKILL) << ending.out << ending.err;
    return ending.out;
  }

  const std::filesystem::path file_ = files_.Write("db", "");
};

TEST_F(KvKillTest, EveryAcknowledgedTransactionIsThereAndNoOtherInPart) {
  constexpr int kKills = 200;
  std::mt19937_64 random(20261128);
  KvModel model;
  uint64_t before = 0;
  int unacknowledged = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    const auto delay = std::chrono::microseconds(kill % 16 == 0 ? 0 : 1 + random() % 15000);
    const uint64_t acknowledged = LastAcknowledged(RunAndKill(delay), before);
    const auto content = ReadKv(integration::ReadFile(file_));
    ASSERT_TRUE(content) << "kill " << kill;
    const uint64_t found = KvCounter(content->keys);
    ASSERT_GE(found, acknowledged) << "kill " << kill << ": an acknowledged transaction is lost";
    // Lines on their way to us when the monitor was killed are not acknowledgements that we have.
    ASSERT_TRUE(content->keys == model.After(found)) << "kill " << kill << ": transaction " << found << " in part";
    unacknowledged += found > acknowledged ? 1 : 0;
    before = found;
  }
  EXPECT_GT(before, static_cast<uint64_t>(kKills)) << "the guests went on";
  RecordProperty("transactions", static_cast<int>(before));
  RecordProperty("kills_between_write_and_acknowledgement", unacknowledged);
}

}  // namespace
}  // namespace programs_test
