#include "guest/kernel/lib/page_heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include "guest/kernel/vm/pmm.h"
#include "guest/kernel/vm/torture.h"
#include "tests/support/fake_arch/ram.h"

namespace gk {
namespace {

class PageHeap : public testing::Test {
 protected:
  fake_arch::FakeRam ram_;
};

TEST_F(PageHeap, EverySizeIsAlignedAndHoldsItsBytes) {
  std::vector<std::pair<uint8_t*, size_t>> objects;
  for (size_t size = 0; size < 9000; size += 13) {
    auto* object = static_cast<uint8_t*>(page_heap::Allocate(size));
    ASSERT_NE(object, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(object) % 16, 0u);
    std::memset(object, static_cast<int>(size), size);
    objects.emplace_back(object, size);
  }
  for (const auto& [object, size] : objects) {
    EXPECT_EQ(std::count(object, object + size, static_cast<uint8_t>(size)), static_cast<ptrdiff_t>(size));
    page_heap::Free(object);
  }
  EXPECT_EQ(page_heap::GetStatistics().objects, 0u);
  EXPECT_EQ(page_heap::GetStatistics().pages, 0u);
}

TEST_F(PageHeap, SmallObjectsShareOnePage) {
  void* a = page_heap::Allocate(16);
  void* b = page_heap::Allocate(16);
  EXPECT_EQ(page_heap::GetStatistics().pages, 1u);
  EXPECT_EQ(static_cast<char*>(b) - static_cast<char*>(a), 16);
  page_heap::Free(a);
  page_heap::Free(b);
}

TEST_F(PageHeap, RoomInsideSlabsIsKnown) {
  void* a = page_heap::Allocate(1024);
  void* b = page_heap::Allocate(1024);
  EXPECT_EQ(page_heap::GetStatistics().free_bytes, kPageSize - 2 * 1024);
  void* large = page_heap::Allocate(3 * kPageSize);
  EXPECT_EQ(page_heap::GetStatistics().free_bytes, kPageSize - 2 * 1024) << "whole pages have no room";
  page_heap::Free(a);
  EXPECT_EQ(page_heap::GetStatistics().free_bytes, kPageSize - 1024);
  page_heap::Free(b);
  page_heap::Free(large);
  EXPECT_EQ(page_heap::GetStatistics().free_bytes, 0u);
}

TEST_F(PageHeap, LastObjectOfASlabGivesThePageBack) {
  std::vector<void*> objects;
  for (int i = 0; i < 100; ++i) {
    objects.push_back(page_heap::Allocate(100));
  }
  EXPECT_GT(ram_.pages_in_use(), 0u);
  for (void* object : objects) {
    page_heap::Free(object);
  }
  EXPECT_EQ(ram_.pages_in_use(), 0u);
}

TEST_F(PageHeap, FreedObjectIsReusedBeforeNewOnes) {
  void* a = page_heap::Allocate(48);
  void* b = page_heap::Allocate(48);
  page_heap::Free(a);
  void* c = page_heap::Allocate(48);
  EXPECT_EQ(c, a);
  page_heap::Free(b);
  page_heap::Free(c);
}

TEST_F(PageHeap, LargeAllocationTakesWholePagesAndReturnsThem) {
  void* object = page_heap::Allocate(3 * kPageSize + 1);
  EXPECT_EQ(ram_.pages_in_use(), 4u);
  page_heap::Free(object);
  EXPECT_EQ(ram_.pages_in_use(), 0u);
}

TEST_F(PageHeap, ImpossibleSizeFails) {
  EXPECT_EQ(page_heap::Allocate(SIZE_MAX), nullptr);
  EXPECT_EQ(page_heap::Allocate(SIZE_MAX - 2 * kPageSize), nullptr);
  EXPECT_EQ(page_heap::GetStatistics().objects, 0u);
}

TEST_F(PageHeap, FailsWithoutPagesAndWorksAfterwards) {
  torture::FailAllocation(1);
  EXPECT_EQ(page_heap::Allocate(64), nullptr);
  void* object = page_heap::Allocate(64);
  EXPECT_NE(object, nullptr);
  page_heap::Free(object);
}

TEST_F(PageHeap, RandomUseKeepsContentsApart) {
  std::mt19937 random(42);  // any seed will do
  std::vector<std::pair<uint8_t*, size_t>> live;
  for (int i = 0; i < 20000; ++i) {
    if (live.empty() || random() % 2 == 0) {
      const size_t size = 1 + random() % (random() % 10 == 0 ? 10000 : 600);
      auto* object = static_cast<uint8_t*>(page_heap::Allocate(size));
      ASSERT_NE(object, nullptr);
      std::memset(object, static_cast<int>(size & 0xff), size);
      live.emplace_back(object, size);
    } else {
      std::swap(live[random() % live.size()], live.back());
      const auto [object, size] = live.back();
      live.pop_back();
      ASSERT_EQ(std::count(object, object + size, static_cast<uint8_t>(size)), static_cast<ptrdiff_t>(size));
      page_heap::Free(object);
    }
  }
  for (const auto& [object, size] : live) {
    page_heap::Free(object);
  }
  EXPECT_EQ(page_heap::GetStatistics().pages, 0u);
}

using PageHeapDeathTest = PageHeap;

TEST_F(PageHeapDeathTest, FreeingTheMiddleOfAnObjectIsFound) {
  auto* object = static_cast<char*>(page_heap::Allocate(64));
  EXPECT_DEATH(page_heap::Free(object + 16), "assertion failed");
  page_heap::Free(object);
}

}  // namespace
}  // namespace gk
