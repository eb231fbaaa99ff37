// A pager that is the test itself: it makes VMOs, takes their page requests from a port and answers them by hand.
//
//   UserPager pager;
//   const PagedVmo vmo = pager.Create(2);
//   TestThread reader([&] { return CheckPages(Access::kByMapping, vmo, 0, 1); });
//   EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
//   EXPECT_OK(pager.Supply(vmo, 0, 1));
//   EXPECT_OK(reader.Wait());
//   EXPECT_TRUE(pager.IsQuiet(vmo));
//
// All positions and lengths are pages. Word w (64 bits) of page p of a supplied VMO is vmo.tag(p) + w, so that no two
// words of a test are equal.
#pragma once

#include <lib/zx/pager.h>
#include <lib/zx/port.h>
#include <lib/zx/vmo.h>
#include <zircon/syscalls/pager.h>
#include <zircon/types.h>
#include <zxtest/zxtest.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "tests/conformance/paged_vmo.h"

namespace conformance {

inline constexpr uint64_t kZeroRange = ZX_VMO_DIRTY_RANGE_IS_ZERO;

struct DirtyRange {
  uint64_t page = 0;
  uint64_t pages = 0;
  uint64_t options = 0;  // 0 or kZeroRange
};

// A pager and the port that its requests come to. Used by one thread. Waits for a packet compare all of it, down to the
// reserved bytes; what is not the awaited one is kept for later waits. A wait that fails prints what there was instead.
class UserPager {
 public:
  UserPager();
  UserPager(const UserPager&) = delete;
  UserPager& operator=(const UserPager&) = delete;

  [[nodiscard]] PagedVmo Create(uint64_t pages, uint32_t options = 0);
  [[nodiscard]] const zx::pager& pager() const { return pager_; }
  [[nodiscard]] const zx::port& port() const { return port_; }
  // No further packets, no further operations.
  void ClosePager() { pager_.reset(); }
  void ClosePort() { port_.reset(); }

  [[nodiscard]] bool WaitForRead(const PagedVmo& vmo, uint64_t page, uint64_t pages);
  [[nodiscard]] bool WaitForDirty(const PagedVmo& vmo, uint64_t page, uint64_t pages);
  // `key`: of the VMO, which may be gone.
  [[nodiscard]] bool WaitForComplete(uint64_t key);
  // The next READ of the VMO, whatever it is for.
  struct Request {
    uint64_t page;
    uint64_t pages;
  };
  [[nodiscard]] std::optional<Request> WaitForAnyRead(const PagedVmo& vmo);
  // No request of the VMO (COMPLETE is none) is here or waits in the port.
  [[nodiscard]] bool IsQuiet(const PagedVmo& vmo);

  // zx_pager_supply_pages of tagged pages; they lie in the source VMO from `source_page` on.
  zx_status_t Supply(const PagedVmo& vmo, uint64_t page, uint64_t pages, uint64_t source_page = 0);
  // The same with pages that the source VMO does not have.
  zx_status_t SupplyZeros(const PagedVmo& vmo, uint64_t page, uint64_t pages);
  zx_status_t SupplyFrom(const PagedVmo& vmo, uint64_t page, uint64_t pages, const zx::vmo& source,
                         uint64_t source_page = 0);

  // zx_pager_op_range.
  zx_status_t Op(const PagedVmo& vmo, uint32_t op, uint64_t page, uint64_t pages, uint64_t data = 0);
  zx_status_t Fail(const PagedVmo& vmo, uint64_t page, uint64_t pages, zx_status_t status = ZX_ERR_IO);
  zx_status_t Dirty(const PagedVmo& vmo, uint64_t page, uint64_t pages);
  // `options`: kZeroRange to write the range back as zeros.
  zx_status_t BeginWriteback(const PagedVmo& vmo, uint64_t page, uint64_t pages, uint64_t options = 0);
  zx_status_t EndWriteback(const PagedVmo& vmo, uint64_t page, uint64_t pages);
  zx_status_t Detach(const PagedVmo& vmo);

  // Whether zx_pager_query_dirty_ranges lists exactly these ranges, in this order: by their number alone, through a
  // buffer of two entries, and through one that no page has been touched of.
  [[nodiscard]] bool DirtyRangesAre(const PagedVmo& vmo, const std::vector<DirtyRange>& ranges);
  // Whether the VMO was modified since the last call.
  [[nodiscard]] bool TakeModified(const PagedVmo& vmo);

 private:
  // Moves a packet from the port to packets_. False: none came until the deadline.
  bool Receive(zx_time_t deadline);
  bool WaitFor(const zx_port_packet_t& wanted);
  bool WaitForRequest(uint16_t command, uint64_t key, uint64_t page, uint64_t pages);
  void Print(const char* what, const zx_port_packet_t& packet) const;

  zx::pager pager_;
  zx::port port_;
  std::vector<zx_port_packet_t> packets_;
  uint64_t vmo_count_ = 0;
};

}  // namespace conformance
