// The kernel's reader of boot images on what the host's packer makes, and on what it would never make.
#include "guest/kernel/drivers/bootfs.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/guest/kernel/drivers/test_machine.h"
#include "vmm/image/bootfs.h"

namespace gk {
namespace {

using test::TestRam;

class BootfsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::vector<vmm::BootfsInput> inputs;
    for (int i = 0; i < 100; ++i) {
      inputs.push_back(Input("file" + std::to_string(i), "contents of " + std::to_string(i), i % 2 == 0));
    }
    inputs.push_back(Input("empty", "", false));
    inputs.push_back(Input("file", "a prefix of others", false));
    auto image = vmm::BuildBootfs(inputs);
    ASSERT_TRUE(image.ok());
    size_ = image->size();
    ASSERT_LE(kImage + size_, fake_arch::FakeRam::kFreeStart);
    std::memcpy(ram_.at(kImage), image->data(), size_);
  }

  static vmm::BootfsInput Input(std::string name, std::string_view text, bool executable) {
    const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
    return {.name = std::move(name), .origin = "", .contents = {bytes, bytes + text.size()}, .executable = executable};
  }

  [[nodiscard]] std::string TextOf(const BootFile& file) const {
    return {reinterpret_cast<const char*>(ram_.at(file.address)), file.size};
  }

  template <typename T>
  void Forge(PhysicalAddress offset, const std::function<void(T&)>& change) {
    T value;
    std::memcpy(&value, ram_.at(kImage + offset), sizeof(value));
    change(value);
    std::memcpy(ram_.at(kImage + offset), &value, sizeof(value));
  }
  void ForgeHeader(const std::function<void(abi::BootfsHeader&)>& change) { Forge<abi::BootfsHeader>(0, change); }
  void ForgeFirstEntry(const std::function<void(abi::BootfsEntry&)>& change) {
    Forge<abi::BootfsEntry>(sizeof(abi::BootfsHeader), change);
  }

  // Where the monitor puts it: below the memory that the allocator owns.
  static constexpr PhysicalAddress kImage = 0x2000;
  TestRam ram_;
  uint64_t size_ = 0;
};

TEST_F(BootfsTest, FindsEveryFileWhereItsContentsLie) {
  const auto image = Bootfs::Open(kImage, size_);
  ASSERT_TRUE(image.ok());
  for (int i = 0; i < 100; ++i) {
    const auto file = image->Find(std::string("file" + std::to_string(i)));
    ASSERT_TRUE(file.ok()) << i;
    EXPECT_EQ(TextOf(*file), "contents of " + std::to_string(i));
    EXPECT_EQ(file->executable, i % 2 == 0);
    EXPECT_EQ(file->address % 4096, 0u);
  }
  EXPECT_EQ(image->Find(std::string_view("empty"))->size, 0u);
  EXPECT_EQ(TextOf(*image->Find(std::string_view("file"))), "a prefix of others");
}

TEST_F(BootfsTest, FindsNothingElse) {
  const auto image = Bootfs::Open(kImage, size_);
  ASSERT_TRUE(image.ok());
  for (const std::string_view name : {"", "fil", "file100", "zzz", "Empty", "a"}) {
    EXPECT_EQ(image->Find(name).error(), Status(ZX_ERR_NOT_FOUND)) << name;
  }
}

TEST_F(BootfsTest, ListsInOrder) {
  const auto image = Bootfs::Open(kImage, size_);
  ASSERT_TRUE(image.ok());
  ASSERT_EQ(image->entry_count(), 102u);
  const auto first = image->EntryAt(0);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(std::string_view(first->name.data(), first->name.size()), "empty");
}

TEST_F(BootfsTest, RefusesAHeaderThatDoesNotFitTheImage) {
  const std::function<void(abi::BootfsHeader&)> changes[] = {
      [](auto& header) { header.magic = 0; },
      [](auto& header) { header.version = 2; },
      [](auto& header) { header.image_size += 4096; },
      [](auto& header) { header.image_size -= 1; },
      [](auto& header) { header.entry_count = 4097; },
      [](auto& header) { header.names_size = 0xffff'ffff; },
      [](auto& header) { header.image_size = 4096, header.entry_count = 4096; },
  };
  for (const auto& change : changes) {
    abi::BootfsHeader good;
    ForgeHeader([&](auto& header) { good = header; });
    ForgeHeader(change);
    EXPECT_EQ(Bootfs::Open(kImage, size_).error(), Status(ZX_ERR_IO_DATA_INTEGRITY));
    ForgeHeader([&](auto& header) { header = good; });
  }
  EXPECT_FALSE(Bootfs::Open(kImage, sizeof(abi::BootfsHeader) - 1).ok());
  EXPECT_FALSE(Bootfs::Open(kImage + 1, size_).ok());
  EXPECT_TRUE(Bootfs::Open(kImage, size_).ok());
}

TEST_F(BootfsTest, AnEntryThatPointsOutsideCostsOnlyItsFile) {
  const std::function<void(abi::BootfsEntry&)> changes[] = {
      [](auto& entry) { entry.offset = uint64_t{1} << 40; }, [](auto& entry) { entry.offset += 1; },
      [](auto& entry) { entry.size = UINT64_MAX; },          [](auto& entry) { entry.name_offset = 0xffff'ffff; },
      [](auto& entry) { entry.name_length = 0xffff'ffff; },
  };
  for (const auto& change : changes) {
    abi::BootfsEntry good;
    ForgeFirstEntry([&](auto& entry) { good = entry; });
    ForgeFirstEntry(change);
    const auto image = Bootfs::Open(kImage, size_);
    ASSERT_TRUE(image.ok());
    EXPECT_EQ(image->Find(std::string_view("empty")).error(), Status(ZX_ERR_IO_DATA_INTEGRITY));
    EXPECT_TRUE(image->Find(std::string_view("file50")).ok());
    ForgeFirstEntry([&](auto& entry) { entry = good; });
  }
}

}  // namespace
}  // namespace gk
