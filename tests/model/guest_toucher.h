// A thread of a guest program that touches a VMO and a copy of it in all ways there are, and may be made to wait.
#pragma once

#include <lib/zx/vmo.h>
#include <pagoda/thread.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zxtest/zxtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "tests/model/pager_run.h"

namespace model {

inline constexpr uint64_t kPageSize = 4096;
inline constexpr uint64_t kMaxPages = 40;
inline constexpr uint64_t kKey = 4711;  // of the pager VMO's packets
// How long an access and a request may take before the test fails.
inline constexpr zx_duration_t kPatience = zx_duration_t{20} * 1'000'000'000;

// A VMO mapped for as many pages as there may ever be.
class MappedVmo {
 public:
  explicit MappedVmo(zx::vmo vmo) : vmo_(std::move(vmo)) {
    constexpr zx_vm_option_t kOptions = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_ALLOW_FAULTS;
    EXPECT_OK(zx_vmar_map(zx_vmar_root_self(), kOptions, 0, vmo_.get(), 0, kMaxPages * kPageSize, &address_));
  }
  MappedVmo(const MappedVmo&) = delete;
  MappedVmo& operator=(const MappedVmo&) = delete;
  ~MappedVmo() { zx_vmar_unmap(zx_vmar_root_self(), address_, kMaxPages * kPageSize); }

  [[nodiscard]] const zx::vmo& vmo() const { return vmo_; }
  [[nodiscard]] volatile uint64_t& word(uint64_t page) const {
    return *reinterpret_cast<volatile uint64_t*>(address_ + page * kPageSize);
  }
  [[nodiscard]] uint64_t CommittedPages() const {
    zx_info_vmo_t info = {};
    EXPECT_OK(zx_object_get_info(vmo_.get(), ZX_INFO_VMO, &info, sizeof(info), nullptr, nullptr));
    return info.committed_bytes / kPageSize;
  }

 private:
  zx::vmo vmo_;
  zx_vaddr_t address_ = 0;
};

// The thread that touches the VMOs, one access after the other.
class Toucher {
 public:
  Toucher(const MappedVmo& root, const std::unique_ptr<MappedVmo>& clone) : root_(root), clone_(clone) {
    EXPECT_OK(thread_.Start("toucher", [this] { Run(); }));
  }
  Toucher(const Toucher&) = delete;
  Toucher& operator=(const Toucher&) = delete;
  ~Toucher() {
    Set(kEnd);
    thread_.Join();
  }

  void Begin(const PagerAccess& access) {
    access_ = access;
    Set(kBusy);
  }
  [[nodiscard]] zx_handle_t thread() const { return thread_.handle()->get(); }
  [[nodiscard]] bool ended() const { return state_ == kIdle; }
  // ZX_ERR_TIMED_OUT: the access does not end.
  [[nodiscard]] zx_status_t WaitForEnd() {
    const zx_time_t deadline = zx_deadline_after(kPatience);
    while (state_ == kBusy) {
      if (zx_futex_wait(futex(), kBusy, ZX_HANDLE_INVALID, deadline) == ZX_ERR_TIMED_OUT) {
        return ZX_ERR_TIMED_OUT;
      }
    }
    return status_;
  }
  // The first word of each page of the last access, if it read.
  [[nodiscard]] uint64_t word(uint64_t i) const { return buffer_[i * kPageSize / sizeof(uint64_t)]; }

 private:
  enum : int { kIdle, kBusy, kEnd };

  void Run() {
    while (true) {
      while (state_ == kIdle) {
        zx_futex_wait(futex(), kIdle, ZX_HANDLE_INVALID, ZX_TIME_INFINITE);
      }
      if (state_ == kEnd) {
        return;
      }
      status_ = Touch();
      Set(kIdle);
    }
  }
  zx_status_t Touch() {
    const bool of_clone = access_.kind >= AccessKind::kCloneRead;
    const MappedVmo& target = of_clone ? *clone_ : root_;
    const uint64_t offset = access_.first * kPageSize;
    const uint64_t length = access_.count * kPageSize;
    switch (access_.kind) {
      case AccessKind::kRead:
      case AccessKind::kCloneRead:
        return target.vmo().read(buffer_.data(), offset, length);
      case AccessKind::kWrite:
      case AccessKind::kCloneWrite:
        for (uint64_t i = 0; i < access_.count; ++i) {
          buffer_[i * kPageSize / sizeof(uint64_t)] = access_.word;
        }
        return target.vmo().write(buffer_.data(), offset, length);
      case AccessKind::kLoad:
      case AccessKind::kCloneLoad:
        buffer_[0] = target.word(access_.first);
        return ZX_OK;
      case AccessKind::kStore:
        target.word(access_.first) = access_.word;
        return ZX_OK;
      case AccessKind::kCommit:
        return target.vmo().op_range(ZX_VMO_OP_COMMIT, offset, length, nullptr, 0);
    }
    return ZX_ERR_INTERNAL;
  }
  // SAFETY: an atomic<int> is laid out as the int that the kernel compares.
  zx_futex_t* futex() { return reinterpret_cast<zx_futex_t*>(&state_); }
  void Set(int state) {
    state_ = state;
    zx_futex_wake(futex(), 1);
  }

  const MappedVmo& root_;
  const std::unique_ptr<MappedVmo>& clone_;
  PagerAccess access_{};
  zx_status_t status_ = ZX_OK;
  std::vector<uint64_t> buffer_ = std::vector<uint64_t>(kMaxPages * kPageSize / sizeof(uint64_t));
  std::atomic<int> state_ = kIdle;
  pagoda::Thread thread_;
};

}  // namespace model
