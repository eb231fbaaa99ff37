#include "guest/kernel/vm/region.h"

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/mapping.h"
#include "guest/kernel/vm/vmar.h"

namespace gk {

Region::Region(Kind kind, AddressSpace& space, VirtualAddress base, uint64_t size)
    : base_(base), size_(size), space_(&space), kind_(kind) {}

Region::~Region() { GK_ASSERT(parent_ == nullptr && up_ == nullptr && left_ == nullptr && right_ == nullptr); }

Mapping* Region::AsMapping() { return kind_ == Kind::kMapping ? static_cast<Mapping*>(this) : nullptr; }

Vmar* Region::AsVmar() { return kind_ == Kind::kVmar ? static_cast<Vmar*>(this) : nullptr; }

}  // namespace gk
