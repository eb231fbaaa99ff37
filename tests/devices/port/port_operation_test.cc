// Operations of page sources, end to end over the operation queue: they reach the guest, its answers reach whoever
// asked, and neither a guest that lies nor one that goes leaves a handler uncalled.
#include <gtest/gtest.h>
#include <zircon/errors.h>
#include <zircon/syscalls/pager.h>

#include <atomic>
#include <cstring>
#include <string>
#include <utility>

#include "tests/devices/support/port_guest.h"

namespace {

namespace abi = pagoda::abi;

using base::kPageSize;
using pager::DirtyRange;
using test::Outcome;
using test::PortTicket;
using Kind = abi::PortOperationKind;

class PortOperationTest : public testing::Test {
 protected:
  PortOperationTest() {
    guest_.Start();
    object_ = guest_.Open();
    vmo_ = source_->controls.Take();
  }

  abi::PortOperation Next(Kind kind) {
    const abi::PortOperation operation = guest_.WaitForOperation();
    EXPECT_EQ(operation.kind, kind);
    EXPECT_EQ(operation.object, object_);
    EXPECT_NE(operation.id, 0u);
    return operation;
  }
  // An answer to a query of the dirty ranges of the first 16 pages, and what the page source gets of it.
  std::pair<zx_status_t, std::vector<DirtyRange>> AnswerDirtyRanges(uint64_t size, uint64_t available,
                                                                    const std::vector<abi::PortDirtyRange>& ranges) {
    Outcome<zx_status_t, std::vector<DirtyRange>, uint64_t> outcome;
    vmo_->QueryDirtyRanges(kPageSize, 16 * kPageSize, outcome.handler());
    const abi::PortOperation operation = Next(Kind::kQueryDirtyRanges);
    guest_.Answer({.id = operation.id, .status = ZX_OK, .flags = 0, .size = size, .content_size = available}, ranges);
    auto [status, got, got_available] = outcome.Wait();
    EXPECT_EQ(got_available, status == ZX_OK ? available : 0u);
    return {status, got};
  }

  std::shared_ptr<test::ManualSource> source_ = std::make_shared<test::ManualSource>();
  test::PortGuest guest_{[this] { return source_; }};
  uint64_t object_ = 0;
  std::shared_ptr<pager::VmoControl> vmo_;
};

TEST_F(PortOperationTest, OpRangeGoesToTheGuestAndItsStatusComesBack) {
  Outcome<zx_status_t> outcome;
  vmo_->OpRange(ZX_PAGER_OP_FAIL, 3 * kPageSize, 2 * kPageSize, static_cast<uint64_t>(ZX_ERR_IO), outcome.handler());
  const abi::PortOperation operation = Next(Kind::kOpRange);
  EXPECT_EQ(operation.argument, ZX_PAGER_OP_FAIL);
  EXPECT_EQ(operation.offset, 3 * kPageSize);
  EXPECT_EQ(operation.length, 2 * kPageSize);
  EXPECT_EQ(operation.data, static_cast<uint64_t>(ZX_ERR_IO));
  EXPECT_EQ(outcome.calls(), 0u);
  guest_.Answer(operation.id, ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(std::get<0>(outcome.Wait()), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(PortOperationTest, SupplyFillsThePagesThatTheGuestReadsForIt) {
  Outcome<zx_status_t> outcome;
  std::string first(kPageSize + 100, 'a');
  std::string second(2 * kPageSize - 100, 'b');
  vmo_->SupplyPages(4 * kPageSize, {{first.data(), first.size()}, {second.data(), second.size()}}, outcome.handler());
  const abi::PortOperation operation = Next(Kind::kSupply);
  EXPECT_EQ(operation.offset, 4 * kPageSize);
  EXPECT_EQ(operation.length, 3 * kPageSize);
  const PortTicket read = guest_.port->Read(object_, 5 * kPageSize, 2, operation.id);
  const abi::PortReply reply = guest_.Request(read);
  EXPECT_EQ(reply.status, ZX_OK);
  EXPECT_EQ(reply.size, 2 * kPageSize);
  EXPECT_EQ(guest_.driven->memory.Load<char>(read.pages[0] + 99), 'a');
  EXPECT_EQ(guest_.driven->memory.Load<char>(read.pages[0] + 100), 'b');
  EXPECT_EQ(guest_.driven->memory.Load<char>(read.pages[1] + kPageSize - 1), 'b');
  EXPECT_EQ(outcome.calls(), 0u);
  guest_.Answer(operation.id, ZX_OK);
  EXPECT_EQ(std::get<0>(outcome.Wait()), ZX_OK);
  EXPECT_TRUE(source_->reads.empty()) << "nobody asked the source";
}

TEST_F(PortOperationTest, AFetchIsFilledInThePagesOfTheGuest) {
  Outcome<zx_status_t> outcome;
  test::RequestBox<pager::ReadRequest> asked;
  vmo_->FetchPages(
      4 * kPageSize, 3 * kPageSize, [&](pager::ReadRequest request) { asked.Put(std::move(request)); },
      outcome.handler());
  const abi::PortOperation operation = Next(Kind::kSupply);
  EXPECT_EQ(operation.offset, 4 * kPageSize);
  EXPECT_EQ(operation.length, 3 * kPageSize);
  const PortTicket failing = guest_.port->Read(object_, 4 * kPageSize, 1, operation.id);
  const PortTicket read = guest_.port->Read(object_, 5 * kPageSize, 2, operation.id);
  guest_.Send(abi::kPortRequestQueue, failing);
  asked.Take().Complete(ZX_ERR_IO_DATA_INTEGRITY);
  EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, failing).status, ZX_ERR_IO_DATA_INTEGRITY);
  guest_.Send(abi::kPortRequestQueue, read);
  pager::ReadRequest request = asked.Take();
  EXPECT_EQ(request.offset(), 5 * kPageSize);
  test::FillByPageNumber(request);
  request.Complete(ZX_OK);
  EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, read).status, ZX_OK);
  EXPECT_EQ(guest_.driven->memory.Load<char>(read.pages[1]), 7);
  guest_.Answer(operation.id, ZX_ERR_IO_DATA_INTEGRITY);
  EXPECT_EQ(std::get<0>(outcome.Wait()), ZX_ERR_IO_DATA_INTEGRITY);
  EXPECT_TRUE(source_->reads.empty()) << "nobody asked the source";
}

// A page source that has something to ask for as soon as there is a VMO.
class EagerSource final : public test::ManualSource {
 public:
  void Attach(std::shared_ptr<pager::VmoControl> vmo) override {
    vmo->OpRange(ZX_PAGER_OP_FAIL, kPageSize, kPageSize, static_cast<uint64_t>(ZX_ERR_IO), outcome.handler());
    ManualSource::Attach(std::move(vmo));
  }
  Outcome<zx_status_t> outcome;
};

TEST_F(PortOperationTest, WhatIsAskedForInAttachIsWithTheGuestWhenItHearsOfTheObject) {
  const auto eager = std::make_shared<EagerSource>();
  source_ = eager;
  test::DriverQueue& control = guest_.driven->queue0;
  test::DriverQueue& operations = guest_.driven->queue2;
  const uint16_t replies = control.used_index();
  const uint16_t sent = operations.used_index();
  std::atomic<int> alone = 0;
  std::atomic<int> together = 0;
  guest_.driven->interrupt.set_on_raise([&] {
    if (control.used_index() != replies) {
      ++(operations.used_index() == sent ? alone : together);
    }
  });
  EXPECT_FALSE(control.EnableInterrupts());
  const uint64_t first = std::exchange(object_, guest_.Open());
  EXPECT_NE(object_, first);
  guest_.driven->interrupt.set_on_raise({});
  EXPECT_GT(together, 0);
  EXPECT_EQ(alone, 0);
  guest_.Answer(Next(Kind::kOpRange).id, ZX_OK);
  EXPECT_EQ(std::get<0>(eager->outcome.Wait()), ZX_OK);
}

TEST_F(PortOperationTest, AFetchOfAClosedObjectIsAskedForNothing) {
  Outcome<zx_status_t> outcome;
  vmo_->FetchPages(
      0, kPageSize, [](const pager::ReadRequest&) { ADD_FAILURE(); }, outcome.handler());
  const uint64_t id = Next(Kind::kSupply).id;
  EXPECT_EQ(guest_.Control(guest_.port->Close(object_)).status, ZX_OK);
  EXPECT_EQ(guest_.Request(guest_.port->Read(object_, 0, 1, id)).status, ZX_ERR_NOT_FOUND);
  guest_.Answer(id, ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(std::get<0>(outcome.Wait()), ZX_ERR_PEER_CLOSED);
}

TEST_F(PortOperationTest, ReadForASupplyMustBelongToIt) {
  Outcome<zx_status_t> outcome;
  std::string data(2 * kPageSize, 'a');
  vmo_->SupplyPages(4 * kPageSize, {{data.data(), data.size()}}, outcome.handler());
  const uint64_t id = Next(Kind::kSupply).id;
  for (const PortTicket& wrong :
       {guest_.port->Read(object_, 3 * kPageSize, 1, id), guest_.port->Read(object_, 6 * kPageSize, 1, id),
        guest_.port->Read(object_, 5 * kPageSize, 2, id), guest_.port->Read(object_ + 1, 4 * kPageSize, 1, id),
        guest_.port->Read(object_, 4 * kPageSize, 1, id + 1)}) {
    EXPECT_EQ(guest_.Request(wrong).status, ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(guest_.driven->memory.Load<uint8_t>(wrong.pages[0]), 0xee);
  }
  guest_.Answer(id, ZX_OK);
  EXPECT_EQ(std::get<0>(outcome.Wait()), ZX_OK);
  EXPECT_EQ(guest_.Request(guest_.port->Read(object_, 4 * kPageSize, 1, id)).status, ZX_ERR_INVALID_ARGS);
}

TEST_F(PortOperationTest, LeaseKeepsTheChainUntilItEnds) {
  Outcome<zx_status_t, pager::PageLease> outcome;
  vmo_->Lend(kPageSize, 8 * kPageSize, outcome.handler());
  const abi::PortOperation operation = Next(Kind::kLend);
  const std::vector<uint64_t> pages = {guest_.driven->memory.Allocate(kPageSize),
                                       guest_.driven->memory.Allocate(kPageSize)};
  guest_.driven->memory.Store(pages[1], uint64_t{77});
  const PortTicket lend = guest_.port->Lend(object_, kPageSize, operation.id, pages);
  guest_.Send(abi::kPortRequestQueue, lend);
  auto [status, lease] = outcome.Wait();
  guest_.Answer(operation.id, ZX_OK);
  EXPECT_EQ(status, ZX_OK);
  ASSERT_EQ(lease.length(), 2 * kPageSize);
  EXPECT_EQ(*static_cast<const uint64_t*>(lease.pages()[1].iov_base), 77u);
  EXPECT_FALSE(guest_.driven->queue1.TakeUsed());
  lease.End();
  EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, lend).status, ZX_OK);
}

TEST_F(PortOperationTest, GuestMayAnswerALoanBeforeItMakesIt) {
  Outcome<zx_status_t, pager::PageLease> outcome;
  vmo_->Lend(0, kPageSize, outcome.handler());
  const abi::PortOperation operation = Next(Kind::kLend);
  guest_.Answer(operation.id, ZX_OK);
  const PortTicket lend = guest_.port->Lend(object_, 0, operation.id, {guest_.driven->memory.Allocate(kPageSize)});
  guest_.Send(abi::kPortRequestQueue, lend);
  EXPECT_EQ(std::get<0>(outcome.Wait()), ZX_OK);
  EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, lend).status, ZX_OK);
}

TEST_F(PortOperationTest, PagesThatNobodyAskedForAreNotTaken) {
  Outcome<zx_status_t, pager::PageLease> outcome;
  vmo_->Lend(kPageSize, kPageSize, outcome.handler());
  const uint64_t id = Next(Kind::kLend).id;
  const uint64_t page = guest_.driven->memory.Allocate(kPageSize);
  EXPECT_EQ(guest_.Request(guest_.port->Lend(object_, 0, id, {page})).status, ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(guest_.Request(guest_.port->Lend(object_, kPageSize, id, {page, page})).status, ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(guest_.Request(guest_.port->Lend(object_ + 1, kPageSize, id, {page})).status, ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(guest_.Request(guest_.port->Lend(object_, kPageSize, id + 1, {page})).status, ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(outcome.calls(), 0u);
  const PortTicket lend = guest_.port->Lend(object_, kPageSize, id, {page});
  guest_.Send(abi::kPortRequestQueue, lend);
  auto [status, lease] = outcome.Wait();
  EXPECT_EQ(guest_.Request(guest_.port->Lend(object_, kPageSize, id, {page})).status, ZX_ERR_INVALID_ARGS)
      << "lent already";
  EXPECT_EQ(lease.length(), kPageSize);
}

TEST_F(PortOperationTest, FailedLoanLendsNothing) {
  Outcome<zx_status_t, pager::PageLease> outcome;
  vmo_->Lend(kPageSize, kPageSize, outcome.handler());
  guest_.Answer(Next(Kind::kLend).id, ZX_ERR_NOT_FOUND);
  auto [status, lease] = outcome.Wait();
  EXPECT_EQ(status, ZX_ERR_NOT_FOUND);
  EXPECT_TRUE(lease.pages().empty());
}

TEST_F(PortOperationTest, DirtyRangesComeBackInOrder) {
  const auto [status, ranges] =
      AnswerDirtyRanges(2, 5,
                        {{.offset = kPageSize, .length = 2 * kPageSize, .options = ZX_VMO_DIRTY_RANGE_IS_ZERO},
                         {.offset = 4 * kPageSize, .length = 13 * kPageSize, .options = 0}});
  EXPECT_EQ(status, ZX_OK);
  EXPECT_EQ(ranges,
            (std::vector<DirtyRange>{{kPageSize, 2 * kPageSize, true}, {4 * kPageSize, 13 * kPageSize, false}}));
  EXPECT_EQ(AnswerDirtyRanges(0, 0, {}).first, ZX_OK);
}

TEST_F(PortOperationTest, DirtyRangesThatMakeNoSenseAreRefused) {
  const abi::PortDirtyRange good{.offset = 2 * kPageSize, .length = kPageSize, .options = 0};
  EXPECT_EQ(AnswerDirtyRanges(2, 2, {good}).first, ZX_ERR_IO_DATA_INTEGRITY);
  EXPECT_EQ(AnswerDirtyRanges(0, 1, {good}).first, ZX_ERR_IO_DATA_INTEGRITY);
  EXPECT_EQ(AnswerDirtyRanges(1, 0, {good}).first, ZX_ERR_IO_DATA_INTEGRITY);
  EXPECT_EQ(AnswerDirtyRanges(2, 2, {good, good}).first, ZX_ERR_IO_DATA_INTEGRITY) << "overlapping";
  const abi::PortDirtyRange bad[] = {
      {.offset = 0, .length = kPageSize, .options = 0},
      {.offset = 17 * kPageSize, .length = kPageSize, .options = 0},
      {.offset = 16 * kPageSize, .length = 2 * kPageSize, .options = 0},
      {.offset = 2 * kPageSize, .length = 0, .options = 0},
      {.offset = 2 * kPageSize, .length = UINT64_MAX - kPageSize + 1, .options = 0},
      {.offset = UINT64_MAX - kPageSize + 1, .length = 2 * kPageSize, .options = 0},
      {.offset = 2 * kPageSize + 1, .length = kPageSize, .options = 0},
      {.offset = 2 * kPageSize, .length = kPageSize, .options = 2},
  };
  for (const abi::PortDirtyRange& range : bad) {
    EXPECT_EQ(AnswerDirtyRanges(1, 1, {range}).first, ZX_ERR_IO_DATA_INTEGRITY);
  }
  EXPECT_EQ(guest_.device->counters().bad_answers, 12u);
}

TEST_F(PortOperationTest, VmoStatsComeBack) {
  Outcome<zx_status_t, pager::VmoStats> outcome;
  vmo_->QueryVmoStats(ZX_PAGER_RESET_VMO_STATS, outcome.handler());
  const abi::PortOperation operation = Next(Kind::kQueryVmoStats);
  EXPECT_EQ(operation.argument, ZX_PAGER_RESET_VMO_STATS);
  guest_.Answer({.id = operation.id, .status = ZX_OK, .flags = 1, .size = 2 * kPageSize, .content_size = 5000});
  const auto [status, stats] = outcome.Wait();
  EXPECT_EQ(status, ZX_OK);
  EXPECT_TRUE(stats.modified);
  EXPECT_EQ(stats.size, 2 * kPageSize);
  EXPECT_EQ(stats.content_size, 5000u);
}

TEST_F(PortOperationTest, VmoStatsThatMakeNoSenseAreRefused) {
  const abi::PortAnswer bad[] = {
      {.id = 0, .status = ZX_OK, .flags = 2, .size = kPageSize, .content_size = 1},
      {.id = 0, .status = ZX_OK, .flags = 0, .size = kPageSize + 1, .content_size = 1},
      {.id = 0, .status = ZX_OK, .flags = 0, .size = kPageSize, .content_size = kPageSize + 1},
      {.id = 0, .status = 1, .flags = 0, .size = kPageSize, .content_size = 1},
      {.id = 0, .status = INT32_MIN, .flags = 0, .size = kPageSize, .content_size = 1},
  };
  for (abi::PortAnswer answer : bad) {
    Outcome<zx_status_t, pager::VmoStats> outcome;
    vmo_->QueryVmoStats(0, outcome.handler());
    answer.id = Next(Kind::kQueryVmoStats).id;
    guest_.Answer(answer);
    EXPECT_EQ(std::get<0>(outcome.Wait()), ZX_ERR_IO_DATA_INTEGRITY);
  }
}

TEST_F(PortOperationTest, AnswersToNothingChangeNothing) {
  Outcome<zx_status_t> first;
  vmo_->Detach(first.handler());
  const uint64_t id = Next(Kind::kDetach).id;
  guest_.Answer(id + 1, ZX_ERR_IO);
  guest_.Answer(id, ZX_OK);
  EXPECT_EQ(std::get<0>(first.Wait()), ZX_OK);
  guest_.Answer(id, ZX_ERR_IO);
  Outcome<zx_status_t> second;
  vmo_->Detach(second.handler());
  guest_.Answer(Next(Kind::kDetach).id, ZX_OK);
  EXPECT_EQ(std::get<0>(second.Wait()), ZX_OK);
  EXPECT_EQ(guest_.device->counters().bad_answers, 2u);
  EXPECT_EQ(first.calls(), 0u);
  EXPECT_EQ(guest_.driven->transport->counters().needs_reset, 0u);
}

TEST_F(PortOperationTest, ObjectTheGuestDoesNotHaveIsAPeerThatIsGone) {
  Outcome<zx_status_t> outcome;
  vmo_->Detach(outcome.handler());
  guest_.Answer(Next(Kind::kDetach).id, ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(std::get<0>(outcome.Wait()), ZX_ERR_PEER_CLOSED);
}

TEST_F(PortOperationTest, ChainWithoutRoomForAnOperationNeedsReset) {
  test::DriverQueue& queue = guest_.driven->queue2;
  const uint64_t address = guest_.driven->memory.Allocate(64, 8);
  queue.Post(
      {test::Readable(address, sizeof(abi::PortAnswer)), test::Writable(address, sizeof(abi::PortOperation) - 1)});
  guest_.driven->NotifyIfAsked(abi::kPortOperationQueue);
  guest_.driven->WaitForNeedsReset();
}

TEST_F(PortOperationTest, ObjectsTakeTurns) {
  auto other = std::make_shared<test::ManualSource>();
  std::swap(other, source_);
  const uint64_t second = guest_.Open();
  const std::shared_ptr<pager::VmoControl> second_vmo = source_->controls.Take();
  Outcome<zx_status_t> outcome;
  std::vector<uint64_t> unanswered;
  for (int i = 0; i < test::PortGuest::kSlots; ++i) {
    vmo_->Detach(outcome.handler());
    unanswered.push_back(Next(Kind::kDetach).id);
  }
  // The guest's slots are full; what comes now waits its turn.
  for (int i = 0; i < 3; ++i) {
    vmo_->Detach(outcome.handler());
  }
  second_vmo->Detach(outcome.handler());
  std::vector<uint64_t> objects;
  for (int i = 0; i < 4; ++i) {
    guest_.Answer(unanswered.back(), ZX_OK);
    const abi::PortOperation operation = guest_.WaitForOperation();
    objects.push_back(operation.object);
    unanswered.back() = operation.id;
  }
  EXPECT_EQ(objects, (std::vector<uint64_t>{object_, second, object_, object_}));
}

TEST_F(PortOperationTest, ClosingTheObjectEndsItsOperations) {
  Outcome<zx_status_t> outcome;
  for (int i = 0; i < test::PortGuest::kSlots + 1; ++i) {
    vmo_->Detach(outcome.handler());
  }
  // Once all slots are taken, one operation and no other has not been sent.
  uint64_t id = 0;
  for (int i = 0; i < test::PortGuest::kSlots; ++i) {
    id = Next(Kind::kDetach).id;
  }
  EXPECT_EQ(guest_.Control(guest_.port->Close(object_)).status, ZX_OK);
  EXPECT_EQ(std::get<0>(outcome.Wait()), ZX_ERR_PEER_CLOSED) << "it had not been sent";
  vmo_->Detach(outcome.handler());
  EXPECT_EQ(std::get<0>(outcome.Wait()), ZX_ERR_PEER_CLOSED);
  guest_.Answer(id, ZX_OK);
  EXPECT_EQ(std::get<0>(outcome.Wait()), ZX_OK) << "it had been";
}

TEST_F(PortOperationTest, ResetEndsAllOperationsAndWaitsForLeases) {
  Outcome<zx_status_t, pager::PageLease> loan;
  vmo_->Lend(0, kPageSize, loan.handler());
  const abi::PortOperation operation = Next(Kind::kLend);
  const uint64_t page = guest_.driven->memory.Allocate(kPageSize);
  guest_.Send(abi::kPortRequestQueue, guest_.port->Lend(object_, 0, operation.id, {page}));
  auto lent = loan.Wait();
  Outcome<zx_status_t> outcome;
  for (int i = 0; i < test::PortGuest::kSlots + 1; ++i) {
    vmo_->Detach(outcome.handler());
  }
  std::thread resets([this] { guest_.driven->driver.SetStatus(0); });
  for (int i = 0; i < test::PortGuest::kSlots + 1; ++i) {
    EXPECT_EQ(std::get<0>(outcome.Wait()), ZX_ERR_PEER_CLOSED);
  }
  vmo_->Detach(outcome.handler());
  EXPECT_EQ(std::get<0>(outcome.Wait()), ZX_ERR_PEER_CLOSED);
  std::get<1>(lent).End();
  resets.join();
  guest_.driven->transport.reset();
  guest_.device.reset();
  vmo_->Detach(outcome.handler());
  EXPECT_EQ(std::get<0>(outcome.Wait()), ZX_ERR_PEER_CLOSED) << "the control outlives the device";
}

}  // namespace
