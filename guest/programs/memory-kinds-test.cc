// Memory that is more than zeroes on demand, as a program meets it: physical, contiguous and pinned, uncached,
// discardable under pressure.
#include <lib/zx/bti.h>
#include <lib/zx/iommu.h>
#include <lib/zx/resource.h>
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/iommu.h>
#include <zircon/syscalls/object.h>
#include <zxtest/zxtest.h>

#include <vector>

namespace {

constexpr size_t kPage = 4096;
constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_ALLOW_FAULTS;

volatile uint8_t* Map(const zx::vmo& vmo, size_t size, zx_vm_option_t options = kReadWrite) {
  zx_vaddr_t address = 0;
  EXPECT_OK(zx_vmar_map(zx_vmar_root_self(), options, 0, vmo.get(), 0, size, &address));
  return reinterpret_cast<volatile uint8_t*>(address);
}
void Unmap(volatile uint8_t* address, size_t size) {
  EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), reinterpret_cast<zx_vaddr_t>(address), size));
}

zx_info_resource_t MemorySetAside() {
  zx_info_resource_t info{};
  EXPECT_OK(zx_object_get_info(pagoda_mmio_resource(), ZX_INFO_RESOURCE, &info, sizeof(info), nullptr, nullptr));
  return info;
}

zx::bti MakeBti() {
  const zx::unowned_resource machine(pagoda_root_resource());
  const zx_iommu_desc_dummy_t description{};
  zx::iommu iommu;
  zx::bti bti;
  EXPECT_OK(zx::iommu::create(*machine, ZX_IOMMU_TYPE_DUMMY, &description, sizeof(description), &iommu));
  EXPECT_OK(zx::bti::create(iommu, 0, 0, &bti));
  return bti;
}

uint64_t FreeBytes() {
  zx_info_kmem_stats_t info{};
  EXPECT_OK(zx_object_get_info(pagoda_root_resource(), ZX_INFO_KMEM_STATS, &info, sizeof(info), nullptr, nullptr));
  return info.free_bytes;
}

TEST(MemoryKinds, TwoPhysicalObjectsShowTheSameMemoryAndTheKernelsIsRefused) {
  const zx_info_resource_t memory = MemorySetAside();
  const zx::unowned_resource resource(pagoda_mmio_resource());
  const zx::unowned_resource machine(pagoda_root_resource());
  zx::vmo uncached;
  zx::vmo cached;
  ASSERT_OK(zx::vmo::create_physical(*resource, memory.base, memory.size, &uncached));
  ASSERT_OK(zx::vmo::create_physical(*resource, memory.base, memory.size, &cached));
  ASSERT_OK(cached.set_cache_policy(ZX_CACHE_POLICY_CACHED));
  volatile uint8_t* a = Map(uncached, memory.size);
  volatile uint8_t* b = Map(cached, memory.size);
  a[kPage + 5] = 77;
  EXPECT_EQ(b[kPage + 5], 77);
  Unmap(a, memory.size);
  Unmap(b, memory.size);
  zx::vmo refused;
  EXPECT_STATUS(zx::vmo::create_physical(*machine, 0, kPage, &refused), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(zx::vmo::create_physical(*machine, memory.base + memory.size, kPage, &refused), ZX_ERR_ACCESS_DENIED);
}

TEST(MemoryKinds, AContiguousObjectIsPinnedWithOneAddressAndFreedAsAWhole) {
  const uint64_t before = FreeBytes();
  {
    const zx::bti bti = MakeBti();
    zx::vmo vmo;
    ASSERT_OK(zx::vmo::create_contiguous(bti, size_t{4} << 20, 21, &vmo));
    volatile uint8_t* bytes = Map(vmo, size_t{4} << 20);
    bytes[(4 << 20) - 1] = 1;
    zx_paddr_t address = 0;
    zx::pmt pmt;
    ASSERT_OK(bti.pin(ZX_BTI_PERM_READ | ZX_BTI_CONTIGUOUS, vmo, 0, size_t{4} << 20, &address, 1, &pmt));
    EXPECT_EQ(address % (2 << 20), 0U);
    EXPECT_OK(pmt.unpin());
    Unmap(bytes, size_t{4} << 20);
  }
  EXPECT_LE(before - FreeBytes(), 64 * kPage);
}

TEST(MemoryKinds, UncachedMemoryIsMappedButNotCopied) {
  zx::vmo vmo;
  ASSERT_OK(zx::vmo::create(kPage, 0, &vmo));
  ASSERT_OK(vmo.set_cache_policy(ZX_CACHE_POLICY_UNCACHED));
  volatile uint8_t* bytes = Map(vmo, kPage);
  bytes[0] = 3;
  EXPECT_EQ(bytes[0], 3);
  uint8_t byte = 0;
  EXPECT_STATUS(vmo.read(&byte, 0, 1), ZX_ERR_BAD_STATE);
  Unmap(bytes, kPage);
  EXPECT_STATUS(vmo.set_cache_policy(ZX_CACHE_POLICY_CACHED), ZX_ERR_BAD_STATE);
}

TEST(MemoryKinds, CachesAreFlushedForEverySensibleCombination) {
  std::vector<char> bytes(3 * kPage);
  for (const uint32_t good : {1U, 2U, 3U, 6U, 7U}) {
    EXPECT_OK(zx_cache_flush(bytes.data(), bytes.size(), good));
  }
  for (const uint32_t bad : {0U, 4U, 5U, 8U, ~0U}) {
    EXPECT_STATUS(zx_cache_flush(bytes.data(), bytes.size(), bad), ZX_ERR_INVALID_ARGS);
  }
}

TEST(MemoryKinds, UnlockedMemoryMakesWayBeforeAProgramRunsOutOfIt) {
  constexpr size_t kSize = size_t{8} << 20;
  std::vector<zx::vmo> caches;
  while (FreeBytes() > 2 * kSize) {
    zx::vmo vmo;
    zx_vmo_lock_state_t state{};
    ASSERT_OK(zx::vmo::create(kSize, ZX_VMO_DISCARDABLE, &vmo));
    ASSERT_OK(vmo.op_range(ZX_VMO_OP_LOCK, 0, kSize, &state, sizeof(state)));
    ASSERT_OK(vmo.op_range(ZX_VMO_OP_COMMIT, 0, kSize, nullptr, 0));
    ASSERT_OK(vmo.op_range(ZX_VMO_OP_UNLOCK, 0, kSize, nullptr, 0));
    caches.push_back(std::move(vmo));
  }
  ASSERT_GE(caches.size(), 2U);
  zx::vmo hungry;
  ASSERT_OK(zx::vmo::create(3 * kSize, 0, &hungry));
  EXPECT_OK(hungry.op_range(ZX_VMO_OP_COMMIT, 0, 3 * kSize, nullptr, 0));
  EXPECT_STATUS(caches.front().op_range(ZX_VMO_OP_TRY_LOCK, 0, kSize, nullptr, 0), ZX_ERR_UNAVAILABLE);
  EXPECT_OK(caches.back().op_range(ZX_VMO_OP_TRY_LOCK, 0, kSize, nullptr, 0));
  zx::vmo impossible;
  ASSERT_OK(zx::vmo::create(uint64_t{1} << 40, 0, &impossible));
  EXPECT_STATUS(impossible.op_range(ZX_VMO_OP_COMMIT, 0, uint64_t{1} << 40, nullptr, 0), ZX_ERR_NO_MEMORY);
}

}  // namespace
