#include "tests/integration/fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

namespace integration {

std::string PagodaPath() {
  if (const char* path = std::getenv("PAGODA")) {
    return path;
  }
  // build/<preset>/tests/bin/<this test>
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path().parent_path() / "bin" / "pagoda";
}

std::filesystem::path KernelPath() {
  return std::filesystem::path(PagodaPath()).parent_path().parent_path() / "guest" / "kernel.elf";
}

std::filesystem::path BootImagePath() {
  return std::filesystem::path(PagodaPath()).parent_path().parent_path() / "guest" / "sample.bootfs";
}

std::vector<std::string> RunCommand(const std::vector<std::string>& options, const std::vector<std::string>& program) {
  std::vector<std::string> command{PagodaPath(), "run"};
  command.insert(command.end(), options.begin(), options.end());
  if (!program.empty()) {
    command.emplace_back("--");
    command.insert(command.end(), program.begin(), program.end());
  }
  return command;
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = std::filesystem::temp_directory_path() / "pagoda-test-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) {
    std::abort();
  }
  folder_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::filesystem::path TemporaryFolder::Write(const std::string& name, const std::string& content) const {
  std::ofstream(path(name), std::ios::binary) << content;
  return path(name);
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void GuestTest::SetUp() {
  const int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (kvm >= 0) {
    close(kvm);
    return;
  }
  const std::string reason = std::string("/dev/kvm cannot be opened: ") + std::strerror(errno);
  const char* required = std::getenv("REQUIRE_KVM");
  if (required != nullptr && std::string(required) == "1") {
    FAIL() << reason << ", and REQUIRE_KVM=1";
  }
  GTEST_SKIP() << reason;
}

}  // namespace integration
