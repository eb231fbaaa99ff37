// What the tests of wrong arguments to the pager's calls start from: a pager, its port and a VMO of it, and handles
// that are not what a call wants.
#pragma once

#include <lib/zx/event.h>

#include <cstdint>

#include "tests/conformance/user_pager.h"

namespace conformance {

// Pagers have no ZX_RIGHT_DUPLICATE, so tests narrow the rights of the one that they have.
inline constexpr zx_rights_t kPagerRights =
    ZX_RIGHT_INSPECT | ZX_RIGHT_TRANSFER | ZX_RIGHT_ATTACH_VMO | ZX_RIGHT_MANAGE_VMO;

class PagerHandles : public zxtest::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(zx::port::create(0, &port_));
    ASSERT_OK(zx::pager::create(0, &pager_));
    ASSERT_OK(zx::pager::create(0, &other_pager_));
    ASSERT_OK(pager_.create_vmo(ZX_VMO_TRAP_DIRTY, port_, 1, kPageSize, &vmo_));
    ASSERT_OK(other_pager_.create_vmo(ZX_VMO_TRAP_DIRTY, port_, 2, kPageSize, &foreign_));
    plain_ = MakeVmo(1);
  }
  // Takes rights away from the pager.
  void Forgo(zx_rights_t rights) {
    zx::pager narrowed;
    ASSERT_OK(pager_.replace(kPagerRights & ~rights, &narrowed));
    pager_ = std::move(narrowed);
  }
  // A handle of the pager's VMO without these rights.
  [[nodiscard]] zx::vmo VmoWithout(zx_rights_t rights) const { return WithRights(vmo_, kVmoRights & ~rights); }

  // No request waits in the port.
  [[nodiscard]] bool IsQuiet() const {
    zx_port_packet_t packet = {};
    return port_.wait(zx::time(ZX_TIME_INFINITE_PAST), &packet) == ZX_ERR_TIMED_OUT;
  }

  zx::port port_;
  zx::pager pager_;
  zx::pager other_pager_;
  zx::vmo vmo_;      // one page of the pager, absent
  zx::vmo foreign_;  // one page of the other pager
  zx::vmo plain_;    // one page of no pager
};

}  // namespace conformance
