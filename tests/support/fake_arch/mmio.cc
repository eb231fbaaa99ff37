#include "tests/support/fake_arch/mmio.h"

#include <map>

#include "guest/kernel/arch/mmio.h"
#include "guest/kernel/lib/panic.h"
#include "shared/base/range.h"

namespace gk {
namespace {

using fake_arch::RegisterModel;
using fake_arch::RegisterWindow;

std::map<VirtualAddress, RegisterModel*>& Windows() {
  static std::map<VirtualAddress, RegisterModel*> windows;
  return windows;
}

VirtualAddress NextAddress() {
  static VirtualAddress next = 0x0000'3f00'0000'0000;
  return next += RegisterWindow::kSize;
}

struct Hit {
  RegisterModel& model;
  uint64_t offset;
};

Hit Find(VirtualAddress address, uint64_t width) {
  if (!base::IsAligned(address, width)) {
    Panic("hosted: register access is not aligned to its width");
  }
  const auto window = Windows().find(base::AlignDown(address, RegisterWindow::kSize));
  if (window == Windows().end()) {
    Panic("hosted: no registers at this address");
  }
  return {*window->second, address - window->first};
}

}  // namespace

namespace arch {

uint32_t ReadRegister32(VirtualAddress address) {
  const Hit hit = Find(address, sizeof(uint32_t));
  return hit.model.Read32(hit.offset);
}

void WriteRegister32(VirtualAddress address, uint32_t value) {
  const Hit hit = Find(address, sizeof(uint32_t));
  hit.model.Write32(hit.offset, value);
}

void WriteRegister64(VirtualAddress address, uint64_t value) {
  const Hit hit = Find(address, sizeof(uint64_t));
  hit.model.Write64(hit.offset, value);
}

}  // namespace arch

namespace fake_arch {

RegisterWindow::RegisterWindow(RegisterModel& model) : RegisterWindow(model, NextAddress()) {}

RegisterWindow::RegisterWindow(RegisterModel& model, VirtualAddress address) : address_(address) {
  Windows()[address] = &model;
}

RegisterWindow::~RegisterWindow() { Windows().erase(address_); }

}  // namespace fake_arch
}  // namespace gk
