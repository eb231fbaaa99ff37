#include "vmm/machine/exit_dispatch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace vmm {
namespace {

constexpr uint64_t kBase = 0xd000'0000;

// Remembers what was written and reads as 0x5a.
class RecordingDevice final : public dev::MmioDevice {
 public:
  void ReadRegister(uint64_t, std::span<std::byte> data) override {
    std::fill(data.begin(), data.end(), std::byte{0x5a});
  }
  void WriteRegister(uint64_t offset, std::span<const std::byte> data) override {
    offset_ = offset;
    data_.assign(data.begin(), data.end());
  }
  uint64_t offset_ = 0;
  std::vector<std::byte> data_;
};

class ExitDispatch : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(bus_.Insert("device", kBase, 0x1000, device_).ok()); }

  std::optional<VcpuFailure> Access(uint64_t address, uint32_t length, bool is_write) {
    run_.exit_reason = KVM_EXIT_MMIO;
    run_.mmio.phys_addr = address;
    run_.mmio.len = length;
    run_.mmio.is_write = is_write ? 1 : 0;
    return dispatcher_.Dispatch(0, run_);
  }
  std::optional<VcpuFailure> Exit(uint32_t reason) {
    run_.exit_reason = reason;
    return dispatcher_.Dispatch(3, run_);
  }

  RecordingDevice device_;
  dev::MmioBus bus_;
  ExitDispatcher dispatcher_{bus_};
  kvm_run run_ = {};
};

TEST_F(ExitDispatch, WritesReachTheDevice) {
  run_.mmio.data[0] = 1;
  run_.mmio.data[3] = 4;

  EXPECT_FALSE(Access(kBase + 8, 4, true));

  EXPECT_EQ(device_.offset_, 8u);
  EXPECT_EQ(device_.data_, (std::vector{std::byte{1}, std::byte{0}, std::byte{0}, std::byte{4}}));
  EXPECT_EQ(dispatcher_.stray_accesses().writes, 0u);
}

TEST_F(ExitDispatch, ReadsGiveWhatTheDeviceSays) {
  EXPECT_FALSE(Access(kBase, 2, false));

  EXPECT_EQ(run_.mmio.data[0], 0x5a);
  EXPECT_EQ(run_.mmio.data[1], 0x5a);
  EXPECT_EQ(run_.mmio.data[2], 0);
}

TEST_F(ExitDispatch, ReadsOfNothingGiveOnesAndAreCounted) {
  EXPECT_FALSE(Access(kBase + 0x1000, 8, false));

  EXPECT_TRUE(std::all_of(std::begin(run_.mmio.data), std::end(run_.mmio.data), [](uint8_t b) { return b == 0xff; }));
  EXPECT_EQ(dispatcher_.stray_accesses().reads, 1u);
}

TEST_F(ExitDispatch, WritesToNothingVanishAndAreCounted) {
  EXPECT_FALSE(Access(kBase + 0xffe, 4, true));

  EXPECT_TRUE(device_.data_.empty());
  EXPECT_EQ(dispatcher_.stray_accesses().writes, 1u);
}

TEST_F(ExitDispatch, ALengthThatKvmNeverGivesIsBounded) {
  EXPECT_FALSE(Access(0, 0xffff'ffff, false));

  EXPECT_EQ(run_.mmio.is_write, 0);
  EXPECT_EQ(dispatcher_.stray_accesses().reads, 1u);
}

TEST_F(ExitDispatch, PortsReadAsOnes) {
  std::vector<std::byte> page(sizeof(kvm_run) + 64);
  auto* run = reinterpret_cast<kvm_run*>(page.data());
  run->exit_reason = KVM_EXIT_IO;
  run->io.direction = KVM_EXIT_IO_IN;
  run->io.size = 2;
  run->io.count = 3;
  run->io.data_offset = sizeof(kvm_run);

  EXPECT_FALSE(dispatcher_.Dispatch(0, *run));

  EXPECT_EQ(page[sizeof(kvm_run) + 5], std::byte{0xff});
  EXPECT_EQ(page[sizeof(kvm_run) + 6], std::byte{0});
  EXPECT_EQ(dispatcher_.stray_accesses().port_accesses, 1u);
}

TEST_F(ExitDispatch, FatalExitsNameTheCpuAndTheKind) {
  const auto shutdown = Exit(KVM_EXIT_SHUTDOWN);
  const auto refused = Exit(KVM_EXIT_FAIL_ENTRY);
  run_.internal.suberror = KVM_INTERNAL_ERROR_EMULATION;
  const auto internal = Exit(KVM_EXIT_INTERNAL_ERROR);
  const auto unknown = Exit(4711);

  ASSERT_TRUE(shutdown && refused && internal && unknown);
  EXPECT_EQ(shutdown->cpu, 3u);
  EXPECT_EQ(shutdown->fault, VcpuFault::kTripleFault);
  EXPECT_EQ(refused->fault, VcpuFault::kUnrunnable);
  EXPECT_EQ(internal->detail, "KVM could not emulate an instruction (suberror 1)");
  EXPECT_EQ(unknown->detail, "KVM left the guest for a reason that has no handler: 4711");
}

TEST_F(ExitDispatch, AnInterruptedRunGoesOn) { EXPECT_FALSE(Exit(KVM_EXIT_INTR)); }

}  // namespace
}  // namespace vmm
