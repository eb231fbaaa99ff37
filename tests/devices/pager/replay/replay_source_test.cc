// Pages come ahead of the guest from any page source, in the order of their use, and never for an object that is not
// what it was.
#include "devices/pager/replay/replay_source.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <array>
#include <deque>

#include "devices/pager/replay/replayer.h"
#include "tests/devices/support/manual_pager.h"

namespace {

using pager::replay::Plan;
using pager::replay::ReadRange;
using pager::replay::ReplayCounters;
using pager::replay::Replayer;
using pager::replay::ReplaySource;

constexpr uint64_t kPage = base::kPageSize;

ReadRange Pages(uint64_t first, uint64_t count) { return {.offset = first * kPage, .length = count * kPage}; }

// Keeps the operations for the test to answer.
class HeldVmo final : public pager::VmoControl {
 public:
  struct Fetch {
    uint64_t first;
    uint64_t pages;
    Filler fill;
    StatusHandler handler;
  };

  void SupplyPages(uint64_t, std::vector<iovec>, StatusHandler) override { ADD_FAILURE() << "pages are read in place"; }
  void FetchPages(uint64_t offset, uint64_t length, Filler fill, StatusHandler handler) override {
    fetches.push_back(
        {.first = offset / kPage, .pages = length / kPage, .fill = std::move(fill), .handler = std::move(handler)});
  }
  void AwaitRoom(StatusHandler handler) override { awaiting.push_back(std::move(handler)); }
  void OpRange(uint32_t, uint64_t, uint64_t, uint64_t, StatusHandler handler) override { handler(ZX_OK); }
  void QueryDirtyRanges(uint64_t, uint64_t, DirtyRangesHandler handler) override { handler(ZX_OK, {}, 0); }
  void QueryVmoStats(uint32_t, VmoStatsHandler handler) override { handler(ZX_OK, {}); }
  void Detach(StatusHandler handler) override { handler(ZX_OK); }
  void Lend(uint64_t, uint64_t, LendHandler handler) override { handler(ZX_ERR_NOT_FOUND, pager::PageLease()); }

  Fetch Take() {
    Fetch fetch = std::move(fetches.front());
    fetches.pop_front();
    return fetch;
  }

  std::deque<Fetch> fetches;
  std::deque<StatusHandler> awaiting;
};

// What the guest hears.
class NotedAnswer final : public pager::Answer {
 public:
  explicit NotedAnswer(std::vector<zx_status_t>& answers) : answers_(answers) {}
  void OnAnswer(zx_status_t status) override { answers_.push_back(status); }

 private:
  std::vector<zx_status_t>& answers_;
};

class ReplaySourceTest : public testing::Test {
 protected:
  // Single pages, with one between each two.
  static std::vector<ReadRange> Scattered(uint64_t count) {
    std::vector<ReadRange> reads;
    for (uint64_t i = 0; i < count; ++i) {
      reads.push_back(Pages(2 * i, 1));
    }
    return reads;
  }
  void Replay(std::vector<ReadRange> reads) {
    source_ = std::make_shared<ReplaySource>(manual_, Plan(std::move(reads), {.step_bytes = 4 << 20, .step_reads = 64}),
                                             counters_);
    source_->Attach(vmo_);
  }
  // The guest takes all that it is offered, and what comes then; where each began, in order.
  std::vector<uint64_t> TakeAll() {
    std::vector<uint64_t> first_pages;
    while (!vmo_->fetches.empty()) {
      const HeldVmo::Fetch fetch = vmo_->Take();
      first_pages.push_back(fetch.first);
      fetch.handler(ZX_OK);
    }
    return first_pages;
  }
  void GuestReads(uint64_t first) {
    source_->Read(pager::ReadRequest(first * kPage, {{.iov_base = page_.data(), .iov_len = kPage}},
                                     std::make_unique<NotedAnswer>(answers_)));
  }

  std::vector<zx_status_t> answers_;  // before what may hold requests: they are answered at the latest when they go
  std::shared_ptr<test::ManualSource> manual_ = std::make_shared<test::ManualSource>();
  std::shared_ptr<HeldVmo> vmo_ = std::make_shared<HeldVmo>();
  ReplayCounters counters_;
  std::shared_ptr<ReplaySource> source_;
  alignas(kPage) std::array<char, kPage> page_{};
};

TEST_F(ReplaySourceTest, PagesAreReadInPlaceBeforeAnybodyAsks) {
  Replay({Pages(3, 2), Pages(10, 1)});
  const HeldVmo::Fetch first = vmo_->Take();
  EXPECT_EQ(first.first, 3u);
  EXPECT_EQ(first.pages, 2u);
  const HeldVmo::Fetch second = vmo_->Take();
  EXPECT_EQ(second.first, 10u);
  EXPECT_TRUE(manual_->reads.empty()) << "the guest has not said where to";
  first.fill(pager::ReadRequest(4 * kPage, {{.iov_base = page_.data(), .iov_len = kPage}},
                                std::make_unique<NotedAnswer>(answers_)));
  pager::ReadRequest read = manual_->Take();
  EXPECT_EQ(read.offset(), 4 * kPage);
  EXPECT_EQ(read.pages().front().iov_base, page_.data());
  read.Complete(ZX_ERR_IO_DATA_INTEGRITY);
  EXPECT_EQ(answers_, std::vector<zx_status_t>{ZX_ERR_IO_DATA_INTEGRITY});
  EXPECT_EQ(counters_.reads, 0u) << "nobody has asked";
  first.handler(ZX_OK);
  second.handler(ZX_OK);
  EXPECT_EQ(counters_.pages_fetched, 3u);
  EXPECT_TRUE(vmo_->fetches.empty());
}

TEST_F(ReplaySourceTest, TheGuestsOwnReadsGoThrough) {
  Replay({});
  GuestReads(7);
  EXPECT_EQ(counters_.reads, 1u);
  pager::ReadRequest read = manual_->Take();
  test::FillByPageNumber(read);
  read.Complete(ZX_OK);
  EXPECT_EQ(answers_, std::vector<zx_status_t>{ZX_OK});
  EXPECT_EQ(page_[0], 8);
  EXPECT_TRUE(vmo_->fetches.empty());
}

TEST_F(ReplaySourceTest, AfterAReadThatFailsTheRestIsFetched) {
  Replay(Scattered(20));
  vmo_->Take().handler(ZX_ERR_IO);
  EXPECT_EQ(TakeAll().size(), 19u);
  EXPECT_EQ(counters_.pages_fetched, 19u);
}

TEST_F(ReplaySourceTest, WithoutAVmoNothingMoreIsFetched) {
  Replay(Scattered(20));
  vmo_->Take().handler(ZX_ERR_PEER_CLOSED);
  EXPECT_EQ(TakeAll().size(), ReplaySource::kMostInFlight - 1);
}

TEST_F(ReplaySourceTest, NoMoreIsOnItsWayThanAgreed) {
  Replay(Scattered(20));
  EXPECT_EQ(vmo_->fetches.size(), ReplaySource::kMostInFlight);
  vmo_->Take().handler(ZX_OK);
  EXPECT_EQ(vmo_->fetches.size(), ReplaySource::kMostInFlight);
}

TEST_F(ReplaySourceTest, AGuestWithoutRoomIsLeftAloneUntilItSaysThatItHasAndTheOrderStays) {
  Replay({Pages(0, 1), Pages(5, 1), Pages(9, 1), Pages(13, 1)});
  vmo_->Take().handler(ZX_OK);
  for (const zx_status_t status : {ZX_ERR_SHOULD_WAIT, ZX_ERR_SHOULD_WAIT, ZX_ERR_SHOULD_WAIT}) {
    vmo_->Take().handler(status);
  }
  EXPECT_TRUE(vmo_->fetches.empty());
  ASSERT_EQ(vmo_->awaiting.size(), 1u) << "once for all";
  vmo_->awaiting.front()(ZX_OK);
  EXPECT_EQ(TakeAll(), (std::vector<uint64_t>{5, 9, 13}));
  EXPECT_EQ(counters_.pages_fetched, 4u);
}

TEST_F(ReplaySourceTest, AGuestThatHasOvertakenIsNotFollowedFromBehind) {
  Replay(Scattered(20));
  GuestReads(30);
  vmo_->Take().handler(ZX_OK);
  EXPECT_EQ(vmo_->fetches.back().first, 32u);
}

TEST_F(ReplaySourceTest, WhatTheGuestLeavesOfARecordedReadIsFetchedNext) {
  Replay({Pages(0, 400), Pages(512, 200), Pages(1024, 512), Pages(1536, 512), Pages(2048, 512), Pages(2560, 512)});
  GuestReads(1024);
  EXPECT_EQ(TakeAll(), (std::vector<uint64_t>{0, 512, 1024, 1536, 2048, 2560}));
}

TEST_F(ReplaySourceTest, AGuestWithoutMemoryIsLeftAloneUntilItReads) {
  Replay({Pages(0, 1), Pages(5, 1)});
  vmo_->Take().handler(ZX_ERR_NO_MEMORY);
  vmo_->Take().handler(ZX_ERR_NO_MEMORY);
  ASSERT_EQ(vmo_->awaiting.size(), 1u);
  vmo_->awaiting.front()(ZX_ERR_CANCELED);
  EXPECT_TRUE(vmo_->fetches.empty());
  GuestReads(20);
  EXPECT_EQ(TakeAll(), (std::vector<uint64_t>{0, 5}));
  EXPECT_EQ(counters_.pages_fetched, 2u);
}

TEST_F(ReplaySourceTest, AfterTheGuestHasGivenUpTheObjectNothingIsFetched) {
  Replay(Scattered(20));
  source_->Complete(pager::CompleteRequest(std::make_unique<NotedAnswer>(answers_)));
  manual_->completes.Take().Complete(ZX_OK);
  EXPECT_EQ(TakeAll().size(), ReplaySource::kMostInFlight);
}

TEST_F(ReplaySourceTest, WhatComesWhenItHasGoneIsAnsweredAndDoesNothing) {
  Replay({Pages(0, 1), Pages(5, 1)});
  const HeldVmo::Fetch fetch = vmo_->Take();
  source_ = nullptr;
  fetch.fill(
      pager::ReadRequest(0, {{.iov_base = page_.data(), .iov_len = kPage}}, std::make_unique<NotedAnswer>(answers_)));
  EXPECT_EQ(answers_, std::vector<zx_status_t>{ZX_ERR_BAD_STATE});
  fetch.handler(ZX_ERR_PEER_CLOSED);
  EXPECT_TRUE(manual_->reads.empty());
}

class VersionedSource final : public pager::PageSource {
 public:
  explicit VersionedSource(std::string version, uint64_t size = 4 * kPage)
      : version_(std::move(version)), size_(size) {}
  [[nodiscard]] pager::ObjectInfo info() const override { return {.size = size_, .content_size = size_}; }
  [[nodiscard]] std::string content_version() const override { return version_; }
  void Read(pager::ReadRequest request) override { request.Complete(ZX_OK); }

 private:
  const std::string version_;
  const uint64_t size_;
};

class ReplayerTest : public testing::Test {
 protected:
  std::vector<std::string> lines_;
  Replayer replayer_{{.objects = {{.name = "f", .size = 4 * kPage, .version = "1"}},
                      .reads = {{.object = 0, .range = Pages(0, 1)}, {.object = 0, .range = Pages(3, 2)}}},
                     uint64_t{64} << 20,
                     [this](const std::string& line) { lines_.push_back(line); }};
};

TEST_F(ReplayerTest, WrapsWhatTheSetKnowsAndNothingElse) {
  const auto source = std::make_shared<VersionedSource>("1");
  const auto wrapped = replayer_.Wrap("f", source);
  EXPECT_NE(wrapped, source);
  EXPECT_EQ(wrapped->info().size, 4 * kPage);
  EXPECT_EQ(replayer_.Wrap("g", std::make_shared<VersionedSource>("1"))->content_version(), "1");
  EXPECT_EQ(replayer_.statistics().recorded_reads, 1u) << "of the two reads one lies outside of the object";
}

// Two opens of one source share a VMO in the guest.
TEST_F(ReplayerTest, TheSameSourceIsWrappedOnce) {
  const auto source = std::make_shared<VersionedSource>("1");
  auto first = replayer_.Wrap("f", source);
  EXPECT_EQ(replayer_.Wrap("f", source), first);
  EXPECT_EQ(replayer_.Wrap("other/name", source), first);
  first = nullptr;
  EXPECT_EQ(source.use_count(), 1);
}

TEST_F(ReplayerTest, AnObjectThatHasChangedIsSaidOnceAndLeftAlone) {
  const auto other = std::make_shared<VersionedSource>("2");
  EXPECT_EQ(replayer_.Wrap("f", other), other);
  EXPECT_EQ(replayer_.Wrap("f", other), other);
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_EQ(lines_[0], "'f' has changed since its working set was recorded: its pages come when they are asked for");
  EXPECT_EQ(replayer_.statistics().recorded_reads, 0u);
}

TEST_F(ReplayerTest, AnotherSizeIsSaid) {
  const auto longer = std::make_shared<VersionedSource>("1", 8 * kPage);
  EXPECT_EQ(replayer_.Wrap("f", longer), longer);
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_NE(lines_[0].find("(16384 bytes then, 32768 now)"), std::string::npos) << lines_[0];
}

}  // namespace
