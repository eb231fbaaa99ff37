#include "devices/pager/nbd/library.h"

#include <dlfcn.h>

#include <string>

namespace pager::nbd {

namespace {

constexpr const char* kName = "libnbd.so.0";

base::Result<Library, dev::Error> LoadOnce() {
  void* const handle = ::dlopen(kName, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return base::Failure{dev::Error{std::string(::dlerror()) + " (Debian has it in the package libnbd0)"}};
  }
  Library library{};
#define PAGODA_NBD_LOAD(name)                                                                         \
  /* SAFETY: the header that declares the function is of this version of the library, by its name. */ \
  library.name = reinterpret_cast<decltype(library.name)>(::dlsym(handle, "nbd_" #name));             \
  if (library.name == nullptr) {                                                                      \
    return base::Failure{dev::Error{std::string(kName) + " is too old: it has no nbd_" #name}};       \
  }
  PAGODA_NBD_FUNCTIONS(PAGODA_NBD_LOAD)
#undef PAGODA_NBD_LOAD
  return library;
}

}  // namespace

base::Result<const Library*, dev::Error> Library::Load() {
  static const base::Result<Library, dev::Error> loaded = LoadOnce();
  if (!loaded.ok()) {
    return base::Failure{loaded.error()};
  }
  return &loaded.value();
}

}  // namespace pager::nbd
