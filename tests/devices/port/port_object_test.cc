// Objects of the port device from their opening to their end: numbers, opens, DIRTY and COMPLETE, listings, and
// requests that a page source keeps for too long.
#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <string>

#include "tests/devices/support/port_guest.h"

namespace {

namespace abi = pagoda::abi;

using base::kPageSize;
using test::Outcome;
using test::PortTicket;

class PortObjectTest : public testing::Test {
 protected:
  explicit PortObjectTest(dev::PortOptions options = {}) : guest_([this] { return source_; }, std::move(options)) {}

  std::shared_ptr<test::ManualSource> source_ = std::make_shared<test::ManualSource>();
  test::PortGuest guest_;
};

TEST_F(PortObjectTest, OpeningASourceAgainGivesTheSameObject) {
  guest_.Start();
  const uint64_t object = guest_.Open();
  EXPECT_EQ(guest_.Open(), object);
  static_cast<void>(source_->controls.Take());
  EXPECT_TRUE(source_->controls.empty()) << "the guest has one VMO";
  EXPECT_EQ(guest_.Control(guest_.port->Close(object, 3)).status, ZX_ERR_NOT_FOUND);
  EXPECT_EQ(guest_.Control(guest_.port->Close(object, 2)).status, ZX_OK);
  EXPECT_EQ(guest_.Control(guest_.port->Close(object, 1)).status, ZX_ERR_NOT_FOUND);
  EXPECT_NE(guest_.Open(), object) << "numbers are not reused";
}

TEST_F(PortObjectTest, AnOpenThatCrossesACloseAttachesAnew) {
  guest_.Start();
  const uint64_t object = guest_.Open();
  EXPECT_EQ(guest_.Open(), object);
  const auto first = source_->controls.Take();
  EXPECT_EQ(guest_.Control(guest_.port->Close(object, 1)).status, ZX_OK);
  EXPECT_NE(source_->controls.Take(), nullptr);
  EXPECT_EQ(guest_.Request(guest_.port->Complete(object + 1)).status, ZX_ERR_NOT_FOUND);
  EXPECT_TRUE(source_->completes.empty());
}

TEST_F(PortObjectTest, DriverWithoutOperationsAttachesNothing) {
  guest_.Start(0);
  const uint64_t object = guest_.Open();
  const PortTicket read = guest_.port->Read(object, 0, 1);
  guest_.Send(abi::kPortRequestQueue, read);
  source_->Take().Complete(ZX_OK);
  EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, read).status, ZX_OK);
  EXPECT_TRUE(source_->controls.empty());
}

TEST_F(PortObjectTest, DirtyAndCompleteWaitForTheSource) {
  guest_.Start();
  const uint64_t object = guest_.Open();
  const PortTicket dirty = guest_.port->Dirty(object, 2 * kPageSize, 3 * kPageSize);
  const PortTicket complete = guest_.port->Complete(object);
  guest_.Send(abi::kPortRequestQueue, dirty);
  guest_.Send(abi::kPortRequestQueue, complete);
  pager::DirtyRequest dirty_request = source_->dirties.Take();
  EXPECT_EQ(dirty_request.offset(), 2 * kPageSize);
  EXPECT_EQ(dirty_request.length(), 3 * kPageSize);
  source_->completes.Take().Complete(ZX_OK);
  EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, complete).status, ZX_OK);
  dirty_request.Complete(ZX_ERR_NO_SPACE);
  EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, dirty).status, ZX_ERR_NO_SPACE);
  EXPECT_EQ(guest_.Request(guest_.port->Dirty(object, test::ManualSource::kSize, kPageSize)).status,
            ZX_ERR_OUT_OF_RANGE);
  EXPECT_TRUE(source_->dirties.empty());
}

TEST_F(PortObjectTest, SyncIsAnsweredWithTheSourcesStatusWhateverItIs) {
  guest_.Start();
  const uint64_t object = guest_.Open();
  for (const zx_status_t status : {ZX_OK, ZX_ERR_NO_SPACE, ZX_ERR_NOT_SUPPORTED}) {
    const PortTicket sync = guest_.port->Sync(object);
    guest_.Send(abi::kPortRequestQueue, sync);
    pager::SyncRequest held = source_->syncs.Take();
    // Others go on meanwhile.
    const PortTicket read = guest_.port->Read(object, 0, 1);
    guest_.Send(abi::kPortRequestQueue, read);
    source_->Take().Complete(ZX_OK);
    EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, read).status, ZX_OK);
    held.Complete(status);
    EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, sync).status, status);
  }
  EXPECT_EQ(guest_.Request(guest_.port->Sync(object + 1)).status, ZX_ERR_NOT_FOUND);
  EXPECT_EQ(guest_.Request(guest_.port->SyncOfARange(object)).status, ZX_ERR_INVALID_ARGS);
  EXPECT_TRUE(source_->syncs.empty());
}

TEST_F(PortObjectTest, SyncThatIsDroppedIsABadState) {
  guest_.Start();
  const PortTicket sync = guest_.port->Sync(guest_.Open());
  guest_.Send(abi::kPortRequestQueue, sync);
  { const pager::SyncRequest dropped = source_->syncs.Take(); }
  EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, sync).status, ZX_ERR_BAD_STATE);
}

TEST_F(PortObjectTest, ListGivesSortedNamesAndHowManyThereAre) {
  guest_.pager->names = {"b", "dir/", "a", "", std::string("x\0y", 3), std::string(256, 'n')};
  guest_.Start();
  const auto list = [&](uint64_t first, uint32_t room) {
    const PortTicket ticket = guest_.port->List("f", first, room);
    const abi::PortReply reply = guest_.Control(ticket);
    EXPECT_EQ(reply.object, reply.status == ZX_OK ? 3u : 0u);
    const auto bytes = guest_.driven->memory.At(ticket.pages.front(), reply.size);
    return std::pair(reply.status, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  };
  EXPECT_EQ(list(0, 9), std::pair(ZX_OK, std::string("a\0b\0dir/\0", 9)));
  EXPECT_EQ(list(0, 8), std::pair(ZX_OK, std::string("a\0b\0", 4)));
  EXPECT_EQ(list(2, 8), std::pair(ZX_OK, std::string("dir/\0", 5)));
  EXPECT_EQ(list(3, 8), std::pair(ZX_OK, std::string()));
  EXPECT_EQ(list(UINT64_MAX, 8), std::pair(ZX_OK, std::string()));
  EXPECT_EQ(list(2, 4), std::pair(ZX_ERR_BUFFER_TOO_SMALL, std::string()));
}

TEST_F(PortObjectTest, ListOfThePagersAndOfWhatCannotBeListed) {
  guest_.Start();
  const PortTicket pagers = guest_.port->List("", 0, 16);
  EXPECT_EQ(guest_.Control(pagers).status, ZX_OK);
  EXPECT_EQ(guest_.driven->memory.Load<char>(pagers.pages.front()), 'f');
  EXPECT_EQ(guest_.Control(guest_.port->List("f", 0, 16)).status, ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(guest_.Control(guest_.port->List("g", 0, 16)).status, ZX_ERR_NOT_FOUND);
}

// Reports go to a box that the test waits on.
struct Reports {
  [[nodiscard]] dev::PortOptions options(bool fail) {
    return {.overdue_after = std::chrono::milliseconds(1),
            .fail_overdue = fail,
            .on_overdue = [this](const dev::PortOverdueRequest& report) { box.Put(report); }};
  }
  test::RequestBox<dev::PortOverdueRequest> box;
};

class PortOverdueTest : private Reports, public PortObjectTest {
 protected:
  PortOverdueTest() : PortObjectTest(options(true)) {}
  using Reports::box;
};

TEST_F(PortOverdueTest, OverdueReadIsReportedAndItsWaitersTimeOut) {
  guest_.Start();
  const uint64_t object = guest_.Open();
  const PortTicket read = guest_.port->Read(object, 3 * kPageSize, 2);
  guest_.Send(abi::kPortRequestQueue, read);
  pager::ReadRequest held = source_->Take();
  for (int i = 0; i < 2; ++i) {
    const dev::PortOverdueRequest report = box.Take();
    EXPECT_EQ(report.name, "f");
    EXPECT_EQ(report.request.kind, abi::PortRequestKind::kRead);
    EXPECT_EQ(report.request.offset, 3 * kPageSize);
    EXPECT_EQ(report.request.length, 2 * kPageSize);
    EXPECT_GE(report.age, std::chrono::milliseconds(1));
    EXPECT_TRUE(report.failed);
    const abi::PortOperation operation = guest_.WaitForOperation();
    EXPECT_EQ(operation.kind, abi::PortOperationKind::kTimeOut);
    EXPECT_EQ(operation.offset, 3 * kPageSize);
    EXPECT_EQ(operation.length, 2 * kPageSize);
    guest_.Answer(operation.id, ZX_OK);
  }
  EXPECT_FALSE(guest_.driven->queue1.TakeUsed()) << "the pages are still the source's to write to";
  test::FillByPageNumber(held);
  held.Complete(ZX_OK);
  EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, read).status, ZX_OK);
}

TEST_F(PortOverdueTest, CompleteOfASourceThatDoesNothingIsGivenUp) {
  guest_.Start();
  const uint64_t object = guest_.Open();
  const PortTicket complete = guest_.port->Complete(object);
  guest_.Send(abi::kPortRequestQueue, complete);
  pager::CompleteRequest held = source_->completes.Take();
  EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, complete).status, ZX_ERR_TIMED_OUT);
  EXPECT_TRUE(box.Take().failed);
  EXPECT_EQ(guest_.device->counters().operations, 0u);

  // The late answer is dropped, and the same chain may be in use again.
  held.Complete(ZX_OK);
  const PortTicket read = guest_.port->Read(object, 0, 1);
  guest_.Send(abi::kPortRequestQueue, read);
  source_->Take().Complete(ZX_OK);
  EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, read).status, ZX_OK);
}

TEST_F(PortOverdueTest, ResetDoesNotWaitForACompleteAndItsAnswerMayComeLater) {
  guest_.Start();
  const PortTicket complete = guest_.port->Complete(guest_.Open());
  guest_.Send(abi::kPortRequestQueue, complete);
  pager::CompleteRequest held = source_->completes.Take();
  guest_.driven->driver.Write(VIRTIO_MMIO_STATUS, 0);
  held.Complete(ZX_OK);
}

TEST_F(PortOverdueTest, SyncOfASourceThatDoesNothingIsGivenUp) {
  guest_.Start();
  const PortTicket sync = guest_.port->Sync(guest_.Open());
  guest_.Send(abi::kPortRequestQueue, sync);
  pager::SyncRequest held = source_->syncs.Take();
  EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, sync).status, ZX_ERR_TIMED_OUT);
  EXPECT_TRUE(box.Take().failed);
  held.Complete(ZX_OK);
}

TEST_F(PortOverdueTest, ResetDoesNotWaitForASync) {
  guest_.Start();
  const PortTicket sync = guest_.port->Sync(guest_.Open());
  guest_.Send(abi::kPortRequestQueue, sync);
  pager::SyncRequest held = source_->syncs.Take();
  guest_.driven->driver.Write(VIRTIO_MMIO_STATUS, 0);
  held.Complete(ZX_OK);
}

TEST(PortOverdue, IsDescribedInOneLine) {
  const dev::PortOverdueRequest overdue{
      .name = "d/f\n",
      .request = {.object = 1, .kind = abi::PortRequestKind::kRead, .offset = 0x1000, .length = 0x2000},
      .age = std::chrono::milliseconds(20100),
      .failed = true};
  EXPECT_EQ(dev::Describe(overdue),
            "the pager of 'd/f?' has not answered a READ of [0x1000, 0x3000) for 20.1 s; who waits for it fails with "
            "ZX_ERR_TIMED_OUT");
}

TEST(PortOverdue, CompleteThatIsGivenUpIsDescribedInOneLine) {
  EXPECT_EQ(dev::Describe(dev::PortOverdueRequest{
                .name = "f",
                .request = {.object = 1, .kind = abi::PortRequestKind::kComplete, .offset = 0, .length = 0},
                .age = std::chrono::seconds(1),
                .failed = true}),
            "the pager of 'f' has not answered a COMPLETE for 1.0 s and does nothing; the guest waits no longer, what "
            "was not written back is lost");
}

class PortReportTest : private Reports, public PortObjectTest {
 protected:
  PortReportTest() : PortObjectTest(options(false)) {}
  using Reports::box;
};

TEST_F(PortReportTest, WithoutATimeoutAnOverdueReadIsReportedOnly) {
  guest_.Start();
  const PortTicket read = guest_.port->Read(guest_.Open(), 0, 1);
  guest_.Send(abi::kPortRequestQueue, read);
  pager::ReadRequest held = source_->Take();
  EXPECT_FALSE(box.Take().failed);
  EXPECT_FALSE(box.Take().failed);
  EXPECT_EQ(guest_.device->counters().operations, 0u);
  held.Complete(ZX_OK);
  EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, read).status, ZX_OK);
}

class PortUnfitTest : public PortObjectTest {
 protected:
  PortUnfitTest()
      : PortObjectTest(dev::PortOptions{.on_unfit = [this](const dev::PortUnfitAnswer& unfit) { box_.Put(unfit); }}) {}

  test::RequestBox<dev::PortUnfitAnswer> box_;
};

TEST_F(PortUnfitTest, StatusThatFailDoesNotPermitReachesTheGuestAsIoAndIsReportedOnce) {
  guest_.Start();
  const uint64_t object = guest_.Open();
  uint64_t count = 0;
  for (const zx_status_t status : {ZX_ERR_TIMED_OUT, ZX_ERR_NOT_FOUND, ZX_ERR_INTERNAL, 100}) {
    const PortTicket read = guest_.port->Read(object, kPageSize, 2);
    guest_.Send(abi::kPortRequestQueue, read);
    source_->Take().Complete(status);
    EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, read).status, ZX_ERR_IO) << status;
    EXPECT_EQ(guest_.device->counters().unfit_statuses, ++count);
  }
  const PortTicket dirty = guest_.port->Dirty(object, 0, kPageSize);
  guest_.Send(abi::kPortRequestQueue, dirty);
  source_->dirties.Take().Complete(ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, dirty).status, ZX_ERR_IO);
  EXPECT_EQ(dev::Describe(box_.Take()),
            "the pager of 'f' answered a READ of [0x1000, 0x3000) with status -21, which is no answer to it; the guest "
            "gets ZX_ERR_IO (what follows of this kind is not reported)");
  EXPECT_TRUE(box_.empty());
}

TEST_F(PortUnfitTest, PermittedStatusesStayAsTheyAre) {
  guest_.Start();
  const uint64_t object = guest_.Open();
  for (const zx_status_t status :
       {ZX_ERR_IO, ZX_ERR_IO_DATA_INTEGRITY, ZX_ERR_BAD_STATE, ZX_ERR_NO_SPACE, ZX_ERR_BUFFER_TOO_SMALL, ZX_OK}) {
    const PortTicket read = guest_.port->Read(object, 0, 1);
    guest_.Send(abi::kPortRequestQueue, read);
    source_->Take().Complete(status);
    EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, read).status, status);
  }
  EXPECT_EQ(guest_.device->counters().unfit_statuses, 0u);
}

// A pager that answers when the test says so.
class AwayPager final : public pager::Pager {
 public:
  base::Result<std::shared_ptr<pager::PageSource>, zx_status_t> Open(std::string_view /*path*/) override {
    return base::Failure{ZX_ERR_BAD_STATE};  // who calls this would wait
  }
  void StartOpen(std::string_view /*path*/, OpenHandler handler) override { opens.Put(std::move(handler)); }
  void StartList(std::string_view /*path*/, ListHandler handler) override { lists.Put(std::move(handler)); }

  test::RequestBox<OpenHandler> opens;
  test::RequestBox<ListHandler> lists;
};

class PortAwayTest : public PortObjectTest {
 protected:
  PortAwayTest() {
    auto away = std::make_unique<AwayPager>();
    away_ = away.get();
    EXPECT_TRUE(guest_.registry.Register("away", std::move(away)).ok());
    guest_.Start();
  }
  AwayPager* away_;
};

TEST_F(PortAwayTest, OpensAndListingsOfAPagerThatIsAwayHoldUpNobody) {
  const PortTicket open = guest_.port->Open("away/x");
  const PortTicket list = guest_.port->List("away", 0, 64);
  guest_.Send(abi::kPortControlQueue, open);
  guest_.Send(abi::kPortControlQueue, list);
  const auto open_handler = away_->opens.Take();
  const auto list_handler = away_->lists.Take();

  const uint64_t healthy = guest_.Open("f");
  const PortTicket read = guest_.port->Read(healthy, 0, 1);
  guest_.Send(abi::kPortRequestQueue, read);
  source_->Take().Complete(ZX_OK);
  EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, read).status, ZX_OK);

  list_handler(std::vector<std::string>{"x"});
  const abi::PortReply listed = guest_.WaitForReply(abi::kPortControlQueue, list);
  EXPECT_EQ(listed.status, ZX_OK);
  EXPECT_EQ(listed.object, 1u);
  open_handler(std::shared_ptr<pager::PageSource>(std::make_shared<test::ManualSource>()));
  const abi::PortReply opened = guest_.WaitForReply(abi::kPortControlQueue, open);
  EXPECT_EQ(opened.status, ZX_OK);
  EXPECT_NE(opened.object, healthy);
}

TEST_F(PortAwayTest, OpenThatFailsAfterAllIsAnsweredWithItsStatus) {
  const PortTicket open = guest_.port->Open("away/x");
  guest_.Send(abi::kPortControlQueue, open);
  away_->opens.Take()(base::Failure{ZX_ERR_IO});
  EXPECT_EQ(guest_.WaitForReply(abi::kPortControlQueue, open).status, ZX_ERR_IO);
}

TEST_F(PortAwayTest, AnswerAfterAResetIsDropped) {
  guest_.Send(abi::kPortControlQueue, guest_.port->Open("away/x"));
  const auto handler = away_->opens.Take();
  guest_.driven->driver.Write(VIRTIO_MMIO_STATUS, 0);
  auto late = std::make_shared<test::ManualSource>();
  const std::weak_ptr<test::ManualSource> watched = late;
  handler(std::shared_ptr<pager::PageSource>(std::move(late)));
  EXPECT_TRUE(watched.expired());
  EXPECT_EQ(guest_.device->counters().opens, 0u);
}

// Who has pages to write back may take its time.
TEST_F(PortReportTest, CompleteOfASourceThatHoldsLentPagesIsNotGivenUp) {
  guest_.Start();
  const uint64_t object = guest_.Open();
  Outcome<zx_status_t, pager::PageLease> outcome;
  source_->controls.Take()->Lend(0, kPageSize, outcome.handler());
  const uint64_t operation = guest_.WaitForOperation().id;
  const PortTicket lend = guest_.port->Lend(object, 0, operation, {guest_.driven->memory.Allocate(kPageSize)});
  guest_.Send(abi::kPortRequestQueue, lend);
  auto [status, lease] = outcome.Wait();
  const PortTicket complete = guest_.port->Complete(object);
  guest_.Send(abi::kPortRequestQueue, complete);
  pager::CompleteRequest held = source_->completes.Take();
  for (uint32_t reports = 0; reports < 10 * dev::kPortIdlePeriods;) {
    const dev::PortOverdueRequest report = box.Take();
    EXPECT_FALSE(report.failed);
    reports += report.request.kind == abi::PortRequestKind::kComplete ? 1 : 0;
  }
  held.Complete(ZX_OK);
  EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, complete).status, ZX_OK);
  lease.End();
  EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, lend).status, ZX_OK);
}

TEST_F(PortReportTest, WithoutATimeoutACompleteIsGivenUpOnceItsSourceDidNothingForLong) {
  guest_.Start();
  const PortTicket complete = guest_.port->Complete(guest_.Open());
  guest_.Send(abi::kPortRequestQueue, complete);
  pager::CompleteRequest held = source_->completes.Take();
  for (uint32_t period = 1; period < dev::kPortIdlePeriods; ++period) {
    EXPECT_FALSE(box.Take().failed);
  }
  EXPECT_TRUE(box.Take().failed);
  EXPECT_EQ(guest_.WaitForReply(abi::kPortRequestQueue, complete).status, ZX_ERR_TIMED_OUT);
}

}  // namespace
