// What an overlay lies over: a file or a blob, which is only read, and by what it is known again.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "devices/core/error.h"
#include "devices/pager/asio.h"
#include "devices/pager/store.h"
#include "shared/base/result.h"

namespace pager::overlay {

struct LowerIdentity {
  enum class Kind : uint32_t {
    kFile = 1,  // mark: when it was last changed, seconds and nanoseconds; zeros for a block device
    kBlob = 2,  // mark: its root
  };

  Kind kind;
  uint64_t content_size;  // bytes
  std::array<std::byte, 32> mark;

  bool operator==(const LowerIdentity&) const = default;
};

// For messages: "a file of 12 bytes, last changed 1700000000.000000000".
[[nodiscard]] std::string Describe(const LowerIdentity& identity);

struct Lower {
  std::shared_ptr<Store> store;
  LowerIdentity identity;
  dev_t device;  // of its file, by which it is told from the upper
  ino_t inode;
};

// `text`: PATH, file:PATH or blob:PATH[,root=HEX]. The error names what is wrong. `executor`, for
// what is read ahead, outlives the store.
base::Result<Lower, dev::Error> OpenLower(const std::string& text, const boost::asio::any_io_executor& executor);

}  // namespace pager::overlay
