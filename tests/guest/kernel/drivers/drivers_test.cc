// Finding devices in the monitor's table, and SystemControl's registers.
#include "guest/kernel/drivers/drivers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/virtio_ids.h>

#include <utility>
#include <vector>

#include "devices/system_control/system_control.h"
#include "guest/kernel/vm/kernel_space.h"
#include "tests/guest/kernel/drivers/test_machine.h"
#include "tests/support/fake_arch/fibers.h"

namespace gk::drivers {
namespace {

using ::testing::ElementsAre;

// The real device; remembers what it was asked for.
class SystemControlModel final : public fake_arch::RegisterModel, private dev::SystemControlHandler {
 public:
  uint32_t Read32(uint64_t) override {
    ADD_FAILURE() << "every register is write-only";
    return 0;
  }
  void Write32(uint64_t offset, uint32_t value) override {
    device_.WriteRegister(offset, std::as_bytes(std::span(&value, 1)));
  }
  void Write64(uint64_t offset, uint64_t value) override {
    device_.WriteRegister(offset, std::as_bytes(std::span(&value, 1)));
  }

  [[nodiscard]] const std::vector<std::pair<char, uint64_t>>& calls() const { return calls_; }
  [[nodiscard]] uint64_t ignored_writes() const { return device_.ignored_writes(); }

 private:
  void OnExit(uint32_t exit_code) override { calls_.emplace_back('e', exit_code); }
  void OnCpuStart(uint32_t cpu_index) override { calls_.emplace_back('s', cpu_index); }
  void OnCpuRoot(uint64_t root) override { calls_.emplace_back('r', root); }
  void OnCrash(uint64_t report_address) override { calls_.emplace_back('c', report_address); }
  void OnDebugArea(uint64_t area_address) override { calls_.emplace_back('d', area_address); }
  void OnCodeMapped(uint64_t record_address) override { calls_.emplace_back('m', record_address); }
  void OnUserFault(uint64_t report_address) override { calls_.emplace_back('f', report_address); }
  void OnObservation(uint64_t address) override { calls_.emplace_back('o', address); }

  dev::SystemControl device_{*this};
  std::vector<std::pair<char, uint64_t>> calls_;
};

TEST(SystemControlDriver, EveryCallReachesTheMonitor) {
  SystemControlModel model;
  const fake_arch::RegisterWindow window(model);
  const SystemControl driver(window.address());
  driver.SetCpuRoot(0x1'2345'6000);
  driver.StartCpu(3);
  driver.ReportFault(0x3000);
  driver.ReportCrash(0x1'0000'0040);
  driver.AnnounceDebugArea(0x3000);
  driver.ReportCodeMapped(0x4008);
  driver.Exit(99);
  EXPECT_THAT(model.calls(), ElementsAre(std::pair('r', 0x1'2345'6000u), std::pair('s', 3u), std::pair('f', 0x3000u),
                                         std::pair('c', 0x1'0000'0040u), std::pair('d', 0x3000u),
                                         std::pair('m', 0x4008u), std::pair('e', 99u)));
  EXPECT_EQ(model.ignored_writes(), 0u);
}

TEST(SystemControlDriver, WithoutADeviceNothingHappens) {
  const SystemControl driver;
  EXPECT_FALSE(driver.present());
  driver.StartCpu(1);
  driver.Exit(0);
}

class InitializeTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(kernel_space::Create({}, {}).ok()); }
  void TearDown() override { kernel_space::Destroy(); }

  void Add(abi::DeviceKind kind, uint32_t virtio_id, PhysicalAddress registers) {
    info_.devices[info_.device_count++] = {
        .kind = kind, .virtio_id = virtio_id, .registers = registers, .interrupt_vector = 0x30, .reserved = 0};
  }

  test::TestRam ram_;
  abi::BootInfo info_ = {};
};

TEST_F(InitializeTest, AMachineWithoutDevicesIsNoError) {
  EXPECT_TRUE(Initialize(info_).ok());
  EXPECT_FALSE(console().ready());
  EXPECT_EQ(port(), nullptr);
  console().Write(std::span("into the void\n", 14));
  OnInterrupt(0x30);
}

TEST_F(InitializeTest, RefusesATableThatIsTooLong) {
  info_.device_count = abi::kMaxDevices + 1;
  EXPECT_EQ(Initialize(info_).error(), Status(ZX_ERR_INVALID_ARGS));
}

// A console that is none, and SystemControl behind it in the table.
TEST_F(InitializeTest, OneDeviceThatFailsDoesNotKeepOthersFromComingUp) {
  test::HandServedDevice no_console(VIRTIO_ID_BLOCK, {64});
  test::PluggedDevice plugged(no_console, ram_);
  SystemControlModel model;
  // Registers are mapped one after the other, SystemControl's first.
  const fake_arch::RegisterWindow system_control_window(model, kernel_space::kDevicesBase);
  const fake_arch::RegisterWindow console_window(plugged.registers(), kernel_space::kDevicesBase + 4096);
  Add(abi::DeviceKind::kVirtioMmio, VIRTIO_ID_CONSOLE, 0xd000'1000);
  Add(abi::DeviceKind::kSystemControl, 0, 0xd000'0000);
  EXPECT_EQ(Initialize(info_).error(), Status(ZX_ERR_NOT_FOUND));
  EXPECT_FALSE(console().ready());
  const auto mapped = kernel_space::page_table().Query(kernel_space::kDevicesBase);
  ASSERT_TRUE(mapped.has_value());
  EXPECT_EQ(mapped->address, 0xd000'0000u);
  EXPECT_EQ(mapped->attributes.caching, arch::Caching::kUncached);
  system_control().Exit(7);
  EXPECT_THAT(model.calls(), ElementsAre(std::pair('e', 7u)));
}

}  // namespace
}  // namespace gk::drivers
