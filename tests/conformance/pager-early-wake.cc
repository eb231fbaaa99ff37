// zx_vmo_read of many absent pages: what was supplied so far arrives in the buffer while the thread waits for the rest.
#include <memory>
#include <vector>

#include "tests/conformance/user_pager.h"

namespace conformance {
namespace {

// A thread that reads pages into a buffer which the test looks into meanwhile.
class Reader {
 public:
  Reader(const PagedVmo& vmo, uint64_t page, uint64_t pages)
      : tag_(vmo.tag(page)), buffer_(MakeVmo(pages), kReadWrite, pages * kPageSize), thread_([this, &vmo, page, pages] {
          return vmo.vmo().read(AtAddress<void>(buffer_.address()), page * kPageSize, pages * kPageSize);
        }) {}

  [[nodiscard]] TestThread& thread() { return thread_; }
  [[nodiscard]] const volatile uint64_t* words(uint64_t page = 0) const {
    return AtAddress<const volatile uint64_t>(buffer_.address() + page * kPageSize);
  }
  // The first `pages` pages arrive, and the thread waits for more.
  [[nodiscard]] bool WaitsBehind(uint64_t pages) {
    const bool arrived = Eventually([&] { return words(pages)[-1] == tag_ + pages * kWordsPerPage - 1; });
    return arrived && HoldsTags(words(), tag_, pages) && thread_.WaitForBlocked();
  }
  [[nodiscard]] bool EndsWith(uint64_t pages) { return thread_.Wait() == ZX_OK && HoldsTags(words(), tag_, pages); }

 private:
  const uint64_t tag_;
  const Mapping buffer_;
  TestThread thread_;
};

// pager vmo_read | a request of 128 pages is answered in four parts | each part arrives while the thread is blocked
// again; no further request
TEST(PagerEarlyWake, SuppliedPagesArriveBeforeTheRest) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(130);
  Reader reader(vmo, 2, 128);
  EXPECT_TRUE(pager.WaitForRead(vmo, 2, 128));
  for (uint64_t part = 0; part < 4; ++part) {
    EXPECT_TRUE(reader.thread().WaitForBlocked());
    EXPECT_OK(pager.Supply(vmo, 2 + 32 * part, 32));
    if (part < 3) {
      EXPECT_TRUE(reader.WaitsBehind(32 * (part + 1)));
    }
    EXPECT_TRUE(pager.IsQuiet(vmo));
  }
  EXPECT_TRUE(reader.EndsWith(128));
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_read | parts are supplied ahead of what is still missing | they arrive when the gap before them is closed
TEST(PagerEarlyWake, PartsMayComeOutOfOrder) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(128);
  Reader reader(vmo, 0, 128);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 128));
  EXPECT_OK(pager.Supply(vmo, 16, 16));
  EXPECT_OK(pager.Supply(vmo, 48, 16));
  EXPECT_TRUE(reader.thread().WaitForBlocked());
  EXPECT_EQ(reader.words()[0], 0u);
  EXPECT_OK(pager.Supply(vmo, 0, 16));
  EXPECT_TRUE(reader.WaitsBehind(32));
  EXPECT_OK(pager.Supply(vmo, 32, 16));
  EXPECT_TRUE(reader.WaitsBehind(64));
  EXPECT_OK(pager.Supply(vmo, 64, 64));
  EXPECT_TRUE(reader.EndsWith(128));
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_read | several reads overlap a request, one sticks out behind it | none asks, not even for what sticks out;
// each goes on as far as there are pages, the last one asks for its rest then
TEST(PagerEarlyWake, OverlappingReadsGoOnAsPagesCome) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(128);
  Reader whole(vmo, 0, 92);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 92));
  Reader inside(vmo, 16, 26);
  EXPECT_TRUE(inside.thread().WaitForBlocked());
  Reader head(vmo, 0, 32);
  EXPECT_TRUE(head.thread().WaitForBlocked());
  Reader middle(vmo, 48, 16);
  EXPECT_TRUE(middle.thread().WaitForBlocked());
  Reader beyond(vmo, 82, 46);
  EXPECT_TRUE(beyond.thread().WaitForBlocked());
  EXPECT_TRUE(pager.IsQuiet(vmo));

  EXPECT_OK(pager.Supply(vmo, 0, 16));
  EXPECT_TRUE(whole.WaitsBehind(16));
  EXPECT_TRUE(head.WaitsBehind(16));
  EXPECT_OK(pager.Supply(vmo, 16, 16));
  EXPECT_TRUE(whole.WaitsBehind(32));
  EXPECT_TRUE(inside.WaitsBehind(16));
  EXPECT_TRUE(head.EndsWith(32));
  EXPECT_OK(pager.Supply(vmo, 32, 32));
  EXPECT_TRUE(whole.WaitsBehind(64));
  EXPECT_TRUE(inside.EndsWith(26));
  EXPECT_TRUE(middle.EndsWith(16));
  EXPECT_TRUE(pager.IsQuiet(vmo));
  EXPECT_OK(pager.Supply(vmo, 64, 36));
  EXPECT_TRUE(whole.EndsWith(92));
  EXPECT_TRUE(pager.WaitForRead(vmo, 100, 28));
  EXPECT_TRUE(beyond.WaitsBehind(18));
  EXPECT_OK(pager.Supply(vmo, 100, 28));
  EXPECT_TRUE(beyond.EndsWith(46));
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_read | a clone is read whole and gets pages of its own where the request has not been answered yet | the
// thread uses the clone's pages when it comes to them, and asks for none of the root's pages below them
TEST(PagerEarlyWake, ReaderOfACloneSeesThePagesThatItGotMeanwhile) {
  constexpr uint64_t kPages = 1025;
  constexpr uint64_t kOwn = 384;
  constexpr uint64_t kEndOfOwn = 641;
  UserPager pager;
  const PagedVmo vmo = pager.Create(kPages);
  EXPECT_OK(pager.Supply(vmo, 512, 1));
  const PagedVmo clone = vmo.Clone();
  Reader reader(clone, 0, kPages);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 512));
  EXPECT_TRUE(reader.thread().WaitForBlocked());
  ASSERT_OK(OpRange(clone.vmo(), ZX_VMO_OP_ZERO, kOwn * kPageSize, (kEndOfOwn - kOwn) * kPageSize));
  const std::vector<uint64_t> page(kWordsPerPage, 4711);
  for (uint64_t i = kOwn; i < kEndOfOwn; ++i) {
    ASSERT_OK(clone.vmo().write(page.data(), i * kPageSize, kPageSize));
  }
  EXPECT_TRUE(pager.IsQuiet(vmo));
  EXPECT_OK(pager.Supply(vmo, 0, 511));
  EXPECT_TRUE(pager.WaitForRead(vmo, kEndOfOwn, kPages - kEndOfOwn));
  EXPECT_TRUE(pager.IsQuiet(vmo));
  EXPECT_OK(pager.Supply(vmo, kEndOfOwn, kPages - kEndOfOwn));
  ASSERT_OK(reader.thread().Wait());
  EXPECT_TRUE(HoldsTags(reader.words(), vmo.tag(0), kOwn));
  EXPECT_TRUE(HoldsTags(reader.words(kEndOfOwn), vmo.tag(kEndOfOwn), kPages - kEndOfOwn));
  for (uint64_t i = kOwn; i < kEndOfOwn; ++i) {
    EXPECT_EQ(reader.words(i)[0], 4711u);
  }
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

}  // namespace
}  // namespace conformance
