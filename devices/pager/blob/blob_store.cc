#include "devices/pager/blob/blob_store.h"

#include <zircon/errors.h>

#include <algorithm>
#include <utility>

#include "devices/pager/pieces.h"
#include "shared/base/range.h"

namespace pager::blob {

namespace {

// Of decompressed chunks kept, in bytes; and a few at least, for as many places that are read at a time.
constexpr uint64_t kCacheSize = uint64_t{4} << 20;
constexpr uint64_t kMinSlots = 8;
constexpr uint64_t kMaxSlots = 64;

}  // namespace

BlobStore::BlobStore(const boost::asio::any_io_executor& executor, BlobFile file)
    : executor_(executor),
      file_(std::move(file)),
      capacity_(std::clamp(kCacheSize / file_.layout().chunk_size(), kMinSlots, kMaxSlots)) {}

std::string BlobStore::content_version() const { return "blob " + ToHex(file_.digest()); }

ObjectInfo BlobStore::info() const {
  const uint64_t content_size = file_.layout().content_size();
  return {.size = base::AlignUp(content_size, base::kPageSize), .content_size = content_size, .read_only = true};
}

template <typename Handle>
zx_status_t BlobStore::ForEachPart(uint64_t offset, std::span<const iovec> pages, Handle handle) const {
  const uint64_t chunk_size = file_.layout().chunk_size();
  const uint64_t length = LengthOf(pages);
  uint64_t done = 0;
  while (done < length) {
    const uint64_t at = (offset + done) % chunk_size;
    const uint64_t size = std::min(length - done, chunk_size - at);
    const std::vector<iovec> pieces = Slice(pages, done, size);
    const zx_status_t status = handle(Part{.index = (offset + done) / chunk_size, .offset = at, .pages = pieces});
    if (status != ZX_OK) {
      return status;
    }
    done += size;
  }
  return ZX_OK;
}

zx_status_t BlobStore::Read(uint64_t offset, std::span<const iovec> pages) {
  return ForEachPart(offset, pages, [this](const Part& part) { return ReadPart(part); });
}

zx_status_t BlobStore::ReadNow(uint64_t offset, std::span<const iovec> pages) {
  return ForEachPart(offset, pages, [this](const Part& part) { return ReadPartNow(part); });
}

// Whoever comes second waits for the first to decompress the chunk for both. The first use verifies what it needs,
// which is all that there is to do when places are read at random. The second one, or one of the whole chunk, expects
// that more is wanted: it verifies the rest, so that later reads are copies, and when the chunk before was read too, it
// has the next one read ahead.
zx_status_t BlobStore::ReadPart(const Part& part) {
  const SlotPointer slot = FindOrMake(part.index);
  const uint64_t length = LengthOf(part.pages);
  bool in_sequence = false;
  {
    const std::lock_guard lock(slot->mutex);
    const bool again = slot->state == Slot::State::kUsed;
    in_sequence = slot->state == Slot::State::kAhead;
    if (const zx_status_t status = LoadLocked(slot); status != ZX_OK) {
      return status;
    }
    if (again || length == slot->chunk.pages() * base::kPageSize) {
      in_sequence = part.index == 0 || Find(part.index - 1) != nullptr;
      VerifyAllLocked(*slot);
    } else if (in_sequence) {
      slot->state = Slot::State::kWhole;
    }
    const auto bytes = slot->chunk.Verified(part.offset, length);
    if (!bytes) {
      return ZX_ERR_IO_DATA_INTEGRITY;
    }
    CopyInto(part.pages, *bytes);
  }
  if (in_sequence) {
    ReadAhead(part.index + 1);
  }
  return ZX_OK;
}

zx_status_t BlobStore::ReadPartNow(const Part& part) {
  const SlotPointer slot = Find(part.index);
  if (!slot) {
    return ZX_ERR_SHOULD_WAIT;
  }
  bool in_sequence = false;
  {
    const std::unique_lock lock(slot->mutex, std::try_to_lock);
    if (!lock.owns_lock() || slot->state == Slot::State::kEmpty) {
      return ZX_ERR_SHOULD_WAIT;
    }
    const auto bytes = std::as_const(slot->chunk).AlreadyVerified(part.offset, LengthOf(part.pages));
    if (!bytes) {
      return ZX_ERR_SHOULD_WAIT;
    }
    CopyInto(part.pages, *bytes);
    in_sequence = slot->state == Slot::State::kAhead;
    if (in_sequence) {
      slot->state = Slot::State::kWhole;
    }
  }
  if (in_sequence) {
    ReadAhead(part.index + 1);
  }
  return ZX_OK;
}

zx_status_t BlobStore::LoadLocked(const SlotPointer& slot) {
  if (slot->state != Slot::State::kEmpty) {
    return ZX_OK;
  }
  ++loads_;
  const zx_status_t status = file_.Load(slot->index, slot->chunk);
  if (status == ZX_OK) {
    slot->state = Slot::State::kUsed;
  } else {
    Drop(slot);
  }
  return status;
}

// Those that are not what they should be stay unverified, for whoever wants them.
void BlobStore::VerifyAllLocked(Slot& slot) {
  for (uint64_t page = 0; page < slot.chunk.pages(); ++page) {
    static_cast<void>(slot.chunk.Verified(page * base::kPageSize, base::kPageSize));
  }
  slot.state = Slot::State::kWhole;
}

void BlobStore::ReadAhead(uint64_t index) {
  if (index >= file_.layout().chunks()) {
    return;
  }
  boost::asio::post(executor_, [weak = weak_from_this(), index] {
    const auto self = weak.lock();
    if (!self) {
      return;
    }
    const SlotPointer slot = self->FindOrMake(index);
    const std::lock_guard lock(slot->mutex);
    // Who has come first will see to it himself; what is damaged is said to whoever reads it.
    if (slot->state == Slot::State::kEmpty && self->LoadLocked(slot) == ZX_OK) {
      self->VerifyAllLocked(*slot);
      slot->state = Slot::State::kAhead;
    }
  });
}

BlobStore::SlotPointer BlobStore::Find(uint64_t index) {
  const std::lock_guard lock(mutex_);
  return FindLocked(index);
}

BlobStore::SlotPointer BlobStore::FindLocked(uint64_t index) {
  const auto found =
      std::find_if(slots_.begin(), slots_.end(), [index](const SlotPointer& slot) { return slot->index == index; });
  if (found == slots_.end()) {
    return nullptr;
  }
  std::rotate(found, found + 1, slots_.end());
  return slots_.back();
}

BlobStore::SlotPointer BlobStore::FindOrMake(uint64_t index) {
  const std::lock_guard lock(mutex_);
  if (SlotPointer slot = FindLocked(index)) {
    return slot;
  }
  if (slots_.size() == capacity_) {
    slots_.erase(slots_.begin());
  }
  slots_.push_back(std::make_shared<Slot>(index));
  return slots_.back();
}

void BlobStore::Drop(const SlotPointer& slot) {
  const std::lock_guard lock(mutex_);
  std::erase(slots_, slot);
}

}  // namespace pager::blob
