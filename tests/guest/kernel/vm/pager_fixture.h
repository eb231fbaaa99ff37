// What the tests of objects with a pager share: operations that run in threads of their own and may wait.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "guest/kernel/sched/thread.h"
#include "guest/kernel/vm/pinned_range.h"
#include "guest/kernel/vm/vmo_transfer.h"
#include "tests/guest/kernel/vm/vm_fixture.h"
#include "tests/support/fake_arch/fibers.h"
#include "tests/support/fake_pager_program.h"

namespace gk {

using Packets = std::vector<PagerPacket>;
using DirtyList = std::vector<DirtyPages>;

inline constexpr PagerVmoOptions kTrap{.trap_dirty = true};
inline constexpr PagerVmoOptions kTrapResizable{.resizability = Resizability::kResizable, .trap_dirty = true};
inline constexpr PagerVmoOptions kTrack{};
inline constexpr PagerVmoOptions kTrackResizable{.resizability = Resizability::kResizable};

class PagerTest : public VmTest {
 protected:
  PagerTest() { fake_arch::StartCpu(); }

  // What a thread does; `status` once it is done.
  struct Operation {
    std::optional<zx_status_t> status;
    RefPtr<Thread> thread;
    [[nodiscard]] bool blocked() const {
      return !status.has_value() && thread->state() == Thread::State::kBlocked &&
             (thread->block_reason() == BlockReason::kPager || thread->block_reason() == BlockReason::kPagerInCopy);
    }
  };
  using Op = std::shared_ptr<Operation>;

  static Op Start(std::function<zx_status_t()> body) {
    auto operation = std::make_shared<Operation>();
    fake_arch::StartThread([operation, body = std::move(body)] {
      operation->thread = RefPtr<Thread>(Thread::Current());
      operation->status = body();
    });
    fake_arch::RunUntilIdle();
    return operation;
  }

  static Op Commit(Vmo& vmo, uint64_t first, uint64_t count) {
    return Start([&vmo, first, count] { return ValueOf(vmo.Commit(first * kPageSize, count * kPageSize)); });
  }
  static Op Prefetch(Vmo& vmo, uint64_t first, uint64_t count) {
    return Start([&vmo, first, count] { return ValueOf(vmo.Prefetch(first * kPageSize, count * kPageSize)); });
  }
  static Op Zero(Vmo& vmo, uint64_t offset, uint64_t length) {
    return Start([&vmo, offset, length] { return ValueOf(vmo.Zero(offset, length)); });
  }
  // Whole pages of `value`.
  static Op Write(Vmo& vmo, uint64_t first, uint64_t count, uint8_t value = 0xee) {
    return Start([&vmo, first, count, value] {
      const std::vector<uint8_t> bytes(count * kPageSize, value);
      return ValueOf(vmo.Write(bytes.data(), first * kPageSize, bytes.size()));
    });
  }
  // The pin stays as long as the operation's `pin`.
  struct PinOp {
    Op operation;
    std::shared_ptr<PinnedRange> pin;
  };
  static PinOp Pin(const RefPtr<Vmo>& vmo, uint64_t first, uint64_t count, PinAccess access) {
    auto pin = std::make_shared<PinnedRange>();
    Op operation = Start([=] {
      Result<PinnedRange> made = PinnedRange::Pin(vmo, first * kPageSize, count * kPageSize, access);
      if (made.ok()) {
        *pin = std::move(*made);
      }
      return ValueOf(made);
    });
    return {std::move(operation), std::move(pin)};
  }

  // zx_vmo_read into a buffer of its own, which can be looked at meanwhile.
  struct ReadOp {
    Op operation;
    VirtualAddress buffer = 0;
  };
  ReadOp Read(Vmo& vmo, uint64_t first, uint64_t count) {
    const RefPtr<Vmo> memory = MakeVmo(count);
    const VirtualAddress buffer = MapAll(*space_, memory, kMapReadWrite);
    return {Start([this, &vmo, buffer, first, count] {
              return ValueOf(ReadVmoToUser(*space_, buffer, vmo, first * kPageSize, count * kPageSize));
            }),
            buffer};
  }
  // How many pages from the start of the buffer hold what page `first` and following were supplied with.
  uint64_t CountArrived(const ReadOp& read, uint64_t first) {
    uint64_t count = 0;
    while (Load(*space_, read.buffer + count * kPageSize) == PagerObject::TagOf(first + count)) {
      ++count;
    }
    return count;
  }
  // An access of user code in a thread of its own.
  Op Access(VirtualAddress address, gk::Access access) {
    return Start([this, address, access] { return Touch(*space_, address, access); });
  }
  Op StoreTo(VirtualAddress address, uint8_t value) {
    return Start([this, address, value] { return Store(*space_, address, value); });
  }

  // The first byte of a page that needs no pager any more; -1: it does.
  static int Peek(Vmo& vmo, uint64_t page) {
    int value = -1;
    const Op read = Start([&] {
      uint8_t byte = 0;
      const zx_status_t status = ValueOf(vmo.Read(&byte, page * kPageSize, 1));
      value = status == ZX_OK ? byte : value;
      return status;
    });
    if (!read->status.has_value()) {
      read->thread->Kill();
      fake_arch::RunUntilIdle();
      return -1;
    }
    return value;
  }

  static void Done(const Op& operation, zx_status_t status = ZX_OK) { EXPECT_EQ(operation->status, status); }

  RefPtr<AddressSpace> space_ = MakeSpace();
};

}  // namespace gk
