#include "vmm/machine/guest_ram.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "vmm/loader/memory_layout.h"

namespace vmm {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kGiB = uint64_t{1} << 30;

TEST(HostMemory, AnonymousMemoryIsAlignedToHugePages) {
  const auto memory = HostMemory::CreateAnonymous(4 * kMiB);

  ASSERT_TRUE(memory.ok());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.value().bytes().data()) % (2 * kMiB), 0u);
  EXPECT_EQ(memory.value().bytes().size(), 4 * kMiB);
  EXPECT_EQ(memory.value().shared_fd(), -1);
}

TEST(HostMemory, SharedMemoryShowsTheSameBytesToWhoMapsItsDescriptor) {
  const auto memory = HostMemory::CreateShared("pagoda-test", kMiB);
  ASSERT_TRUE(memory.ok());

  void* other = mmap(nullptr, kMiB, PROT_READ, MAP_SHARED, memory.value().shared_fd(), 0);
  ASSERT_NE(other, MAP_FAILED);
  memory.value().bytes()[kMiB - 1] = std::byte{42};

  EXPECT_EQ(static_cast<const std::byte*>(other)[kMiB - 1], std::byte{42});
  munmap(other, kMiB);
}

TEST(HostMemory, SharedMemoryCannotBeShrunkUnderUs) {
  const auto memory = HostMemory::CreateShared("pagoda-test", kMiB);
  ASSERT_TRUE(memory.ok());

  EXPECT_NE(ftruncate(memory.value().shared_fd(), 0), 0);
}

TEST(HostMemory, SharedMemoryIsAlignedToHugePages) {
  const auto memory = HostMemory::CreateShared("pagoda-test", 3 * kMiB);
  ASSERT_TRUE(memory.ok());

  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.value().bytes().data()) % (2 * kMiB), 0u);
  EXPECT_EQ(memory.value().bytes().size(), 3 * kMiB);
}

TEST(GuestRam, SharedRamLiesInItsFileInTheOrderOfTheRegions) {
  const auto ram = GuestRam::Create(4 * kMiB, GuestRam::Sharing::kShared);
  ASSERT_TRUE(ram.ok());

  ram.value().regions()[0].host[3 * kMiB] = std::byte{7};

  std::byte byte{};
  EXPECT_EQ(pread(ram.value().shared_fd(), &byte, 1, 3 * kMiB), 1);
  EXPECT_EQ(byte, std::byte{7});
  EXPECT_EQ(GuestRam::Create(4 * kMiB).value().shared_fd(), -1);
}

TEST(HostMemory, ImpossibleSizesAreHostFailures) {
  const auto memory = HostMemory::CreateAnonymous(uint64_t{1} << 62);

  ASSERT_FALSE(memory.ok());
  EXPECT_EQ(memory.error().exit_code(), kExitHostFailure);
}

TEST(GuestRam, TheGuestGetsWholeLargePagesAndNeverMoreThanAskedFor) {
  const auto ram = GuestRam::Create(6 * kMiB - 4096);

  ASSERT_TRUE(ram.ok());
  ASSERT_EQ(ram.value().ranges().size(), 1u);
  EXPECT_EQ(ram.value().ranges()[0].size, 4 * kMiB);
  EXPECT_EQ(ram.value().low_memory().size(), 4 * kMiB);
}

TEST(GuestRam, RegionsShowTheRangesOnBothSidesOfTheDeviceHole) {
  const auto ram = GuestRam::Create(4 * kGiB);

  ASSERT_TRUE(ram.ok());
  const auto regions = ram.value().regions();
  ASSERT_EQ(regions.size(), 2u);
  EXPECT_EQ(regions[0].host.size(), 3 * kGiB);
  EXPECT_EQ(regions[1].base, abi::kDeviceHoleEnd);
  EXPECT_EQ(regions[1].host.data(), regions[0].host.data() + 3 * kGiB);
  EXPECT_EQ(regions[1].host.size(), kGiB);
}

TEST(GuestRam, SizesThatCannotBeAreBadInput) {
  for (const uint64_t size : {uint64_t{0}, kMiB, 2 * kMiB - 4096, 64 * kMiB + 1, 64 * kMiB - 2048, 257 * kGiB}) {
    const auto ram = GuestRam::Create(size);
    ASSERT_FALSE(ram.ok()) << size;
    EXPECT_EQ(ram.error().exit_code(), kExitBadInput);
  }
}

}  // namespace
}  // namespace vmm
