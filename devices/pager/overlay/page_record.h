// Which pages of an object an upper file has: one bit for each, in memory and, block by block, in the file. Pages are
// only ever added, so a block that is half written when the power goes is as good as the old or the new one.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "shared/base/range.h"

namespace pager::overlay {

class PageRecord {
 public:
  // What is read and written of it at a time.
  static constexpr uint64_t kBlockSize = base::kPageSize;
  using Block = std::array<uint64_t, kBlockSize / sizeof(uint64_t)>;

  explicit PageRecord(uint64_t pages);

  // Any thread, beside one that adds other pages.
  [[nodiscard]] bool Has(uint64_t page) const;
  // How many pages, from this one and at most `limit`, it has; or, if it has not this one, has not.
  [[nodiscard]] uint64_t RunLength(uint64_t page, uint64_t limit) const;

  // The rest: one thread at a time.
  void Add(uint64_t page, uint64_t count);

  [[nodiscard]] uint64_t blocks() const { return words_.size() / std::tuple_size_v<Block>; }
  void Load(uint64_t block, const Block& words);
  [[nodiscard]] Block Copy(uint64_t block) const;
  // The blocks that have got pages since Saved.
  [[nodiscard]] const std::set<uint64_t>& changed() const { return changed_; }
  void Saved() { changed_.clear(); }

 private:
  std::vector<std::atomic<uint64_t>> words_;
  std::set<uint64_t> changed_;
};

}  // namespace pager::overlay
