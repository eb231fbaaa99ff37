// The VM core under operations that the input chooses, each compared with the reference of tests/model; the input also
// says which allocations fail. At the end everything is closed and every page must be back.
#include <cstdio>

#include "tests/fuzz/fuzz_input.h"
#include "tests/model/host_machine.h"

namespace {

class FuzzChoices final : public model::Choices {
 public:
  explicit FuzzChoices(test::FuzzInput input) : input_(input) {}
  uint64_t Next() override { return input_.Take<uint16_t>() * uint64_t{0x9e37'79b9'7f4a'7c15} >> 40; }
  [[nodiscard]] bool empty() const { return input_.empty(); }

 private:
  test::FuzzInput input_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const gk::fake_arch::FakeRam ram({{0, uint64_t{8} << 20}});
  test::Require(gk::SharedZeroPage() != nullptr);
  FuzzChoices choices{test::FuzzInput(data, size)};
  model::HostMachine machine(choices);
  model::Driver driver(machine, choices);
  while (!choices.empty()) {
    if (!driver.Step()) {
      std::fprintf(stderr, "%s\n", driver.difference().c_str());
      __builtin_trap();
    }
  }
  driver.Finish();
  test::Require(gk::GetPmmStatistics().object_pages == 0);
  return 0;
}
