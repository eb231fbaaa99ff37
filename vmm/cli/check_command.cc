#include "vmm/cli/check_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "vmm/cli/exit_codes.h"
#include "vmm/machine/host_check.h"

namespace vmm {
namespace {

Result<std::vector<HostRequirement>> CheckHost(const std::string& device) {
  PAGODA_TRY_ASSIGN(const KvmSystem system, KvmSystem::Open(device));
  PAGODA_TRY_ASSIGN(const HostFacts facts, FactsOf(system));
  return JudgeHost(facts);
}

int Check(const std::string& device) {
  const auto requirements = CheckHost(device);
  if (!requirements.ok()) {
    fmt::print(stderr, "pagoda: {}\n", requirements.error().message());
    return kExitHostCannotRun;
  }
  fmt::print("ok       {} can be opened\n", device);
  for (const HostRequirement& requirement : requirements.value()) {
    if (requirement.met) {
      fmt::print("ok       {}\n", requirement.what);
    } else {
      fmt::print("missing  {} — {}\n", requirement.what, requirement.advice);
    }
  }
  const bool usable = std::all_of(requirements.value().begin(), requirements.value().end(),
                                  [](const HostRequirement& requirement) { return requirement.met; });
  fmt::print("{}\n", usable ? "This host can run guests." : "This host cannot run guests.");
  return usable ? kExitSuccess : kExitHostCannotRun;
}

}  // namespace

void AddCheckCommand(CLI::App& app, int& exit_code) {
  auto device = std::make_shared<std::string>("/dev/kvm");
  CLI::App* command = app.add_subcommand("check", "Tell whether this host can run guests, and what to do where not");
  command->add_option("--kvm", *device, "The KVM device")->type_name("FILE")->capture_default_str();
  command->callback([device, &exit_code] { exit_code = Check(*device); });
}

}  // namespace vmm
