// Host memory that stands behind guest-physical memory.
//
// Two kinds, because sharing has a price: anonymous memory can be huge pages everywhere and is many times cheaper to
// touch; a memfd can be handed to another process, and is small pages on most hosts. Neither is touched here: the host
// provides pages on first use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "vmm/base/error.h"
#include "vmm/base/unique_fd.h"

namespace vmm {

class HostMemory {
 public:
  // Zeroed private memory, aligned to 2 MiB and advised to be huge pages. `size`: bytes, a multiple of 2 MiB.
  static Result<HostMemory> CreateAnonymous(uint64_t size);

  // Zeroed memory that other processes can map through shared_fd(), aligned to 2 MiB and advised to be huge pages.
  // `name` shows in /proc; `size`: bytes, whole pages. The size is sealed, so that no holder of the descriptor can make
  // an access of ours fault.
  static Result<HostMemory> CreateShared(const std::string& name, uint64_t size);

  HostMemory(HostMemory&& other) noexcept;
  HostMemory& operator=(HostMemory&&) = delete;
  ~HostMemory();

  [[nodiscard]] std::span<std::byte> bytes() const { return bytes_; }
  // -1 for anonymous memory.
  [[nodiscard]] int shared_fd() const { return fd_.get(); }

 private:
  HostMemory(std::span<std::byte> bytes, UniqueFd fd) : bytes_(bytes), fd_(std::move(fd)) {}

  std::span<std::byte> bytes_;
  UniqueFd fd_;
};

}  // namespace vmm
