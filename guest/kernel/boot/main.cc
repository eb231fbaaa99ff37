#include "guest/kernel/boot/main.h"

#include "guest/kernel/drivers/drivers.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/program/first_program.h"

namespace gk {

void StartKernel(const abi::BootInfo& boot) {
  if (!drivers::Initialize(boot).ok()) {
    Panic("devices could not be started");
  }
  program::StartFirstProgram(boot);
}

}  // namespace gk
