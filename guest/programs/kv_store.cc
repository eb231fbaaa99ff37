#include "guest/programs/kv_store.h"

#include <pagoda/object.h>
#include <string.h>

#include <algorithm>
#include <utility>

#include "guest/programs/kv_format.h"
#include "guest/programs/objects.h"

namespace programs {
namespace {

using namespace kv;

constexpr uint64_t kInitialSize = uint64_t{64} << 10;

bool IsZero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == '\0'; });
}

}  // namespace

// --- opening ---

KvError KvStore::Open(std::string_view object) {
  pagoda::ObjectSizes sizes;
  zx_status_t status = pagoda::OpenObject(object, &object_, &sizes);
  if (status != ZX_OK || (status = CheckWritable(object_)) != ZX_OK) {
    return {"cannot be opened", status};
  }
  size_ = sizes.content_size;
  std::string head(std::min(size_, kFirstLog), '\0');
  if ((status = object_.read(head.data(), 0, head.size())) != ZX_OK) {
    return {"cannot be read", status};
  }
  if (IsZero(head)) {
    return Format();
  }
  for (uint64_t slot = 0; slot * kPageSize + sizeof(Superblock) <= head.size(); ++slot) {
    Superblock superblock;
    memcpy(&superblock, head.data() + slot * kPageSize, sizeof(superblock));
    if (IsValid(superblock) && superblock.first_transaction > log_.first) {
      log_ = {.first = superblock.first_transaction,
              .slot = slot,
              .start = superblock.log_start,
              .end = superblock.log_start};
    }
  }
  if (log_.first == 0) {
    return {"is no kv store, or its beginning is damaged", ZX_ERR_IO_DATA_INTEGRITY};
  }
  next_number_ = log_.first;
  return Replay();
}

KvError KvStore::Format() {
  if (size_ < kInitialSize) {
    if (const zx_status_t status = SetObjectSize(object_, kInitialSize); status != ZX_OK) {
      return {"cannot be made 65536 bytes long", status};
    }
    size_ = kInitialSize;
  }
  log_ = {.first = next_number_, .slot = 0, .start = kFirstLog, .end = kFirstLog};
  return {"cannot be written", WriteSuperblock(log_)};
}

KvError KvStore::Replay() {
  std::string entries;
  zx_status_t status;
  while ((status = ReadTransaction(log_.end, log_, next_number_, &entries)) == ZX_OK) {
    if (!Apply(entries, log_.end + sizeof(TransactionHeader))) {
      return {"has a transaction that makes no sense", ZX_ERR_IO_DATA_INTEGRITY};
    }
    log_.end += SizeInLog(entries.size());
    ++next_number_;
  }
  bool damaged = false;
  if (status != ZX_ERR_NOT_FOUND || (status = FindLater(next_number_, &damaged)) != ZX_OK) {
    return {"cannot be read", status};
  }
  return damaged ? KvError{"is damaged before its last transaction", ZX_ERR_IO_DATA_INTEGRITY} : KvError();
}

// ZX_ERR_NOT_FOUND: there is no valid one.
zx_status_t KvStore::ReadTransaction(uint64_t offset, const Log& log, uint64_t number, std::string* entries) const {
  TransactionHeader header;
  if (offset > size_ || size_ - offset < sizeof(header)) {
    return ZX_ERR_NOT_FOUND;
  }
  if (const zx_status_t status = object_.read(&header, offset, sizeof(header)); status != ZX_OK) {
    return status;
  }
  if (memcmp(header.mark, kTransactionMark, sizeof(header.mark)) != 0 || header.log != log.first ||
      header.number != number || header.length > kLargestTransaction ||
      header.length > size_ - offset - sizeof(header)) {
    return ZX_ERR_NOT_FOUND;
  }
  entries->resize(header.length);
  if (const zx_status_t status = object_.read(entries->data(), offset + sizeof(header), entries->size());
      status != ZX_OK) {
    return status;
  }
  return header.digest == DigestOf(header, *entries) ? ZX_OK : ZX_ERR_NOT_FOUND;
}

// Whether a later transaction of this log is behind its end, which no crash can leave.
zx_status_t KvStore::FindLater(uint64_t number, bool* found) const {
  constexpr size_t kStep = size_t{64} << 10;
  constexpr size_t kLooked = offsetof(TransactionHeader, length);  // of a header, at each multiple of 8
  std::string piece;
  for (uint64_t offset = log_.end; offset + sizeof(TransactionHeader) <= size_; offset += kStep) {
    piece.resize(std::min<uint64_t>(kStep + kLooked - 8, size_ - offset));
    if (const zx_status_t status = object_.read(piece.data(), offset, piece.size()); status != ZX_OK) {
      return status;
    }
    for (size_t at = 0; at + kLooked <= piece.size(); at += 8) {
      TransactionHeader header{};
      memcpy(&header, piece.data() + at, kLooked);
      std::string entries;
      if (memcmp(header.mark, kTransactionMark, sizeof(header.mark)) == 0 && header.log == log_.first &&
          header.number > number && ReadTransaction(offset + at, log_, header.number, &entries) == ZX_OK) {
        *found = true;
        return ZX_OK;
      }
    }
  }
  return ZX_OK;
}

// `offset`: of the entries in the object. False: they are not entries.
bool KvStore::Apply(std::string_view entries, uint64_t offset) {
  while (!entries.empty()) {
    EntryHeader header;
    if (entries.size() < sizeof(header)) {
      return false;
    }
    memcpy(&header, entries.data(), sizeof(header));
    const uint64_t value_length = header.value_length == kDeleted ? 0 : header.value_length;
    const uint64_t length = SizeOf(header.key_length, value_length);
    if (header.key_length == 0 || header.key_length > kLongestKey || length > entries.size()) {
      return false;
    }
    const std::string key(entries.substr(sizeof(header), header.key_length));
    const Place place{.offset = offset + sizeof(header) + header.key_length, .length = header.value_length};
    SetPlace(key, header.value_length == kDeleted ? std::nullopt : std::optional(place));
    entries.remove_prefix(length);
    offset += length;
  }
  return true;
}

void KvStore::SetPlace(const std::string& key, std::optional<Place> place) {
  if (const auto known = keys_.find(key); known != keys_.end()) {
    live_ -= SizeOf(key.size(), known->second.length);
    keys_.erase(known);
  }
  if (place) {
    live_ += SizeOf(key.size(), place->length);
    keys_.emplace(key, *place);
  }
}

// --- reading and changing ---

zx_status_t KvStore::Get(const std::string& key, std::optional<std::string>* value) const {
  if (const auto changed = changes_.find(key); changed != changes_.end()) {
    *value = changed->second;
    return ZX_OK;
  }
  const auto known = keys_.find(key);
  if (known == keys_.end()) {
    value->reset();
    return ZX_OK;
  }
  value->emplace(known->second.length, '\0');
  return object_.read((*value)->data(), known->second.offset, known->second.length);
}

zx_status_t KvStore::ForEach(const std::function<void(const std::string&, const std::string&)>& visit) const {
  // Both maps are in order; a change stands for what the store has of its key.
  auto change = changes_.begin();
  auto known = keys_.begin();
  while (change != changes_.end() || known != keys_.end()) {
    const bool from_changes = change != changes_.end() && (known == keys_.end() || change->first <= known->first);
    const std::string& key = from_changes ? change->first : known->first;
    std::optional<std::string> value;
    if (const zx_status_t status = Get(key, &value); status != ZX_OK) {
      return status;
    }
    if (value) {
      visit(key, *value);
    }
    if (from_changes && known != keys_.end() && known->first == change->first) {
      ++known;
    }
    from_changes ? static_cast<void>(++change) : static_cast<void>(++known);
  }
  return ZX_OK;
}

zx_status_t KvStore::Change(const std::string& key, std::optional<std::string> value) {
  const auto size_of = [&key](const std::optional<std::string>& text) {
    return SizeOf(key.size(), text ? text->size() : 0);
  };
  const auto known = changes_.find(key);
  const uint64_t before = known == changes_.end() ? 0 : size_of(known->second);
  const uint64_t after = changed_ - before + size_of(value);
  if (key.empty() || key.size() > kLongestKey || after > kLargestTransaction) {
    return ZX_ERR_OUT_OF_RANGE;
  }
  changed_ = after;
  changes_.insert_or_assign(key, std::move(value));
  return ZX_OK;
}

}  // namespace programs
