// A machine in this process whose guest runs the puppet (puppet.cc), and a fixture with one object that the test
// serves.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <thread>

#include "devices/port/port_overdue.h"
#include "tests/host_pager/held_source.h"
#include "vmm/base/unique_fd.h"
#include "vmm/machine/guest_ram.h"

namespace host_pager {

// What a command of the puppet came to.
struct Outcome {
  std::string status;  // "ZX_OK", "ZX_ERR_IO", …
  uint64_t value = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
  friend void PrintTo(const Outcome& outcome, std::ostream* stream) {
    *stream << outcome.status << " " << outcome.value;
  }
};

// A pager with one object, of the empty path.
class OnePager final : public pager::Pager {
 public:
  explicit OnePager(std::shared_ptr<pager::PageSource> source) : source_(std::move(source)) {}
  base::Result<std::shared_ptr<pager::PageSource>, zx_status_t> Open(std::string_view path) override;

 private:
  const std::shared_ptr<pager::PageSource> source_;
};

// Runs from the constructor to the destructor, which stops it.
class PuppetMachine {
 public:
  // Makes the pager "x" of the guest, whose memory this is.
  using PagerFactory = std::function<std::unique_ptr<pager::Pager>(const vmm::GuestRam&)>;
  explicit PuppetMachine(PagerFactory make_pager, vmm::GuestRam::Sharing sharing = vmm::GuestRam::Sharing::kPrivate,
                         dev::PortOptions port = {});
  PuppetMachine(const PuppetMachine&) = delete;
  PuppetMachine& operator=(const PuppetMachine&) = delete;
  ~PuppetMachine();

  // Gives the puppet a command and returns the command's number.
  int Start(const std::string& command);
  // What it came to, waited for. "hung" if it does not end.
  Outcome Result(int number);
  Outcome Do(const std::string& command) { return Result(Start(command)); }

 private:
  Outcome WaitFor(const std::string& id);
  void RunMachine();
  void CollectOutput();

  const PagerFactory make_pager_;
  const vmm::GuestRam::Sharing sharing_;
  const dev::PortOptions port_;
  vmm::UniqueFd input_read_, input_write_, output_read_, output_write_;
  int commands_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Outcome> outcomes_;  // guarded by mutex_, as is the rest
  std::string rest_of_output_;               // what is no outcome, for the report of a failure
  bool ended_ = false;

  std::thread collector_;
  std::thread machine_;
};

// Every test that has a machine. Without a usable /dev/kvm the test is skipped; with REQUIRE_KVM=1 it fails.
class KvmTest : public testing::Test {
 protected:
  void SetUp() override;
};

// "x" is open in the guest.
class HostPagerTest : public KvmTest {
 protected:
  static constexpr uint64_t kPages = 8;

  void SetUp() override;
  void TearDown() override;
  // What kind of object "x" is; called by SetUp.
  [[nodiscard]] virtual pager::ObjectInfo info() const {
    return {.size = kPages * kPageSize, .content_size = kPages * kPageSize};
  }

  // The machine whose "x" is `source`; called by SetUp.
  [[nodiscard]] virtual std::unique_ptr<PuppetMachine> MakeGuest(std::shared_ptr<HeldSource> source);

  // Without a copy of the source's, so that tests read `source().NextRead()`.
  [[nodiscard]] HeldSource& source() { return *source_; }
  [[nodiscard]] PuppetMachine& guest() { return *guest_; }
  // Ends the guest with the source as it is; returns when the machine is gone.
  void EndGuest() { guest_.reset(); }

 private:
  std::shared_ptr<HeldSource> source_;
  std::unique_ptr<PuppetMachine> guest_;
};

class TrapDirtyHostPagerTest : public HostPagerTest {
 protected:
  [[nodiscard]] pager::ObjectInfo info() const override {
    return {.size = kPages * kPageSize, .content_size = kPages * kPageSize, .trap_dirty = true};
  }
};

}  // namespace host_pager
