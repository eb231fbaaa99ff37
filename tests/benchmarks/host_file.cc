#include "tests/benchmarks/host_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <numeric>
#include <vector>

namespace bench {

vmm::Result<vmm::UniqueFd> MakeHostFile(size_t size) {
  std::string path = std::filesystem::temp_directory_path() / "pagoda-bench-XXXXXX";
  vmm::UniqueFd fd(mkostemp(path.data(), O_CLOEXEC));
  if (!fd.valid()) {
    return vmm::HostFailure(errno, path);
  }
  unlink(path.c_str());
  constexpr size_t kPiece = 1 << 20;
  std::vector<uint64_t> content(std::min(size, kPiece) / sizeof(uint64_t));
  uint64_t next = uint64_t{1} << 32;
  for (size_t done = 0; done < size;) {
    std::iota(content.begin(), content.end(), next);
    next += content.size();
    const size_t length = std::min(size - done, content.size() * sizeof(uint64_t));
    if (write(fd.get(), content.data(), length) != static_cast<ssize_t>(length)) {
      return vmm::HostFailure(errno, fmt::format("writing a file of {} MiB", size >> 20));
    }
    done += length;
  }
  return fd;
}

std::string PathOfHostFile(const vmm::UniqueFd& fd) { return fmt::format("/proc/{}/fd/{}", getpid(), fd.get()); }

}  // namespace bench
