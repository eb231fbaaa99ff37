// The monitor is killed at random instants while a guest commits transactions. Each time the medium holds all that was
// acknowledged and no part of anything else, as a reader on the host sees it; and the next guest goes on from there.
#include <chrono>
#include <csignal>
#include <functional>
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

class KvKillTest : public GuestTest {
 protected:
  // One guest, killed `delay` after its program has begun or, at 0, while it boots. Its whole output.
  static std::string RunAndKill(const std::string& pager, std::chrono::microseconds delay) {
    integration::Process machine(
        integration::RunCommand({"--cpus", "1", "--pager", pager}, {"kv", "d", "bench", "1000000"}));
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

  // Guests of `pager`, one after the other, whose monitor is killed; `content` gives the bytes of the store.
  void KillAndCheck(int kills, const std::string& pager, const std::function<std::string()>& content) {
    std::mt19937_64 random(20261128);
    KvModel model;
    uint64_t before = 0;
    int unacknowledged = 0;
    for (int kill = 0; kill < kills; ++kill) {
      const auto delay = std::chrono::microseconds(kill % 16 == 0 ? 0 : 1 + random() % 15000);
      const uint64_t acknowledged = LastAcknowledged(RunAndKill(pager, delay), before);
      const auto store = ReadKv(content());
      if (!store) {
        ASSERT_EQ(acknowledged, 0u) << "kill " << kill << ": there is no store";
        continue;
      }
      const uint64_t found = KvCounter(store->keys);
      ASSERT_GE(found, acknowledged) << "kill " << kill << ": an acknowledged transaction is lost";
      // Lines on their way to us when the monitor was killed are not acknowledgements that we have.
      ASSERT_TRUE(store->keys == model.After(found)) << "kill " << kill << ": transaction " << found << " in part";
      unacknowledged += found > acknowledged ? 1 : 0;
      before = found;
    }
    EXPECT_GT(before, static_cast<uint64_t>(kills)) << "the guests went on";
    RecordProperty("transactions", static_cast<int>(before));
    RecordProperty("kills_between_write_and_acknowledgement", unacknowledged);
  }
};

// In both the clock writes back as well, so that pages reach the medium in any order.

TEST_F(KvKillTest, EveryAcknowledgedTransactionIsThereAndNoOtherInPart) {
  const auto file = files_.Write("db", "");
  KillAndCheck(200, File("d", file, ",resizable,dirty-limit=1M,writeback=2ms"),
               [&] { return integration::ReadFile(file); });
}

// What was written lies among what was not: another guest copies out what the overlay reads as.
TEST_F(KvKillTest, OverAnOverlayTheSameHoldsAndTheLowerStaysAsItWas) {
  const std::string zeros(1 << 20, '\0');
  const auto lower = files_.Write("lower", zeros);
  const auto copy = files_.Write("copy", "");
  const std::string overlay = "d=overlay:" + files_.path("upper").string() + "," + lower.string();
  KillAndCheck(20, overlay + ",dirty-limit=1M,writeback=2ms", [&] {
    const Ending copied = RunInGuest({overlay, File("o", copy, ",resizable")}, {"cp", "d", "o"});
    EXPECT_EQ(copied.code, 0) << copied.err << copied.out;
    return integration::ReadFile(copy);
  });
  EXPECT_TRUE(integration::ReadFile(lower) == zeros);
}

}  // namespace
}  // namespace programs_test
