#include "tests/model/host_machine.h"

#include "guest/kernel/vm/torture.h"
#include "guest/kernel/vm/user_copy.h"

namespace model {
namespace {

constexpr gk::VirtualAddress kArena = 0x5555'5555'0000;

gk::Resizability ResizabilityOf(bool resizable) {
  return resizable ? gk::Resizability::kResizable : gk::Resizability::kFixed;
}

gk::Access AccessOf(uint32_t bits) {
  return {.read = (bits & ZX_VM_PERM_READ) != 0,
          .write = (bits & ZX_VM_PERM_WRITE) != 0,
          .execute = (bits & ZX_VM_PERM_EXECUTE) != 0};
}

gk::ChildKind KindOf(uint32_t options) {
  if ((options & ZX_VMO_CHILD_SLICE) != 0) {
    return gk::ChildKind::kSlice;
  }
  return (options & ZX_VMO_CHILD_SNAPSHOT) != 0 ? gk::ChildKind::kSnapshot : gk::ChildKind::kSnapshotAtLeastOnWrite;
}

// What `operation` makes goes to `*slot`.
template <typename Operation>
zx_status_t MakeInto(gk::RefPtr<gk::Vmo>* slot, Operation operation) {
  gk::Result<gk::RefPtr<gk::Vmo>> made = operation();
  if (made.ok()) {
    *slot = std::move(made.value());
  }
  return gk::ValueOf(made);
}

}  // namespace

HostMachine::HostMachine(Choices& choices) : choices_(choices) {
  for (auto& space : spaces_) {
    space = gk::MakeSpace(choices_.Next());
  }
}

Machine::Abilities HostMachine::abilities() const {
  return {.sources = true,
          .resizes = true,
          .slices = true,
          .snapshots = true,
          .zero = true,
          .execute = true,
          .fault_statuses = true};
}

// After a failure for want of memory `operation` is done again and must not fail so a second time.
template <typename Operation>
zx_status_t HostMachine::Do(Operation operation) {
  if (choices_.OneIn(8)) {
    gk::torture::FailAllocation(1 + choices_.Below(6));
    const zx_status_t status = operation();
    gk::torture::FailAllocation(0);
    if (status != ZX_ERR_NO_MEMORY) {
      return status;
    }
  }
  return operation();
}

zx_status_t HostMachine::Create(int slot, uint64_t size, uint32_t options) {
  return Do(
      [&] { return MakeInto(&vmos_[slot], [&] { return gk::Vmo::Create(size, ResizabilityOf(options != 0)); }); });
}

zx_status_t HostMachine::CreateSourced(int slot, uint64_t size, uint32_t options) {
  gk::PagedObject object(size / kPageSize, 1U << choices_.Below(5), ResizabilityOf(options != 0));
  object.provider->answer_at_once = true;
  vmos_[slot] = object.vmo;
  return ZX_OK;
}

zx_status_t HostMachine::CreateChild(int slot, int parent, uint32_t options, uint64_t offset, uint64_t size) {
  const gk::Resizability resizability = ResizabilityOf((options & ZX_VMO_CHILD_RESIZABLE) != 0);
  return Do([&] {
    return MakeInto(&vmos_[slot],
                    [&] { return vmos_[parent]->CreateChild(KindOf(options), offset, size, resizability); });
  });
}

void HostMachine::Close(int slot) { vmos_[slot].reset(); }

zx_status_t HostMachine::SetSize(int slot, uint64_t size) {
  return Do([&] { return gk::ValueOf(vmos_[slot]->Resize(size)); });
}

uint64_t HostMachine::SizeOf(int slot) { return vmos_[slot]->size(); }
bool HostMachine::HasChildren(int slot) { return vmos_[slot]->child_count() != 0; }

zx_status_t HostMachine::Read(int slot, void* bytes, uint64_t offset, size_t length) {
  return Do([&] { return gk::ValueOf(vmos_[slot]->Read(bytes, offset, length)); });
}

zx_status_t HostMachine::Write(int slot, const void* bytes, uint64_t offset, size_t length) {
  return Do([&] { return gk::ValueOf(vmos_[slot]->Write(bytes, offset, length)); });
}

zx_status_t HostMachine::OpRange(int slot, uint32_t operation, uint64_t offset, uint64_t length) {
  return Do([&] {
    switch (operation) {
      case ZX_VMO_OP_COMMIT:
        return gk::ValueOf(vmos_[slot]->Commit(offset, length));
      case ZX_VMO_OP_DECOMMIT:
        return gk::ValueOf(vmos_[slot]->Decommit(offset, length));
      case ZX_VMO_OP_ZERO:
        return gk::ValueOf(vmos_[slot]->Zero(offset, length));
      default:
        return ZX_ERR_INVALID_ARGS;
    }
  });
}

zx_status_t HostMachine::Map(const MapOrder& order) {
  gk::AddressSpace& space = *spaces_[order.space];
  const gk::MapRequest request{
      .vmo = vmos_[order.slot],
      .vmo_offset = order.vmo_page * kPageSize,
      .length = order.count * kPageSize,
      .vmar_offset = kArena + order.page * kPageSize - space.root().base(),
      .options = order.options | ZX_VM_ALLOW_FAULTS | (order.overwrite ? ZX_VM_SPECIFIC_OVERWRITE : ZX_VM_SPECIFIC),
      .vmo_rights = AccessOf(order.allowed)};
  return Do([&] { return gk::ValueOf(space.root().Map(request)); });
}

zx_status_t HostMachine::Unmap(int space, uint64_t page, uint64_t count) {
  return Do([&] { return gk::ValueOf(spaces_[space]->root().Unmap(kArena + page * kPageSize, count * kPageSize)); });
}

zx_status_t HostMachine::Protect(int space, zx_vm_option_t options, uint64_t page, uint64_t count) {
  return Do([&] {
    return gk::ValueOf(spaces_[space]->root().Protect(kArena + page * kPageSize, count * kPageSize, options));
  });
}

zx_status_t HostMachine::Touch(int space, uint64_t offset, uint32_t access, bool /*expected*/,
                               volatile uint8_t** byte) {
  // A store needs no other permission than to write, once the mapping has it.
  const gk::Access wanted = AccessOf(access);
  uint8_t* found = nullptr;
  const zx_status_t status = Do([&] { return gk::Touch(*spaces_[space], kArena + offset, wanted, &found); });
  *byte = found;
  return status;
}

// A copy that fails for want of memory says no more than that the memory could not be reached.
zx_status_t HostMachine::CopyTo(int space, uint64_t offset, const void* bytes, size_t length) {
  return Do([&] {
    const zx_status_t status = gk::ValueOf(gk::CopyToUser(*spaces_[space], kArena + offset, bytes, length));
    return gk::torture::HasFailed() && status != ZX_OK ? ZX_ERR_NO_MEMORY : status;
  });
}

zx_status_t HostMachine::CopyFrom(int space, void* bytes, uint64_t offset, size_t length) {
  return Do([&] {
    const zx_status_t status = gk::ValueOf(gk::CopyFromUser(*spaces_[space], bytes, kArena + offset, length));
    return gk::torture::HasFailed() && status != ZX_OK ? ZX_ERR_NO_MEMORY : status;
  });
}

void HostMachine::DestroySpace(int space) {
  spaces_[space]->Destroy();
  spaces_[space] = gk::MakeSpace(choices_.Next());
}

const char* HostMachine::Inspect(int space, const Space& expected) {
  for (uint64_t page = 0; page < Space::kPages; ++page) {
    if (const char* complaint = InspectPage(space, page, expected.at(page)); complaint != nullptr) {
      return complaint;
    }
  }
  return nullptr;
}

// A page table never shows more than the reference permits, and only what it has.
const char* HostMachine::InspectPage(int space, uint64_t page, const Page& expected) {
  const auto found = gk::fake_arch::Walk(spaces_[space]->page_table_root(), kArena + page * kPageSize);
  if (!found.has_value()) {
    return nullptr;
  }
  if (expected.vmo == nullptr || expected.page * kPageSize >= expected.vmo->size()) {
    return "a page-table entry where nothing is mapped";
  }
  if (!gk::IsSubset(found->attributes.access, AccessOf(expected.access))) {
    return "a page-table entry that permits more than its mapping";
  }
  if (found->attributes.access.write && found->address == gk::SharedZeroPage()->physical_address()) {
    return "the zero page can be written";
  }
  const auto* bytes = gk::arch::PhysicalToVirtual<uint8_t>(found->address);
  return std::equal(bytes, bytes + kPageSize, expected.vmo->at(expected.page * kPageSize))
             ? nullptr
             : "a page-table entry that shows other bytes";
}

}  // namespace model
