// The allocator behind the guest's malloc, over memory that the test hands out and watches.
#include "guest/sdk/libc/heap.h"

#include <sys/mman.h>

#include <cstring>
#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace {

using pagoda::libc::Heap;

std::map<void*, size_t> g_mapped;
bool g_exhausted = false;

void* Map(size_t size) {
  if (g_exhausted) {
    return nullptr;
  }
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_mapped[memory] = size;
  return memory;
}

void Unmap(void* address, size_t size) {
  EXPECT_EQ(g_mapped.at(address), size);
  g_mapped.erase(address);
  munmap(address, size);
}

void Corrupt(const char* reason) {
  fprintf(stderr, "%s\n", reason);
  abort();
}

class HeapTest : public testing::Test {
 protected:
  HeapTest() {
    g_mapped.clear();
    g_exhausted = false;
  }
  ~HeapTest() override {
    for (const auto& [memory, size] : g_mapped) {
      munmap(memory, size);
    }
  }
  Heap heap_{{.map = Map, .unmap = Unmap, .corrupt = Corrupt}};
};

TEST(HeapClasses, EverySizeFitsItsClassAndNotTheOneBelow) {
  size_t previous = 0;
  for (size_t index = 0; index < Heap::kClassCount; ++index) {
    const size_t size = Heap::ClassSize(index);
    EXPECT_GT(size, previous);
    EXPECT_EQ(size % 16, 0U);
    EXPECT_EQ(Heap::ClassOf(size), index);
    EXPECT_EQ(Heap::ClassOf(previous + 1), index);
    previous = size;
  }
  EXPECT_EQ(previous, Heap::kMaxClassSize);
}

TEST_F(HeapTest, FreedBlocksAreUsedAgain) {
  void* first = heap_.Allocate(100);
  heap_.Free(first);
  EXPECT_EQ(heap_.Allocate(97), first) << "the same class";
  EXPECT_NE(heap_.Allocate(100), first);
}

TEST_F(HeapTest, LargeBlocksGoBackToTheSystem) {
  void* large = heap_.Allocate(Heap::kMaxClassSize + 1);
  ASSERT_NE(large, nullptr);
  memset(large, 1, Heap::kMaxClassSize + 1);
  EXPECT_EQ(g_mapped.size(), 1U);
  heap_.Free(large);
  EXPECT_TRUE(g_mapped.empty());
}

TEST_F(HeapTest, AlignedBlocksAreAlignedAndFreed) {
  for (const size_t alignment : {size_t{32}, size_t{64}, size_t{4096}, size_t{1} << 20}) {
    void* block = heap_.Allocate(200, alignment);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % alignment, 0U);
    EXPECT_GE(heap_.UsableSize(block), 200U);
    memset(block, 0xff, heap_.UsableSize(block));
    heap_.Free(block);
  }
}

TEST_F(HeapTest, ZeroedBlocksAreZeroEvenWhenTheyWereUsedBefore) {
  void* used = heap_.Allocate(500);
  memset(used, 0xff, 500);
  heap_.Free(used);
  const auto* zeroed = static_cast<unsigned char*>(heap_.AllocateZeroed(500));
  ASSERT_EQ(zeroed, used);
  for (size_t i = 0; i < 500; ++i) {
    ASSERT_EQ(zeroed[i], 0) << i;
  }
}

TEST_F(HeapTest, ReallocationKeepsTheContents) {
  auto* text = static_cast<char*>(heap_.Allocate(8));
  memcpy(text, "1234567", 8);
  for (const size_t size : {size_t{9}, size_t{100}, size_t{5000}, size_t{1} << 20, size_t{1} << 22, size_t{64}}) {
    text = static_cast<char*>(heap_.Reallocate(text, size));
    ASSERT_NE(text, nullptr);
    EXPECT_STREQ(text, "1234567");
  }
  EXPECT_EQ(heap_.Reallocate(text, 60), text) << "what fits stays";
}

TEST_F(HeapTest, RunningOutOfMemoryChangesNothing) {
  auto* block = static_cast<char*>(heap_.Allocate(100));
  block[0] = 'x';
  g_exhausted = true;
  EXPECT_EQ(heap_.Reallocate(block, size_t{1} << 30), nullptr);
  EXPECT_EQ(heap_.Allocate(size_t{1} << 30), nullptr);
  EXPECT_EQ(heap_.Allocate(SIZE_MAX), nullptr);
  EXPECT_EQ(heap_.Allocate(SIZE_MAX - 8, 64), nullptr);
  EXPECT_EQ(block[0], 'x');
  g_exhausted = false;
  EXPECT_NE(heap_.Allocate(size_t{1} << 20), nullptr) << "it goes on afterwards";
}

TEST_F(HeapTest, RandomUseKeepsEveryBlockIntact) {
  struct Block {
    unsigned char* bytes;
    size_t size;
    unsigned char value;
  };
  std::mt19937 random(1);
  std::vector<Block> blocks;
  auto check_and_free = [&](size_t index) {
    const Block block = blocks[index];
    for (size_t i = 0; i < block.size; ++i) {
      ASSERT_EQ(block.bytes[i], block.value);
    }
    heap_.Free(block.bytes);
    blocks.erase(blocks.begin() + static_cast<ptrdiff_t>(index));
  };
  for (int round = 0; round < 5000; ++round) {
    if (blocks.size() > 200 || (!blocks.empty() && random() % 3 == 0)) {
      check_and_free(random() % blocks.size());
      continue;
    }
    const size_t size = random() % (round % 100 == 0 ? 400'000 : 2000);
    const Block block = {static_cast<unsigned char*>(heap_.Allocate(size)), size, static_cast<unsigned char>(random())};
    ASSERT_NE(block.bytes, nullptr);
    memset(block.bytes, block.value, size);
    blocks.push_back(block);
  }
  while (!blocks.empty()) {
    check_and_free(0);
  }
}

using HeapDeathTest = HeapTest;

TEST_F(HeapDeathTest, FreeingTwiceIsFound) {
  void* block = heap_.Allocate(10);
  heap_.Free(block);
  EXPECT_DEATH(heap_.Free(block), "after it had been freed");
}

TEST_F(HeapDeathTest, ForeignPointersAreFound) {
  alignas(16) char bytes[64] = {};
  EXPECT_DEATH(heap_.Free(bytes + 32), "malloc did not give");
}

}  // namespace
