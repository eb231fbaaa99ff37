// A resource: a range of something that belongs to the machine, and the permission to use it.
//
// Ranges of one kind may overlap as long as nobody holds one of them exclusively. The root resource grants everything
// and is where all others come from. A kind is a name space of its own; for ZX_RSRC_KIND_SYSTEM an address in it is a
// permission.
#pragma once

#include <stdint.h>
#include <zircon/syscalls/resource.h>

#include "guest/kernel/object/dispatcher.h"
#include "guest/kernel/object/handle_table.h"

namespace gk {

struct LiveResourcesTag;

struct ResourceRange {
  zx_rsrc_kind_t kind;
  uint64_t base;
  uint64_t size;
};

// Why a resource does not grant a range.
enum class Grant : uint8_t { kYes, kOtherKind, kOutOfRange };

class ResourceDispatcher final : public Dispatcher, public base::ListNode<LiveResourcesTag> {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_RESOURCE;

  // The resource that grants everything. Null when there is no memory.
  static RefPtr<ResourceDispatcher> CreateRoot();
  // ZX_ERR_INVALID_ARGS: the range wraps, or is empty in a kind other than root; ZX_ERR_NOT_FOUND: part of the range is
  // held exclusively by others, or held at all and `exclusive`, or is memory that no program may have
  // (vm/physical_ranges.h); ZX_ERR_NO_MEMORY.
  static Result<RefPtr<ResourceDispatcher>> Create(const ResourceRange& range, bool exclusive, ObjectName name);
  ~ResourceDispatcher() override;

  [[nodiscard]] const ResourceRange& range() const { return range_; }
  [[nodiscard]] bool exclusive() const { return exclusive_; }
  [[nodiscard]] const ObjectName* name() const override { return &name_; }

  [[nodiscard]] Grant Grants(const ResourceRange& wanted) const;

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  ResourceDispatcher(const ResourceRange& range, bool exclusive, const ObjectName& name);

  const ResourceRange range_;
  const bool exclusive_;
  const ObjectName name_;
};

// The handle `value` of `handles` must be a resource that grants `wanted`. ZX_ERR_BAD_HANDLE; ZX_ERR_WRONG_TYPE: no
// resource, or one of another kind; ZX_ERR_OUT_OF_RANGE: of this kind, but not for all of the range.
Result<> RequireResource(const HandleTable& handles, zx_handle_t value, const ResourceRange& wanted);

}  // namespace gk
