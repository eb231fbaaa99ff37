#include "vmm/crash/crash_handler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "vmm/crash/cause.h"

namespace vmm {
namespace {

class CrashHandlerTest : public testing::Test {
 protected:
  UserFault Fault() {
    UserFault fault = {.cpu = 1, .report = {}, .others = {}, .system_registers = {}, .fpu = {}};
    fault.report.vector = kVectorPageFault;
    fault.report.error_code = 6;
    fault.report.fault_address = 0x8;
    fault.report.fault_status = -25;
    fault.report.registers.rip = 0x1234;
    std::strcpy(fault.report.process_name, "p\033g");
    std::memset(fault.report.thread_name, 'T', sizeof(fault.report.thread_name));
    return fault;
  }

  std::string printed_;
  std::vector<std::byte> ram_ = std::vector<std::byte>(4096);
  dev::GuestMemory memory_ = dev::GuestMemory::Create({{.base = 0, .host = ram_}}).value();
  CrashHandler handler_{{.files = ProgramFiles("/nonexistent/kernel", ""),
                         .core = {},
                         .print = [this](std::string_view text) { printed_ += text; }}};
};

TEST_F(CrashHandlerTest, AReportIsPrintableAndBoundedWhateverTheGuestWrote) {
  handler_.OnUserFault(Fault(), memory_);
  EXPECT_EQ(printed_.find('\033'), std::string::npos);
  EXPECT_TRUE(printed_.starts_with("pagoda: program 'p?g' (process 0), thread '" + std::string(32, 'T') +
                                   "' (0), is killed on CPU 1:\n  page fault: write to 0x8 (no mapping there)\n"))
      << printed_;
  EXPECT_NE(printed_.find("  #0  0000000000001234 (no symbol)\n"), std::string::npos) << printed_;
  EXPECT_NE(printed_.find("no mapping contains RIP\n"), std::string::npos) << printed_;
}

TEST_F(CrashHandlerTest, ManyFaultsDoNotFillTheLog) {
  for (uint32_t index = 0; index < CrashHandler::kMostReports + 100; ++index) {
    handler_.OnUserFault(Fault(), memory_);
  }
  size_t headlines = 0;
  for (size_t at = printed_.find("pagoda: "); at != std::string::npos; at = printed_.find("pagoda: ", at + 1)) {
    ++headlines;
  }
  EXPECT_EQ(headlines, CrashHandler::kMostReports + 1);
  EXPECT_TRUE(printed_.ends_with("more programs are killed; they are not reported\n"));
}

TEST(Cause, IsInWords) {
  EXPECT_EQ(DescribeException(0, 0), "divide error (vector 0)");
  EXPECT_EQ(DescribeException(13, 0x18), "general protection fault (vector 13), error code 0x18");
  EXPECT_EQ(DescribeException(200, 0), "exception (vector 200)");
  EXPECT_EQ(DescribePageFault(0x15, 0x1000), "page fault: execution of 0x1000");
  EXPECT_EQ(DescribePageFault(4, 8), "page fault: read from 0x8");
  abi::FaultReport report = {};
  report.vector = abi::kFaultReportPolicy;
  report.error_code = 3;
  EXPECT_EQ(DescribeCause(report), "a system call that the policy of its job does not allow (condition 3)");
}

}  // namespace
}  // namespace vmm
