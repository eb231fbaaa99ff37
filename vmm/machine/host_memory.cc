#include "vmm/machine/host_memory.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>
#include <utility>

#include "shared/base/range.h"

namespace vmm {
namespace {

// Address space aligned to 2 MiB, cut out of a piece that is larger by that much; nullptr (errno set) when there is no
// room.
std::byte* MapAligned(uint64_t size) {
  const uint64_t reserved = base::AlignUp(size, base::kLargePageSize) + base::kLargePageSize;
  void* mapping = mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) {
    return nullptr;
  }
  auto* start = static_cast<std::byte*>(mapping);
  // SAFETY: only the numeric value of the pointer is used, to find the next multiple of 2 MiB.
  const uint64_t skip = -reinterpret_cast<uint64_t>(start) & (base::kLargePageSize - 1);
  if (skip != 0) {
    munmap(start, skip);
  }
  munmap(start + skip + size, reserved - skip - size);
  return start + skip;
}

}  // namespace

Result<HostMemory> HostMemory::CreateAnonymous(uint64_t size) {
  std::byte* start = MapAligned(size);
  if (start == nullptr) {
    return HostFailure(errno, fmt::format("reserving {} bytes for guest memory", size));
  }
  // Only advice: a host without transparent huge pages is slower, not wrong.
  madvise(start, size, MADV_HUGEPAGE);
  return HostMemory({start, size}, UniqueFd());
}

Result<HostMemory> HostMemory::CreateShared(const std::string& name, uint64_t size) {
  UniqueFd fd(memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid() || ftruncate(fd.get(), static_cast<off_t>(size)) != 0 ||
      fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return HostFailure(errno, fmt::format("creating shared memory '{}' of {} bytes", name, size));
  }
  std::byte* start = MapAligned(size);
  if (start == nullptr ||
      mmap(start, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd.get(), 0) == MAP_FAILED) {
    return HostFailure(errno, fmt::format("mapping shared memory '{}' of {} bytes", name, size));
  }
  // Only advice, which a host takes whose /sys/kernel/mm/transparent_hugepage/shmem_enabled is not "never".
  madvise(start, size, MADV_HUGEPAGE);
  return HostMemory({start, size}, std::move(fd));
}

HostMemory::HostMemory(HostMemory&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})), fd_(std::move(other.fd_)) {}

HostMemory::~HostMemory() {
  if (!bytes_.empty()) {
    munmap(bytes_.data(), bytes_.size());
  }
}

}  // namespace vmm
