// Where an object's bytes are kept, for pagers that read and write the blocking way: with a file, a database, a device.
//
// This is the short way to a pager: implement Read, and Write and its relatives when the guest may write; StoreSource
// does the rest. A pager whose medium is asynchronous implements PageSource instead.
#pragma once

#include <sys/uio.h>
#include <zircon/errors.h>
#include <zircon/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "devices/pager/page_source.h"
#include "devices/pager/pieces.h"

namespace pager {

// Statuses are those of a request (AsRequestStatus): ZX_ERR_IO and ZX_ERR_NO_SPACE are the usual ones.
//
// Reads may come from any thread, several at a time; the others one at a time, beside reads. A page is not read and
// written at the same time.
class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  // As PageSource::info.
  [[nodiscard]] virtual ObjectInfo info() const = 0;

  // As PageSource::content_version.
  [[nodiscard]] virtual std::string content_version() const { return {}; }

  // Fills all of `pages` with what lies at `offset` and after; zeros beyond the content. May block.
  virtual zx_status_t Read(uint64_t offset, std::span<const iovec> pages) = 0;

  // As Read, when that takes no longer than a copy: it delays the guest's other requests. ZX_ERR_SHOULD_WAIT otherwise;
  // the pages may have been written to by then.
  virtual zx_status_t ReadNow(uint64_t offset, std::span<const iovec> pages) {
    static_cast<void>(offset);
    static_cast<void>(pages);
    return ZX_ERR_SHOULD_WAIT;
  }

  // Where in a file Read would find this; the rest of the range is zeros. Whoever asks from another process reads it
  // there, without a copy here. nullopt: in none.
  [[nodiscard]] virtual std::optional<FileRange> RangeOf(uint64_t offset, uint64_t length) const {
    static_cast<void>(offset);
    static_cast<void>(length);
    return std::nullopt;
  }

  // The rest is for objects that are not read-only, and may block.

  // Stores all of `data`: whole pages, apart from what ends at the content size.
  virtual zx_status_t Write(uint64_t offset, std::span<const iovec> data) {
    static_cast<void>(offset);
    static_cast<void>(data);
    return ZX_ERR_IO;
  }
  // As Write of `length` zeros, the same pages; the default does it that way.
  virtual zx_status_t Zero(uint64_t offset, uint64_t length);
  // The content ends here from now on. ZX_ERR_NOT_SUPPORTED: its size is fixed.
  virtual zx_status_t SetSize(uint64_t content_size) {
    static_cast<void>(content_size);
    return ZX_ERR_NOT_SUPPORTED;
  }
  // All that was written survives a loss of power.
  virtual zx_status_t Sync() { return ZX_OK; }
  // What the guest had written last is lost, as Write or its relatives had failed with `status`. For a person to be
  // told.
  virtual void OnLost(zx_status_t status) { static_cast<void>(status); }
};

}  // namespace pager
