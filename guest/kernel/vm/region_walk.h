// A walk over a region and everything in it, each region before what lies in it, by address.
//
// Regions may come and go between two steps. Those that are there all the time are met exactly once.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/vm/vmar.h"

namespace gk {

class RegionWalk {
 public:
  explicit RegionWalk(RefPtr<Vmar> top) : top_(std::move(top)) {}

  // The region itself first. Null at the end, and when the region has been destroyed. Amortised logarithmic.
  RefPtr<Region> Next();
  // How many regions the last one was inside of; 0: the first.
  [[nodiscard]] size_t depth() const { return depth_; }

 private:
  Region* After(Region& region);
  Region* AfterBase(VirtualAddress base);
  Region* Climb(Vmar* vmar, VirtualAddress from);

  const RefPtr<Vmar> top_;
  RefPtr<Region> last_;
  VirtualAddress last_base_ = 0;
  size_t depth_ = 0;
};

}  // namespace gk
