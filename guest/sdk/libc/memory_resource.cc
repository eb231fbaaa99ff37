// The default memory resources of std::pmr. libstdc++'s object with these also holds the pools, which need
// thread-specific data; programs that use std::pmr::monotonic_buffer_resource or the pools do not link.
#include <atomic>
#include <memory_resource>

#include "guest/sdk/libc/fatal.h"

namespace std::pmr {
namespace {

class HeapResource final : public memory_resource {
  void* do_allocate(size_t bytes, size_t alignment) override { return ::operator new(bytes, align_val_t(alignment)); }
  void do_deallocate(void* block, size_t /*bytes*/, size_t alignment) override {
    ::operator delete(block, align_val_t(alignment));
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

class NullResource final : public memory_resource {
  void* do_allocate(size_t, size_t) override { pagoda::libc::Fatal("the null memory resource has no memory"); }
  void do_deallocate(void*, size_t, size_t) override {}
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

constinit atomic<memory_resource*> g_default = nullptr;

}  // namespace

memory_resource::~memory_resource() = default;

// Never destroyed: static objects may still release memory when the program ends.
memory_resource* new_delete_resource() noexcept {
  static auto* const resource = new HeapResource;
  return resource;
}

memory_resource* null_memory_resource() noexcept {
  static auto* const resource = new NullResource;
  return resource;
}

memory_resource* get_default_resource() noexcept {
  memory_resource* resource = g_default.load();
  return resource != nullptr ? resource : new_delete_resource();
}

memory_resource* set_default_resource(memory_resource* resource) noexcept {
  memory_resource* old = g_default.exchange(resource);
  return old != nullptr ? old : new_delete_resource();
}

}  // namespace std::pmr
