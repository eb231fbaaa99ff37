// SystemControl: a few registers, each with its one width.
#include "devices/system_control/system_control.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "shared/abi/system_control.h"

namespace {

namespace abi = pagoda::abi;

class RecordingHandler final : public dev::SystemControlHandler {
 public:
  void OnExit(uint32_t exit_code) override { calls.push_back("exit " + std::to_string(exit_code)); }
  void OnCpuStart(uint32_t cpu_index) override { calls.push_back("start " + std::to_string(cpu_index)); }
  void OnCpuRoot(uint64_t page_table_root) override { calls.push_back("root " + std::to_string(page_table_root)); }
  void OnCrash(uint64_t report_address) override { calls.push_back("crash " + std::to_string(report_address)); }
  void OnUserFault(uint64_t report_address) override { calls.push_back("fault " + std::to_string(report_address)); }
  void OnObservation(uint64_t address) override { calls.push_back("observation " + std::to_string(address)); }

  void OnDebugArea(uint64_t area_address) override { calls.push_back("area " + std::to_string(area_address)); }
  void OnCodeMapped(uint64_t record_address) override { calls.push_back("code " + std::to_string(record_address)); }

  std::vector<std::string> calls;
};

class SystemControlTest : public testing::Test {
 protected:
  template <typename T>
  void Write(uint64_t offset, T value) {
    device_.WriteRegister(offset, std::as_bytes(std::span(&value, 1)));
  }

  RecordingHandler handler_;
  dev::SystemControl device_{handler_};
};

TEST_F(SystemControlTest, EachRegisterCallsItsHandler) {
  Write<uint32_t>(abi::kSystemControlExit, 7);
  Write<uint32_t>(abi::kSystemControlCpuStart, UINT32_MAX);
  Write<uint64_t>(abi::kSystemControlCpuRoot, 4096);
  Write<uint64_t>(abi::kSystemControlCrash, uint64_t{1} << 40);
  Write<uint64_t>(abi::kSystemControlDebugArea, 8192);
  Write<uint64_t>(abi::kSystemControlCodeMapped, 12288);
  Write<uint64_t>(abi::kSystemControlFault, 512);
  Write<uint64_t>(abi::kSystemControlObservation, 4104);
  EXPECT_EQ(handler_.calls, (std::vector<std::string>{"exit 7", "start 4294967295", "root 4096", "crash 1099511627776",
                                                      "area 8192", "code 12288", "fault 512", "observation 4104"}));
  EXPECT_EQ(device_.ignored_writes(), 0u);
}

TEST_F(SystemControlTest, YieldComesBackAndCallsNobody) {
  Write<uint32_t>(abi::kSystemControlYield, 0);
  EXPECT_TRUE(handler_.calls.empty());
  EXPECT_EQ(device_.ignored_writes(), 0u);
}

TEST_F(SystemControlTest, OtherWidthsAndOffsetsAreIgnoredAndCounted) {
  Write<uint64_t>(abi::kSystemControlExit, 1);
  Write<uint8_t>(abi::kSystemControlExit, 1);
  Write<uint16_t>(abi::kSystemControlCpuStart, 1);
  Write<uint32_t>(abi::kSystemControlCrash, 1);
  Write<uint32_t>(abi::kSystemControlCpuRoot, 1);
  Write<uint32_t>(abi::kSystemControlExit + 4, 1);
  Write<uint32_t>(abi::kSystemControlExit + 1, 1);
  Write<uint32_t>(0xffc, 1);
  EXPECT_TRUE(handler_.calls.empty());
  EXPECT_EQ(device_.ignored_writes(), 8u);
}

TEST_F(SystemControlTest, ReadsGiveZero) {
  std::array<std::byte, 8> data;
  data.fill(std::byte{0xff});
  device_.ReadRegister(abi::kSystemControlCrash, data);
  EXPECT_TRUE(std::all_of(data.begin(), data.end(), [](std::byte value) { return value == std::byte{0}; }));
  EXPECT_TRUE(handler_.calls.empty());
}

}  // namespace
