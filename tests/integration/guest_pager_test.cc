// A program that supplies the pages of its own VMO: the sample `pagerd`, with nothing on the host behind it.
#include "tests/integration/fixture.h"

namespace integration {
namespace {

class GuestPager : public GuestTest, public testing::WithParamInterface<const char*> {};

TEST_P(GuestPager, SuppliesWhatIsReadAndGetsBackWhatWasChanged) {
  const Ending ending = Execute(RunCommand({"--cpus", GetParam()}, {"pagerd", "64"}));
  EXPECT_EQ(ending.code, 0) << ending.out << ending.err;
  EXPECT_EQ(ending.out,
            "pagerd: 64 reads, 16 dirty requests, 16 pages written back\n"
            "pagerd: sum 536854528, last changed word 61440\n");
}

INSTANTIATE_TEST_SUITE_P(OnCpus, GuestPager, testing::Values("1", "2"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace integration
