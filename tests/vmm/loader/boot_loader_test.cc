#include "vmm/loader/boot_loader.h"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "shared/base/range.h"
#include "tests/vmm/support/elf_file.h"
#include "tests/vmm/support/temporary_file.h"
#include "vmm/image/bootfs.h"
#include "vmm/loader/memory_layout.h"

namespace vmm {
namespace {

constexpr uint64_t kMemorySize = 0x80'0000;

std::vector<std::byte> Image() {
  std::vector<BootfsInput> files(2);
  files[0] = {.name = "hello", .origin = "hello", .contents = std::vector<std::byte>(5000), .executable = true};
  files[1] = {.name = "notes.txt", .origin = "notes.txt", .contents = std::vector<std::byte>(10), .executable = false};
  return std::move(BuildBootfs(files)).value();
}

// Loads the correct kernel with the given strings and boot image into fresh memory.
class BootLoader : public testing::Test {
 protected:
  Result<LoadedGuest> Load(uint64_t memory_size = kMemorySize) {
    memory_.assign(memory_size, std::byte{0});
    const InputFile kernel = InputFile::Open(kernel_file_.path()).value();
    std::optional<InputFile> bootfs;
    if (bootfs_file_) {
      bootfs = InputFile::Open(bootfs_file_->path()).value();
    }
    return LoadGuest(
        {.kernel = kernel, .bootfs = bootfs ? &*bootfs : nullptr, .arguments = arguments_, .options = options_},
        memory_, RamRanges(memory_size));
  }
  std::string StringAt(uint64_t address, uint64_t size) const {
    return {reinterpret_cast<const char*>(memory_.data()) + address, size};
  }
  std::string Refusal(uint64_t memory_size = kMemorySize) {
    const auto result = Load(memory_size);
    if (result.ok()) {
      return "";
    }
    EXPECT_EQ(result.error().exit_code(), kExitBadInput);
    return result.error().message();
  }

  const vmm_test::TemporaryFile kernel_file_{vmm_test::CorrectElfFile().Bytes()};
  std::optional<vmm_test::TemporaryFile> bootfs_file_;
  std::vector<std::string> arguments_ = {"hello", "", "a b"};
  std::vector<std::string> options_;
  std::vector<std::byte> memory_;
};

TEST_F(BootLoader, NothingLiesBelowTheImageOrFromFreeStartOn) {
  bootfs_file_.emplace(Image());

  const auto guest = Load();

  ASSERT_TRUE(guest.ok()) << guest.error().message();
  const abi::BootInfo& info = guest.value().boot_info;
  EXPECT_TRUE(base::IsPageAligned(info.free_start));
  EXPECT_EQ(guest.value().boot_info_address, 0x20'5000u);
  EXPECT_GT(info.bootfs_address, guest.value().boot_info_address);
  EXPECT_GT(info.page_table_root, info.bootfs_address);
  EXPECT_GT(info.free_start, info.page_table_root);
  for (uint64_t address = info.free_start; address < kMemorySize; ++address) {
    ASSERT_EQ(memory_[address], std::byte{0}) << address;
  }
}

TEST_F(BootLoader, BootInfoDescribesWhatWasPlaced) {
  const std::vector<std::byte> image = Image();
  bootfs_file_.emplace(image);
  options_ = {"compat=zircon", "x="};

  const auto guest = Load();

  ASSERT_TRUE(guest.ok()) << guest.error().message();
  const abi::BootInfo& info = guest.value().boot_info;
  EXPECT_EQ(info.magic, abi::kBootInfoMagic);
  EXPECT_EQ(info.version, abi::kBootInfoVersion);
  EXPECT_EQ(info.size, sizeof(abi::BootInfo));
  EXPECT_EQ(StringAt(info.arguments_address, info.arguments_size), std::string("hello\0\0a b\0", 11));
  EXPECT_EQ(info.argument_count, 3u);
  EXPECT_EQ(StringAt(info.options_address, info.options_size), std::string("compat=zircon\0x=\0", 17));
  EXPECT_EQ(info.option_count, 2u);
  EXPECT_TRUE(base::IsPageAligned(info.bootfs_address));
  ASSERT_EQ(info.bootfs_size, image.size());
  EXPECT_EQ(std::memcmp(memory_.data() + info.bootfs_address, image.data(), image.size()), 0);
  EXPECT_EQ(info.memory_range_count, 1u);
  EXPECT_EQ(info.memory[0].size, kMemorySize);
}

TEST_F(BootLoader, WriteBootInfoPutsItWhereTheGuestIsTold) {
  auto guest = Load();
  ASSERT_TRUE(guest.ok());
  guest.value().boot_info.cpu_count = 7;

  WriteBootInfo(guest.value(), memory_);

  abi::BootInfo written = {};
  std::memcpy(&written, memory_.data() + guest.value().boot_info_address, sizeof(written));
  EXPECT_EQ(written.magic, abi::kBootInfoMagic);
  EXPECT_EQ(written.cpu_count, 7u);
}

TEST_F(BootLoader, WithoutABootImageAnyProgramIsAccepted) {
  arguments_ = {"whatever"};

  const auto guest = Load();

  ASSERT_TRUE(guest.ok());
  EXPECT_EQ(guest.value().boot_info.bootfs_size, 0u);
}

TEST_F(BootLoader, UnknownAndNonExecutableProgramsAreRefused) {
  bootfs_file_.emplace(Image());
  arguments_ = {"hell"};
  EXPECT_EQ(Refusal(), bootfs_file_->path() + ": has no program 'hell'; `pagoda image list` shows what it has");
  arguments_ = {"notes.txt"};
  EXPECT_EQ(Refusal(), bootfs_file_->path() + ": 'notes.txt' is not executable");
}

TEST_F(BootLoader, ACorruptOrTruncatedBootImageIsRefused) {
  std::vector<std::byte> image = Image();
  image[5000] ^= std::byte{1};
  bootfs_file_.emplace(image);
  EXPECT_TRUE(Refusal().starts_with(bootfs_file_->path() + ": corrupt"));
  image.resize(100);
  bootfs_file_.emplace(image);
  EXPECT_TRUE(Refusal().starts_with(bootfs_file_->path() + ": "));
  bootfs_file_.emplace(std::span<const std::byte>());
  EXPECT_TRUE(Refusal().starts_with(bootfs_file_->path() + ": not a boot image"));
}

TEST_F(BootLoader, MemoryThatIsTooSmallIsRefusedAtEveryStep) {
  bootfs_file_.emplace(Image());
  const uint64_t needed = Load().value().boot_info.free_start;

  EXPECT_EQ(Refusal(needed), "");
  for (uint64_t size = base::kLargePageSize; size < needed; size += base::kPageSize) {
    EXPECT_NE(Refusal(size), "") << size;
  }
}

TEST_F(BootLoader, TooManyArgumentBytesAreRefused) {
  arguments_ = {"hello", std::string(64 << 10, 'x')};

  EXPECT_EQ(Refusal(), "the program's arguments of 65543 bytes are more than 65536");
}

TEST(RamRanges, RamReachesTheDeviceHoleAndGoesOnBehindIt) {
  constexpr uint64_t kGiB = uint64_t{1} << 30;

  const auto small = RamRanges(3 * kGiB);
  const auto large = RamRanges(5 * kGiB);

  ASSERT_EQ(small.size(), 1u);
  EXPECT_EQ(small[0].size, abi::kDeviceHoleBase);
  ASSERT_EQ(large.size(), 2u);
  EXPECT_EQ(large[0].size, abi::kDeviceHoleBase);
  EXPECT_EQ(large[1].base, abi::kDeviceHoleEnd);
  EXPECT_EQ(large[1].size, 2 * kGiB);
}

}  // namespace
}  // namespace vmm
