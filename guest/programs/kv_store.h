// A small store of keys and values in an object of the host's. A transaction that was committed is there after any
// crash, as a whole; one that was not is not there at all. KV_FORMAT.md says how.
//
// Keys are in memory with the places of their values, values in the object; so values may be more than fits into the
// guest's memory.
#pragma once

#include <lib/zx/vmo.h>
#include <zircon/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace programs {

// What went wrong, in words, and the status that it went wrong with; ZX_OK: nothing.
struct KvError {
  const char* what = "";
  zx_status_t status = ZX_OK;
};

class KvStore {
 public:
  static constexpr size_t kLongestKey = 1024;
  static constexpr size_t kLargestTransaction = size_t{1} << 20;  // bytes of keys, values and 8 for each change

  // Opens the store in `object`, or makes one where there are only zeros. After an error nothing has been changed.
  [[nodiscard]] KvError Open(std::string_view object);

  // The value; nullopt: there is none. Sees what has not been committed yet. The host's errors.
  [[nodiscard]] zx_status_t Get(const std::string& key, std::optional<std::string>* value) const;
  // Calls `visit` for all keys in order. Stops at the first error, which it returns.
  [[nodiscard]] zx_status_t ForEach(const std::function<void(const std::string&, const std::string&)>& visit) const;

  // Part of the next transaction. A value of nullopt deletes the key. ZX_ERR_OUT_OF_RANGE: the key is empty or too
  // long, or the transaction too large; it is as it was.
  [[nodiscard]] zx_status_t Change(const std::string& key, std::optional<std::string> value);

  // Makes the changes durable, all or none. After an error the store is as before and the changes are still there, to
  // be committed again; whether a crash meanwhile finds them is not known. ZX_ERR_NO_SPACE: the object or the host is
  // full.
  [[nodiscard]] zx_status_t Commit();

  [[nodiscard]] size_t uncommitted() const { return changes_.size(); }
  [[nodiscard]] uint64_t last_transaction() const { return next_number_ - 1; }

 private:
  struct Place {
    uint64_t offset;  // of the value in the object
    uint32_t length;
  };
  struct Log {
    uint64_t first = 0;  // transaction, by which logs are told apart; 0: there is none yet
    uint64_t slot = 0;   // of the superblock that names it
    uint64_t start = 0;
    uint64_t end = 0;
  };
  using Keys = std::map<std::string, Place>;
  using Changes = std::map<std::string, std::optional<std::string>>;

  [[nodiscard]] KvError Format();
  [[nodiscard]] KvError Replay();
  [[nodiscard]] zx_status_t ReadTransaction(uint64_t offset, const Log& log, uint64_t number,
                                            std::string* entries) const;
  [[nodiscard]] zx_status_t FindLater(uint64_t number, bool* found) const;
  [[nodiscard]] bool Apply(std::string_view entries, uint64_t offset);
  void SetPlace(const std::string& key, std::optional<Place> place);

  [[nodiscard]] zx_status_t WriteTransaction(const std::string& entries, const Log& log, uint64_t number) const;
  [[nodiscard]] zx_status_t WriteSuperblock(const Log& log) const;
  [[nodiscard]] zx_status_t MakeRoom(uint64_t end);
  [[nodiscard]] zx_status_t Append(const std::string& entries);
  [[nodiscard]] zx_status_t Compact();
  [[nodiscard]] zx_status_t CopyLive(Log* log, uint64_t* number, Keys* keys) const;

  zx::vmo object_;
  uint64_t size_ = 0;  // of the object
  Log log_;
  uint64_t next_number_ = 1;
  uint64_t live_ = 0;  // bytes that the keys and their values would take as entries
  Keys keys_;
  Changes changes_;
  uint64_t changed_ = 0;        // bytes that the changes take as entries
  zx_status_t broken_ = ZX_OK;  // it is not known which log a crash would find, so none may be written to
};

}  // namespace programs
