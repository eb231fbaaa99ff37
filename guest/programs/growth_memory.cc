// How the memory calls grow: with the size of a VMO, with the number of VMOs, snapshots and mappings.
#include <lib/zx/vmar.h>

#include "guest/programs/growth.h"

namespace growth {
namespace {

constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;

}  // namespace

void VmoSize() {
  Curve curve;
  for (uint64_t pages = 1; pages <= Most(uint64_t{1} << 28); pages *= 4) {  // up to 1 TiB
    const zx::vmo vmo = MakeVmo(pages * kPageSize);
    // Pages far apart, so that the tree has its full height.
    for (uint64_t page = pages; page > 0; page /= 4) {
      Expect(vmo.write("x", (page - 1) * kPageSize, 1));
    }
    const uint64_t offset = pages * 5 / 8 * kPageSize;
    const bool more = curve.Add(pages, [&] {
      Expect(vmo.op_range(ZX_VMO_OP_DECOMMIT, offset, kPageSize, nullptr, 0));
      return CyclesOf([&] { Expect(vmo.op_range(ZX_VMO_OP_COMMIT, offset, kPageSize, nullptr, 0)); });
    });
    if (!more) {
      return;
    }
  }
}

void Vmos() {
  Curve curve;
  auto& vmos = *new std::vector<zx::vmo>;
  for (const uint32_t count : {1u, 10u, 100u, 1000u, 10'000u, 100'000u}) {
    if (count > largest) {
      return;
    }
    while (vmos.size() < count && !failed && !curve.out_of_time()) {
      vmos.push_back(MakeVmo(kPageSize));
    }
    const size_t reached = vmos.size();
    if (failed || !curve.Add(reached, [] { return CyclesOf([] { MakeVmo(kPageSize); }); }) || reached < count) {
      return;
    }
  }
}

namespace {

zx::vmo Snapshot(const zx::vmo& vmo) {
  zx::vmo child;
  Expect(vmo.create_child(ZX_VMO_CHILD_SNAPSHOT, 0, kPageSize, &child));
  return child;
}

// A snapshot of a snapshot of ... of `root`, `depth` of them, all kept.
std::vector<zx::vmo> Descendants(const zx::vmo& root, size_t depth) {
  std::vector<zx::vmo> line;
  for (size_t i = 0; i < depth && !failed; ++i) {
    line.push_back(Snapshot(line.empty() ? root : line.back()));
  }
  return line;
}

template <typename Operation>
void OverDepths(Operation operation) {
  Curve curve;
  const zx::vmo root = MakeVmo(kPageSize);
  Expect(root.write("x", 0, 1));
  for (size_t depth = 1; depth <= Most(1000); depth *= 10) {
    const std::vector<zx::vmo> line = Descendants(root, depth);
    if (failed || !curve.Add(depth, [&] { return operation(line.back()); })) {
      return;
    }
  }
}

}  // namespace

void Clones() {
  OverDepths([](const zx::vmo& bottom) {
    return CyclesOf([&] {
      char byte = 0;
      Expect(bottom.read(&byte, 0, 1));
    });
  });
}

void CloneWrites() {
  OverDepths([](const zx::vmo& bottom) {
    const zx::vmo fresh = Snapshot(bottom);
    return CyclesOf([&] { Expect(fresh.write("y", 0, 1)); });
  });
}

namespace {

// Mappings of single pages, each with one left free behind it so that they stay apart.
template <typename Operation>
void OverMappings(Operation operation) {
  Curve curve;
  zx::vmar region;
  zx_vaddr_t base = 0;
  Expect(zx::vmar::root_self()->allocate(ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC, 0,
                                         uint64_t{1} << 30, &region, &base));
  const zx::vmo vmo = MakeVmo(kPageSize);
  Expect(vmo.write("x", 0, 1));
  size_t mapped = 0;
  for (size_t count = 1; count <= Most(100'000); count *= 10) {
    for (; mapped < count && !failed && !curve.out_of_time(); ++mapped) {
      zx_vaddr_t address = 0;
      Expect(region.map(kReadWrite | ZX_VM_SPECIFIC, mapped * 2 * kPageSize, vmo, 0, kPageSize, &address));
    }
    if (failed || !curve.Add(mapped, [&] { return operation(region, vmo, base, mapped); }) || mapped < count) {
      return;
    }
  }
}

}  // namespace

void Mappings() {
  OverMappings([](const zx::vmar& region, const zx::vmo& vmo, zx_vaddr_t /*base*/, size_t /*count*/) {
    return CyclesOf([&] {
      zx_vaddr_t address = 0;
      Expect(region.map(kReadWrite, 0, vmo, 0, kPageSize, &address));
      Expect(region.unmap(address, kPageSize));
    });
  });
}

void MappingFaults() {
  OverMappings([](const zx::vmar& region, const zx::vmo& vmo, zx_vaddr_t base, size_t count) {
    const uint64_t offset = count / 2 * 2 * kPageSize;
    zx_vaddr_t address = 0;
    Expect(region.map(kReadWrite | ZX_VM_SPECIFIC_OVERWRITE, offset, vmo, 0, kPageSize, &address));
    return CyclesOf([&] { static_cast<void>(*reinterpret_cast<volatile char*>(base + offset)); });
  });
}

}  // namespace growth
