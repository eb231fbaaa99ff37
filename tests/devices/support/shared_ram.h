// Guest RAM in a memfd, as a monitor shares it: two ranges with a hole between them.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "devices/core/unique_fd.h"
#include "devices/pager/remote/memory_grant.h"
#include "shared/base/range.h"

namespace test {

class SharedRam {
 public:
  static constexpr uint64_t kLowPages = 64;
  static constexpr uint64_t kHighPages = 64;
  static constexpr uint64_t kHighBase = uint64_t{1} << 32;  // guest-physical
  static constexpr uint64_t kSize = (kLowPages + kHighPages) * base::kPageSize;
  static constexpr int kSealed = F_SEAL_SHRINK | F_SEAL_GROW;

  explicit SharedRam(int seals = kSealed) : file_(::memfd_create("test-ram", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
    if (::ftruncate(file_.get(), kSize) != 0 || ::fcntl(file_.get(), F_ADD_SEALS, seals) != 0) {
      std::abort();
    }
    void* const address = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
    if (address == MAP_FAILED) {
      std::abort();
    }
    bytes_ = {static_cast<std::byte*>(address), kSize};
  }
  SharedRam(const SharedRam&) = delete;
  SharedRam& operator=(const SharedRam&) = delete;
  ~SharedRam() { ::munmap(bytes_.data(), bytes_.size()); }

  [[nodiscard]] int fd() const { return file_.get(); }
  [[nodiscard]] std::vector<dev::MemoryRegion> regions() const {
    constexpr uint64_t kLowSize = kLowPages * base::kPageSize;
    return {{.base = 0, .host = bytes_.first(kLowSize)}, {.base = kHighBase, .host = bytes_.subspan(kLowSize)}};
  }
  [[nodiscard]] std::shared_ptr<const pager::remote::MemoryGrant> grant() const {
    return pager::remote::MemoryGrant::Create(file_.get(), regions()).value();
  }

  // Pages by their number in the file.
  [[nodiscard]] iovec Pages(uint64_t first, uint64_t count) const {
    return {.iov_base = bytes_.data() + first * base::kPageSize, .iov_len = count * base::kPageSize};
  }
  [[nodiscard]] std::string Text(uint64_t first, uint64_t count) const {
    const iovec pages = Pages(first, count);
    return {static_cast<const char*>(pages.iov_base), pages.iov_len};
  }

 private:
  dev::UniqueFd file_;
  std::span<std::byte> bytes_;
};

}  // namespace test
