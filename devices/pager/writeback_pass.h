// One walk over what is dirty in a guest's VMO, writing it to where it belongs.
//
//   query_vmo_stats ──▶ SetSize when the guest has changed it
//   query_dirty_ranges ──▶ a batch of ranges; for each
//       WRITEBACK_BEGIN (as zeros, for a range of zeros)
//       query_vmo_stats, once for the batch
//       Lend and Write, or Zero; clipped to the content size
//       Sync, once for the batch, when it is to be durable
//       WRITEBACK_END
//
// A range that could not be written gets no END, so it stays dirty and comes again in the next pass. So does a page
// that the guest writes to after BEGIN. The content size is asked for after BEGIN: whoever makes content longer
// afterwards makes the page dirty again, so clipping loses nothing.
#pragma once

#include <sys/uio.h>
#include <zircon/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "devices/pager/asio.h"
#include "devices/pager/vmo_control.h"
#include "devices/pager/writeback_options.h"

namespace pager {

// Where what is dirty goes. One method at a time is called, the next after the handler of the one before, which may be
// called from any thread and also inside the call.
class WritebackTarget {
 public:
  using Handler = std::function<void(zx_status_t)>;

  WritebackTarget() = default;
  WritebackTarget(const WritebackTarget&) = delete;
  WritebackTarget& operator=(const WritebackTarget&) = delete;
  virtual ~WritebackTarget() = default;

  // `data`: not empty, ends at or before the content size, readable and stable until the handler is called.
  virtual void Write(uint64_t offset, std::vector<iovec> data, Handler handler) = 0;
  // [offset, offset + length) reads as zeros from now on; ends at or before the content size.
  virtual void Zero(uint64_t offset, uint64_t length, Handler handler) = 0;
  // ZX_ERR_NOT_SUPPORTED: cannot be resized. It is written up to its own end then, wherever the guest's is.
  virtual void SetSize(uint64_t content_size, Handler handler) = 0;
  // All that was written is durable. ZX_ERR_CANCELED: the medium may have forgotten some of it, so it is to be written
  // again.
  virtual void Sync(Handler handler) = 0;
  // What the guest had written is lost: the last writeback, at COMPLETE, ended with `status`. For a person to be told.
  virtual void OnLost(zx_status_t status) = 0;
};

struct WritebackResult {
  zx_status_t status = ZX_OK;  // the first error; the ranges after it have been tried all the same
  uint64_t written = 0;        // bytes that have become clean, zeros included
  uint64_t left = 0;           // bytes that were found dirty and stayed so
  uint64_t content_size = 0;   // of the target
  bool unsynced = false;       // the target may have something that is not durable
};

class WritebackPass {
 public:
  // `content_size`: what the target has. `unsynced`: it may have something already that is not durable. Both objects
  // are kept alive for the time of the pass.
  WritebackPass(std::shared_ptr<VmoControl> vmo, std::shared_ptr<WritebackTarget> target, uint64_t content_size,
                bool unsynced, Durability durability);

  // Once.
  boost::asio::awaitable<WritebackResult> Run();

 private:
  struct Step {
    DirtyRange range;
    zx_status_t status;
  };

  boost::asio::awaitable<zx_status_t> UpdateSize();
  // Not ZX_OK: the guest has changed the VMO under us (shrunk it, for example), so the ranges have to be asked for
  // again. Other errors are noted, and no reason to end.
  boost::asio::awaitable<zx_status_t> WriteBackBatch(std::vector<DirtyRange> ranges);
  boost::asio::awaitable<zx_status_t> Write(DirtyRange range);
  boost::asio::awaitable<zx_status_t> WritePages(uint64_t offset, uint64_t length);
  boost::asio::awaitable<void> SyncBatch(std::vector<Step>& batch);
  boost::asio::awaitable<void> SyncRest();
  boost::asio::awaitable<zx_status_t> Sync();
  boost::asio::awaitable<zx_status_t> OpRange(uint32_t op, DirtyRange range, uint64_t data);
  void Note(zx_status_t status);
  // How many of `length` bytes at `offset` the target can hold; it has the guest's content size unless it cannot.
  [[nodiscard]] uint64_t Clipped(uint64_t offset, uint64_t length) const;

  const std::shared_ptr<VmoControl> vmo_;
  const std::shared_ptr<WritebackTarget> target_;
  const Durability durability_;
  VmoStats stats_{};
  WritebackResult result_;
};

}  // namespace pager
