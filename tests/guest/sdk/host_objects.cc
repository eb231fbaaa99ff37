#include "tests/guest/sdk/host_objects.h"

#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "shared/base/range.h"

namespace sdk_test {

Object::~Object() {
  if (memory >= 0) {
    close(memory);
  }
}

zx_handle_t HandleTable::Add(std::shared_ptr<Object> object, zx_rights_t rights) {
  std::lock_guard guard(lock_);
  next_ += 4;
  handles_[next_] = {std::move(object), rights};
  return next_;
}

zx_status_t HandleTable::Close(zx_handle_t value) {
  std::lock_guard guard(lock_);
  return value == ZX_HANDLE_INVALID || handles_.erase(value) > 0 ? ZX_OK : ZX_ERR_BAD_HANDLE;
}

zx_status_t HandleTable::Duplicate(zx_handle_t value, zx_rights_t rights, zx_handle_t* out) {
  Handle copy;
  {
    std::lock_guard guard(lock_);
    const auto found = handles_.find(value);
    if (found == handles_.end()) {
      return ZX_ERR_BAD_HANDLE;
    }
    copy = found->second;
  }
  if ((copy.rights & ZX_RIGHT_DUPLICATE) == 0) {
    return ZX_ERR_ACCESS_DENIED;
  }
  if (rights == ZX_RIGHT_SAME_RIGHTS) {
    rights = copy.rights;
  }
  if ((rights & ~copy.rights) != 0) {
    return ZX_ERR_INVALID_ARGS;
  }
  *out = Add(std::move(copy.object), rights);
  return ZX_OK;
}

zx_status_t HandleTable::Find(zx_handle_t value, zx_obj_type_t type, zx_rights_t rights, std::shared_ptr<Object>* out) {
  std::lock_guard guard(lock_);
  const auto found = handles_.find(value);
  if (found == handles_.end()) {
    return ZX_ERR_BAD_HANDLE;
  }
  if (type != ZX_OBJ_TYPE_NONE && found->second.object->type != type) {
    return ZX_ERR_WRONG_TYPE;
  }
  if ((rights & ~found->second.rights) != 0) {
    return ZX_ERR_ACCESS_DENIED;
  }
  *out = found->second.object;
  return ZX_OK;
}

void HandleTable::SetTerminated(Object& thread) {
  std::lock_guard guard(lock_);
  thread.terminated = true;
  changed_.notify_all();
}

zx_status_t HandleTable::WaitTerminated(Object& thread, int64_t deadline_ns) {
  std::unique_lock lock(lock_);
  if (deadline_ns == ZX_TIME_INFINITE) {
    changed_.wait(lock, [&] { return thread.terminated; });
    return ZX_OK;
  }
  const std::chrono::steady_clock::time_point deadline{std::chrono::nanoseconds(deadline_ns)};
  return changed_.wait_until(lock, deadline, [&] { return thread.terminated; }) ? ZX_OK : ZX_ERR_TIMED_OUT;
}

void ProgramMappings::Add(uint64_t address, uint64_t size) {
  std::lock_guard guard(lock_);
  for (uint64_t page = address; page < address + size; page += base::kPageSize) {
    pages_.insert(pages_.end(), page);
  }
}

bool ProgramMappings::Cover(uint64_t address, uint64_t size) {
  std::lock_guard guard(lock_);
  uint64_t end = address;
  for (auto page = pages_.find(address); page != pages_.end() && *page == end && end < address + size; ++page) {
    end += base::kPageSize;
  }
  return end >= address + size;
}

void ProgramMappings::Unmap(uint64_t address, uint64_t size) {
  std::lock_guard guard(lock_);
  auto page = pages_.lower_bound(address);
  while (page != pages_.end() && *page - address < size) {
    munmap(reinterpret_cast<void*>(*page), base::kPageSize);
    page = pages_.erase(page);
  }
}

std::shared_ptr<Object> MakeVmo(uint64_t size) {
  auto vmo = std::make_shared<Object>();
  vmo->type = ZX_OBJ_TYPE_VMO;
  vmo->size = base::AlignUp(size, base::kPageSize);
  vmo->content_size = size;
  vmo->memory = memfd_create("vmo", MFD_CLOEXEC);
  if (vmo->memory < 0 || ftruncate(vmo->memory, static_cast<off_t>(vmo->size)) != 0) {
    return nullptr;
  }
  return vmo;
}

}  // namespace sdk_test
