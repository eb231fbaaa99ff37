// Reads what `kv` has left in a file, by the description of the format (guest/programs/KV_FORMAT.md) alone: no code of
// the guest's is used.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace programs_test {

struct KvContent {
  std::map<std::string, std::string> keys;
  size_t log_start = 0;
  size_t log_end = 0;           // behind the last transaction
  size_t last_transaction = 0;  // where it begins; 0: there is none
};

// nullopt: there is no store.
std::optional<KvContent> ReadKv(std::string_view file);

}  // namespace programs_test
