#include "guest/kernel/object/dispatcher.h"

#include <gtest/gtest.h>

#include <string>

#include "guest/kernel/object/handle_table.h"
#include "tests/guest/kernel/object/object_fakes.h"

namespace gk {
namespace {

using test::FakeEvent;
using test::FakePort;

class RecordingObserver final : public SignalObserver {
 public:
  explicit RecordingObserver(std::string* log = nullptr, char name = 'x') : log_(log), name_(name) {}
  void OnMatch(zx_signals_t signals) override { Record(signals, matches); }
  void OnCancel(zx_signals_t signals) override { Record(signals, cancels); }

  int matches = 0;
  int cancels = 0;
  zx_signals_t signals_seen = 0;

 private:
  void Record(zx_signals_t signals, int& counter) {
    ++counter;
    signals_seen = signals;
    if (log_ != nullptr) {
      *log_ += name_;
    }
  }
  std::string* log_;
  char name_;
};

TEST(Dispatcher, KoidsAreZirconsUserKoidsAndNeverRepeat) {
  const RefPtr<FakeEvent> first = MakeRefCounted<FakeEvent>();
  const zx_koid_t koid = first->koid();
  EXPECT_GE(koid, ZX_KOID_FIRST);
  EXPECT_GT(MakeRefCounted<FakeEvent>()->koid(), koid);
  EXPECT_GT(MakeRefCounted<FakeEvent>()->koid(), koid + 1);
}

TEST(Dispatcher, DownCastGivesNothingForAnotherType) {
  const RefPtr<Dispatcher> event = MakeRefCounted<FakeEvent>();
  EXPECT_EQ(DownCast<FakeEvent>(event).get(), event.get());
  EXPECT_EQ(DownCast<FakePort>(event), nullptr);
}

TEST(Dispatcher, SignalsAreClearedThenSet) {
  const RefPtr<FakeEvent> event = MakeRefCounted<FakeEvent>(nullptr, ZX_EVENT_SIGNALED);
  event->UpdateSignals(ZX_EVENT_SIGNALED | ZX_USER_SIGNAL_0, ZX_USER_SIGNAL_0 | ZX_USER_SIGNAL_1);
  EXPECT_EQ(event->signals(), ZX_USER_SIGNAL_0 | ZX_USER_SIGNAL_1);
}

TEST(Dispatcher, AnObserverHearsOnceOfASignalThatItWatches) {
  const RefPtr<FakeEvent> event = MakeRefCounted<FakeEvent>();
  RecordingObserver observer;
  event->AddObserver(observer, ZX_USER_SIGNAL_0 | ZX_USER_SIGNAL_1, HandleKey());
  event->UpdateSignals(0, ZX_USER_SIGNAL_2);
  EXPECT_EQ(observer.matches, 0);
  event->UpdateSignals(0, ZX_USER_SIGNAL_1);
  EXPECT_EQ(observer.matches, 1);
  EXPECT_EQ(observer.signals_seen, ZX_USER_SIGNAL_1 | ZX_USER_SIGNAL_2) << "all that is active";
  event->UpdateSignals(ZX_USER_SIGNAL_1, ZX_USER_SIGNAL_0);
  EXPECT_EQ(observer.matches, 1);
  EXPECT_EQ(observer.cancels, 0);
}

TEST(Dispatcher, TheNewestObserverHearsFirst) {
  const RefPtr<FakeEvent> event = MakeRefCounted<FakeEvent>();
  std::string log;
  RecordingObserver a(&log, 'a'), b(&log, 'b'), c(&log, 'c');
  for (RecordingObserver* observer : {&a, &b, &c}) {
    event->AddObserver(*observer, ZX_USER_SIGNAL_0, HandleKey());
  }
  b.StopObserving();
  event->UpdateSignals(0, ZX_USER_SIGNAL_0);
  EXPECT_EQ(log, "ca");
}

TEST(Dispatcher, ClosingAHandleCancelsTheWaitsThroughItAndNoOthers) {
  HandleTable table(1), other_table(1);
  const RefPtr<FakeEvent> event = MakeRefCounted<FakeEvent>();
  const zx_handle_t first = *table.Add(Handle(event, ZX_RIGHT_WAIT));
  const zx_handle_t second = *table.Add(Handle(event, ZX_RIGHT_WAIT));
  RecordingObserver through_first, through_second, same_value_elsewhere;
  event->AddObserver(through_first, ZX_USER_SIGNAL_0, {.table = &table, .value = first});
  event->AddObserver(through_second, ZX_USER_SIGNAL_0, {.table = &table, .value = second});
  event->AddObserver(same_value_elsewhere, ZX_USER_SIGNAL_0, {.table = &other_table, .value = first});
  table.Remove(first).Reset();
  EXPECT_EQ(through_first.cancels, 1);
  EXPECT_EQ(through_first.signals_seen, ZX_SIGNAL_HANDLE_CLOSED);
  EXPECT_EQ(through_second.cancels + same_value_elsewhere.cancels, 0);
  event->UpdateSignals(0, ZX_USER_SIGNAL_0);
  EXPECT_EQ(through_second.matches + same_value_elsewhere.matches, 2);
  EXPECT_EQ(through_first.matches, 0);
}

}  // namespace
}  // namespace gk
