// Guest RAM for tests: one region of zeroed host memory at a base that is not 0, with a bump allocator for the driver.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

#include "devices/core/guest_memory.h"
#include "shared/base/range.h"

namespace test {

class TestMemory {
 public:
  static constexpr uint64_t kBase = 0x10'0000;  // guest-physical
  static constexpr uint64_t kSize = 0x40'0000;  // bytes

  TestMemory() : host_(Map()), memory_(dev::GuestMemory::Create({{.base = kBase, .host = {host_, kSize}}}).value()) {}
  TestMemory(const TestMemory&) = delete;
  TestMemory& operator=(const TestMemory&) = delete;
  ~TestMemory() { ::munmap(host_, kSize); }

  [[nodiscard]] const dev::GuestMemory& guest() const { return memory_; }
  static constexpr uint64_t end() { return kBase + kSize; }

  // Guest-physical address of `size` bytes nobody else has.
  uint64_t Allocate(uint64_t size, uint64_t alignment = base::kPageSize) {
    const uint64_t address = base::AlignUp(next_, alignment);
    next_ = address + size;
    return address;
  }

  [[nodiscard]] std::span<std::byte> At(uint64_t address, uint64_t size) const {
    return {host_ + (address - kBase), size};
  }
  template <typename T>
  [[nodiscard]] T Load(uint64_t address) const {
    T value;
    std::memcpy(&value, At(address, sizeof(T)).data(), sizeof(T));
    return value;
  }
  template <typename T>
  void Store(uint64_t address, const T& value) const {
    std::memcpy(At(address, sizeof(T)).data(), &value, sizeof(T));
  }

 private:
  // Untouched memory of the kernel's: zeroed and page-aligned for nothing.
  static std::byte* Map() {
    void* const host = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (host == MAP_FAILED) {
      std::abort();
    }
    return static_cast<std::byte*>(host);
  }

  std::byte* const host_;
  const dev::GuestMemory memory_;
  uint64_t next_ = kBase;
};

}  // namespace test
