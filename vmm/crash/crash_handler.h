// What happens when something in the guest dies: a report on the monitor's standard error, and the core file that the
// user asked for.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>

#include "vmm/crash/core_file.h"
#include "vmm/crash/program_files.h"
#include "vmm/machine/machine.h"
#include "vmm/machine/user_fault.h"

namespace vmm {

struct CrashOptions {
  ProgramFiles files;
  std::optional<ReplacementFile> core;  // what the first crash writes its core file to
  std::function<void(std::string_view)> print;
};

class CrashHandler final : public UserFaultObserver {
 public:
  // A guest can make as many programs die as it likes; of these many it is said at length.
  static constexpr uint32_t kMostReports = 16;

  explicit CrashHandler(CrashOptions options) : options_(std::move(options)) {}

  void OnUserFault(const UserFault& fault, const dev::GuestMemory& memory) override;
  // The machine has stopped, for whatever reason.
  void OnStopped(const RunOutcome& outcome, const Machine& machine);

 private:
  void WriteCoreLocked(const CoreContent& content, const dev::GuestMemory& memory);

  std::mutex mutex_;
  CrashOptions options_;  // guarded by mutex_; without a core file once that is written
  uint32_t reports_ = 0;  // guarded by mutex_
};

}  // namespace vmm
