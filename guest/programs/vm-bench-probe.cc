// Measures, in TSC cycles, what the memory calls cost. One `name value` line each, for programs and people; names do
// not change. `vm-bench-probe`; tests/benchmarks has the same on the host.
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <stdio.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <vector>

namespace {

constexpr size_t kPageSize = 4096;
constexpr size_t kMiB = size_t{1} << 20;
constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
constexpr int kRuns = 101;
constexpr int kFewRuns = 7;  // of what takes milliseconds

bool failed = false;

void Expect(zx_status_t status) { failed |= status != ZX_OK; }

uint64_t ReadTsc() {
  __builtin_ia32_lfence();
  return __builtin_ia32_rdtsc();
}

// The median of the cycles that `action` takes; `prepare` and `undo` are not counted.
template <typename Prepare, typename Action, typename Undo>
void Measure(const char* name, int runs, Prepare prepare, Action action, Undo undo) {
  std::vector<uint64_t> samples(static_cast<size_t>(runs));
  for (uint64_t& sample : samples) {
    prepare();
    const uint64_t start = ReadTsc();
    action();
    sample = ReadTsc() - start;
    undo();
  }
  std::sort(samples.begin(), samples.end());
  printf("%s %lu\n", name, samples[samples.size() / 2]);
}
constexpr auto kNothing = [] {};

zx::vmo MakeVmo(size_t size) {
  zx::vmo vmo;
  Expect(zx::vmo::create(size, 0, &vmo));
  return vmo;
}
zx_vaddr_t Map(const zx::vmo& vmo, size_t size) {
  zx_vaddr_t address = 0;
  Expect(zx::vmar::root_self()->map(kReadWrite, 0, vmo, 0, size, &address));
  return address;
}
void Unmap(zx_vaddr_t address, size_t size) { Expect(zx::vmar::root_self()->unmap(address, size)); }
void Commit(const zx::vmo& vmo, size_t size) {
  Expect(zx_vmo_op_range(vmo.get(), ZX_VMO_OP_COMMIT, 0, size, nullptr, 0));
}
zx::vmo Snapshot(const zx::vmo& vmo, size_t size) {
  zx::vmo child;
  Expect(zx_vmo_create_child(vmo.get(), ZX_VMO_CHILD_SNAPSHOT, 0, size, child.reset_and_get_address()));
  return child;
}

void MeasureMappings() {
  const zx::vmo vmo = MakeVmo(kPageSize);
  Commit(vmo, kPageSize);
  Measure(
      "map_unmap_page_cycles", kRuns, kNothing, [&] { Unmap(Map(vmo, kPageSize), kPageSize); }, kNothing);
  const zx_vaddr_t address = Map(vmo, kPageSize);
  auto* byte = reinterpret_cast<volatile char*>(address);
  Measure(
      "protect_page_cycles", kRuns, [&] { *byte = 1; },
      [&] { Expect(zx::vmar::root_self()->protect(ZX_VM_PERM_READ, address, kPageSize)); },
      [&] { Expect(zx::vmar::root_self()->protect(kReadWrite, address, kPageSize)); });
  Unmap(address, kPageSize);
}

void MeasureSnapshot(const char* name, size_t size) {
  const zx::vmo vmo = MakeVmo(size);
  // Every 16th page: enough for a tree of full width and height, in a guest with less memory than that.
  for (size_t offset = 0; offset < size; offset += 16 * kPageSize) {
    Expect(vmo.write("x", offset, 1));
  }
  zx::vmo child;
  Measure(
      name, kRuns, kNothing, [&] { child = Snapshot(vmo, size); }, [&] { child.reset(); });
}

void MeasureSnapshotFault() {
  const zx::vmo vmo = MakeVmo(kMiB);
  Commit(vmo, kMiB);
  zx::vmo child;
  zx_vaddr_t address = 0;
  Measure(
      "snapshot_write_fault_cycles", kRuns,
      [&] {
        child = Snapshot(vmo, kMiB);
        address = Map(child, kMiB);
      },
      [&] { *reinterpret_cast<volatile char*>(address + 77 * kPageSize) = 1; },
      [&] {
        Unmap(address, kMiB);
        child.reset();
      });
}

void MeasureCommit() {
  zx::vmo vmo;
  Measure(
      "commit_64_mib_cycles", kFewRuns, [&] { vmo = MakeVmo(64 * kMiB); }, [&] { Commit(vmo, 64 * kMiB); },
      [&] { vmo.reset(); });
}

void MeasureTransfers() {
  const zx::vmo vmo = MakeVmo(kMiB);
  Commit(vmo, kMiB);
  std::vector<char> buffer(kMiB, 'x');
  Measure(
      "vmo_read_1_mib_cycles", kRuns, kNothing, [&] { Expect(vmo.read(buffer.data(), 0, kMiB)); }, kNothing);
  Measure(
      "vmo_write_1_mib_cycles", kRuns, kNothing, [&] { Expect(vmo.write(buffer.data(), 0, kMiB)); }, kNothing);
}

}  // namespace

int main() {
  MeasureMappings();
  MeasureSnapshot("snapshot_1_mib_cycles", kMiB);
  MeasureSnapshot("snapshot_1_gib_cycles", 1024 * kMiB);
  MeasureSnapshotFault();
  MeasureCommit();
  MeasureTransfers();
  printf("ticks_per_second %lu\n", zx_ticks_per_second());
  if (failed) {
    fprintf(stderr, "vm-bench-probe: a call failed\n");
    return 1;
  }
  return 0;
}
