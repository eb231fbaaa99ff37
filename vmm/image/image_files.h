// Boot images and the file system: reading what goes in, replacing an image in one step, unpacking below one folder.
//
// Every function reports failure with one line that names the path concerned. Wrong paths and contents are the user's
// (exit code 2), a full disk is the host's.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "vmm/base/error.h"
#include "vmm/image/bootfs.h"

namespace vmm {

struct FileContents {
  std::vector<std::byte> bytes;
  bool executable;  // by its owner
};

// Reads a regular file into memory. Never waits for a peer: pipes and devices are refused.
Result<FileContents> ReadRegularFile(const std::filesystem::path& path);

// Makes `path` hold `bytes`, whole or not at all: after a failure what was there before is still there. A symbolic link
// keeps pointing where it does and its target is replaced; anything else that is no regular file is refused.
Result<> ReplaceFile(const std::filesystem::path& path, std::span<const std::byte> bytes);

// Writes `files` below `folder`, which is made if it is missing (its parent must exist). Never leaves it: names are
// legal by construction, and symbolic links below it are not followed. A file that is already there is replaced whole.
// After a failure the files before the one that is named are there.
Result<> ExtractFiles(std::span<const BootfsFile> files, const std::filesystem::path& folder);

}  // namespace vmm
