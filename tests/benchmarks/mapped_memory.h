// Memory that is mapped for one measurement, and single touches of its pages that the compiler cannot leave out.
#pragma once

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <utility>

#include "shared/base/range.h"
#include "vmm/base/error.h"

namespace bench {

class MappedMemory {
 public:
  // Private, zeroed, not yet there: the first touch of each page is a fault.
  static vmm::Result<MappedMemory> CreateAnonymous(size_t size) {
    return Map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
  }
  // The first `size` bytes of a file, for reading, all mapped already.
  static vmm::Result<MappedMemory> CreateFromFile(int fd, size_t size) {
    return Map(size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd);
  }

  MappedMemory(MappedMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MappedMemory& operator=(MappedMemory&&) = delete;
  ~MappedMemory() {
    if (data_ != nullptr) {
      munmap(data_, size_);
    }
  }

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] size_t size() const { return size_; }

  // Precondition: the page lies inside.
  void TouchForReading(size_t page) const { static_cast<void>(*Volatile(page)); }
  void TouchForWriting(size_t page) { *Volatile(page) = std::byte{1}; }

 private:
  MappedMemory(std::byte* data, size_t size) : data_(data), size_(size) {}

  static vmm::Result<MappedMemory> Map(size_t size, int protection, int flags, int fd) {
    void* data = mmap(nullptr, size, protection, flags, fd, 0);
    if (data == MAP_FAILED) {
      return vmm::HostFailure(errno, fmt::format("mapping {} bytes", size));
    }
    return MappedMemory(static_cast<std::byte*>(data), size);
  }

  // SAFETY: volatile because the access itself is what is measured; nothing is synchronised by it.
  [[nodiscard]] volatile std::byte* Volatile(size_t page) const { return data_ + page * base::kPageSize; }

  std::byte* data_;
  size_t size_;
};

}  // namespace bench
