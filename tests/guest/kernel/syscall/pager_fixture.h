// A program that is a pager: it makes VMOs, reads their requests from a port and answers them, all by system calls.
#pragma once

#include <zircon/syscalls/object.h>
#include <zircon/syscalls/pager.h>
#include <zircon/syscalls/port.h>

#include <optional>

#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk::test {

// What a packet says, without what is the same in all.
struct Packet {
  uint64_t key;
  zx_page_request_command_t command;
  uint64_t first_page;
  uint64_t page_count;
  bool operator==(const Packet&) const = default;
};

class PagerTest : public SyscallTest {
 protected:
  static constexpr uint64_t kKey = 0x1234'5678'9abc'def0;

  PagerTest()
      : out_(Put(ZX_HANDLE_INVALID)),
        packet_(Put(zx_port_packet_t{})),
        buffer_(MapMemory(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, kBufferPages * kPageSize)) {
    EXPECT_EQ(Call(abi::Syscall::port_create, 0u, out_), ZX_OK);
    port_ = Get<zx_handle_t>(out_);
    pager_ = CreatePager();
  }

  zx_handle_t CreatePager() {
    EXPECT_EQ(Call(abi::Syscall::pager_create, 0u, out_), ZX_OK);
    return Get<zx_handle_t>(out_);
  }
  zx_handle_t CreatePagerVmo(uint64_t pages, uint32_t options = 0, uint64_t key = kKey) {
    EXPECT_EQ(Call(abi::Syscall::pager_create_vmo, pager_, options, port_, key, pages * kPageSize, out_), ZX_OK);
    return Get<zx_handle_t>(out_);
  }
  void Close(zx_handle_t handle) { EXPECT_EQ(Call(abi::Syscall::handle_close, handle), ZX_OK); }

  // A VMO whose pages are all committed.
  zx_handle_t CreateCommitted(uint64_t pages) {
    const zx_handle_t vmo = CreateVmo(pages * kPageSize);
    EXPECT_EQ(Call(abi::Syscall::vmo_op_range, vmo, ZX_VMO_OP_COMMIT, uint64_t{0}, pages * kPageSize, 0, 0), ZX_OK);
    return vmo;
  }
  int64_t Supply(zx_handle_t vmo, uint64_t first_page, uint64_t pages) {
    const zx_handle_t aux = CreateCommitted(pages);
    const int64_t status = Call(abi::Syscall::pager_supply_pages, pager_, vmo, first_page * kPageSize,
                                pages * kPageSize, aux, uint64_t{0});
    Close(aux);
    return status;
  }
  int64_t OpRange(uint32_t op, zx_handle_t vmo, uint64_t first_page, uint64_t pages, uint64_t data = 0) {
    return Call(abi::Syscall::pager_op_range, pager_, op, vmo, first_page * kPageSize, pages * kPageSize, data);
  }

  // The next packet of the port; nothing when there is none.
  std::optional<Packet> NextPacket() {
    const int64_t status = Call(abi::Syscall::port_wait, port_, zx_time_t{0}, packet_);
    if (status != ZX_OK) {
      EXPECT_EQ(status, ZX_ERR_TIMED_OUT);
      return std::nullopt;
    }
    const auto packet = Get<zx_port_packet_t>(packet_);
    EXPECT_EQ(packet.type, ZX_PKT_TYPE_PAGE_REQUEST);
    EXPECT_EQ(packet.status, ZX_OK);
    EXPECT_EQ(packet.page_request.flags, 0u);
    EXPECT_EQ(packet.page_request.reserved0, 0u);
    EXPECT_EQ(packet.page_request.reserved1, 0u);
    return Packet{.key = packet.key,
                  .command = packet.page_request.command,
                  .first_page = packet.page_request.offset / kPageSize,
                  .page_count = packet.page_request.length / kPageSize};
  }
  static Packet Read(uint64_t first_page, uint64_t pages, uint64_t key = kKey) {
    return {.key = key, .command = ZX_PAGER_VMO_READ, .first_page = first_page, .page_count = pages};
  }
  static Packet Dirty(uint64_t first_page, uint64_t pages, uint64_t key = kKey) {
    return {.key = key, .command = ZX_PAGER_VMO_DIRTY, .first_page = first_page, .page_count = pages};
  }
  static Packet Complete(uint64_t key = kKey) {
    return {.key = key, .command = ZX_PAGER_VMO_COMPLETE, .first_page = 0, .page_count = 0};
  }

  // A thread that reads from a VMO, or writes to one, and stays blocked until the pages are there.
  static constexpr int64_t kStillBlocked = 1;
  void StartRead(zx_handle_t vmo, uint64_t first_page, uint64_t pages, int64_t* result) {
    StartAccess(abi::Syscall::vmo_read, vmo, first_page, pages, result);
  }
  void StartWrite(zx_handle_t vmo, uint64_t first_page, uint64_t pages, int64_t* result) {
    StartAccess(abi::Syscall::vmo_write, vmo, first_page, pages, result);
  }

  static constexpr uint64_t kBufferPages = 16;
  VirtualAddress out_;
  VirtualAddress packet_;
  VirtualAddress buffer_;
  zx_handle_t port_ = ZX_HANDLE_INVALID;
  zx_handle_t pager_ = ZX_HANDLE_INVALID;

 private:
  void StartAccess(abi::Syscall call, zx_handle_t vmo, uint64_t first_page, uint64_t pages, int64_t* result) {
    ASSERT_LE(pages, kBufferPages);
    *result = kStillBlocked;
    fake_arch::StartThread(
        [=, this] { *result = CallHere(call, vmo, buffer_, first_page * kPageSize, pages * kPageSize); });
    fake_arch::RunUntilIdle();
  }
};

}  // namespace gk::test
