#include "guest/kernel/program/load.h"

#include "guest/kernel/vm/vmo.h"
#include "shared/base/range.h"

namespace gk::program {
namespace {

using base::kPageSize;

// The top of a stack that every program uses at once: made present beforehand, because a fault costs far more.
constexpr uint64_t kStackPrepared = 4 * kPageSize;

constexpr char kStack[] = {'s', 't', 'a', 'c', 'k'};

zx_vm_option_t OptionsFor(Access access) {
  return ZX_VM_PERM_READ | (access.write ? ZX_VM_PERM_WRITE : 0) | (access.execute ? ZX_VM_PERM_EXECUTE : 0);
}

Result<> MapSegment(Vmar& root, const ElfSegment& segment, std::span<const uint8_t> file, const ObjectName& name) {
  PAGODA_TRY_ASSIGN(RefPtr<Vmo> vmo, Vmo::Create(segment.pages_size(), Resizability::kFixed));
  vmo->set_name(name);
  const std::span<const uint8_t> content = file.subspan(segment.file_offset, segment.file_size);
  PAGODA_TRY(vmo->Write(content.data(), segment.address - segment.first_page(), content.size()));
  MapRequest request{.vmo = std::move(vmo), .length = segment.pages_size()};
  request.vmar_offset = segment.first_page() - root.base();
  request.options = OptionsFor(segment.access) | ZX_VM_SPECIFIC | ZX_VM_MAP_RANGE;
  // What is not writable now never becomes so, and what is writable never executable.
  request.vmo_rights = segment.access;
  PAGODA_TRY(root.Map(request));
  return {};
}

}  // namespace

Result<> MapSegments(Vmar& root, const ElfImage& image, std::span<const uint8_t> file, const ObjectName& name) {
  for (const ElfSegment& segment : image.segments()) {
    PAGODA_TRY(MapSegment(root, segment, file, name));
  }
  return {};
}

Result<VirtualAddress> MapStack(Vmar& root) {
  constexpr uint64_t kSize = kPageSize + kStackSize;
  PAGODA_TRY_ASSIGN(RefPtr<Vmo> vmo, Vmo::Create(kSize, Resizability::kFixed));
  vmo->set_name(ObjectName(kStack));
  PAGODA_TRY(vmo->Commit(kSize - kStackPrepared, kStackPrepared));
  MapRequest request{.vmo = std::move(vmo), .length = kSize};
  request.options = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_MAP_RANGE;
  request.vmo_rights = {.read = true, .write = true, .execute = false};
  PAGODA_TRY_ASSIGN(const VirtualAddress base, root.Map(request));
  // Still mapped, so that nothing else can come to lie there.
  PAGODA_TRY(root.Protect(base, kPageSize, 0));
  return base + kSize;
}

}  // namespace gk::program
