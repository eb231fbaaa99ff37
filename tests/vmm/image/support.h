// What the tests of boot images share: making images, spoiling them, and a folder that goes away.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "shared/abi/bootfs.h"
#include "vmm/image/bootfs.h"

namespace vmm {

using Image = std::vector<std::byte>;

[[nodiscard]] std::vector<std::byte> BytesOf(std::string_view text);
[[nodiscard]] std::string TextOf(std::span<const std::byte> bytes);

[[nodiscard]] BootfsInput Input(const std::string& name, std::string_view text, bool executable = false);

// The image of these files; aborts the test program when they make none.
[[nodiscard]] Image BuildImage(std::vector<BootfsInput> inputs);

// Three files: "a" (empty), "bin/tool" (executable, one byte more than a page), "text".
[[nodiscard]] Image SampleImage();

// Changes a field and computes the checksum anew, so that only the field is wrong.
void Forge(Image& image, const std::function<void(abi::BootfsHeader&)>& change);
void ForgeEntry(Image& image, size_t index, const std::function<void(abi::BootfsEntry&)>& change);
void ForgeByte(Image& image, size_t offset, char value);

// What Parse says about `image`; empty when it is accepted.
[[nodiscard]] std::string Complaint(std::span<const std::byte> image);

// A folder of its own for each test.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

[[nodiscard]] std::string ReadText(const std::filesystem::path& file);
void WriteText(const std::filesystem::path& file, std::string_view text);

// All entries below `folder`, relative and sorted.
[[nodiscard]] std::vector<std::string> Listing(const std::filesystem::path& folder);

}  // namespace vmm
