#include "guest/kernel/boot/main.h"

#include <string_view>

#include "guest/kernel/arch/debug_call.h"
#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/boot/crash_on_purpose.h"
#include "guest/kernel/boot/options.h"
#include "guest/kernel/drivers/drivers.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/program/first_program.h"
#include "guest/kernel/program/machine_platform.h"
#include "guest/kernel/program/observe.h"
#include "guest/kernel/vm/api_policy.h"
#include "guest/kernel/vm/physical_ranges.h"
#include "guest/kernel/vm/reclaim.h"

namespace gk {
namespace {

void Say(std::span<const char> text) { drivers::console().Write(text); }
void Say(std::string_view text) { Say(std::span(text)); }

void RefuseOption(std::span<const char> option) {
  Say(std::string_view("pagoda: the kernel has no option '"));
  Say(option);
  Say(
      std::string_view("'; it has compat=zircon, seed=N, set-aside=N, pages-go-every=N, "
                       "enable-debugging-syscalls=true, crash=KIND\n"));
  drivers::system_control().Exit(program::kExitNotStarted);
}

base::Result<KernelOptions, BadOption> ReadOptions(const abi::BootInfo& boot) {
  return ParseOptions({arch::PhysicalToVirtual<const char>(boot.options_address), boot.options_size},
                      boot.option_count);
}

}  // namespace

void StartKernel(const abi::BootInfo& boot) {
  if (!drivers::Initialize(boot).ok()) {
    Panic("devices could not be started");
  }
  if (boot.debugger != 0 && !arch::AnnounceDebugCalls().ok()) {
    Panic("no memory for a debugger's calls");
  }
  program::StartObservation(boot.observe);
  const auto options = ReadOptions(boot);
  if (!options) {
    RefuseOption(options.error().text);
    return;
  }
  if (options->crash) {
    CrashOnPurpose(*options->crash);
  }
  api_policy = options->api_policy;
  debugging_syscalls = options->debugging_syscalls;
  reclaim::pages_go_every = options->pages_go_every;
  physical_ranges::SetAside(options->set_aside_pages);
  abi::BootInfo seeded = boot;
  if (options->seed) {
    seeded.random_seed[0] = *options->seed;
    seeded.random_seed[1] = seeded.random_seed[2] = seeded.random_seed[3] = 0;
  }
  program::StartFirstProgram(seeded, program::MachinePlatform());
}

}  // namespace gk
