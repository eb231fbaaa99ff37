// Guest memory in the hands of a pager process: what the monitor passes on, and what the pager makes of it.
//
// Who has it can read and write every byte of the guest, at any time. So it is given on the user's word only, and the
// rest is about honest pagers: pages that a pager has been asked to fill stay out of use until it cannot write into
// them any more (PROTOCOL.md section 5).
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "devices/core/error.h"
#include "devices/core/guest_memory.h"
#include "devices/core/unique_fd.h"
#include "devices/pager/remote/protocol.h"
#include "shared/base/result.h"

namespace pager::remote {

// The monitor's end. Immutable, for any thread.
class MemoryGrant {
 public:
  // `file`: a memfd, borrowed, sealed against growing and shrinking; `regions` lie in it one after another, mapped
  // where they say for as long as this object lives. Fails when the host has no descriptor left.
  static base::Result<std::shared_ptr<const MemoryGrant>, dev::Error> Create(
      int file, std::span<const dev::MemoryRegion> regions);

  [[nodiscard]] int fd() const { return file_.get(); }  // borrowed
  [[nodiscard]] uint64_t file_size() const;
  [[nodiscard]] std::vector<MemoryRangeEntry> ranges() const;

  // Where the pages are for the guest; nullopt when they are not all in its memory.
  [[nodiscard]] std::optional<std::vector<PieceEntry>> Locate(std::span<const iovec> pages) const;

 private:
  MemoryGrant(dev::UniqueFd file, std::vector<dev::MemoryRegion> regions)
      : file_(std::move(file)), regions_(std::move(regions)) {}
  [[nodiscard]] std::optional<PieceEntry> LocateOne(const iovec& piece) const;

  dev::UniqueFd file_;
  std::vector<dev::MemoryRegion> regions_;  // ascending by base
};

// The pager's end: the memory mapped. Whoever may write to it holds it; when the last one lets go the connection ends,
// which is how the monitor learns that its pages are its own again.
class GrantedMemory {
 public:
  // `ranges`: as a parsed kMemory has them. `socket`: of the connection. Fails when the file is not of that size, not
  // sealed, or cannot be mapped.
  static base::Result<std::shared_ptr<const GrantedMemory>, dev::Error> Adopt(dev::UniqueFd file, uint64_t file_size,
                                                                              std::vector<MemoryRangeEntry> ranges,
                                                                              dev::UniqueFd socket);
  GrantedMemory(const GrantedMemory&) = delete;
  GrantedMemory& operator=(const GrantedMemory&) = delete;
  ~GrantedMemory();

  // The memory of the pieces. nullopt when one is not whole pages inside a range, or they do not add up to `length`.
  [[nodiscard]] std::optional<std::vector<iovec>> Find(std::span<const PieceEntry> pieces, uint64_t length) const;

 private:
  GrantedMemory(std::span<std::byte> bytes, std::vector<MemoryRangeEntry> ranges, dev::UniqueFd socket)
      : bytes_(bytes), ranges_(std::move(ranges)), socket_(std::move(socket)) {}
  [[nodiscard]] std::optional<iovec> FindOne(const PieceEntry& piece) const;

  std::span<std::byte> bytes_;  // the whole file
  std::vector<MemoryRangeEntry> ranges_;
  dev::UniqueFd socket_;
};

}  // namespace pager::remote
