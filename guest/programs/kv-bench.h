// What `kv OBJECT bench` does: transaction after transaction, each of which follows from its number alone, so that
// whoever looks at the object later knows what it must hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace programs {

struct KvChange {
  std::string key;
  std::optional<std::string> value;  // nullopt: the key goes
};

inline constexpr const char* kKvBenchCounter = "counter";  // the key whose value is the number of the last transaction

inline std::vector<KvChange> KvBenchTransaction(uint64_t number) {
  uint64_t state = number * 2 + 1;
  const auto below = [&state](uint64_t bound) {  // xorshift64*
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1d % bound;
  };
  std::vector<KvChange> changes{{kKvBenchCounter, std::to_string(number)}};
  const uint64_t count = 1 + below(8);
  for (uint64_t change = 0; change < count; ++change) {
    const std::string key = "key" + std::to_string(below(64));
    if (below(5) == 0) {
      changes.push_back({key, std::nullopt});
      continue;
    }
    // One in sixteen is longer than a page, so that a transaction lies across pages.
    const uint64_t length = below(16) == 0 ? 4096 + below(4096) : below(300);
    std::string value = std::to_string(number) + ":";
    value.resize(value.size() + length, static_cast<char>('a' + below(26)));
    changes.push_back({key, value});
  }
  return changes;
}

}  // namespace programs
