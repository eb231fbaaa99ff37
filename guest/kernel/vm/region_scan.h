// A walk over a region and everything in it, as RegionWalk makes it, for somebody who looks while nobody runs.
//
// It takes no references and changes nothing, and it follows links one by one instead of searching. So it ends whatever
// the links say: when a region does not lie behind the one before, and otherwise after a number of steps that its user
// chooses. Nothing may change while it goes on.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest/kernel/vm/vmar.h"

namespace gk {

class RegionScan {
 public:
  RegionScan(const Vmar& top, size_t most_steps) : top_(top), steps_left_(most_steps) {}

  // The region itself first, then by address, each before what lies in it. Null at the end.
  const Region* Next();
  // How many regions the last one was inside of; 0: the first.
  [[nodiscard]] size_t depth() const { return depth_; }
  // It ended because the links make no sense, or for want of steps.
  [[nodiscard]] bool gave_up() const { return out_of_order_ || steps_left_ == 0; }

 private:
  bool Step();
  const Region* Leftmost(const Region* node);
  const Region* After(const Region& region);

  const Vmar& top_;
  size_t steps_left_;
  const Region* last_ = nullptr;
  size_t depth_ = 0;
  bool out_of_order_ = false;
};

}  // namespace gk
