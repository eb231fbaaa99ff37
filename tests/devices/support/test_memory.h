// Guest RAM for tests: one region of zeroed host memory at a base that is not 0, with a bump allocator for the driver.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>

#include "devices/core/guest_memory.h"
#include "shared/base/range.h"

namespace test {

class TestMemory {
 public:
  static constexpr uint64_t kBase = 0x10'0000;  // guest-physical
  static constexpr uint64_t kSize = 0x40'0000;  // bytes

  TestMemory()
      : host_(static_cast<std::byte*>(::operator new (kSize, std::align_val_t{base::kPageSize}))),
        memory_(dev::GuestMemory::Create({{.base = kBase, .host = Zeroed()}}).value()) {}
  TestMemory(const TestMemory&) = delete;
  TestMemory& operator=(const TestMemory&) = delete;
  ~TestMemory() { ::operator delete (host_, std::align_val_t{base::kPageSize}); }

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
  std::span<std::byte> Zeroed() const {
    std::memset(host_, 0, kSize);
    return {host_, kSize};
  }

  std::byte* const host_;
  const dev::GuestMemory memory_;
  uint64_t next_ = kBase;
};

}  // namespace test
