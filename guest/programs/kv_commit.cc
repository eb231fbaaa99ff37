// What a store writes: transactions, and now and then a log in place of a longer one.
#include <pagoda/object.h>
#include <string.h>

#include <utility>

#include "guest/programs/kv_format.h"
#include "guest/programs/kv_store.h"
#include "guest/programs/objects.h"

namespace programs {
namespace {

using namespace kv;

constexpr uint64_t kGrowth = uint64_t{256} << 10;
// A log of this size that is so many times what it says is written anew.
constexpr uint64_t kCompactionSize = uint64_t{256} << 10;
constexpr uint64_t kCompactionRatio = 4;
constexpr uint64_t kCompactedTransaction = uint64_t{256} << 10;

void AppendEntry(std::string* entries, std::string_view key, const std::optional<std::string>& value) {
  const EntryHeader header{.key_length = static_cast<uint32_t>(key.size()),
                           .value_length = value ? static_cast<uint32_t>(value->size()) : kDeleted};
  entries->append(reinterpret_cast<const char*>(&header), sizeof(header));
  entries->append(key);
  if (value) {
    entries->append(*value);
  }
}

}  // namespace

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
