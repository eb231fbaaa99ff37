#include "tests/host_pager/puppet_machine.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "vmm/base/log.h"
#include "vmm/machine/machine.h"

namespace host_pager {
namespace {

constexpr uint64_t kMemorySize = 64u << 20;

vmm::Result<std::unique_ptr<vmm::Machine>> CreateMachine(const PuppetMachine::PagerFactory& make_pager,
                                                         vmm::GuestRam::Sharing sharing, const dev::PortOptions& port,
                                                         dev::ConsoleFiles console) {
  PAGODA_TRY_ASSIGN(vmm::GuestRam ram, vmm::GuestRam::Create(kMemorySize, sharing));
  PAGODA_TRY_ASSIGN(const vmm::InputFile kernel, vmm::InputFile::Open(PAGODA_GUEST_OUTPUT "/kernel.elf"));
  PAGODA_TRY_ASSIGN(const vmm::InputFile bootfs, vmm::InputFile::Open(PAGODA_GUEST_OUTPUT "/host-pager.bootfs"));
  const std::vector<std::string> arguments = {"puppet"};
  PAGODA_TRY_ASSIGN(const vmm::LoadedGuest guest,
                    vmm::LoadGuest({.kernel = kernel, .bootfs = &bootfs, .arguments = arguments, .options = {}},
                                   ram.low_memory(), ram.ranges()));
  PAGODA_TRY_ASSIGN(const vmm::UsableHost host, vmm::OpenUsableHost("/dev/kvm"));
  pager::Registry pagers;
  EXPECT_TRUE(pagers.Register("x", make_pager(ram)).ok());
  return vmm::Machine::Create(host, {.ram = std::move(ram),
                                     .guest = guest,
                                     .pagers = std::move(pagers),
                                     .port = port,
                                     .cpu_count = 2,
                                     .console = console});
}

void MakePipe(vmm::UniqueFd& read_end, vmm::UniqueFd& write_end) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  read_end = vmm::UniqueFd(ends[0]);
  write_end = vmm::UniqueFd(ends[1]);
}

}  // namespace

base::Result<std::shared_ptr<pager::PageSource>, zx_status_t> OnePager::Open(std::string_view path) {
  if (!path.empty()) {
    return base::Failure{ZX_ERR_NOT_FOUND};
  }
  return std::shared_ptr<pager::PageSource>(source_);
}

PuppetMachine::PuppetMachine(PagerFactory make_pager, vmm::GuestRam::Sharing sharing, dev::PortOptions port)
    : make_pager_(std::move(make_pager)), sharing_(sharing), port_(std::move(port)) {
  vmm::SetLogLevel("off");
  MakePipe(input_read_, input_write_);
  MakePipe(output_read_, output_write_);
  collector_ = std::thread([this] { CollectOutput(); });
  machine_ = std::thread([this] { RunMachine(); });
  EXPECT_EQ(WaitFor("ready").status, "ZX_OK");
}

PuppetMachine::~PuppetMachine() {
  Start("exit");
  machine_.join();
  collector_.join();
}

void PuppetMachine::RunMachine() {
  auto machine =
      CreateMachine(make_pager_, sharing_, port_, {.output = output_write_.get(), .input = input_read_.get()});
  if (machine.ok()) {
    const auto outcome = machine.value()->Run(std::chrono::minutes(1));
    EXPECT_TRUE(outcome.ok());
    EXPECT_FALSE(outcome.ok() && std::holds_alternative<vmm::TimedOut>(outcome.value().reason)) << "it did not end";
  } else {
    ADD_FAILURE() << machine.error().message();
  }
  output_write_ = {};
}

void PuppetMachine::CollectOutput() {
  std::string line;
  char characters[256];
  ssize_t count = 0;
  while ((count = read(output_read_.get(), characters, sizeof(characters))) > 0) {
    const std::lock_guard lock(mutex_);
    for (ssize_t i = 0; i < count; ++i) {
      if (characters[i] != '\n') {
        line += characters[i];
        continue;
      }
      const size_t first = line.find(' ');
      const size_t second = line.find(' ', first + 1);
      if (line.starts_with("=") && second != std::string::npos) {
        outcomes_[line.substr(1, first - 1)] = {line.substr(first + 1, second - first - 1),
                                                std::strtoull(line.c_str() + second, nullptr, 0)};
      } else {
        rest_of_output_ += line + "\n";
      }
      line.clear();
    }
    changed_.notify_all();
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

int PuppetMachine::Start(const std::string& command) {
  const int number = ++commands_;
  const std::string line = std::to_string(number) + " " + command + "\n";
  EXPECT_EQ(write(input_write_.get(), line.data(), line.size()), static_cast<ssize_t>(line.size()));
  return number;
}

Outcome PuppetMachine::Result(int number) { return WaitFor(std::to_string(number)); }

Outcome PuppetMachine::WaitFor(const std::string& id) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kPatience, [&] { return ended_ || outcomes_.contains(id); });
  if (!outcomes_.contains(id)) {
    ADD_FAILURE() << "the guest does not answer; it printed:\n" << rest_of_output_;
    return {"hung"};
  }
  return outcomes_[id];
}

void KvmTest::SetUp() {
  if (const auto host = vmm::OpenUsableHost("/dev/kvm"); !host.ok()) {
    if (const char* required = std::getenv("REQUIRE_KVM"); required != nullptr && std::string(required) == "1") {
      FAIL() << host.error().message();
    }
    GTEST_SKIP() << host.error().message();
  }
}

void HostPagerTest::SetUp() {
  KvmTest::SetUp();
  if (IsSkipped() || HasFatalFailure()) {
    return;
  }
  source_ = std::make_shared<HeldSource>(info());
  guest_ = MakeGuest(source_);
  const Outcome opened = guest_->Do("open x");
  ASSERT_EQ(opened.status, "ZX_OK");
  ASSERT_EQ(opened.value, info().size);
}

std::unique_ptr<PuppetMachine> HostPagerTest::MakeGuest(std::shared_ptr<HeldSource> source) {
  return std::make_unique<PuppetMachine>(
      [source](const vmm::GuestRam& /*ram*/) { return std::make_unique<OnePager>(source); });
}

// A guest that ends waits until its pagers have written back.
void HostPagerTest::TearDown() {
  if (source_ != nullptr) {
    source_->LetGo();
  }
  guest_.reset();
}

}  // namespace host_pager
