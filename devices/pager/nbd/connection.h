// One connection to an NBD server: the handshake, and commands in flight. The only user of libnbd.
//
// It never blocks after Create. Whoever owns it waits for fd() to have events(), calls Advance, and takes what is done.
// One thread at a time. When it ends nothing writes into the memory of its commands any more.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "devices/core/error.h"
#include "shared/base/result.h"

struct nbd_handle;

namespace pager::nbd {

struct Library;

// What a server says of an export, checked.
struct Export {
  uint64_t size = 0;           // bytes, at most 2^62, a multiple of minimum_block
  uint32_t minimum_block = 1;  // offsets and lengths are multiples of it; a power of two, at most a page
  uint32_t maximum_block = 0;  // bytes of one read or write, a multiple of minimum_block, not 0
  bool read_only = false;
  bool can_flush = false;
  bool can_fua = false;
  bool can_zero = false;
};

enum class Operation {
  kRead,
  kWrite,
  kZero,
  kFlush,
};

struct Command {
  Operation operation;
  uint64_t offset = 0;        // these two: inside the export, multiples of minimum_block; 0 for kFlush
  uint64_t length = 0;        // not 0 but for kFlush; kRead and kWrite: at most maximum_block
  std::byte* data = nullptr;  // kRead fills it, kWrite reads it
};

// A command that has ended. `error`: an errno, 0 when it did what it should.
struct Done {
  uint64_t id;
  int error;
};

class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  // Blocks until the server has said everything, `deadline` has passed, or `stop` is readable. `silence`: how long the
  // network may lose everything before it counts as the end. The error is the reason only, without the URI.
  static base::Result<std::unique_ptr<Connection>, dev::Error> Create(const std::string& uri,
                                                                      Clock::time_point deadline,
                                                                      std::chrono::milliseconds silence, int stop);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] const Export& exported() const { return export_; }

  // The id of the command, whose memory is in use until it is done or the connection destroyed; or an errno. A write is
  // durable when done if the server offers that and no flush.
  base::Result<uint64_t, int> Start(const Command& command);

  [[nodiscard]] int fd() const;
  [[nodiscard]] short events() const;  // for poll()
  // Moves bytes, after poll() has said `revents`.
  void Advance(short revents);
  [[nodiscard]] std::optional<Done> TakeDone();

  // It has ended: what is not done never will be.
  [[nodiscard]] bool ended() const;
  // Why, for a person.
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  struct CloseHandle {
    void operator()(nbd_handle* handle) const;
    const Library* library;
  };

  Connection(const Library& nbd, nbd_handle* handle) : nbd_(nbd), handle_(handle, CloseHandle{&nbd}) {}

  base::Result<void, dev::Error> Handshake(const std::string& uri, Clock::time_point deadline, int stop);
  base::Result<void, dev::Error> TakeExport();
  void NoteError();

  const Library& nbd_;
  const std::unique_ptr<nbd_handle, CloseHandle> handle_;
  Export export_;
  std::string reason_ = "it closed the connection";
};

}  // namespace pager::nbd
