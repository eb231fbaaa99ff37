// Guest memory granted to a pager process: pages are filled where they are, and nobody gets a page back that the pager
// may still be writing to.
#include "devices/pager/remote/memory_grant.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <cstring>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "devices/pager/remote/remote_pager.h"
#include "tests/devices/support/awaited_answer.h"
#include "tests/devices/support/raw_pager.h"
#include "tests/devices/support/recording_answer.h"
#include "tests/devices/support/recording_reports.h"
#include "tests/devices/support/shared_ram.h"
#include "tests/devices/support/temporary_directory.h"

namespace {

namespace remote = pager::remote;

using base::kPageSize;
using remote::AnswerEntry;
using remote::AnswerKind;
using test::RawConnection;
using test::SharedRam;

constexpr pager::ObjectInfo kInfo = {.size = 64 * kPageSize, .content_size = 64 * kPageSize};

TEST(MemoryGrant, PagesAreFoundWhereTheGuestHasThem) {
  const SharedRam ram;
  const auto pieces = ram.grant()->Locate(std::vector<iovec>{ram.Pages(3, 2), ram.Pages(SharedRam::kLowPages + 1, 1)});
  ASSERT_TRUE(pieces.has_value());
  ASSERT_EQ(pieces->size(), 2u);
  EXPECT_EQ((*pieces)[0].address, 3 * kPageSize);
  EXPECT_EQ((*pieces)[0].length, 2 * kPageSize);
  EXPECT_EQ((*pieces)[1].address, SharedRam::kHighBase + kPageSize);
}

TEST(MemoryGrant, PagesOutsideGuestMemoryAreNotFound) {
  const SharedRam ram;
  test::PageBuffer buffer(1);
  EXPECT_FALSE(ram.grant()->Locate(buffer.Pieces({1})).has_value());
  EXPECT_FALSE(ram.grant()->Locate(std::vector<iovec>{ram.Pages(SharedRam::kLowPages - 1, 2)}).has_value())
      << "a hole of the guest's lies in between";
  EXPECT_FALSE(ram.grant()->Locate(std::vector<iovec>{ram.Pages(127, 2)}).has_value());
}

TEST(GrantedMemory, OnlyWholePagesInsideARangeAreFound) {
  const SharedRam ram;
  const auto granted = remote::GrantedMemory::Adopt(dev::UniqueFd(::dup(ram.fd())), SharedRam::kSize,
                                                    ram.grant()->ranges(), dev::UniqueFd())
                           .value();
  using Pieces = std::vector<remote::PieceEntry>;
  constexpr uint64_t kLowEnd = SharedRam::kLowPages * kPageSize;
  EXPECT_TRUE(granted->Find(Pieces{{kLowEnd - kPageSize, kPageSize}, {0, kPageSize}}, 2 * kPageSize).has_value());
  for (const auto& [pieces, length] :
       {std::pair(Pieces{{kLowEnd, kPageSize}}, kPageSize),
        std::pair(Pieces{{kLowEnd - kPageSize, 2 * kPageSize}}, 2 * kPageSize),
        std::pair(Pieces{{1, kPageSize}}, kPageSize), std::pair(Pieces{{0, kPageSize + 1}}, kPageSize + 1),
        std::pair(Pieces{{0, 0}, {0, kPageSize}}, kPageSize), std::pair(Pieces{{0, kPageSize}}, 2 * kPageSize),
        std::pair(Pieces{{0, 2 * kPageSize}}, kPageSize),
        std::pair(Pieces{{UINT64_MAX - kPageSize + 1, kPageSize}}, kPageSize),
        std::pair(Pieces{{kPageSize, UINT64_MAX - kPageSize + 1}}, kPageSize)}) {
    EXPECT_FALSE(granted->Find(pieces, length).has_value()) << pieces[0].address << " " << pieces[0].length;
  }
}

// A monitor that grants its memory, connected to a pager driven by hand, with one object open.
class MemoryGrantTest : public testing::Test {
 protected:
  void Connect(uint64_t features = remote::kFeatures, std::chrono::milliseconds patience = std::chrono::seconds(60)) {
    auto created = std::async(std::launch::async, [&] {
      return remote::RemotePager::Create(
          {.path = path_, .patience = patience, .grant = ram_.grant(), .report = reports_.handler()});
    });
    Accept(features);
    monitor_ = std::move(created).get().value();
    auto opened = std::async(std::launch::async, [&] { return monitor_->Open("path"); });
    connection_->Open(kInfo);
    source_ = opened.get().value();
  }
  void Accept(uint64_t features = remote::kFeatures) {
    connection_ = listener_.Accept();
    connection_->Welcome(features);
    if (connection_->memory) {
      const remote::Memory& memory = *connection_->memory;
      mapped_ = remote::GrantedMemory::Adopt(dev::UniqueFd(::dup(memory.file.get())), memory.file_size, memory.ranges,
                                             dev::UniqueFd())
                    .value();
    }
  }
  // The memory that a request names.
  [[nodiscard]] std::vector<iovec> PagesOf(const RawConnection::TakenRequest& request) const {
    return mapped_
        ->Find(connection_->region->ReadPieces(request.slot, request.record.piece_count), request.record.length)
        .value();
  }
  void Read(uint64_t page, const iovec& pages, test::AwaitedAnswer& answer) {
    source_->Read({page * kPageSize, {pages}, answer.Promise()});
  }
  void FillInPlace(const RawConnection::TakenRequest& request, char byte) const {
    for (const iovec& page : PagesOf(request)) {
      std::memset(page.iov_base, byte, page.iov_len);
    }
  }
  void AnswerInPlace(const RawConnection::TakenRequest& request) const {
    AnswerEntry entry = RawConnection::AnswerTo(request);
    entry.kind = AnswerKind::kInPlace;
    connection_->Publish(entry);
  }

  SharedRam ram_;
  test::TemporaryDirectory directory_;
  std::string path_ = directory_.Path("socket");
  test::RawPager listener_{path_};
  test::RecordingReports reports_;
  std::unique_ptr<RawConnection> connection_;
  std::shared_ptr<const remote::GrantedMemory> mapped_;
  std::unique_ptr<remote::RemotePager> monitor_;
  std::shared_ptr<pager::PageSource> source_;
};

TEST_F(MemoryGrantTest, PagesAreFilledInPlaceAndNothingGoesThroughTheArena) {
  Connect();
  test::AwaitedAnswer answer;
  source_->Read({0, {ram_.Pages(5, 1), ram_.Pages(SharedRam::kLowPages, 2)}, answer.Promise()});
  const auto request = connection_->TakeRequest();
  EXPECT_EQ(request.record.piece_count, 2u);
  FillInPlace(request, 'x');
  AnswerInPlace(request);
  EXPECT_EQ(answer.Wait(), ZX_OK);
  EXPECT_EQ(ram_.Text(5, 1) + ram_.Text(SharedRam::kLowPages, 2), std::string(3 * kPageSize, 'x'));
  const remote::LinkCounters counters = monitor_->counters();
  EXPECT_EQ(counters.in_place_bytes, 3 * kPageSize);
  EXPECT_EQ(counters.arena_bytes, 0u);
  EXPECT_EQ(counters.file_bytes, 0u);
}

TEST_F(MemoryGrantTest, PagerThatDoesNotKnowGrantsUsesTheArena) {
  Connect(remote::kFeatureFileRange);
  reports_.WaitFor("does not take guest memory");
  test::AwaitedAnswer answer;
  Read(0, ram_.Pages(5, 1), answer);
  const auto request = connection_->TakeRequest();
  EXPECT_EQ(request.record.piece_count, 0u);
  connection_->AnswerWith(request, 'a');
  EXPECT_EQ(answer.Wait(), ZX_OK);
  EXPECT_EQ(ram_.Text(5, 1), std::string(kPageSize, 'a'));
  EXPECT_EQ(monitor_->counters().arena_bytes, kPageSize);
}

TEST_F(MemoryGrantTest, PagesThatAreNoGuestMemoryGoThroughTheArena) {
  Connect();
  test::PageBuffer buffer(1);
  test::AwaitedAnswer answer;
  Read(0, buffer.Pieces({1}).front(), answer);
  const auto request = connection_->TakeRequest();
  EXPECT_EQ(request.record.piece_count, 0u);
  connection_->AnswerWith(request, 'a');
  EXPECT_EQ(answer.Wait(), ZX_OK);
  EXPECT_EQ(buffer.text(), std::string(kPageSize, 'a'));
}

TEST_F(MemoryGrantTest, PagerThatDiedHalfWayThroughAPageHasItsSuccessorFillIt) {
  Connect();
  test::AwaitedAnswer answer;
  Read(3, ram_.Pages(7, 2), answer);
  const auto request = connection_->TakeRequest();
  std::memset(PagesOf(request).front().iov_base, '?', kPageSize / 2);
  connection_ = nullptr;
  Accept();
  connection_->Open(kInfo);
  const auto again = connection_->TakeRequest();
  EXPECT_EQ(again.record.id, request.record.id);
  EXPECT_FALSE(answer.answered());
  FillInPlace(again, 's');
  AnswerInPlace(again);
  EXPECT_EQ(answer.Wait(), ZX_OK);
  EXPECT_EQ(ram_.Text(7, 2), std::string(2 * kPageSize, 's'));
}

struct WrongAnswer {
  const char* name;
  bool in_guest_memory;  // the request
  AnswerKind kind;
};

class WrongAnswerTest : public MemoryGrantTest, public testing::WithParamInterface<WrongAnswer> {};

TEST_P(WrongAnswerTest, EndsTheConnection) {
  Connect();
  test::PageBuffer buffer(1);
  test::AwaitedAnswer answer;
  Read(0, GetParam().in_guest_memory ? ram_.Pages(0, 1) : buffer.Pieces({1}).front(), answer);
  AnswerEntry entry = RawConnection::AnswerTo(connection_->TakeRequest());
  entry.kind = GetParam().kind;
  connection_->Publish(entry);
  EXPECT_TRUE(connection_->WaitForClose());
  EXPECT_FALSE(answer.answered());
  EXPECT_EQ(monitor_->counters().violations, 1u);
}

INSTANTIATE_TEST_SUITE_P(Each, WrongAnswerTest,
                         testing::Values(WrongAnswer{"ArenaForGuestPages", true, AnswerKind::kArena},
                                         WrongAnswer{"FileForGuestPages", true, AnswerKind::kFileRange},
                                         WrongAnswer{"StatusForGuestPages", true, AnswerKind::kStatus},
                                         WrongAnswer{"InPlaceForTheArena", false, AnswerKind::kInPlace}),
                         [](const auto& each) { return std::string(each.param.name); });

// A pager that the monitor has turned away may still be writing: only its own end gives the pages free.
TEST_F(MemoryGrantTest, PagesOfAPagerThatStaysAreGivenToNobody) {
  Connect(remote::kFeatures, std::chrono::milliseconds(50));
  test::AwaitedAnswer sent;
  Read(0, ram_.Pages(0, 1), sent);
  connection_->TakeRequest();
  connection_->Send(remote::EncodePlain(remote::MessageType::kReady));
  EXPECT_TRUE(connection_->WaitForClose());
  test::AwaitedAnswer waiting;
  Read(1, ram_.Pages(1, 1), waiting);
  EXPECT_EQ(waiting.Wait(), ZX_ERR_IO) << "the pager has never heard of it";
  reports_.WaitFor("the old one still has guest memory");
  EXPECT_FALSE(sent.answered());
  connection_ = nullptr;
  EXPECT_EQ(sent.Wait(), ZX_ERR_IO);
  EXPECT_EQ(sent.count(), 1);
}

TEST_F(MemoryGrantTest, ClosedObjectAnswersWhenThePagerHas) {
  Connect();
  test::AwaitedAnswer answered;
  test::AwaitedAnswer lost;
  Read(0, ram_.Pages(0, 1), answered);
  Read(1, ram_.Pages(1, 1), lost);
  const auto request = connection_->TakeRequest();
  connection_->TakeRequest();
  source_ = nullptr;
  connection_->Expect<remote::Close>();
  EXPECT_FALSE(answered.answered());
  AnswerInPlace(request);
  EXPECT_EQ(answered.Wait(), ZX_ERR_BAD_STATE);
  EXPECT_FALSE(lost.answered());
  connection_ = nullptr;
  EXPECT_EQ(lost.Wait(), ZX_ERR_BAD_STATE);
  EXPECT_EQ(monitor_->counters().violations, 0u);
}

}  // namespace
