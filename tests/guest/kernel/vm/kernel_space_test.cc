#include "guest/kernel/vm/kernel_space.h"

#include <gtest/gtest.h>

#include <vector>

#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/vm/vm_fixture.h"

namespace gk {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr VirtualAddress kImage = 0xffff'ffff'8000'0000;
constexpr PhysicalAddress kImagePhysical = 0x10000;

// Text, read-only data, data: three segments one after the other, below the free memory.
const std::vector<kernel_space::Segment> kSegments = {
    {kImage, kImagePhysical, 0x20000, {.read = true, .execute = true}},
    {kImage + 0x20000, kImagePhysical + 0x20000, 0x8000, kRead},
    {kImage + 0x28000, kImagePhysical + 0x28000, 0x10000, kReadWrite},
};

class KernelSpaceTest : public VmTest {
 protected:
  KernelSpaceTest() { EXPECT_TRUE(kernel_space::Create(kSegments, ram_.ranges()).ok()); }
  ~KernelSpaceTest() override { kernel_space::Destroy(); }

  static std::optional<arch::Translation> Look(VirtualAddress address) {
    return fake_arch::Walk(kernel_space::page_table().root(), address);
  }
};

TEST_F(KernelSpaceTest, ImageHasThePermissionsOfItsSegments) {
  EXPECT_TRUE(IsSame(Look(kImage)->attributes.access, kSegments[0].access));
  EXPECT_TRUE(IsSame(Look(kImage + 0x20000)->attributes.access, kRead));
  EXPECT_TRUE(IsSame(Look(kImage + 0x37fff)->attributes.access, kReadWrite));
  EXPECT_EQ(Look(kImage + 0x28000)->address, kImagePhysical + 0x28000);
  EXPECT_FALSE(Look(kImage + 0x38000).has_value());
  EXPECT_TRUE(Look(kImage)->attributes.user);
}

TEST_F(KernelSpaceTest, AllRamIsThereWithoutExecutePermission) {
  for (PhysicalAddress address = 0; address < fake_arch::FakeRam::kDefaultSize; address += kPageSize) {
    const auto found = Look(abi::kPhysmapBase + address);
    ASSERT_TRUE(found.has_value());
    ASSERT_EQ(found->address, address);
    ASSERT_FALSE(found->attributes.access.execute);
    const bool in_protected = address >= kImagePhysical && address < kImagePhysical + 0x28000;
    ASSERT_EQ(found->attributes.access.write, !in_protected) << std::hex << address;
  }
  EXPECT_FALSE(Look(abi::kPhysmapBase + fake_arch::FakeRam::kDefaultSize).has_value());
}

TEST_F(KernelSpaceTest, MostRamIsInLargeLeaves) {
  EXPECT_EQ(Look(abi::kPhysmapBase + 2 * kMiB)->leaf_size, base::kLargePageSize);
  EXPECT_LT(kernel_space::page_table().table_pages(), 12u);
}

TEST_F(KernelSpaceTest, DeviceRegistersAreUncachedAndKeepTheirOffset) {
  const Result<VirtualAddress> first = kernel_space::MapDeviceRegisters(0xd0000000, kPageSize);
  const Result<VirtualAddress> second = kernel_space::MapDeviceRegisters(0xd0001010, 8);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(Look(first.value())->attributes.caching, arch::Caching::kUncached);
  EXPECT_EQ(Look(second.value())->address, 0xd0001010u);
  EXPECT_TRUE(Look(second.value())->attributes.access.write);
}

TEST_F(KernelSpaceTest, StackIsAlignedAndGuarded) {
  const kernel_space::StackMemory stack = kernel_space::AllocateStack().value();
  EXPECT_TRUE(base::IsAligned(stack.base, kernel_space::kStackSize));
  for (VirtualAddress page = stack.base; page < stack.top(); page += kPageSize) {
    EXPECT_TRUE(IsSame(Look(page)->attributes.access, kReadWrite));
    EXPECT_FALSE(kernel_space::IsStackGuard(page));
  }
  EXPECT_FALSE(Look(stack.base - 1).has_value());
  EXPECT_FALSE(Look(stack.top()).has_value());
  EXPECT_TRUE(kernel_space::IsStackGuard(stack.base - 1));
  EXPECT_FALSE(kernel_space::IsStackGuard(kImage));
  kernel_space::FreeStack(stack);
}

TEST_F(KernelSpaceTest, ReturnedStackIsGivenOutAgain) {
  const kernel_space::StackMemory a = kernel_space::AllocateStack().value();
  const kernel_space::StackMemory b = kernel_space::AllocateStack().value();
  kernel_space::FreeStack(a);
  kernel_space::FreeStack(b);
  const uint64_t in_use = ram_.pages_in_use();
  EXPECT_EQ(kernel_space::AllocateStack().value().base, b.base);
  EXPECT_EQ(kernel_space::AllocateStack().value().base, a.base);
  EXPECT_EQ(ram_.pages_in_use(), in_use);
  EXPECT_NE(kernel_space::AllocateStack().value().base, a.base);
}

TEST_F(KernelSpaceTest, StackThatFindsNoMemoryLeavesNoTrace) {
  const uint64_t in_use = ram_.pages_in_use();
  for (uint64_t n = 1;; ++n) {
    torture::FailAllocation(n);
    const Result<kernel_space::StackMemory> stack = kernel_space::AllocateStack();
    torture::FailAllocation(0);
    if (stack.ok()) {
      EXPECT_GE(n, 5u);
      break;
    }
    EXPECT_EQ(stack.error().value(), ZX_ERR_NO_MEMORY);
    EXPECT_EQ(ram_.pages_in_use(), in_use);
  }
}

using KernelSpaceCreate = VmTest;

TEST_F(KernelSpaceCreate, WritableAndExecutableSegmentIsRefused) {
  const std::vector<kernel_space::Segment> bad = {
      {kImage, kImagePhysical, kPageSize, {.read = true, .write = true, .execute = true}}};
  EXPECT_EQ(ValueOf(kernel_space::Create(bad, ram_.ranges())), ZX_ERR_ACCESS_DENIED);
}

TEST_F(KernelSpaceCreate, OutOfMemoryLeavesNoTrace) {
  for (uint64_t n = 1;; ++n) {
    torture::FailAllocation(n);
    const Result<> created = kernel_space::Create(kSegments, ram_.ranges());
    torture::FailAllocation(0);
    if (created.ok()) {
      break;
    }
    EXPECT_EQ(created.error().value(), ZX_ERR_NO_MEMORY);
    EXPECT_EQ(ram_.pages_in_use(), 0u);
  }
  kernel_space::Destroy();
}

}  // namespace
}  // namespace gk
