#include "tests/guest/sdk/host_objects.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "shared/base/range.h"

namespace sdk_test {
namespace {

using base::kPageSize;

// Three neighbouring pages of this process, of which the program has the first and the second.
class ProgramMappingsTest : public testing::Test {
 protected:
  ProgramMappingsTest()
      : first_(reinterpret_cast<uint64_t>(
            mmap(nullptr, 3 * kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    mappings_.Add(first_, 2 * kPageSize);
  }
  ~ProgramMappingsTest() override { munmap(reinterpret_cast<void*>(first_), 3 * kPageSize); }

  [[nodiscard]] bool IsMapped(uint64_t page) const {
    unsigned char resident = 0;
    return mincore(reinterpret_cast<void*>(first_ + page * kPageSize), kPageSize, &resident) == 0;
  }

  const uint64_t first_;
  ProgramMappings mappings_;
};

TEST_F(ProgramMappingsTest, UnmappingTooMuchLeavesWhatIsTheHosts) {
  mappings_.Unmap(first_, 8 * kPageSize);
  EXPECT_FALSE(IsMapped(0));
  EXPECT_FALSE(IsMapped(1));
  EXPECT_TRUE(IsMapped(2));
}

TEST_F(ProgramMappingsTest, UnmappingAPartLeavesTheRest) {
  mappings_.Unmap(first_ + kPageSize, kPageSize);
  EXPECT_TRUE(IsMapped(0));
  EXPECT_FALSE(IsMapped(1));
  EXPECT_TRUE(mappings_.Cover(first_, kPageSize));
  EXPECT_FALSE(mappings_.Cover(first_, 2 * kPageSize));
}

TEST_F(ProgramMappingsTest, WhatIsTheHostsIsNotCovered) {
  EXPECT_TRUE(mappings_.Cover(first_, 2 * kPageSize));
  EXPECT_TRUE(mappings_.Cover(first_ + kPageSize, kPageSize));
  EXPECT_FALSE(mappings_.Cover(first_, 3 * kPageSize));
  EXPECT_FALSE(mappings_.Cover(first_ + 2 * kPageSize, kPageSize));
}

}  // namespace
}  // namespace sdk_test
