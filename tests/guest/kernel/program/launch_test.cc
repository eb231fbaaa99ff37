#include "guest/kernel/program/launch.h"

#include <gtest/gtest.h>

#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/object/user_code.h"
#include "tests/guest/kernel/program/elf_builder.h"
#include "tests/guest/kernel/syscall/fake_platform.h"
#include "tests/support/fake_arch/ram.h"

namespace gk::program {
namespace {

TEST(Launch, RunningOutOfMemoryAtAnyStepLeavesNothingBehind) {
  fake_arch::FakeRam ram;
  test::FakePlatform platform;
  test::UserCode user;
  const std::vector<uint8_t> file = test::ElfBuilder().Build();
  const base::Result<ElfImage, ElfDefect> image = ParseElf(file);
  ASSERT_TRUE(image.ok());
  user.AddAt(image->entry, [](UserRegisters&) {});
  const char arguments[] = {'p', '\0'};
  uint64_t step = 1;
  bool launched = false;
  for (; !launched; ++step) {
    ASSERT_LT(step, 500u);
    fake_arch::RunInThread([&] {
      torture::FailAllocation(step);
      const Result<RefPtr<ProcessDispatcher>> process = LaunchProgram({.name = std::span(arguments, 1),
                                                                       .file = file,
                                                                       .image = *image,
                                                                       .arguments = arguments,
                                                                       .argument_count = 1,
                                                                       .cpu_count = 1});
      // Where memory only makes things faster, doing without it is no failure.
      launched = process.ok() && !torture::HasFailed();
      torture::FailAllocation(0);
      EXPECT_TRUE(process.ok() || process.error().value() == ZX_ERR_NO_MEMORY) << step;
    });
    fake_arch::RunUntilIdle();
    EXPECT_EQ(ram.pages_in_use(), 0u) << step;
  }
  EXPECT_GT(step, 20u) << "there are many steps";
}

}  // namespace
}  // namespace gk::program
