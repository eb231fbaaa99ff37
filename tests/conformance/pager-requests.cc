// Which READ requests a pager gets when pages are touched that are not there, and what their answers release.
#include <vector>

#include "tests/conformance/user_pager.h"

namespace conformance {
namespace {

using PagerRequests = BothAccesses;
INSTANTIATE_BOTH_ACCESSES(PagerRequests);

// pager create_vmo | a page is touched that is not there | one READ for that page; supplying it releases the thread
TEST_P(PagerRequests, AbsentPageIsAskedForOnce) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  TestThread thread = CheckInThread(GetParam(), vmo, 0, 1);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  EXPECT_TRUE(thread.WaitForBlocked());
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  EXPECT_OK(thread.Wait());
  EXPECT_OK(CheckPages(GetParam(), vmo, 0, 1));
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager supply_pages | the source VMO has no page there | the pages read 0
TEST_P(PagerRequests, UncommittedPageReadsAsZeros) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  TestThread thread([&] { return CheckWords(GetParam(), vmo, 0, 1, 0); });
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  EXPECT_OK(pager.SupplyZeros(vmo, 0, 1));
  EXPECT_OK(thread.Wait());
  EXPECT_EQ(CommittedPages(vmo), 0u);
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager supply_pages | the pages are supplied before anybody touches them | no request
TEST_P(PagerRequests, PagesThatWereSuppliedAreNotAskedFor) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(3);
  EXPECT_OK(pager.Supply(vmo, 0, 3));
  EXPECT_OK(CheckPages(GetParam(), vmo, 0, 3));
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager supply_pages | the page was asked for and the packet not yet taken | the packet is withdrawn from the port
TEST_P(PagerRequests, SatisfiedRequestLeavesThePort) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(2);
  TestThread first = CheckInThread(GetParam(), vmo, 0, 1);
  ASSERT_TRUE(first.WaitForBlocked());
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  EXPECT_OK(first.Wait());
  TestThread second = CheckInThread(GetParam(), vmo, 1, 1);
  const auto request = pager.WaitForAnyRead(vmo);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->page, 1u);
  EXPECT_EQ(request->pages, 1u);
  EXPECT_OK(pager.Supply(vmo, 1, 1));
  EXPECT_OK(second.Wait());
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager create_vmo | one thread touches several pages, one after the other | by mapping a READ for each page, by
// zx_vmo_read one for all
TEST_P(PagerRequests, MappedPagesAreAskedForSinglyAndReadPagesTogether) {
  constexpr uint64_t kPages = 32;
  UserPager pager;
  const PagedVmo vmo = pager.Create(kPages);
  TestThread thread = CheckInThread(GetParam(), vmo, 0, kPages);
  const uint64_t step = GetParam() == Access::kByMapping ? 1 : kPages;
  for (uint64_t page = 0; page < kPages; page += step) {
    ASSERT_TRUE(pager.WaitForRead(vmo, page, step));
    EXPECT_OK(pager.Supply(vmo, page, step));
  }
  EXPECT_OK(thread.Wait());
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager create_vmo | two threads touch the same page | one READ, whose answer releases both
TEST_P(PagerRequests, ThreadsAtOnePageShareARequest) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  TestThread first = CheckInThread(GetParam(), vmo, 0, 1);
  TestThread second = CheckInThread(GetParam(), vmo, 0, 1);
  EXPECT_TRUE(first.WaitForBlocked());
  EXPECT_TRUE(second.WaitForBlocked());
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  EXPECT_OK(first.Wait());
  EXPECT_OK(second.Wait());
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager create_vmo | two threads touch different pages | a READ for each; one supply releases both
TEST_P(PagerRequests, ThreadsAtTwoPagesHaveARequestEach) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(2);
  TestThread first = CheckInThread(GetParam(), vmo, 0, 1);
  TestThread second = CheckInThread(GetParam(), vmo, 1, 1);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  EXPECT_TRUE(pager.WaitForRead(vmo, 1, 1));
  EXPECT_OK(pager.Supply(vmo, 0, 2));
  EXPECT_OK(first.Wait());
  EXPECT_OK(second.Wait());
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager create_vmo | 257 threads touch 257 pages before any packet is taken | a READ for every one of them
TEST_P(PagerRequests, ThereMayBeAnyNumberOfThem) {
  constexpr uint64_t kThreads = 257;
  UserPager pager;
  const PagedVmo vmo = pager.Create(kThreads);
  std::vector<TestThread> threads;
  for (uint64_t page = 0; page < kThreads; ++page) {
    threads.push_back(CheckInThread(GetParam(), vmo, page, 1));
  }
  for (const TestThread& thread : threads) {
    ASSERT_TRUE(thread.WaitForBlocked());
  }
  for (uint64_t page = 0; page < kThreads; ++page) {
    ASSERT_TRUE(pager.WaitForRead(vmo, page, 1));
    EXPECT_OK(pager.Supply(vmo, page, 1));
  }
  for (TestThread& thread : threads) {
    EXPECT_OK(thread.Wait());
  }
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager create_vmo | VMOs are made, used and dropped one after the other | requests and COMPLETE carry the key of each
TEST(PagerRequestKeys, SuccessiveVmosAreToldApart) {
  UserPager pager;
  for (int round = 0; round < 64; ++round) {
    uint64_t key = 0;
    {
      const PagedVmo vmo = pager.Create(1);
      key = vmo.key();
      TestThread thread = CheckInThread(Access::kByMapping, vmo, 0, 1);
      ASSERT_TRUE(pager.WaitForRead(vmo, 0, 1));
      EXPECT_OK(pager.Supply(vmo, 0, 1));
      EXPECT_OK(thread.Wait());
    }
    ASSERT_TRUE(pager.WaitForComplete(key));
  }
}

// pager create_vmo | several VMOs of one pager and port miss pages at the same time | packets carry the key of each
TEST(PagerRequestKeys, VmosOfOnePagerAreToldApart) {
  constexpr uint64_t kVmos = 8;
  UserPager pager;
  std::vector<PagedVmo> vmos;
  for (uint64_t i = 0; i < kVmos; ++i) {
    vmos.push_back(pager.Create(1));
  }
  std::vector<TestThread> threads;
  for (const PagedVmo& vmo : vmos) {
    threads.push_back(CheckInThread(Access::kByMapping, vmo, 0, 1));
  }
  for (uint64_t i = 0; i < kVmos; ++i) {
    ASSERT_TRUE(threads[i].WaitForBlocked());
    ASSERT_TRUE(pager.WaitForRead(vmos[i], 0, 1));
    EXPECT_OK(pager.Supply(vmos[i], 0, 1));
    EXPECT_OK(threads[i].Wait());
    EXPECT_TRUE(pager.IsQuiet(vmos[i]));
  }
}

// pager create_vmo | the mapping that a thread is blocked in is unmapped | only the supply releases it; it faults with
// NOT_FOUND
TEST(PagerMappings, UnmappingDoesNotReleaseABlockedThread) {
  UserPager pager;
  PagedVmo vmo = pager.Create(1);
  const zx_vaddr_t address = vmo.address();
  TestThread thread = CheckInThread(Access::kByMapping, vmo, 0, 1);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  EXPECT_TRUE(thread.WaitForBlocked());
  vmo.Unmap();
  EXPECT_TRUE(thread.WaitForBlocked());
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  EXPECT_TRUE(thread.WaitForCrash(address, ZX_ERR_NOT_FOUND));
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager create_vmo | the mapping that threads are blocked in is replaced by one of another VMO | once released they ask
// for the other VMO's pages, one by one
TEST(PagerMappings, ReplacedMappingAsksTheOtherVmo) {
  constexpr uint64_t kPages = 8;
  UserPager pager;
  const PagedVmo old_vmo = pager.Create(kPages);
  const PagedVmo new_vmo = pager.Create(kPages);
  const zx_vaddr_t address = old_vmo.address();
  std::vector<TestThread> threads;
  for (uint64_t page = 0; page < kPages; ++page) {
    threads.emplace_back([address, page, &new_vmo] {
      return *AtAddress<volatile uint64_t>(address + page * kPageSize) == new_vmo.tag(page) ? ZX_OK
                                                                                            : ZX_ERR_IO_DATA_INTEGRITY;
    });
    ASSERT_TRUE(threads.back().WaitForBlocked());
    ASSERT_TRUE(pager.WaitForRead(old_vmo, page, 1));
  }
  zx_info_vmar_t root = {};
  ASSERT_OK(zx_object_get_info(zx_vmar_root_self(), ZX_INFO_VMAR, &root, sizeof(root), nullptr, nullptr));
  zx_vaddr_t mapped = 0;
  ASSERT_OK(zx_vmar_map(zx_vmar_root_self(), kReadWrite | ZX_VM_ALLOW_FAULTS | ZX_VM_SPECIFIC_OVERWRITE,
                        address - root.base, new_vmo.get(), 0, kPages * kPageSize, &mapped));
  EXPECT_OK(pager.Supply(old_vmo, 0, kPages));
  for (uint64_t page = 0; page < kPages; ++page) {
    ASSERT_TRUE(pager.WaitForRead(new_vmo, page, 1));
  }
  for (const TestThread& thread : threads) {
    EXPECT_TRUE(thread.WaitForBlocked());
  }
  EXPECT_OK(pager.Supply(new_vmo, 0, kPages));
  for (TestThread& thread : threads) {
    EXPECT_OK(thread.Wait());
  }
  EXPECT_TRUE(pager.IsQuiet(old_vmo));
  EXPECT_TRUE(pager.IsQuiet(new_vmo));
}

}  // namespace
}  // namespace conformance
