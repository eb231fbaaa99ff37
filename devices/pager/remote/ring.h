// One direction of the shared region: entries that one side publishes and the other takes.
//
// Both keep their own count; the one in shared memory is only told to the other side, so whatever is stored there
// cannot lead a reader out of the ring. Entries are copied word by word through atomics: the other side may write them
// at any time, and what has been copied is what counts.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

namespace pager::remote {

// 64-bit words of shared memory, of which one entry is a fixed number.
using SharedWords = std::span<uint64_t>;

template <typename T>
void StoreWords(SharedWords to, const T& from) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % sizeof(uint64_t) == 0);
  std::array<uint64_t, sizeof(T) / sizeof(uint64_t)> words;
  std::memcpy(words.data(), &from, sizeof(T));
  for (size_t i = 0; i < words.size(); ++i) {
    std::atomic_ref(to[i]).store(words[i], std::memory_order_relaxed);
  }
}

template <typename T>
[[nodiscard]] T LoadWords(SharedWords from) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % sizeof(uint64_t) == 0);
  std::array<uint64_t, sizeof(T) / sizeof(uint64_t)> words;
  for (size_t i = 0; i < words.size(); ++i) {
    words[i] = std::atomic_ref(from[i]).load(std::memory_order_relaxed);
  }
  T value;
  std::memcpy(&value, words.data(), sizeof(T));
  return value;
}

// The memory of a ring, borrowed.
struct RingMemory {
  SharedWords entries;
  uint32_t* produced;
  uint32_t* reader_sleeps;
  uint32_t count;  // entries; a power of two
};

// One thread at a time.
template <typename T>
class RingWriter {
 public:
  explicit RingWriter(const RingMemory& memory) : memory_(memory) {}

  // True when the reader sleeps and is to be kicked. Precondition: fewer than `count` entries are not taken yet.
  [[nodiscard]] bool Publish(const T& entry) {
    constexpr size_t kWords = sizeof(T) / sizeof(uint64_t);
    StoreWords(memory_.entries.subspan((produced_ % memory_.count) * kWords, kWords), entry);
    // Sequentially consistent, as is the reader's check: either it sees the entry or we see that it sleeps.
    std::atomic_ref(*memory_.produced).store(++produced_, std::memory_order_seq_cst);
    return std::atomic_ref(*memory_.reader_sleeps).load(std::memory_order_seq_cst) != 0 &&
           std::atomic_ref(*memory_.reader_sleeps).exchange(0, std::memory_order_seq_cst) != 0;
  }

 private:
  RingMemory memory_;
  uint32_t produced_ = 0;
};

// One thread at a time.
template <typename T>
class RingReader {
 public:
  explicit RingReader(const RingMemory& memory) : memory_(memory) {}

  // How many entries can be taken; nullopt when the writer claims more than fit.
  [[nodiscard]] std::optional<uint32_t> Available() const {
    const uint32_t ahead = std::atomic_ref(*memory_.produced).load(std::memory_order_acquire) - consumed_;
    return ahead <= memory_.count ? std::optional(ahead) : std::nullopt;
  }

  // Precondition: Available() said that there is one.
  T Take() {
    constexpr size_t kWords = sizeof(T) / sizeof(uint64_t);
    const T entry = LoadWords<T>(memory_.entries.subspan((consumed_ % memory_.count) * kWords, kWords));
    ++consumed_;
    return entry;
  }

  // Asks for a kick. False, without asking, when there is an entry already.
  [[nodiscard]] bool PrepareToSleep() {
    std::atomic_ref(*memory_.reader_sleeps).store(1, std::memory_order_seq_cst);
    if (std::atomic_ref(*memory_.produced).load(std::memory_order_seq_cst) == consumed_) {
      return true;
    }
    WokeUp();
    return false;
  }
  void WokeUp() { std::atomic_ref(*memory_.reader_sleeps).store(0, std::memory_order_relaxed); }

 private:
  RingMemory memory_;
  uint32_t consumed_ = 0;
};

}  // namespace pager::remote
