#include "tests/integration/fixture.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>

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

size_t Megabytes(size_t usual) { return std::getenv("PAGODA_HARDWARE_KVM") != nullptr ? usual / 2 : usual; }

std::string Sha256(const std::string& content) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  EVP_Digest(content.data(), content.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string text;
  for (unsigned int index = 0; index < size; ++index) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text += kDigits[digest[index] >> 4];
    text += kDigits[digest[index] & 15];
  }
  return text;
}

std::string RandomContent(size_t size) {
  std::mt19937_64 generator(size);
  std::string content(size, '\0');
  for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
    const uint64_t bytes = generator();
    std::memcpy(content.data() + at, &bytes, std::min(sizeof(bytes), size - at));
  }
  return content;
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
