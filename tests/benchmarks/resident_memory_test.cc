#include "tests/benchmarks/resident_memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace bench {
namespace {

constexpr uint64_t kKib = 1024;
constexpr uint64_t kGuestMemory = 4096 * kKib;

// As /proc/PID/smaps of a monitor with 4 MiB of guest RAM begins; lines that matter to nobody here are left out but for
// a few.
constexpr const char* kMonitor =
    "55a0c0000000-55a0c0100000 r-xp 00000000 fe:00 1234                       /usr/bin/pagoda\n"
    "Size:               1024 kB\nKernelPageSize:        4 kB\nRss:                 600 kB\nPss:                 300 "
    "kB\n"
    "Shared_Clean:        500 kB\nPrivate_Clean:       100 kB\nPrivate_Dirty:         0 kB\nVmFlags: rd ex mr mw me\n"
    "7f0000000000-7f0000400000 rw-p 00000000 00:00 0 \n"
    "Size:               4096 kB\nRss:                4096 kB\nPrivate_Clean:         0 kB\nPrivate_Dirty:      4096 "
    "kB\n"
    "THPeligible:           1\nVmFlags: rd wr mr mw me ac hg\n";
constexpr const char* kFileAsLargeAsTheRam =
    "7f1000000000-7f1000400000 r--s 00000000 fe:00 99                         /data\n"
    "Size:               4096 kB\nRss:                  50 kB\nPrivate_Clean:        50 kB\nPrivate_Dirty:         0 "
    "kB\n";
constexpr const char* kHeapAsLargeAsTheRam =
    "55a0d0000000-55a0d0400000 rw-p 00000000 00:00 0                          [heap]\n"
    "Size:               4096 kB\nRss:                   8 kB\nPrivate_Clean:         0 kB\nPrivate_Dirty:         8 "
    "kB\n";

TEST(ResidentMemory, LeavesOutTheMappingOfTheGuestsRam) {
  const auto memory = ResidentBesideGuestMemory(kMonitor, kGuestMemory);
  ASSERT_TRUE(memory.ok()) << memory.error().message();
  EXPECT_EQ(memory->total, 600 * kKib);
  EXPECT_EQ(memory->unshared, 100 * kKib);
}

TEST(ResidentMemory, CountsFilesAndHeapEvenWhenTheyAreAsLargeAsTheRam) {
  const auto memory =
      ResidentBesideGuestMemory(std::string(kMonitor) + kFileAsLargeAsTheRam + kHeapAsLargeAsTheRam, kGuestMemory);
  ASSERT_TRUE(memory.ok()) << memory.error().message();
  EXPECT_EQ(memory->total, 658 * kKib);
}

TEST(ResidentMemory, FailsWhereNoMappingIsTheRam) {
  EXPECT_FALSE(ResidentBesideGuestMemory(kMonitor, kGuestMemory * 2).ok());
  EXPECT_FALSE(ResidentBesideGuestMemory("", kGuestMemory).ok());
}

TEST(ResidentMemory, FailsWhereTwoMappingsCouldBeTheRam) {
  EXPECT_FALSE(ResidentBesideGuestMemory(std::string(kMonitor) + kMonitor, kGuestMemory).ok());
}

TEST(ResidentMemory, FailsForAProcessThatIsNotThere) { EXPECT_FALSE(ResidentBesideGuestMemory(pid_t{-1}, 4096).ok()); }

}  // namespace
}  // namespace bench
