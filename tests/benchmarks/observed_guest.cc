#include "tests/benchmarks/observed_guest.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <unordered_map>

#include "devices/pager/alarm.h"
#include "devices/pager/pager_spec.h"
#include "devices/pager/runtime.h"
#include "devices/pager/single_object_pager.h"
#include "devices/port/port_observer.h"
#include "tests/benchmarks/cycles.h"
#include "vmm/cli/exit_codes.h"
#include "vmm/machine/machine.h"

namespace bench {
namespace {

constexpr std::chrono::seconds kLongest(60);

// Called by the device's thread; read when the machine has gone.
class RequestStamper final : public dev::PortObserver {
 public:
  void OnOpened(uint64_t /*object*/, std::string_view /*name*/, const pager::PageSource& /*source*/) override {}
  void OnClosed(uint64_t /*object*/, const pager::PageSource& /*source*/) override {}
  void OnOperation(const abi::PortOperation& /*operation*/) override {}
  void OnOperationAnswered(const abi::PortOperation& /*operation*/, zx_status_t /*status*/) override {}

  void OnRequest(uint64_t ticket, const dev::PortHeldRequest& request, dev::PortClock::time_point /*now*/) override {
    if (request.kind == abi::PortRequestKind::kRead || request.kind == abi::PortRequestKind::kDirty) {
      open_[ticket] = requests_.size();
      requests_.push_back({.arrived = ReadTsc(), .answered = 0});
    }
  }
  void OnAnswered(uint64_t ticket, const dev::PortHeldRequest& /*request*/, zx_status_t /*status*/,
                  dev::PortClock::duration /*took*/) override {
    if (const auto found = open_.find(ticket); found != open_.end()) {
      requests_[found->second].answered = ReadTsc();
      open_.erase(found);
    }
  }

  std::vector<ServedRequest> Take() { return std::move(requests_); }

 private:
  std::vector<ServedRequest> requests_;
  std::unordered_map<uint64_t, size_t> open_;  // by ticket: which of requests_
};

// As `pagoda run` finds it: beside the executable, in a build or an installation.
std::string FileOf(const Installation& installation, const std::string& given, const char* name) {
  if (!given.empty()) {
    return given;
  }
  const std::filesystem::path beside = std::filesystem::path(installation.pagoda).parent_path();
  const std::filesystem::path installed = beside / "../lib/pagoda" / name;
  return std::filesystem::exists(installed) ? installed : beside / "../guest" / name;
}

base::Failure<vmm::Error> HostError(std::string what) {
  return base::Failure{vmm::Error(vmm::kExitHostFailure, std::move(what))};
}

class EmptySource final : public pager::PageSource {
 public:
  EmptySource(uint64_t size, std::chrono::milliseconds delay, const boost::asio::any_io_executor& executor)
      : size_(size), delay_(delay), alarm_(executor) {}

  [[nodiscard]] pager::ObjectInfo info() const override {
    return {.size = size_, .content_size = size_, .read_only = true};
  }
  void Read(pager::ReadRequest request) override {
    if (delay_.count() == 0) {
      request.Complete(ZX_OK);
      return;
    }
    // One at a time is what a program that touches page after page asks for.
    const auto held = std::make_shared<pager::ReadRequest>(std::move(request));
    alarm_.Set(delay_, [held] { held->Complete(ZX_OK); });
  }

 private:
  const uint64_t size_;
  const std::chrono::milliseconds delay_;
  pager::SteadyAlarm alarm_;
};

std::string ReadAll(int fd) {
  std::string text;
  std::array<char, 65536> piece;
  ssize_t length = 0;
  while ((length = pread(fd, piece.data(), piece.size(), static_cast<off_t>(text.size()))) > 0) {
    text.append(piece.data(), static_cast<size_t>(length));
  }
  return text;
}

}  // namespace

vmm::Result<pager::Registry> MakePagers(const std::string& spec) {
  pager::Registry pagers;
  auto parsed = pager::ParsePagerSpec(spec);
  if (!parsed.ok()) {
    return HostError(parsed.error().message);
  }
  if (auto added = pager::AddPager(parsed.value(), pagers); !added.ok()) {
    return HostError(added.error().message);
  }
  return pagers;
}

vmm::Result<pager::Registry> MakeEmptyPager(uint64_t size, std::chrono::milliseconds delay) {
  pager::Registry pagers;
  auto runtime = pagers.runtime();
  if (!runtime.ok()) {
    return HostError(runtime.error().message);
  }
  auto source = std::make_shared<EmptySource>(size, delay, runtime.value()->executor());
  auto added = pagers.Register("f", std::make_unique<pager::SingleObjectPager>(std::move(source)));
  if (!added.ok()) {
    return HostError(added.error().message);
  }
  return pagers;
}

vmm::Result<ObservedRun> RunObserved(const Installation& installation, pager::Registry pagers,
                                     const std::vector<std::string>& program) {
  const vmm::UniqueFd output(memfd_create("pagoda-bench", MFD_CLOEXEC));
  if (!output.valid()) {
    return vmm::HostFailure(errno, "memfd_create");
  }
  PAGODA_TRY_ASSIGN(const vmm::InputFile kernel,
                    vmm::InputFile::Open(FileOf(installation, installation.kernel, "kernel.elf")));
  PAGODA_TRY_ASSIGN(const vmm::InputFile bootfs,
                    vmm::InputFile::Open(FileOf(installation, installation.bootfs, "sample.bootfs")));
  PAGODA_TRY_ASSIGN(vmm::GuestRam ram, vmm::GuestRam::Create(kGuestMemory));
  PAGODA_TRY_ASSIGN(const vmm::LoadedGuest guest,
                    vmm::LoadGuest({.kernel = kernel, .bootfs = &bootfs, .arguments = program, .options = {}},
                                   ram.low_memory(), ram.ranges()));
  PAGODA_TRY_ASSIGN(const vmm::UsableHost host, vmm::OpenUsableHost("/dev/kvm"));
  RequestStamper stamper;
  ObservedRun run;
  vmm::MachineConfig config = {.ram = std::move(ram),
                               .guest = guest,
                               .pagers = std::move(pagers),
                               .cpu_count = 1,
                               .console = {.output = output.get(), .input = std::nullopt},
                               .observe = abi::kObserveSteps};
  config.port.observers.push_back(&stamper);
  PAGODA_TRY_ASSIGN(const std::unique_ptr<vmm::Machine> machine, vmm::Machine::Create(host, std::move(config)));
  PAGODA_TRY_ASSIGN(const vmm::RunOutcome outcome, machine->Run(kLongest));
  run.output = ReadAll(output.get());
  if (const int code = vmm::ExitCodeOf(outcome.reason); code != 0) {
    return HostError(fmt::format("the guest ended with code {}: {}", code, run.output));
  }
  std::optional<vmm::GuestObservation> observation = machine->observation();
  if (!observation) {
    return HostError("the guest's kernel shows nothing");
  }
  observation->TakeEvents(run.events);
  run.requests = stamper.Take();
  return run;
}

}  // namespace bench
