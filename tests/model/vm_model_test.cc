// Random operations on the VM core, each compared with the reference.
//
// PAGODA_MODEL_OPERATIONS sets how many, PAGODA_MODEL_SEED the seed; every run and every failure names both.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "tests/model/host_machine.h"

namespace model {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kOperations = 200'000;
#else
constexpr uint64_t kOperations = 1'000'000;
#endif

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::strtoull(value, nullptr, 0) : otherwise;
}

TEST(VmModel, AgreesWithTheReferenceUnderRandomOperations) {
  const uint64_t operations = FromEnvironment("PAGODA_MODEL_OPERATIONS", kOperations);
  const uint64_t seed = FromEnvironment("PAGODA_MODEL_SEED", 20261120);
  std::printf("PAGODA_MODEL_SEED=%llu PAGODA_MODEL_OPERATIONS=%llu\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(operations));
  const gk::fake_arch::FakeRam ram;
  ASSERT_NE(gk::SharedZeroPage(), nullptr);
  RandomChoices choices(seed);
  HostMachine machine(choices);
  Driver driver(machine, choices);
  const uint64_t pages_at_start = ram.pages_in_use();
  for (uint64_t i = 0; i < operations; ++i) {
    ASSERT_TRUE(driver.Step()) << driver.difference() << "; PAGODA_MODEL_SEED=" << seed << ", operation " << i;
  }
  EXPECT_GT(driver.successes(), operations / 5);
  driver.Finish();
  // All memory came back. The kernel's heap may keep some empty pages.
  EXPECT_LE(ram.pages_in_use(), pages_at_start + 16);
  EXPECT_EQ(gk::GetPmmStatistics().object_pages, 0U);
}

}  // namespace
}  // namespace model
