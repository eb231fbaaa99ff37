#include "guest/kernel/object/platform.h"

#include "guest/kernel/lib/panic.h"

namespace gk {
namespace {

constinit Platform* current_platform = nullptr;

}  // namespace

void SetPlatform(Platform& platform) { current_platform = &platform; }

Platform& platform() {
  GK_ASSERT(current_platform != nullptr);
  return *current_platform;
}

}  // namespace gk
