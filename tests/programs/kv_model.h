// What a store must hold when `kv OBJECT bench` has committed a number of transactions.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "guest/programs/kv-bench.h"

namespace programs_test {

class KvModel {
 public:
  // The content after `number` transactions; numbers do not fall.
  const std::map<std::string, std::string>& After(uint64_t number) {
    while (number_ < number) {
      for (const programs::KvChange& change : programs::KvBenchTransaction(++number_)) {
        if (change.value) {
          keys_[change.key] = *change.value;
        } else {
          keys_.erase(change.key);
        }
      }
    }
    return keys_;
  }

 private:
  uint64_t number_ = 0;
  std::map<std::string, std::string> keys_;
};

// The number of the last transaction that the store knows of.
inline uint64_t KvCounter(const std::map<std::string, std::string>& keys) {
  const auto found = keys.find(programs::kKvBenchCounter);
  return found == keys.end() ? 0 : std::stoull(found->second);
}

}  // namespace programs_test
