#include "guest/kernel/object/clock_dispatcher.h"
#include "guest/kernel/sched/clock.h"
#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;
using fake_arch::AdvanceTime;

constexpr uint64_t kNull = 0;
constexpr uint64_t kV1 = ZX_CLOCK_ARGS_VERSION(1);
constexpr uint64_t kV2 = ZX_CLOCK_ARGS_VERSION(2);

class ClockCallsTest : public test::SyscallTest {
 protected:
  ClockCallsTest() : out_(Put(ZX_HANDLE_INVALID)), now_(Put(zx_time_t{0})) {}

  zx_handle_t Create(uint64_t options) {
    EXPECT_EQ(Call(Syscall::clock_create, options, kNull, out_), ZX_OK);
    return Get<zx_handle_t>(out_);
  }
  zx_time_t Read(zx_handle_t clock) {
    EXPECT_EQ(Call(Syscall::clock_read, clock, now_), ZX_OK);
    return Get<zx_time_t>(now_);
  }
  int64_t Update(zx_handle_t clock, uint64_t flags, int64_t value, int32_t rate = 0) {
    zx_clock_update_args_v2_t args{};
    args.synthetic_value = value;
    args.rate_adjust = rate;
    return Call(Syscall::clock_update, clock, flags | kV2, Put(args));
  }
  zx_signals_t SignalsOf(zx_handle_t handle) { return process_->handles().Find(handle)->object()->signals(); }

  VirtualAddress out_;
  VirtualAddress now_;
};

TEST_F(ClockCallsTest, AClockStandsAtItsBackstopUntilItIsStarted) {
  const VirtualAddress args = Put(zx_clock_create_args_v1_t{.backstop_time = 1234});
  EXPECT_EQ(Call(Syscall::clock_create, kV1, args, out_), ZX_OK);
  const zx_handle_t clock = Get<zx_handle_t>(out_);
  EXPECT_EQ(RightsOf(clock), 0xc00fu);
  AdvanceTime(100);
  EXPECT_EQ(Read(clock), 1234);
  EXPECT_EQ(SignalsOf(clock), ZX_SIGNAL_NONE);
  EXPECT_EQ(Update(clock, ZX_CLOCK_UPDATE_OPTION_RATE_ADJUST_VALID, 0, 5), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Update(clock, ZX_CLOCK_UPDATE_OPTION_SYNTHETIC_VALUE_VALID, 1233), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Update(clock, ZX_CLOCK_UPDATE_OPTION_SYNTHETIC_VALUE_VALID, 5000), ZX_OK);
  EXPECT_EQ(SignalsOf(clock), ZX_CLOCK_STARTED);
  AdvanceTime(100);
  EXPECT_EQ(Read(clock), 5100);
}

TEST_F(ClockCallsTest, AClockThatStartsByItselfShowsTheMonotonicTimeAndCanBeBent) {
  const zx_handle_t clock = Create(ZX_CLOCK_OPT_AUTO_START | ZX_CLOCK_OPT_MONOTONIC | ZX_CLOCK_OPT_CONTINUOUS);
  EXPECT_EQ(Read(clock), CurrentTime());
  const zx_time_t start = CurrentTime();
  EXPECT_EQ(Update(clock, ZX_CLOCK_UPDATE_OPTION_RATE_ADJUST_VALID, 0, 1000), ZX_OK);
  AdvanceTime(1'000'000);
  EXPECT_EQ(Read(clock), start + 1'001'000);
  EXPECT_EQ(Update(clock, ZX_CLOCK_UPDATE_OPTION_RATE_ADJUST_VALID, 0, 1001), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Update(clock, ZX_CLOCK_UPDATE_OPTION_SYNTHETIC_VALUE_VALID, INT64_MAX), ZX_ERR_INVALID_ARGS)
      << "it is continuous";
}

TEST_F(ClockCallsTest, AMonotonicClockIsOnlySetForward) {
  const zx_handle_t clock = Create(ZX_CLOCK_OPT_AUTO_START | ZX_CLOCK_OPT_MONOTONIC);
  EXPECT_EQ(Update(clock, ZX_CLOCK_UPDATE_OPTION_SYNTHETIC_VALUE_VALID, CurrentTime() + 10), ZX_OK);
  EXPECT_EQ(Update(clock, ZX_CLOCK_UPDATE_OPTION_SYNTHETIC_VALUE_VALID, CurrentTime() + 9), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Read(clock), CurrentTime() + 10);
}

TEST_F(ClockCallsTest, CreateRefusesWhatCannotBe) {
  EXPECT_EQ(Call(Syscall::clock_create, ZX_CLOCK_OPT_CONTINUOUS, kNull, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::clock_create, uint64_t{1} << 20, kNull, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::clock_create, kV2, now_, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::clock_create, uint64_t{0}, now_, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::clock_create, kV1, kBadAddress, out_), ZX_ERR_INVALID_ARGS);
  const VirtualAddress late = Put(zx_clock_create_args_v1_t{.backstop_time = CurrentTime() + 100});
  EXPECT_EQ(Call(Syscall::clock_create, kV1 | ZX_CLOCK_OPT_AUTO_START, late, out_), ZX_ERR_INVALID_ARGS);
}

TEST_F(ClockCallsTest, CallsCheckRightsAndDetailsTellTheLine) {
  const zx_handle_t clock = Create(ZX_CLOCK_OPT_AUTO_START);
  EXPECT_EQ(Call(Syscall::clock_read, Without(clock, ZX_RIGHT_READ), now_), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Update(Without(clock, ZX_RIGHT_WRITE), 1, 1), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::clock_read, root_, now_), ZX_ERR_WRONG_TYPE);
  const VirtualAddress details = Put(zx_clock_details_v1_t{});
  EXPECT_EQ(Call(Syscall::clock_get_details, clock, uint64_t{0}, details), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Update(clock, ZX_CLOCK_UPDATE_OPTION_SYNTHETIC_VALUE_VALID, 777), ZX_OK);
  EXPECT_EQ(Call(Syscall::clock_get_details, clock, kV1, details), ZX_OK);
  const auto told = Get<zx_clock_details_v1_t>(details);
  EXPECT_EQ(told.options, ZX_CLOCK_OPT_AUTO_START);
  EXPECT_EQ(told.reference_to_synthetic.synthetic_offset, 777);
  EXPECT_EQ(told.generation_counter, 1u);
}

}  // namespace
}  // namespace gk
