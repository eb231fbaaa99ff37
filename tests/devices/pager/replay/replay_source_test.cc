// Pages come ahead of the guest from any page source, never over what the guest has changed, and never for an object
// that is not what it was.
#include "devices/pager/replay/replay_source.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>
#include <zircon/syscalls/pager.h>

#include <array>
#include <deque>
#include <set>

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
  struct Supply {
    uint64_t first;
    uint64_t pages;
    char byte;  // the first one
    StatusHandler handler;
  };

  void SupplyPages(uint64_t offset, std::vector<iovec> data, StatusHandler handler) override {
    supplies.push_back({.first = offset / kPage,
                        .pages = data.front().iov_len / kPage,
                        .byte = *static_cast<const char*>(data.front().iov_base),
                        .handler = std::move(handler)});
  }
  void AwaitRoom(StatusHandler handler) override { awaiting.push_back(std::move(handler)); }
  void OpRange(uint32_t op, uint64_t /*offset*/, uint64_t /*length*/, uint64_t /*data*/,
               StatusHandler handler) override {
    operations.push_back(op);
    handler(ZX_OK);
  }
  void QueryDirtyRanges(uint64_t, uint64_t, DirtyRangesHandler handler) override { handler(ZX_OK, {}, 0); }
  void QueryVmoStats(uint32_t, VmoStatsHandler handler) override { handler(ZX_OK, {}); }
  void Detach(StatusHandler handler) override { handler(ZX_OK); }
  void Lend(uint64_t, uint64_t, LendHandler handler) override { handler(ZX_ERR_NOT_FOUND, pager::PageLease()); }

  Supply Take() {
    Supply supply = std::move(supplies.front());
    supplies.pop_front();
    return supply;
  }

  std::deque<Supply> supplies;
  std::deque<StatusHandler> awaiting;
  std::vector<uint32_t> operations;
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
  void Replay(std::vector<ReadRange> reads) {
    source_ = std::make_shared<ReplaySource>(manual_, Plan(std::move(reads), {.step_bytes = 1 << 20, .step_reads = 4}),
                                             counters_);
    source_->Attach(vmo_);
  }
  // The medium answers one read of ours.
  void Fetch() {
    pager::ReadRequest read = manual_->Take();
    test::FillByPageNumber(read);
    read.Complete(ZX_OK);
  }
  // The guest takes everything that is on its way; where each began.
  std::set<uint64_t> TakeAllSupplies() {
    std::set<uint64_t> first_pages;
    while (!vmo_->supplies.empty()) {
      HeldVmo::Supply supply = vmo_->Take();
      first_pages.insert(supply.first);
      supply.handler(ZX_OK);
    }
    return first_pages;
  }
  void GuestReads(uint64_t first) {
    source_->Read(pager::ReadRequest(first * kPage, {{.iov_base = page_.data(), .iov_len = kPage}},
                                     std::make_unique<NotedAnswer>(answers_)));
  }

  std::shared_ptr<test::ManualSource> manual_ = std::make_shared<test::ManualSource>();
  std::shared_ptr<HeldVmo> vmo_ = std::make_shared<HeldVmo>();
  ReplayCounters counters_;
  std::shared_ptr<ReplaySource> source_;
  std::vector<zx_status_t> answers_;
  alignas(kPage) std::array<char, kPage> page_{};
};

TEST_F(ReplaySourceTest, PagesAreReadAndSuppliedBeforeAnybodyAsks) {
  Replay({Pages(3, 2), Pages(10, 1)});
  Fetch();
  Fetch();
  HeldVmo::Supply first = vmo_->Take();
  EXPECT_EQ(first.first, 3u);
  EXPECT_EQ(first.pages, 2u);
  EXPECT_EQ(first.byte, 4);
  HeldVmo::Supply second = vmo_->Take();
  EXPECT_EQ(second.first, 10u);
  first.handler(ZX_OK);
  second.handler(ZX_OK);
  EXPECT_EQ(counters_.pages_fetched, 3u);
  EXPECT_TRUE(manual_->reads.empty());
}

TEST_F(ReplaySourceTest, TheGuestsOwnReadsGoThrough) {
  Replay({});
  GuestReads(7);
  EXPECT_EQ(counters_.reads, 1u);
  Fetch();
  EXPECT_EQ(answers_, std::vector<zx_status_t>{ZX_OK});
  EXPECT_EQ(page_[0], 8);
  EXPECT_TRUE(vmo_->supplies.empty());
}

TEST_F(ReplaySourceTest, AReadThatFailsIsNotSuppliedAndTheRestIs) {
  Replay({Pages(0, 1), Pages(5, 1)});
  manual_->Take().Complete(ZX_ERR_IO);
  Fetch();
  EXPECT_EQ(vmo_->Take().first, 5u);
  EXPECT_TRUE(vmo_->supplies.empty());
}

TEST_F(ReplaySourceTest, NoMoreIsOnItsWayThanAgreed) {
  std::vector<ReadRange> reads;
  for (uint64_t page = 0; page < 40; page += 2) {
    reads.push_back(Pages(page, 1));
  }
  source_ = std::make_shared<ReplaySource>(manual_, Plan(reads, {.step_bytes = 1 << 20, .step_reads = 64}), counters_);
  source_->Attach(vmo_);
  for (size_t i = 0; i < ReplaySource::kMostInFlight; ++i) {
    Fetch();
  }
  EXPECT_TRUE(manual_->reads.empty());
  vmo_->Take().handler(ZX_OK);
  EXPECT_FALSE(manual_->reads.empty());
}

TEST_F(ReplaySourceTest, AGuestWithoutRoomIsLeftAloneUntilItSaysThatItHas) {
  Replay({Pages(0, 1), Pages(5, 1), Pages(9, 1)});
  Fetch();
  vmo_->Take().handler(ZX_OK);
  Fetch();
  Fetch();
  vmo_->Take().handler(ZX_ERR_SHOULD_WAIT);
  vmo_->Take().handler(ZX_ERR_SHOULD_WAIT);
  EXPECT_TRUE(manual_->reads.empty());
  ASSERT_EQ(vmo_->awaiting.size(), 1u) << "once for both";
  vmo_->awaiting.front()(ZX_OK);
  Fetch();
  Fetch();
  EXPECT_EQ(TakeAllSupplies(), (std::set<uint64_t>{5, 9}));
  EXPECT_EQ(counters_.pages_fetched, 3u);
}

TEST_F(ReplaySourceTest, AGuestThatHasOvertakenIsNotFollowedFromBehind) {
  std::vector<ReadRange> reads;
  for (uint64_t page = 0; page < 40; page += 2) {
    reads.push_back(Pages(page, 1));
  }
  source_ = std::make_shared<ReplaySource>(manual_, Plan(reads, {.step_bytes = 1 << 20, .step_reads = 64}), counters_);
  source_->Attach(vmo_);
  for (size_t i = 0; i < ReplaySource::kMostInFlight; ++i) {
    Fetch();
  }
  GuestReads(30);
  Fetch();
  vmo_->Take().handler(ZX_OK);
  EXPECT_EQ(manual_->Take().offset(), 32 * kPage);
}

TEST_F(ReplaySourceTest, AGuestWithoutMemoryIsLeftAloneUntilItReads) {
  Replay({Pages(0, 1), Pages(5, 1)});
  Fetch();
  Fetch();
  vmo_->Take().handler(ZX_ERR_NO_MEMORY);
  vmo_->Take().handler(ZX_ERR_NO_MEMORY);
  ASSERT_EQ(vmo_->awaiting.size(), 1u);
  vmo_->awaiting.front()(ZX_ERR_CANCELED);
  EXPECT_TRUE(manual_->reads.empty());
  GuestReads(20);
  Fetch();  // the guest's
  Fetch();
  Fetch();
  EXPECT_EQ(TakeAllSupplies(), (std::set<uint64_t>{0, 5}));
  EXPECT_EQ(counters_.pages_fetched, 2u);
}

// Else a page of before the write could come back after it.
TEST_F(ReplaySourceTest, AWriteBackWaitsForSuppliesOnTheirWayAndIsTheEndOfThem) {
  Replay({Pages(0, 1), Pages(5, 1)});
  const std::shared_ptr<pager::VmoControl> control = manual_->controls.Take();
  Fetch();
  std::vector<zx_status_t> begun;
  control->OpRange(ZX_PAGER_OP_WRITEBACK_BEGIN, 0, kPage, 0, [&](zx_status_t status) { begun.push_back(status); });
  EXPECT_TRUE(vmo_->operations.empty());
  vmo_->Take().handler(ZX_OK);
  EXPECT_TRUE(vmo_->operations.empty()) << "there is a read on its way still";
  Fetch();
  EXPECT_TRUE(vmo_->supplies.empty()) << "what was read before the write-back is not supplied any more";
  EXPECT_EQ(vmo_->operations, std::vector<uint32_t>{ZX_PAGER_OP_WRITEBACK_BEGIN});
  EXPECT_EQ(begun, std::vector<zx_status_t>{ZX_OK});
  control->OpRange(ZX_PAGER_OP_WRITEBACK_END, 0, kPage, 0, [](zx_status_t) {});
  GuestReads(5);
  Fetch();
  EXPECT_TRUE(manual_->reads.empty());
  EXPECT_TRUE(vmo_->supplies.empty());
}

TEST_F(ReplaySourceTest, AnswersThatComeWhenItHasGoneDoNothing) {
  Replay({Pages(0, 1), Pages(5, 1)});
  Fetch();
  HeldVmo::Supply supply = vmo_->Take();
  source_ = nullptr;
  Fetch();
  supply.handler(ZX_ERR_PEER_CLOSED);
  EXPECT_TRUE(vmo_->supplies.empty());
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
