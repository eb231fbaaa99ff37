#include "guest/programs/kv_store.h"

#include <pagoda/object.h>
#include <string.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "guest/programs/objects.h"
#include "guest/programs/sha256.h"

namespace programs {
namespace {

constexpr uint64_t kPageSize = 4096;
constexpr uint64_t kFirstLog = 2 * kPageSize;
constexpr uint64_t kInitialSize = uint64_t{64} << 10;
constexpr uint64_t kGrowth = uint64_t{256} << 10;
// A log of this size that is so many times what it says is written anew.
constexpr uint64_t kCompactionSize = uint64_t{256} << 10;
constexpr uint64_t kCompactionRatio = 4;
constexpr uint64_t kCompactedTransaction = uint64_t{256} << 10;
constexpr uint32_t kVersion = 1;
constexpr uint32_t kDeleted = UINT32_MAX;
constexpr char kSuperblockMark[] = "pagodakv";
constexpr char kTransactionMark[] = "transact";

using Digest = std::array<std::byte, 32>;

struct Superblock {
  char mark[8];
  uint32_t version;
  uint32_t reserved;
  uint64_t first_transaction;
  uint64_t log_start;
  Digest digest;
};
static_assert(sizeof(Superblock) == 64);

struct TransactionHeader {
  char mark[8];
  uint64_t log;
  uint64_t number;
  uint64_t length;
  Digest digest;
};
static_assert(sizeof(TransactionHeader) == 64);

struct EntryHeader {
  uint32_t key_length;
  uint32_t value_length;
};
static_assert(sizeof(EntryHeader) == 8);

uint64_t PageUp(uint64_t bytes) { return (bytes + kPageSize - 1) / kPageSize * kPageSize; }
uint64_t WordUp(uint64_t bytes) { return (bytes + 7) / 8 * 8; }
uint64_t SizeOf(uint64_t key, uint64_t value) { return sizeof(EntryHeader) + key + value; }
uint64_t SizeInLog(uint64_t entries) { return WordUp(sizeof(TransactionHeader) + entries); }

std::span<const std::byte> BytesOf(std::string_view text) { return std::as_bytes(std::span(text)); }

// Of the part of `header` before its digest, and of what follows.
template <typename Header>
Digest DigestOf(const Header& header, std::string_view rest) {
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(&header, 1)).first(offsetof(Header, digest)));
  hash.Update(BytesOf(rest));
  const Sha256::Digest bytes = hash.Finish();
  Digest digest;
  memcpy(digest.data(), bytes.data(), digest.size());
  return digest;
}

bool IsValid(const Superblock& superblock) {
  return memcmp(superblock.mark, kSuperblockMark, sizeof(superblock.mark)) == 0 && superblock.version == kVersion &&
         superblock.log_start >= kFirstLog && superblock.log_start % kPageSize == 0 &&
         superblock.digest == DigestOf(superblock, {});
}

void AppendEntry(std::string* entries, std::string_view key, const std::optional<std::string>& value) {
  const EntryHeader header{.key_length = static_cast<uint32_t>(key.size()),
                           .value_length = value ? static_cast<uint32_t>(value->size()) : kDeleted};
  entries->append(reinterpret_cast<const char*>(&header), sizeof(header));
  entries->append(key);
  if (value) {
    entries->append(*value);
  }
}

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

// --- writing ---

zx_status_t KvStore::Commit() {
  if (broken_ != ZX_OK || changes_.empty()) {
    return broken_;
  }
  const uint64_t length = log_.end - log_.start;
  if (length >= kCompactionSize && length / kCompactionRatio > live_) {
    // Where there is no room for it, the log goes on.
    if (const zx_status_t status = Compact(); status != ZX_OK && status != ZX_ERR_NO_SPACE) {
      return status;
    }
  }
  std::string entries;
  for (const auto& [key, value] : changes_) {
    AppendEntry(&entries, key, value);
  }
  if (const zx_status_t status = Append(entries); status != ZX_OK) {
    return status;
  }
  changes_.clear();
  changed_ = 0;
  return ZX_OK;
}

zx_status_t KvStore::Append(const std::string& entries) {
  const uint64_t room = SizeInLog(entries.size());
  zx_status_t status = MakeRoom(log_.end + room);
  if (status == ZX_ERR_NO_SPACE && live_ < log_.end - log_.start && (status = Compact()) == ZX_OK) {
    status = MakeRoom(log_.end + room);
  }
  if (status != ZX_OK) {
    return status;
  }
  status = WriteTransaction(entries, log_, next_number_);
  if (status == ZX_OK) {
    status = pagoda::SyncObject(object_);
  }
  if (status != ZX_OK) {
    // So that it is not written back later, as if it had been committed. An error tells nothing new.
    const TransactionHeader nothing{};
    static_cast<void>(object_.write(&nothing, log_.end, sizeof(nothing)));
    return status;
  }
  static_cast<void>(Apply(entries, log_.end + sizeof(TransactionHeader)));
  log_.end += room;
  ++next_number_;
  return ZX_OK;
}

zx_status_t KvStore::WriteTransaction(const std::string& entries, const Log& log, uint64_t number) const {
  TransactionHeader header{.mark = {}, .log = log.first, .number = number, .length = entries.size(), .digest = {}};
  memcpy(header.mark, kTransactionMark, sizeof(header.mark));
  header.digest = DigestOf(header, entries);
  if (const zx_status_t status = object_.write(&header, log.end, sizeof(header)); status != ZX_OK) {
    return status;
  }
  return object_.write(entries.data(), log.end + sizeof(header), entries.size());
}

// Durable when it returns.
zx_status_t KvStore::WriteSuperblock(const Log& log) const {
  Superblock superblock{.mark = {},
                        .version = kVersion,
                        .reserved = 0,
                        .first_transaction = log.first,
                        .log_start = log.start,
                        .digest = {}};
  memcpy(superblock.mark, kSuperblockMark, sizeof(superblock.mark));
  superblock.digest = DigestOf(superblock, {});
  if (const zx_status_t status = object_.write(&superblock, log.slot * kPageSize, sizeof(superblock));
      status != ZX_OK) {
    return status;
  }
  return pagoda::SyncObject(object_);
}

// ZX_ERR_NO_SPACE: the object cannot be made that long.
zx_status_t KvStore::MakeRoom(uint64_t end) {
  if (end <= size_) {
    return ZX_OK;
  }
  const uint64_t size = PageUp(end + kGrowth);
  const zx_status_t status = SetObjectSize(object_, size);
  if (status == ZX_OK) {
    size_ = size;
  }
  return status == ZX_ERR_NOT_SUPPORTED ? ZX_ERR_NO_SPACE : status;
}

// Writes what the store holds into a log of its own, where the present one is not, and makes that the log.
zx_status_t KvStore::Compact() {
  // No transaction is shorter than half of its size but the last one, so this is enough for their headers.
  const uint64_t most = PageUp(live_ + (2 * live_ / kCompactedTransaction + 2) * (sizeof(TransactionHeader) + 8));
  Log fresh{.first = next_number_, .slot = 1 - log_.slot, .start = kFirstLog, .end = kFirstLog};
  if (kFirstLog + most > log_.start) {
    fresh.start = fresh.end = PageUp(log_.end);
    if (const zx_status_t status = MakeRoom(fresh.start + most); status != ZX_OK) {
      return status;
    }
  }
  uint64_t number = next_number_;
  Keys keys;
  if (const zx_status_t status = CopyLive(&fresh, &number, &keys); status != ZX_OK) {
    return status;
  }
  if (const zx_status_t status = pagoda::SyncObject(object_); status != ZX_OK) {
    return status;
  }
  broken_ = WriteSuperblock(fresh);
  if (broken_ != ZX_OK) {
    return broken_;
  }
  log_ = fresh;
  next_number_ = number;
  keys_ = std::move(keys);
  return ZX_OK;
}

zx_status_t KvStore::CopyLive(Log* log, uint64_t* number, Keys* keys) const {
  std::string entries;
  const auto write = [&]() -> zx_status_t {
    const zx_status_t status = WriteTransaction(entries, *log, *number);
    log->end += SizeInLog(entries.size());
    ++*number;
    entries.clear();
    return status;
  };
  for (const auto& [key, place] : keys_) {
    std::optional<std::string> value(std::string(place.length, '\0'));
    if (const zx_status_t status = object_.read(value->data(), place.offset, place.length); status != ZX_OK) {
      return status;
    }
    if (!entries.empty() && entries.size() + SizeOf(key.size(), value->size()) > kCompactedTransaction) {
      if (const zx_status_t status = write(); status != ZX_OK) {
        return status;
      }
    }
    AppendEntry(&entries, key, value);
    const uint64_t end = log->end + sizeof(TransactionHeader) + entries.size();
    keys->emplace_hint(keys->end(), key, Place{.offset = end - value->size(), .length = place.length});
  }
  return entries.empty() ? ZX_OK : write();
}

}  // namespace programs
