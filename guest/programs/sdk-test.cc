// The SDK as a guest program sees it: the C++ library that needs no operating system, and our part of the C library.
#include <pagoda/mutex.h>
#include <pagoda/thread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zxtest/zxtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <numeric>
#include <optional>
#include <queue>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

namespace {

std::string Formatted(const char* format, ...) __attribute__((format(printf, 1, 2)));
std::string Formatted(const char* format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  return text;
}

// ---- Containers and algorithms
// ---------------------------------------------------------------------------------------

TEST(Containers, VectorKeepsItsElementsAcrossGrowth) {
  std::vector<int> numbers;
  for (int i = 0; i < 10'000; ++i) {
    numbers.push_back(i);
  }
  EXPECT_EQ(std::accumulate(numbers.begin(), numbers.end(), 0L), 49'995'000L);
}

TEST(Containers, MapAndSetAreOrdered) {
  std::map<std::string, int> ages = {{"carol", 3}, {"alice", 1}, {"bob", 2}};
  ages.erase("bob");
  std::string names;
  for (const auto& [name, age] : ages) {
    names += name + std::to_string(age);
  }
  EXPECT_STREQ(names, "alice1carol3");
  EXPECT_EQ(*std::set<int>({5, 1, 3}).begin(), 1);
}

TEST(Containers, HashTablesFindWhatWasPutIn) {
  std::unordered_map<std::string, size_t> lengths;
  for (size_t i = 0; i < 1000; ++i) {
    lengths[std::string(i, 'x')] = i;
  }
  EXPECT_EQ(lengths.size(), 1000U);
  EXPECT_EQ(lengths.at(std::string(777, 'x')), 777U);
  EXPECT_TRUE(std::unordered_set<int>({1, 2}).contains(2));
}

TEST(Containers, ListDequeAndPriorityQueueWork) {
  std::list<int> list = {3, 1, 2};
  list.sort();
  EXPECT_EQ(list.front(), 1);
  std::deque<int> deque;
  for (int i = 0; i < 1000; ++i) {
    deque.push_front(i);
  }
  EXPECT_EQ(deque.back(), 0);
  std::priority_queue<int> queue;
  queue.push(1);
  queue.push(9);
  EXPECT_EQ(queue.top(), 9);
}

TEST(Containers, SortingAgreesWithTheCLibrary) {
  std::mt19937 random(42);
  std::vector<int> a(5000);
  std::generate(a.begin(), a.end(), [&] { return static_cast<int>(random() % 100'000); });
  std::vector<int> b = a;
  std::sort(a.begin(), a.end());
  qsort(b.data(), b.size(), sizeof(int),
        [](const void* x, const void* y) { return *static_cast<const int*>(x) - *static_cast<const int*>(y); });
  EXPECT_TRUE(a == b);
  EXPECT_TRUE(std::is_sorted(a.begin(), a.end()));
}

// ---- Vocabulary types
// ------------------------------------------------------------------------------------------------

TEST(Vocabulary, OptionalVariantTupleAndSpan) {
  std::optional<std::string> name;
  EXPECT_FALSE(name.has_value());
  name = "x";
  EXPECT_EQ(name.value_or(""), "x");
  std::variant<int, std::string> value = std::string("text");
  EXPECT_EQ(std::visit([](const auto& held) { return sizeof(held); }, value), sizeof(std::string));
  const auto [number, letter] = std::tuple(1, 'a');
  EXPECT_EQ(number + letter, 98);
  const std::array<int, 3> array = {1, 2, 3};
  EXPECT_EQ(std::span(array).subspan(1).size(), 2U);
}

TEST(Vocabulary, SmartPointersDestroyTheirObjectOnce) {
  int destroyed = 0;
  struct Counter {
    explicit Counter(int* target) : count(target) {}
    ~Counter() { ++*count; }
    int* count;
  };
  {
    const auto shared = std::make_shared<Counter>(&destroyed);
    const std::weak_ptr<Counter> weak = shared;
    const std::shared_ptr<Counter> again = weak.lock();
    EXPECT_EQ(shared.use_count(), 2);
    const auto unique = std::make_unique<Counter>(&destroyed);
    EXPECT_EQ(destroyed, 0);
  }
  EXPECT_EQ(destroyed, 2);
}

TEST(Vocabulary, FunctionHoldsALambdaWithState) {
  int sum = 0;
  const std::function<void(int)> add = [&](int n) { sum += n; };
  add(2);
  add(40);
  EXPECT_EQ(sum, 42);
}

TEST(Vocabulary, PolymorphicAllocatorUsesTheHeap) {
  std::pmr::vector<std::pmr::string> names;
  names.emplace_back("longer than the buffer inside a string, for sure");
  EXPECT_EQ(names[0].size(), 48U);
}

TEST(Vocabulary, AtomicsOfAllSizesUpToAPointer) {
  std::atomic<uint8_t> small = 255;
  EXPECT_EQ(++small, 0);
  std::atomic<uint64_t> large = 1;
  uint64_t expected = 1;
  EXPECT_TRUE(large.compare_exchange_strong(expected, 7));
  EXPECT_EQ(large.load(), 7U);
}

TEST(Vocabulary, ChronoCountsOnTheMonotonicClock) {
  const auto start = std::chrono::steady_clock::now();
  const auto end = std::chrono::steady_clock::now();
  EXPECT_GE(end.time_since_epoch().count(), start.time_since_epoch().count());
  EXPECT_GT(start.time_since_epoch().count(), 0);
}

// ---- Numbers and text
// ------------------------------------------------------------------------------------------------

TEST(CharConv, IntegersAndFloatsMakeTheRoundTrip) {
  char text[64];
  const auto written = std::to_chars(text, text + sizeof(text), 0.1);
  EXPECT_EQ(std::string_view(text, static_cast<size_t>(written.ptr - text)), "0.1");
  double value = 0;
  std::from_chars(text, written.ptr, value);
  EXPECT_EQ(value, 0.1);
  int hex = 0;
  const std::string_view digits = "7fff";
  std::from_chars(digits.begin(), digits.end(), hex, 16);
  EXPECT_EQ(hex, 0x7fff);
}

TEST(Strings, GrowSearchAndConvert) {
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    text += std::to_string(i) + ",";
  }
  EXPECT_NE(text.find(",777,"), std::string::npos);
  EXPECT_EQ(std::stoi("  -42 "), -42);
  EXPECT_EQ(std::stod("2.5e3"), 2500.0);
  EXPECT_EQ(std::wstring(L"wide").size(), 4U);
}

TEST(Printf, Integers) {
  EXPECT_STREQ(Formatted("%d %i %u", -1, 2, 3U), "-1 2 3");
  EXPECT_STREQ(Formatted("%5d|%-5d|%05d|%+d", 42, 42, 42, 42), "   42|42   |00042|+42");
  EXPECT_STREQ(Formatted("%x %X %#x %o", 255U, 255U, 255U, 8U), "ff FF 0xff 10");
  EXPECT_STREQ(Formatted("%ld %zu", INT64_MIN, SIZE_MAX), "-9223372036854775808 18446744073709551615");
  EXPECT_STREQ(Formatted("%.3d|%8.3d|%*d", 7, 7, 4, 7), "007|     007|   7");
}

TEST(Printf, TextAndPointers) {
  EXPECT_STREQ(Formatted("%s|%8s|%-8s|%.2s|%c", "abc", "abc", "abc", "abc", 'x'), "abc|     abc|abc     |ab|x");
  EXPECT_STREQ(Formatted("%p %%", reinterpret_cast<void*>(0x1000)), "0x1000 %");
}

TEST(Printf, FloatingPoint) {
  EXPECT_STREQ(Formatted("%f %.2f %e", 1.5, 2.345, 12345.678), "1.500000 2.35 1.234568e+04");
  EXPECT_STREQ(Formatted("%g %g %g", 0.0001, 1e20, 100000.0), "0.0001 1e+20 100000");
  EXPECT_STREQ(Formatted("%8.3f|%-8.1f|%+.0f", 3.14159, 2.5, 7.0), "   3.142|2.5     |+7");
}

TEST(Printf, LengthIsThatOfTheWholeTextEvenWhenItIsCutOff) {
  char text[4];
  volatile size_t size = sizeof(text);
  EXPECT_EQ(snprintf(text, size, "%s", "123456"), 6);
  EXPECT_STREQ(text, "123");
}

// ---- Memory
// ------------------------------------------------------------------------------------------------------------

struct FreeBlock {
  void operator()(void* block) const { free(block); }
};
using Block = std::unique_ptr<unsigned char, FreeBlock>;

Block Owned(void* block) { return Block(static_cast<unsigned char*>(block)); }

TEST(Malloc, BlocksAreAlignedAndDoNotOverlap) {
  std::vector<std::pair<Block, size_t>> blocks;
  for (size_t i = 0; i < 500; ++i) {
    const size_t size = (i * 37) % 3000 + 1;
    Block block = Owned(malloc(size));
    ASSERT_NOT_NULL(block.get());
    ASSERT_EQ(reinterpret_cast<uintptr_t>(block.get()) % 16, 0U);
    memset(block.get(), static_cast<int>(i & 0xff), size);
    blocks.emplace_back(std::move(block), size);
  }
  for (size_t i = 0; i < blocks.size(); ++i) {
    const auto& [block, size] = blocks[i];
    ASSERT_EQ(std::count(block.get(), block.get() + size, i & 0xff), static_cast<ptrdiff_t>(size));
  }
}

TEST(Malloc, LargeBlocksCallocAndReallocWork) {
  Block block = Owned(calloc(1, 1 << 20));
  ASSERT_NOT_NULL(block.get());
  EXPECT_EQ(block.get()[(1 << 20) - 1], 0);
  block.get()[5] = 'x';
  Block grown = Owned(realloc(block.get(), 3 << 20));
  ASSERT_NOT_NULL(grown.get());
  static_cast<void>(block.release());
  EXPECT_EQ(grown.get()[5], 'x');
  const Block aligned = Owned(aligned_alloc(4096, 100));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(aligned.get()) % 4096, 0U);
}

TEST(Malloc, RefusesWhatCannotExist) {
  // The compiler knows these functions and would refuse the call.
  volatile size_t half = SIZE_MAX / 2;
  EXPECT_NULL(Owned(malloc(half)).get());
  EXPECT_NULL(Owned(calloc(half, 3)).get());
}

TEST(Malloc, ThreadsShareTheHeap) {
  std::vector<pagoda::Thread> threads(4);
  for (pagoda::Thread& thread : threads) {
    ASSERT_OK(thread.Start("heap", [] {
      for (size_t i = 0; i < 300; ++i) {
        const std::string text(i, 'a');
        ASSERT_EQ(std::count(text.begin(), text.end(), 'a'), static_cast<ptrdiff_t>(i));
      }
    }));
  }
}

// ---- The runtime
// ---------------------------------------------------------------------------------------------------------

struct Tracked {
  Tracked() { ++count; }
  static inline int count = 0;
};
const Tracked g_constructed_before_main;

TEST(Runtime, ConstructorsRanBeforeMain) { EXPECT_EQ(Tracked::count, 1); }

TEST(Runtime, LocalStaticsAreInitialisedOnceByManyThreads) {
  static std::atomic<int> initialised = 0;
  std::vector<pagoda::Thread> threads(4);
  for (pagoda::Thread& thread : threads) {
    ASSERT_OK(thread.Start("static", [] {
      static const int value = [] {
        zx_nanosleep(zx_deadline_after(ZX_MSEC(2)));
        return ++initialised;
      }();
      EXPECT_EQ(value, 1);
    }));
  }
  for (pagoda::Thread& thread : threads) {
    thread.Join();
  }
  EXPECT_EQ(initialised, 1);
}

TEST(Runtime, StdMutexExcludes) {
  std::mutex mutex;
  long counter = 0;
  std::vector<pagoda::Thread> threads(3);
  for (pagoda::Thread& thread : threads) {
    ASSERT_OK(thread.Start("mutex", [&] {
      for (int i = 0; i < 200; ++i) {
        const std::lock_guard guard(mutex);
        ++counter;
      }
    }));
  }
  for (pagoda::Thread& thread : threads) {
    thread.Join();
  }
  EXPECT_EQ(counter, 600);
}

// ---- zxtest itself
// -------------------------------------------------------------------------------------------------------

class Fixture : public zxtest::Test {
 public:
  void SetUp() override { value_ = 42; }

 protected:
  int value_ = 0;
};

TEST_F(Fixture, SetUpRunsBeforeTheBody) { EXPECT_EQ(value_, 42, "value is %d", value_); }

class Parameterised : public zxtest::TestWithParam<std::tuple<int, const char*>> {};

TEST_P(Parameterised, EveryCombinationIsATest) {
  const auto& [number, text] = GetParam();
  EXPECT_EQ(strlen(text), static_cast<size_t>(number));
}

INSTANTIATE_TEST_SUITE_P(OneLetter, Parameterised, zxtest::Combine(zxtest::Values(1), zxtest::Values("a", "b")));
INSTANTIATE_TEST_SUITE_P(Named, Parameterised, zxtest::Values(std::tuple(2, "xy")),
                         [](const auto& info) { return std::string(std::get<1>(info.param)); });

TEST(ZxTest, SkippedTestsSayWhy) { ZXTEST_SKIP("this one is always %s", "skipped"); }

TEST(ZxTest, DISABLED_FailsOnPurpose) {
  EXPECT_EQ(1, 2, "the message of %s", "an EXPECT");
  EXPECT_STREQ("left", "right");
  EXPECT_OK(ZX_ERR_NOT_FOUND);
  EXPECT_BYTES_EQ("abcd", "abxd", 4);
  ASSERT_TRUE(false);
  ADD_FAILURE("not reached");
}

}  // namespace
