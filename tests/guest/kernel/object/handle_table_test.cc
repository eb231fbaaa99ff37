#include "guest/kernel/object/handle_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/object/object_fakes.h"

namespace gk {
namespace {

using test::Events;
using test::FakeEvent;
using test::FakePort;

zx_handle_t MustAdd(HandleTable& table, RefPtr<Dispatcher> object, zx_rights_t rights = ZX_DEFAULT_EVENT_RIGHTS) {
  Result<zx_handle_t> value = table.Add(Handle(std::move(object), rights));
  EXPECT_TRUE(value.ok());
  return value.ok() ? *value : ZX_HANDLE_INVALID;
}

template <typename T>
zx_status_t GetStatus(HandleTable& table, zx_handle_t value, zx_rights_t rights) {
  return StatusOf(table.Get<T>(value, rights)).value();
}

TEST(HandleTable, GivesBackTheObjectAndItsRights) {
  HandleTable table(1);
  const RefPtr<FakeEvent> event = MakeRefCounted<FakeEvent>();
  const zx_handle_t value = MustAdd(table, event, ZX_RIGHT_WAIT | ZX_RIGHT_READ);
  EXPECT_EQ(table.Find(value)->object().get(), event.get());
  EXPECT_EQ(table.Find(value)->rights(), ZX_RIGHT_WAIT | ZX_RIGHT_READ);
  EXPECT_EQ(table.Get<FakeEvent>(value, ZX_RIGHT_READ)->get(), event.get());
  EXPECT_EQ(table.count(), 1u);
}

TEST(HandleTable, ChecksHandleThenTypeThenRights) {
  HandleTable table(2);
  const zx_handle_t value = MustAdd(table, MakeRefCounted<FakeEvent>(), ZX_RIGHT_WAIT);
  EXPECT_EQ(GetStatus<FakePort>(table, value ^ 0x100, ZX_RIGHT_READ), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(GetStatus<FakePort>(table, ZX_HANDLE_INVALID, ZX_RIGHT_READ), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(GetStatus<FakePort>(table, value, ZX_RIGHT_READ), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(GetStatus<FakeEvent>(table, value, ZX_RIGHT_READ), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(GetStatus<FakeEvent>(table, value, ZX_RIGHT_READ | ZX_RIGHT_WAIT), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(GetStatus<FakeEvent>(table, value, ZX_RIGHT_WAIT), ZX_OK);
  EXPECT_EQ(StatusOf(table.GetAny(value, ZX_RIGHT_READ)).value(), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(StatusOf(table.GetAny(value, ZX_RIGHT_WAIT)).value(), ZX_OK);
}

TEST(HandleTable, AClosedValueStaysDeadWhenItsSlotIsUsedAgain) {
  HandleTable table(3);
  const zx_handle_t closed = MustAdd(table, MakeRefCounted<FakeEvent>());
  table.Remove(closed).Reset();
  for (int i = 0; i < 2000; ++i) {  // more than there are slots, so that the slot comes round
    const zx_handle_t value = MustAdd(table, MakeRefCounted<FakeEvent>());
    EXPECT_NE(value, closed);
    EXPECT_EQ(table.Find(closed), nullptr);
    table.Remove(value).Reset();
  }
  EXPECT_EQ(table.count(), 0u);
}

TEST(HandleTable, TheLastHandleTellsTheObjectAndTheLastReferenceDestroysIt) {
  Events events;
  HandleTable table(4);
  RefPtr<FakeEvent> event = MakeRefCounted<FakeEvent>(&events);
  const zx_handle_t first = MustAdd(table, event);
  const zx_handle_t second = MustAdd(table, event);
  EXPECT_EQ(event->handle_count(), 2u);
  table.Remove(first).Reset();
  EXPECT_EQ(events.zero_handles, 0);
  table.Remove(second).Reset();
  EXPECT_EQ(events.zero_handles, 1);
  EXPECT_EQ(events.destroyed, 0);
  event = nullptr;
  EXPECT_EQ(events.destroyed, 1);
}

TEST(HandleTable, ClosingAllClosesEachOnce) {
  Events events;
  HandleTable table(5);
  for (int i = 0; i < 600; ++i) {
    MustAdd(table, MakeRefCounted<FakeEvent>(&events));
  }
  table.Clear();
  EXPECT_EQ(events.zero_handles, 600);
  EXPECT_EQ(events.destroyed, 600);
  EXPECT_EQ(table.count(), 0u);
}

TEST(HandleTable, AReservedValueMeansNothingUntilItIsCommitted) {
  HandleTable table(6);
  Result<HandleReservation> reservation = table.Reserve();
  ASSERT_TRUE(reservation.ok());
  const zx_handle_t value = reservation->value();
  EXPECT_EQ(table.Find(value), nullptr);
  EXPECT_FALSE(table.Remove(value));
  reservation->Commit(Handle(MakeRefCounted<FakeEvent>(), ZX_RIGHT_WAIT));
  EXPECT_NE(table.Find(value), nullptr);
  EXPECT_EQ(table.count(), 1u);
}

TEST(HandleTable, ADroppedReservationLeavesNothingBehind) {
  HandleTable table(7);
  zx_handle_t value = ZX_HANDLE_INVALID;
  {
    Result<HandleReservation> reservation = table.Reserve();
    ASSERT_TRUE(reservation.ok());
    value = reservation->value();
  }
  EXPECT_EQ(table.Find(value), nullptr);
  EXPECT_EQ(table.count(), 0u);
}

TEST(HandleTable, IsBoundedAndWorksAgainAfterOneWasClosed) {
  Events events;
  HandleTable table(8);
  const RefPtr<FakeEvent> event = MakeRefCounted<FakeEvent>();
  std::vector<zx_handle_t> values;
  for (uint32_t i = 0; i < HandleTable::kMaxHandles; ++i) {
    values.push_back(MustAdd(table, event));
  }
  EXPECT_EQ(StatusOf(table.Add(Handle(MakeRefCounted<FakeEvent>(&events), 0))).value(), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(events.destroyed, 1) << "the handle that found no place is closed";
  table.Remove(values[12345]).Reset();
  EXPECT_TRUE(table.Add(Handle(event, 0)).ok());
  EXPECT_EQ(table.count(), HandleTable::kMaxHandles);
}

TEST(HandleTable, AFailedAllocationIsNoMemoryAndChangesNothing) {
  HandleTable table(9);
  const RefPtr<FakeEvent> event = MakeRefCounted<FakeEvent>();
  torture::FailAllocation(1);
  EXPECT_EQ(StatusOf(table.Add(Handle(event, 0))).value(), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(event->handle_count(), 0u);
  EXPECT_TRUE(table.Add(Handle(event, 0)).ok());
}

// The table against a std::map that does the same, over a long random history.
TEST(HandleTable, BehavesLikeAMapOverARandomHistory) {
  struct Expected {
    RefPtr<Dispatcher> object;
    zx_rights_t rights;
  };
  std::mt19937 generator(20);
  const auto random = [&] { return static_cast<uint32_t>(generator()); };
  HandleTable table(0xfeed);
  std::map<zx_handle_t, Expected> model;
  std::vector<zx_handle_t> ever;
  for (int step = 0; step < 30000; ++step) {
    const uint32_t what = random() % 100;
    if (what < (step % 6000 < 3000 ? 55 : 25)) {
      const Expected expected{MakeRefCounted<FakeEvent>(), random() & 0xffff};
      const zx_handle_t value = MustAdd(table, expected.object, expected.rights);
      EXPECT_TRUE(model.emplace(value, expected).second) << "a value that is in use was given out again";
      ever.push_back(value);
    } else if (!ever.empty()) {
      const zx_handle_t value = ever[random() % ever.size()];
      const auto found = model.find(value);
      const Handle* handle = table.Find(value);
      ASSERT_EQ(handle != nullptr, found != model.end());
      if (handle != nullptr) {
        EXPECT_EQ(handle->object(), found->second.object);
        EXPECT_EQ(handle->rights(), found->second.rights);
      }
      if (what >= 60) {
        EXPECT_EQ(static_cast<bool>(table.Remove(value)), found != model.end());
        model.erase(value);
      }
    }
    ASSERT_EQ(table.count(), model.size());
  }
  for (const auto& [value, expected] : model) {
    EXPECT_EQ(expected.object->handle_count(), 1u);
  }
}

}  // namespace
}  // namespace gk
