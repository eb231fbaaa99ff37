// Every kind of bad input to `pagoda run` ends with exit code 2, one line, and nothing started. The KVM device of these
// runs does not exist, so a run that got as far as asking for it would end with another code.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/vmm/support/elf_file.h"
#include "tests/vmm/support/temporary_file.h"
#include "vmm/cli/check_command.h"
#include "vmm/cli/exit_codes.h"
#include "vmm/cli/run_command.h"
#include "vmm/image/bootfs.h"

namespace vmm {
namespace {

struct Ended {
  int code;
  std::string error;
};

// What main does, without leaving the process.
Ended Pagoda(std::vector<std::string> arguments) {
  CLI::App app("test");
  int exit_code = kExitSuccess;
  AddRunCommand(app, exit_code);
  AddCheckCommand(app, exit_code);
  testing::internal::CaptureStderr();
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return {kExitBadInput, testing::internal::GetCapturedStderr() + error.what() + "\n"};
  }
  return {exit_code, testing::internal::GetCapturedStderr()};
}

class BadInput : public testing::Test {
 protected:
  // Runs the correct kernel, without a boot image, with more arguments, which may replace both.
  Ended Run(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"run", "--kvm", "/nonexistent/kvm"};
    if (std::find(more.begin(), more.end(), "--kernel") == more.end()) {
      arguments.insert(arguments.end(), {"--kernel", kernel_.path()});
    }
    if (std::find(more.begin(), more.end(), "--bootfs") == more.end()) {
      arguments.insert(arguments.end(), {"--bootfs", ""});
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Pagoda(std::move(arguments));
  }

  void ExpectRefused(const std::vector<std::string>& more, const std::string& reason) {
    const Ended ended = Run(more);
    EXPECT_EQ(ended.code, kExitBadInput) << reason;
    EXPECT_NE(ended.error.find(reason), std::string::npos) << ended.error;
    EXPECT_EQ(std::count(ended.error.begin(), ended.error.end(), '\n'), 1) << ended.error;
  }

  const vmm_test::TemporaryFile kernel_{vmm_test::CorrectElfFile().Bytes()};
};

TEST_F(BadInput, GoodInputGetsAsFarAsKvm) {
  const Ended ended = Run({});

  EXPECT_EQ(ended.code, kExitHostCannotRun);
  EXPECT_TRUE(ended.error.starts_with("pagoda: /nonexistent/kvm: no such device — ")) << ended.error;
}

TEST_F(BadInput, MissingFiles) {
  ExpectRefused({"--kernel", "/nonexistent/kernel"}, "pagoda: /nonexistent/kernel: No such file or directory");
  ExpectRefused({"--bootfs", "/nonexistent/image"}, "pagoda: /nonexistent/image: No such file or directory");
  ExpectRefused({"--pager", "f=file:/nonexistent/data,ro"}, "/nonexistent/data");
}

TEST_F(BadInput, AMissingDefaultFileIsSaidToBeTheDefault) {
  const Ended ended = Pagoda({"run", "--kvm", "/nonexistent/kvm"});

  EXPECT_EQ(ended.code, kExitBadInput);
  EXPECT_TRUE(ended.error.starts_with("pagoda: no --kernel was given and the build has none: /")) << ended.error;
}

TEST_F(BadInput, KernelsThatAreNone) {
  const std::vector<std::byte> text(1000, std::byte{'#'});
  const vmm_test::TemporaryFile not_elf(text);
  vmm_test::ElfFile elf = vmm_test::CorrectElfFile();
  elf.size = 0x2000;
  const vmm_test::TemporaryFile truncated(elf.Bytes());

  ExpectRefused({"--kernel", not_elf.path()}, "pagoda: " + not_elf.path() + ": not an ELF file");
  ExpectRefused({"--kernel", truncated.path()}, "pagoda: " + truncated.path() + ": segment 0: truncated");
  ExpectRefused({"--kernel", "/"}, "pagoda: /: not a regular file");
}

TEST_F(BadInput, MemorySizes) {
  for (const char* size : {"0", "1M", "64M1", "x", "67108863", "100000K1", "1000000G"}) {
    ExpectRefused({"--memory", size}, "pagoda: --memory: ");
  }
  ExpectRefused({"--memory", "2M"}, "do not fit into the 2097152 bytes of guest memory");
}

TEST_F(BadInput, CpuCounts) {
  for (const char* count : {"0", "9", "-1", "1.5", "two", "01"}) {
    ExpectRefused({"--cpus", count}, "is not a number of vCPUs from 1 to 8");
  }
}

TEST_F(BadInput, Timeouts) { ExpectRefused({"--timeout", "0"}, "pagoda: --timeout: '0' is not a time"); }

TEST_F(BadInput, KernelOptions) {
  ExpectRefused({"--option", "novalue"}, "pagoda: --option: 'novalue' is not KEY=VALUE");
  ExpectRefused({"--option", "=x"}, "pagoda: --option: '=x' is not KEY=VALUE");
}

TEST_F(BadInput, CoreFilesThatCouldNotBeWritten) {
  ExpectRefused({"--core", "/nonexistent/core"}, "pagoda: --core: /nonexistent: No such file or directory");
  ExpectRefused({"--core", "/dev/null"}, "pagoda: --core: /dev/null: exists and is not a regular file");
}

TEST_F(BadInput, Pagers) {
  ExpectRefused({"--pager", "nonsense"}, "pagoda: --pager: ");
  ExpectRefused({"--pager", "f=file:" + kernel_.path() + ",ro", "--pager", "f=file:" + kernel_.path()},
                "pagoda: --pager: ");
}

TEST_F(BadInput, ProgramsAndBootImages) {
  std::vector<BootfsInput> files(1);
  files[0] = {.name = "hello", .origin = "hello", .contents = std::vector<std::byte>(10), .executable = true};
  std::vector<std::byte> image = std::move(BuildBootfs(files)).value();
  const vmm_test::TemporaryFile good(image);
  image.back() ^= std::byte{1};
  const vmm_test::TemporaryFile corrupt(image);
  image.resize(image.size() / 2);
  const vmm_test::TemporaryFile truncated(image);

  EXPECT_EQ(Run({"--bootfs", good.path()}).code, kExitHostCannotRun);
  ExpectRefused({"--bootfs", good.path(), "--", "goodbye"}, good.path() + ": has no program 'goodbye'");
  ExpectRefused({"--bootfs", corrupt.path()}, corrupt.path() + ": ");
  ExpectRefused({"--bootfs", truncated.path()}, truncated.path() + ": ");
}

TEST_F(BadInput, UnknownOptionsAndCommands) {
  EXPECT_EQ(Run({"--frobnicate"}).code, kExitBadInput);
  EXPECT_EQ(Run({"--log-level", "loud"}).code, kExitBadInput);
  EXPECT_EQ(Run({"--memory"}).code, kExitBadInput);
}

TEST_F(BadInput, ArgumentsBehindTheDashesAreTheProgramsOwn) {
  EXPECT_EQ(Run({"--", "hello", "--memory", "nonsense", "--", "-x"}).code, kExitHostCannotRun);
}

TEST(CheckCommand, AHostWithoutKvmIsToldSo) {
  const Ended ended = Pagoda({"check", "--kvm", "/nonexistent/kvm"});

  EXPECT_EQ(ended.code, kExitHostCannotRun);
  EXPECT_NE(ended.error.find("no such device — load the kvm_intel or kvm_amd module"), std::string::npos);
}

}  // namespace
}  // namespace vmm
