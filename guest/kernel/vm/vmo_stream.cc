// The stream size: how many bytes of an object mean something. What lies beyond it is zeroes whenever the size moves,
// so that growing never shows what was written there before.
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/vm/vmo.h"

namespace gk {

Result<> Vmo::SetStreamSize(uint64_t stream_size) {
  return stream_size <= size() ? SetContentSizeAndZero(stream_size) : Error(ZX_ERR_OUT_OF_RANGE);
}

// May block in between; the object may shrink meanwhile, which zeroes as well.
Result<> Vmo::SetContentSizeAndZero(uint64_t content_size) {
  const uint64_t from = Min(Min(content_size, this->content_size()), size());
  const uint64_t end = Min(Max(content_size, this->content_size()), size());
  if (from < end) {
    PAGODA_TRY(Zero(from, end - from));
  }
  SetContentSize(content_size);
  return {};
}

}  // namespace gk
