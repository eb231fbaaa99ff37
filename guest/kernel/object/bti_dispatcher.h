// A bus transaction initiator: a device as far as memory is concerned; and the tokens of memory pinned for it.
//
// A program that pins memory for a device must say when the device no longer uses it (zx_pmt_unpin). A token whose last
// handle goes without that word is quarantined: its memory stays pinned until the program vouches for the device
// (zx_bti_release_quarantine) or has given it up altogether, with the last handle to the initiator.
//
//                    zx_pmt_unpin
//   pinned ----------------------------------------> unpinned
//      |                                                 ^
//      +----------> quarantined -------------------------+
//   last handle closed         zx_bti_release_quarantine, last handle of the initiator closed
#pragma once

#include <stdint.h>

#include "guest/kernel/object/dispatcher.h"
#include "guest/kernel/vm/pinned_range.h"
#include "shared/base/intrusive_list.h"

namespace gk {

class BtiDispatcher;
struct QuarantineTag;

class PmtDispatcher final : public Dispatcher, public base::ListNode<QuarantineTag> {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_PMT;

  // Null when there is no memory.
  static RefPtr<PmtDispatcher> Create(RefPtr<BtiDispatcher> bti, PinnedRange range);
  ~PmtDispatcher() override;

  [[nodiscard]] const PinnedRange& range() const { return range_; }
  // The device does not use the memory any more. Does nothing the second time.
  void Unpin();

 private:
  friend class BtiDispatcher;
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  PmtDispatcher(RefPtr<BtiDispatcher> bti, PinnedRange range);

  void OnZeroHandles() override;

  const RefPtr<BtiDispatcher> bti_;
  PinnedRange range_;             // empty: unpinned
  RefPtr<PmtDispatcher> myself_;  // while quarantined, when nobody else refers to it
};

class BtiDispatcher final : public Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_BTI;

  // Null when there is no memory.
  static RefPtr<BtiDispatcher> Create() { return MakeRefCounted<BtiDispatcher>(); }
  // Each token holds a reference.
  ~BtiDispatcher() override = default;

  void ReleaseQuarantine();

  [[nodiscard]] uint64_t token_count() const { return token_count_; }
  [[nodiscard]] uint64_t quarantine_count() const { return quarantine_count_; }

 private:
  friend class PmtDispatcher;
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  BtiDispatcher() : Dispatcher(kType, ZX_SIGNAL_NONE) {}

  void OnZeroHandles() override { ReleaseQuarantine(); }
  void Quarantine(PmtDispatcher& token);
  void LeaveQuarantine(PmtDispatcher& token);

  uint64_t token_count_ = 0;  // that exist, quarantined ones included
  uint64_t quarantine_count_ = 0;
  base::IntrusiveList<PmtDispatcher, QuarantineTag> quarantine_;
};

}  // namespace gk
