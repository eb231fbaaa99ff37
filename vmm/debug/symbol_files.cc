#include "vmm/debug/symbol_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "vmm/image/bootfs.h"
#include "vmm/loader/input_file.h"

namespace vmm {
namespace {

using gdb::ErrorCode;
using gdb::Fail;
using gdb::Outcome;

// Below this a debugger's paths are names in the boot image.
constexpr std::string_view kImageFolder = "/bootfs/";

// Where a build leaves the programs with debug information, beside its boot image.
constexpr const char* kProgramsFolder = "programs";

class HostFile final : public gdb::RemoteFile {
 public:
  explicit HostFile(InputFile file) : file_(std::move(file)) {
    struct stat status = {};
    if (stat(file_.path().c_str(), &status) == 0) {
      modified_ = static_cast<uint64_t>(status.st_mtime);
    }
  }

  Outcome<size_t> Read(uint64_t offset, std::span<std::byte> into) override {
    const size_t size = offset < file_.size() ? std::min<uint64_t>(into.size(), file_.size() - offset) : 0;
    const Result<> read = file_.ReadAt(offset, into.first(size));
    if (!read.ok()) {
      return Fail(ErrorCode::kHost, read.error().message());
    }
    return size;
  }
  [[nodiscard]] uint64_t size() const override { return file_.size(); }
  [[nodiscard]] uint64_t modified() const override { return modified_; }

 private:
  InputFile file_;
  uint64_t modified_ = 0;
};

class ImageFile final : public gdb::RemoteFile {
 public:
  explicit ImageFile(std::vector<std::byte> contents) : contents_(std::move(contents)) {}

  Outcome<size_t> Read(uint64_t offset, std::span<std::byte> into) override {
    const size_t size = offset < contents_.size() ? std::min<uint64_t>(into.size(), contents_.size() - offset) : 0;
    std::copy_n(contents_.begin() + static_cast<ptrdiff_t>(std::min<uint64_t>(offset, contents_.size())), size,
                into.begin());
    return size;
  }
  [[nodiscard]] uint64_t size() const override { return contents_.size(); }
  [[nodiscard]] uint64_t modified() const override { return 0; }

 private:
  std::vector<std::byte> contents_;
};

Outcome<std::unique_ptr<gdb::RemoteFile>> OpenHostFile(const std::string& path) {
  Result<InputFile> file = InputFile::Open(path);
  if (!file.ok()) {
    return Fail(ErrorCode::kNotFound, file.error().message());
  }
  return std::unique_ptr<gdb::RemoteFile>(std::make_unique<HostFile>(std::move(file).value()));
}

std::string AbsolutePath(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::canonical(path, error);
  return error ? path : absolute.string();
}

}  // namespace

SymbolFiles::SymbolFiles(std::string kernel, std::string bootfs)
    : kernel_(AbsolutePath(kernel)), bootfs_(bootfs.empty() ? bootfs : AbsolutePath(bootfs)) {}

// The image is read when a debugger first asks. It may have changed since the guest was loaded; then the symbols do not
// fit, as with any debugger.
void SymbolFiles::LoadImage() {
  if (std::exchange(is_loaded_, true) || bootfs_.empty()) {
    return;
  }
  const Result<InputFile> file = InputFile::Open(bootfs_);
  if (!file.ok()) {
    return;
  }
  std::vector<std::byte> image(file.value().size());
  if (!file.value().ReadAt(0, image).ok()) {
    return;
  }
  const Result<BootfsView> view = BootfsView::Parse(image);
  if (!view.ok()) {
    return;
  }
  const std::filesystem::path beside = std::filesystem::path(bootfs_).parent_path() / kProgramsFolder;
  for (const BootfsFile& entry : view.value().files()) {
    Program program;
    std::error_code error;
    if (std::filesystem::path path = beside / entry.name; std::filesystem::is_regular_file(path, error)) {
      program.path = path.string();
    } else {
      program.contents.assign(entry.contents.begin(), entry.contents.end());
    }
    programs_.emplace(entry.name, std::move(program));
  }
}

std::optional<std::string> SymbolFiles::PathOf(const std::string& name) {
  LoadImage();
  const auto program = programs_.find(name);
  if (program == programs_.end()) {
    return std::nullopt;
  }
  return program->second.path.empty() ? std::string(kImageFolder) + name : program->second.path;
}

void SymbolFiles::AddTo(SymbolSet& symbols, const std::string& name, uint64_t base) {
  LoadImage();
  const auto program = programs_.find(name);
  if (program == programs_.end()) {
    return;
  }
  if (program->second.path.empty()) {
    (void)symbols.AddBytes(name, program->second.contents, base);
  } else {
    (void)symbols.AddFile(name, program->second.path, base);
  }
}

Outcome<std::unique_ptr<gdb::RemoteFile>> SymbolFiles::Open(const std::string& path) {
  LoadImage();
  if (path == kernel_) {
    return OpenHostFile(path);
  }
  for (const auto& [name, program] : programs_) {
    if (!program.path.empty() && program.path == path) {
      return OpenHostFile(path);
    }
    if (program.path.empty() && path == std::string(kImageFolder) + name) {
      return std::unique_ptr<gdb::RemoteFile>(std::make_unique<ImageFile>(program.contents));
    }
  }
  return Fail(ErrorCode::kNotFound, path);
}

}  // namespace vmm
