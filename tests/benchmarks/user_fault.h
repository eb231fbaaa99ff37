// userfaultfd as a rival: memory whose missing pages a thread of this process provides, from a file.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <thread>

#include "tests/benchmarks/mapped_memory.h"
#include "vmm/base/unique_fd.h"

namespace bench {

// How the thread learns of a fault.
enum class FaultWait { kPoll, kSpin };

struct UserFaultOptions {
  FaultWait wait;
  size_t pages_per_copy;  // a power of two: an aligned window around the page that is missing
};

class UserFaultMemory {
 public:
  // As much memory as `content`, a multiple of 4096 bytes which must outlive it. Fails where userfaultfd is not
  // permitted to us; the message says how it could be.
  static vmm::Result<std::unique_ptr<UserFaultMemory>> Create(std::span<const std::byte> content,
                                                              const UserFaultOptions& options);
  UserFaultMemory(const UserFaultMemory&) = delete;
  UserFaultMemory& operator=(const UserFaultMemory&) = delete;
  // Precondition: no thread waits for a page.
  ~UserFaultMemory();

  [[nodiscard]] const MappedMemory& memory() const { return memory_; }

  // Why a page could not be provided, if so. To ask when all touches have come back.
  [[nodiscard]] bool failed() const { return failed_.load(); }

 private:
  UserFaultMemory(vmm::UniqueFd fd, vmm::UniqueFd stop, MappedMemory memory)
      : fd_(std::move(fd)), stop_(std::move(stop)), memory_(std::move(memory)) {}

  void Serve(const UserFaultOptions& options);
  // Answers what can be read from the descriptor now.
  void AnswerOne(size_t pages);
  void Copy(size_t offset, size_t length);

  vmm::UniqueFd fd_;
  vmm::UniqueFd stop_;  // an eventfd: wakes a thread that polls
  MappedMemory memory_;
  std::span<const std::byte> content_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> failed_ = false;
  std::thread thread_;
};

// Whether Create can work here, without trying a fault.
vmm::Result<> CheckUserFaults();

}  // namespace bench
