#include "tests/vmm/image/support.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

#include "shared/base/range.h"
#include "vmm/image/bootfs_checksum.h"

namespace vmm {
namespace {

void Seal(Image& image) {
  const uint32_t checksum = BootfsChecksum(image);
  std::memcpy(image.data() + offsetof(abi::BootfsHeader, crc32), &checksum, sizeof(checksum));
}

template <typename T>
void Change(Image& image, size_t offset, const std::function<void(T&)>& change) {
  T value;
  std::memcpy(&value, image.data() + offset, sizeof(value));
  change(value);
  std::memcpy(image.data() + offset, &value, sizeof(value));
  Seal(image);
}

}  // namespace

std::vector<std::byte> BytesOf(std::string_view text) {
  std::vector<std::byte> bytes;
  std::transform(text.begin(), text.end(), std::back_inserter(bytes), [](char c) { return static_cast<std::byte>(c); });
  return bytes;
}

std::string TextOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

BootfsInput Input(const std::string& name, std::string_view text, bool executable) {
  return {.name = name, .origin = "from/" + name, .contents = BytesOf(text), .executable = executable};
}

Image BuildImage(std::vector<BootfsInput> inputs) {
  auto image = BuildBootfs(inputs);
  if (!image.ok()) {
    ADD_FAILURE() << image.error().message();
    std::abort();
  }
  return std::move(image).value();
}

Image SampleImage() {
  return BuildImage(
      {Input("text", "some text"), Input("a", ""), Input("bin/tool", std::string(base::kPageSize + 1, 't'), true)});
}

void Forge(Image& image, const std::function<void(abi::BootfsHeader&)>& change) {
  Change<abi::BootfsHeader>(image, 0, change);
}

void ForgeEntry(Image& image, size_t index, const std::function<void(abi::BootfsEntry&)>& change) {
  Change<abi::BootfsEntry>(image, sizeof(abi::BootfsHeader) + index * sizeof(abi::BootfsEntry), change);
}

void ForgeByte(Image& image, size_t offset, char value) {
  image[offset] = static_cast<std::byte>(value);
  Seal(image);
}

std::string Complaint(std::span<const std::byte> image) {
  const auto view = BootfsView::Parse(image);
  return view.ok() ? std::string() : view.error().message();
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "pagoda-image-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    std::abort();
  }
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ReadText(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void WriteText(const std::filesystem::path& file, std::string_view text) {
  std::ofstream(file, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
}

std::vector<std::string> Listing(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    names.push_back(std::filesystem::relative(entry.path(), folder).string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace vmm
