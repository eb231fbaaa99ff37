// A blob as a store: what is read has been verified. Chunks that were decompressed last are kept, so that reading one
// page after another decompresses each chunk once; and who reads one chunk after another finds the next one ready.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "devices/pager/asio.h"
#include "devices/pager/blob/blob_file.h"
#include "devices/pager/blob/chunk.h"
#include "devices/pager/store.h"

namespace pager::blob {

class BlobStore final : public Store, public std::enable_shared_from_this<BlobStore> {
 public:
  // `executor`: where chunks are read ahead; it outlives the store.
  BlobStore(const boost::asio::any_io_executor& executor, BlobFile file);

  [[nodiscard]] ObjectInfo info() const override;
  // The digest of the content: the same for every blob of it.
  [[nodiscard]] std::string content_version() const override;

  // ZX_ERR_IO_DATA_INTEGRITY: a page of these is not what it was when the blob was made.
  zx_status_t Read(uint64_t offset, std::span<const iovec> pages) override;
  // What is decompressed and verified already.
  zx_status_t ReadNow(uint64_t offset, std::span<const iovec> pages) override;

  // How many chunks have been decompressed.
  [[nodiscard]] uint64_t loads() const { return loads_; }

 private:
  // A chunk in the cache.
  struct Slot {
    explicit Slot(uint64_t chunk_index) : index(chunk_index) {}

    const uint64_t index;
    std::mutex mutex;  // of what follows
    enum class State {
      kEmpty,
      kUsed,   // some pages have been verified
      kWhole,  // all of it has been used, or it may well be: every page is verified
      kAhead,  // the same, and nobody has used it yet
    } state = State::kEmpty;
    Chunk chunk;
  };
  using SlotPointer = std::shared_ptr<Slot>;

  // What one read wants of one chunk.
  struct Part {
    uint64_t index;
    uint64_t offset;  // in the chunk, bytes
    std::span<const iovec> pages;
  };

  // Calls `handle` for each part of the pages until one fails.
  template <typename Handle>
  zx_status_t ForEachPart(uint64_t offset, std::span<const iovec> pages, Handle handle) const;
  zx_status_t ReadPart(const Part& part);
  zx_status_t ReadPartNow(const Part& part);

  // For whoever has the slot's lock: loads the chunk if it is not there; verifies all pages.
  zx_status_t LoadLocked(const SlotPointer& slot);
  static void VerifyAllLocked(Slot& slot);
  // Has this chunk, if there is one, made ready on the executor.
  void ReadAhead(uint64_t index);

  // The slot of this chunk, the last used from now on; null: there is none.
  SlotPointer Find(uint64_t index);
  SlotPointer FindLocked(uint64_t index);
  // The same, made if there is none.
  SlotPointer FindOrMake(uint64_t index);
  // Takes it out again: it could not be filled.
  void Drop(const SlotPointer& slot);

  const boost::asio::any_io_executor executor_;
  const BlobFile file_;
  const size_t capacity_;
  std::atomic<uint64_t> loads_{0};

  std::mutex mutex_;                // of slots_; taken alone
  std::vector<SlotPointer> slots_;  // the last used last
};

}  // namespace pager::blob
