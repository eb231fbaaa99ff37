#include "tests/vmm/support/temporary_file.h"

#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace vmm_test {

TemporaryFile::TemporaryFile(std::span<const std::byte> contents)
    : path_(std::filesystem::temp_directory_path() / "pagoda-test-XXXXXX") {
  close(mkstemp(path_.data()));
  std::ofstream file(path_, std::ios::binary);
  file.write(reinterpret_cast<const char*>(contents.data()), static_cast<std::streamsize>(contents.size()));
}

TemporaryFile::~TemporaryFile() { unlink(path_.c_str()); }

}  // namespace vmm_test
