#include "vmm/symbols/loaded_library.h"

#include <dlfcn.h>

#include <optional>

#include "vmm/base/log.h"

namespace vmm {
namespace {

// The names that go with the interfaces that the headers declare.
constexpr const char* kLibDw = "libdw.so.1";
constexpr const char* kCapstone = "libcapstone.so.4";
static_assert(CS_API_MAJOR == 4);

// Never unloaded.
void* Open(const char* name) {
  void* library = dlopen(name, RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) {
    spdlog::warn("no symbols or disassembly: {}", dlerror());
  }
  return library;
}

template <typename Function>
bool Find(void* library, const char* name, Function& function) {
  // SAFETY: POSIX says that what dlsym returns for a function may be converted to a pointer to it.
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

#define PAGODA_FIND_FUNCTION(name) &&Find(library, #name, functions.name)

std::optional<LibDw> FindLibDw() {
  LibDw functions = {};
  void* library = Open(kLibDw);
  const bool complete = library != nullptr PAGODA_LIBDW_FUNCTIONS(PAGODA_FIND_FUNCTION);
  return complete ? std::optional(functions) : std::nullopt;
}

std::optional<Capstone> FindCapstone() {
  Capstone functions = {};
  void* library = Open(kCapstone);
  const bool complete = library != nullptr PAGODA_CAPSTONE_FUNCTIONS(PAGODA_FIND_FUNCTION);
  return complete ? std::optional(functions) : std::nullopt;
}

}  // namespace

const LibDw* LoadLibDw() {
  static const std::optional<LibDw> functions = FindLibDw();
  return functions ? &*functions : nullptr;
}

const Capstone* LoadCapstone() {
  static const std::optional<Capstone> functions = FindCapstone();
  return functions ? &*functions : nullptr;
}

}  // namespace vmm
