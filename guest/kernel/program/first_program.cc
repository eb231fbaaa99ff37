#include "guest/kernel/program/first_program.h"

#include <array>

#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/drivers/bootfs.h"
#include "guest/kernel/object/platform.h"
#include "guest/kernel/object/random.h"
#include "guest/kernel/program/launch.h"
#include "guest/kernel/program/startup_block.h"
#include "shared/base/immortal.h"

namespace gk::program {
namespace {

// Ends the machine with the first process.
class FirstProgram final : public SignalObserver {
 public:
  void Watch(RefPtr<ProcessDispatcher> process) {
    process_ = std::move(process);
    if ((process_->signals() & ZX_PROCESS_TERMINATED) != 0) {
      OnMatch(process_->signals());
      return;
    }
    process_->AddObserver(*this, ZX_PROCESS_TERMINATED, HandleKey());
  }
  void OnMatch(zx_signals_t /*signals*/) override {
    const RefPtr<ProcessDispatcher> process = std::move(process_);
    platform().ExitMachine(MachineExitCode(process->return_code()));
  }
  void OnCancel(zx_signals_t /*signals*/) override {}

 private:
  RefPtr<ProcessDispatcher> process_;
};

constinit base::Immortal<FirstProgram> first_program;

void Say(const char* text) {
  size_t length = 0;
  while (text[length] != '\0') {
    ++length;
  }
  platform().WriteConsole({text, length});
}

// `name` comes from the command line of the monitor, which shows it to the person who typed it.
void Refuse(std::span<const char> name, const char* reason) {
  Say("pagoda: program '");
  platform().WriteConsole(name);
  Say("' ");
  Say(reason);
  Say("\n");
  platform().ExitMachine(kExitNotStarted);
}

const char* ReasonFor(Status status) {
  switch (status.value()) {
    case ZX_ERR_NO_MEMORY:
      return "does not fit into the machine's memory; give it more with --memory";
    case ZX_ERR_NO_RESOURCES:
    case ZX_ERR_ALREADY_EXISTS:
      return "leaves no room in its address space for a stack";
    default:
      return "could not be started";
  }
}

Result<BootFile> FindProgram(const abi::BootInfo& boot, std::span<const char> name) {
  if (boot.bootfs_size == 0) {
    return Error(ZX_ERR_NOT_FOUND);
  }
  PAGODA_TRY_ASSIGN(const Bootfs bootfs, Bootfs::Open(boot.bootfs_address, boot.bootfs_size));
  return bootfs.Find(name);
}

void Start(const abi::BootInfo& boot, std::span<const char> arguments, const BootFile& boot_file) {
  const std::span<const char> name = FirstString(arguments);
  const std::span<const uint8_t> file(arch::PhysicalToVirtual<const uint8_t>(boot_file.address), boot_file.size);
  const base::Result<ElfImage, ElfDefect> image = ParseElf(file);
  if (!image) {
    Refuse(name, Describe(image.error()));
    return;
  }
  Result<RefPtr<ProcessDispatcher>> process = LaunchProgram({.name = name,
                                                             .file = file,
                                                             .image = *image,
                                                             .arguments = arguments,
                                                             .argument_count = boot.argument_count,
                                                             .cpu_count = boot.cpu_count});
  if (!process) {
    Refuse(name, ReasonFor(process.error()));
    return;
  }
  first_program->Watch(*process);
}

}  // namespace

uint8_t MachineExitCode(int64_t return_code) {
  if (return_code == ZX_TASK_RETCODE_EXCEPTION_KILL) {
    return kExitFaulted;
  }
  // The low byte of some of these codes would be 0.
  const bool killed =
      return_code <= ZX_TASK_RETCODE_SYSCALL_KILL && return_code >= ZX_TASK_RETCODE_CRITICAL_PROCESS_KILL;
  return killed ? kExitKilled : static_cast<uint8_t>(return_code);
}

void StartFirstProgram(const abi::BootInfo& boot, Platform& platform) {
  SetPlatform(platform);
  SeedRandom(std::to_array(boot.random_seed));
  const std::span<const char> arguments(arch::PhysicalToVirtual<const char>(boot.arguments_address),
                                        boot.arguments_size);
  if (!IsStringList(arguments, boot.argument_count)) {
    Refuse({}, "was not named by the monitor");
    return;
  }
  const Result<BootFile> file = FindProgram(boot, FirstString(arguments));
  if (!file) {
    Refuse(FirstString(arguments), file.error().value() == ZX_ERR_NOT_FOUND
                                       ? "is not in the boot image"
                                       : "cannot be read: the boot image is damaged");
    return;
  }
  Start(boot, arguments, *file);
}

}  // namespace gk::program
