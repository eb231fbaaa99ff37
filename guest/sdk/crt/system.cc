// What a program can find out about the machine without asking the kernel.
#include <cpuid.h>
#include <zircon/syscalls.h>

extern "C" {

zx_string_view_t zx_system_get_version_string() {
  static constexpr char kVersion[] = "pagoda";
  return {.c_str = kVersion, .length = sizeof(kVersion) - 1};
}

zx_status_t zx_system_get_features(uint32_t kind, uint32_t* features) {
  switch (kind) {
    case ZX_FEATURE_KIND_CPU: {
      // On x86-64: ECX of CPUID's leaf 1.
      unsigned int eax = 0, ebx = 0, ecx = 0, edx = 0;
      __get_cpuid(1, &eax, &ebx, &ecx, &edx);
      *features = ecx;
      return ZX_OK;
    }
    case ZX_FEATURE_KIND_VM:  // code that can be executed can be read
    case ZX_FEATURE_KIND_ADDRESS_TAGGING:
      *features = 0;
      return ZX_OK;
    default:
      return ZX_ERR_NOT_SUPPORTED;
  }
}

}  // extern "C"
