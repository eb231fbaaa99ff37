// What the integration tests share: where the program under test is, whether this machine can run guests, and files
// that go away with the test.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/integration/process.h"

namespace integration {

// The `pagoda` to test: $PAGODA, else the one of the build that this test belongs to. The test machine of
// tests/hardware_kvm has it in another place.
[[nodiscard]] std::string PagodaPath();

// The default kernel and boot image of that `pagoda`.
[[nodiscard]] std::filesystem::path KernelPath();
[[nodiscard]] std::filesystem::path BootImagePath();

// {pagoda, "run", options..., "--", program...}; no "--" without a program.
[[nodiscard]] std::vector<std::string> RunCommand(const std::vector<std::string>& options,
                                                  const std::vector<std::string>& program);

// Host files of one test, in a folder of their own.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  [[nodiscard]] std::filesystem::path path(const std::string& name) const { return folder_ / name; }
  // Writes a file and returns its path.
  std::filesystem::path Write(const std::string& name, const std::string& content) const;

 private:
  std::filesystem::path folder_;
};

// For INSTANTIATE_TEST_SUITE_P over structures with a `name`.
struct NameOfParameter {
  template <typename T>
  std::string operator()(const testing::TestParamInfo<T>& parameter) const {
    return parameter.param.name;
  }
};

[[nodiscard]] std::string ReadFile(const std::filesystem::path& path);

// So much of something big, where the machine itself is emulated less: there a guest computes at a thousandth of the
// speed.
[[nodiscard]] size_t Megabytes(size_t usual);

// The same for each size, and no two pages alike, so that a page in the wrong place shows.
[[nodiscard]] std::string RandomContent(size_t size);
// As `sha256sum` prints it.
[[nodiscard]] std::string Sha256(const std::string& content);

// For every test that boots a guest. Without a usable /dev/kvm the test is skipped; with REQUIRE_KVM=1 it fails.
class GuestTest : public testing::Test {
 protected:
  void SetUp() override;

  TemporaryFolder files_;
};

}  // namespace integration
