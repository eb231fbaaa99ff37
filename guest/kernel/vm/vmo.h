// A virtual memory object: a range of bytes that can be read, written and mapped.
//
// This is the face that mappings, system calls and the program loader see. VmoPaged (vmo_paged.h) is the kind whose
// pages are made or fetched on demand; rights and handles belong to the object layer.
// Kernel lock held for every call. What may block says so; after it, look at everything again.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest/kernel/arch/types.h"
#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/page.h"
#include "guest/kernel/vm/page_lookup.h"
#include "guest/kernel/vm/page_request.h"
#include "shared/base/intrusive_list.h"

namespace gk {

class Mapping;
class PageSource;
struct VmoMappingTag;

enum class PageIntent : uint8_t { kRead, kWrite };

enum class Resizability : uint8_t { kFixed, kResizable };

class Vmo : public RefCounted<Vmo> {
 public:
  // The largest size: page indices stay representable and sums of an offset and a length cannot wrap.
  static constexpr uint64_t kMaxSize = UINT64_MAX - 64 * kPageSize + 1;

  virtual ~Vmo();

  [[nodiscard]] uint64_t size() const { return size_; }  // bytes, a page multiple
  [[nodiscard]] PageIndex page_end() const { return size_ / kPageSize; }
  [[nodiscard]] bool resizable() const { return resizability_ == Resizability::kResizable; }

  // The number of meaningful bytes; a note that programs keep with the object, at most size().
  [[nodiscard]] uint64_t content_size() const { return content_size_; }
  // ZX_ERR_OUT_OF_RANGE: larger than size().
  Result<> SetContentSize(uint64_t content_size);

  // Makes the page at `index` present for `intent`, or arranges for it and says how to wait. Does not block. `count` is
  // how many pages from there the caller is going to want: a hint for sources.
  // Fails with ZX_ERR_OUT_OF_RANGE past the end, ZX_ERR_NO_MEMORY, or the source's error.
  virtual PageLookup RequirePage(PageIndex index, PageIntent intent, size_t count, PageRequest& request) = 0;

  // The page at `index` if it is present and may be mapped now without any further step; null otherwise. Never
  // allocates. `*writable` says whether it may be mapped for writing.
  [[nodiscard]] virtual Page* PeekPage(PageIndex index, bool* writable) const = 0;

  // The lowest index at or above `from` for which PeekPage has a page; kNoPage when there is none.
  [[nodiscard]] virtual PageIndex FindPresent(PageIndex from) const = 0;
  static constexpr PageIndex kNoPage = UINT64_MAX;

  // Copies between the object and kernel memory. May block (pages of a source). ZX_ERR_OUT_OF_RANGE: [offset, offset +
  // length) is not inside the object, nothing was copied; other errors: a prefix was copied.
  Result<> Read(void* buffer, uint64_t offset, size_t length);
  Result<> Write(const void* buffer, uint64_t offset, size_t length);

  // Makes all pages that touch the range present and writable. May block. Errors: a prefix is committed.
  Result<> Commit(uint64_t offset, uint64_t length);

  // Drops the pages of the range, which then read as zero. ZX_ERR_INVALID_ARGS: not page-aligned; ZX_ERR_OUT_OF_RANGE;
  // ZX_ERR_NOT_SUPPORTED: this kind of object cannot. Nothing changed on failure.
  virtual Result<> Decommit(uint64_t offset, uint64_t length) = 0;

  // Changes the size, rounded up to pages; pages past a smaller end are dropped and mappings of them fault from now on.
  // ZX_ERR_UNAVAILABLE: not resizable; ZX_ERR_OUT_OF_RANGE: larger than kMaxSize. Nothing changed on failure.
  virtual Result<> Resize(uint64_t size) = 0;

  // Pages that the object owns.
  [[nodiscard]] virtual size_t committed_pages() const = 0;
  // Null: content is made, not fetched.
  [[nodiscard]] virtual PageSource* page_source() const = 0;

  // Called by Mapping. A mapping holds a reference to its object and leaves the list before it drops it.
  void AttachMapping(Mapping& mapping);
  void DetachMapping(Mapping& mapping);
  [[nodiscard]] size_t mapping_count() const { return mapping_count_; }

 protected:
  Vmo(uint64_t size, Resizability resizability);

  // Removes what mappings have entered into page tables for [first, first + count) and waits until no CPU uses it.
  void UnmapFromAll(PageIndex first, PageIndex count);

  uint64_t size_;
  uint64_t content_size_;

 private:
  template <typename Action>
  Result<> ForEachPage(uint64_t offset, uint64_t length, PageIntent intent, Action action);

  const Resizability resizability_;
  size_t mapping_count_ = 0;
  base::IntrusiveList<Mapping, VmoMappingTag> mappings_;
};

}  // namespace gk
