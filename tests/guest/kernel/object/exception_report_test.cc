#include "guest/kernel/object/exception_report.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <algorithm>
#include <string>

namespace gk {
namespace {

constexpr uint32_t kPageFault = 14;

ObjectName Name(const std::string& text) { return ObjectName(std::span<const char>(text.data(), text.size())); }

std::string Report(const UserException& exception, const std::string& process = "fault",
                   const std::string& thread = "main") {
  const ExceptionReport report(Name(process), Name(thread), 0x10000123, exception);
  return {report.text().begin(), report.text().end()};
}

std::string FirstLine(const std::string& report) { return report.substr(0, report.find('\n')); }

UserException PageFault(uint32_t error_code, uint64_t address, int32_t status) {
  return {.vector = kPageFault, .error_code = error_code, .fault_address = address, .fault_status = status};
}

TEST(ExceptionReport, TheFirstLineNamesProgramThreadFaultAddressAndInstruction) {
  EXPECT_EQ(FirstLine(Report(PageFault(6, 0, ZX_ERR_NOT_FOUND))),
            "pagoda: program 'fault' thread 'main': page fault: write to 0x0 at rip 0x10000123 (no mapping there)");
  EXPECT_EQ(FirstLine(Report(PageFault(4, 0xdeadbeef000, ZX_ERR_OUT_OF_RANGE))),
            "pagoda: program 'fault' thread 'main': page fault: read from 0xdeadbeef000 at rip 0x10000123 "
            "(beyond the end of the mapped object)");
  EXPECT_EQ(FirstLine(Report(PageFault(0x15, 0x10000123, ZX_ERR_ACCESS_DENIED))),
            "pagoda: program 'fault' thread 'main': page fault: execution of 0x10000123 at rip 0x10000123 "
            "(the mapping does not permit it)");
}

TEST(ExceptionReport, AFailedPageSourceIsNamedByItsStatus) {
  EXPECT_NE(
      Report(PageFault(6, 0x1000, ZX_ERR_NOT_SUPPORTED)).find("(the instruction lies in the page that it writes to)"),
      std::string::npos);
  EXPECT_NE(Report(PageFault(4, 0x1000, ZX_ERR_BAD_STATE)).find("(the pager of the mapped object is gone)"),
            std::string::npos);
  EXPECT_NE(Report(PageFault(4, 0x1000, ZX_ERR_IO)).find("(the pager of the mapped object failed to read or write)"),
            std::string::npos);
  EXPECT_NE(Report(PageFault(4, 0x1000, ZX_ERR_IO_DATA_INTEGRITY)).find("found its data damaged)"), std::string::npos);
  EXPECT_NE(Report(PageFault(6, 0x1000, ZX_ERR_NO_SPACE)).find("has no space for the change)"), std::string::npos);
  EXPECT_NE(Report(PageFault(4, 0x1000, ZX_ERR_BUFFER_TOO_SMALL)).find("(the page could not be provided: status -15)"),
            std::string::npos);
}

TEST(ExceptionReport, OtherExceptionsAreNamedByWhatTheyAre) {
  EXPECT_EQ(FirstLine(Report({.vector = 13, .error_code = 0x18, .fault_address = 0, .fault_status = 0})),
            "pagoda: program 'fault' thread 'main': general protection fault (vector 13, error code 0x18) at rip "
            "0x10000123");
  EXPECT_NE(Report({.vector = 31, .error_code = 0, .fault_address = 0, .fault_status = 0}).find("exception (vector 31"),
            std::string::npos);
}

TEST(ExceptionReport, IsOneLine) {
  const std::string report = Report(PageFault(6, 0, ZX_ERR_NOT_FOUND));
  EXPECT_EQ(std::count(report.begin(), report.end(), '\n'), 1);
  EXPECT_EQ(report.back(), '\n');
}

TEST(ExceptionReport, NamesCannotControlTheTerminalAndTheLongestStillFit) {
  const std::string report =
      Report(PageFault(6, UINT64_MAX, INT32_MIN), std::string(100, '\x1b'), std::string(100, 'n'));
  EXPECT_EQ(report.find('\x1b'), std::string::npos);
  EXPECT_NE(report.find('\'' + std::string(31, '?') + '\''), std::string::npos);
  EXPECT_EQ(report.back(), '\n') << "nothing was cut off";
}

}  // namespace
}  // namespace gk
