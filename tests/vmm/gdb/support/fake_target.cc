#include "tests/vmm/gdb/support/fake_target.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace gdb_test {

namespace {

using gdb::ErrorCode;

class MemoryFile final : public gdb::RemoteFile {
 public:
  explicit MemoryFile(std::string content) : content_(std::move(content)) {}
  gdb::Outcome<size_t> Read(uint64_t offset, std::span<std::byte> into) override {
    if (offset >= content_.size()) {
      return size_t{0};
    }
    const size_t count = std::min(into.size(), content_.size() - offset);
    std::memcpy(into.data(), content_.data() + offset, count);
    return count;
  }
  [[nodiscard]] uint64_t size() const override { return content_.size(); }
  [[nodiscard]] uint64_t modified() const override { return 0xffff0000; }

 private:
  std::string content_;
};

}  // namespace

FakeTarget::FakeTarget(uint32_t threads) : stop_(gdb::ThreadStop{.thread = 1}) {
  for (gdb::ThreadId id = 1; id <= threads; ++id) {
    registers_[id].rip = 0x1000 * id;
    registers_[id][gdb::General::kRsp] = 0x8000 + 0x100 * id;
  }
}

void FakeTarget::AddMemory(gdb::AddressSpace space, uint64_t address, std::string bytes) {
  const std::lock_guard lock(mutex_);
  memory_.push_back({.space = space, .address = address, .bytes = std::move(bytes)});
}

std::string FakeTarget::MemoryAt(gdb::AddressSpace space, uint64_t address, size_t size) {
  const std::lock_guard lock(mutex_);
  std::string bytes(size, '\0');
  bytes.resize(Copy(space, address, std::as_writable_bytes(std::span(bytes))));
  return bytes;
}

void FakeTarget::Run() {
  const std::lock_guard lock(mutex_);
  stop_.reset();
}

void FakeTarget::StopWith(gdb::StopEvent event) {
  const std::lock_guard lock(mutex_);
  stop_ = event;
  if (wake_up_) {
    wake_up_();
  }
}

void FakeTarget::FinishInterrupt() { StopWith(gdb::ThreadStop{.thread = 1, .signal = gdb::Signal::kInt}); }

void FakeTarget::set_registers(gdb::ThreadId thread, const gdb::Registers& registers) {
  const std::lock_guard lock(mutex_);
  registers_.at(thread) = registers;
}

gdb::Registers FakeTarget::registers(gdb::ThreadId thread) {
  const std::lock_guard lock(mutex_);
  return registers_.at(thread);
}

std::vector<gdb::Point> FakeTarget::points() {
  const std::lock_guard lock(mutex_);
  return points_;
}

std::vector<gdb::ResumeAction> FakeTarget::actions() {
  const std::lock_guard lock(mutex_);
  return actions_;
}

std::vector<std::string> FakeTarget::calls() {
  const std::lock_guard lock(mutex_);
  return calls_;
}

bool FakeTarget::WaitForCall(const std::string& call, size_t count) {
  constexpr std::chrono::seconds kPatience(60);
  std::unique_lock lock(mutex_);
  return noted_.wait_for(lock, kPatience,
                         [&] { return static_cast<size_t>(std::count(calls_.begin(), calls_.end(), call)) >= count; });
}

void FakeTarget::Note(const std::string& call) {
  calls_.push_back(call);
  noted_.notify_all();
}

void FakeTarget::SetWakeUp(std::function<void()> wake_up) {
  const std::lock_guard lock(mutex_);
  wake_up_ = std::move(wake_up);
}

std::optional<gdb::StopEvent> FakeTarget::stop() {
  const std::lock_guard lock(mutex_);
  return stop_;
}

void FakeTarget::Interrupt() {
  {
    const std::lock_guard lock(mutex_);
    Note("interrupt");
    if (stop_ || interrupt_is_slow) {
      return;
    }
  }
  FinishInterrupt();
}

void FakeTarget::OnClientAttached() {
  const std::lock_guard lock(mutex_);
  Note("attached");
}

void FakeTarget::OnClientGone() {
  const std::lock_guard lock(mutex_);
  Note("gone");
}

std::vector<gdb::ThreadInfo> FakeTarget::Threads() {
  const std::lock_guard lock(mutex_);
  std::vector<gdb::ThreadInfo> threads;
  if (stop_ && !std::holds_alternative<gdb::ThreadStop>(*stop_)) {
    return threads;
  }
  for (const auto& [id, ignored] : registers_) {
    threads.push_back({.id = id,
                       .core = id - 1,
                       .name = "CPU " + std::to_string(id - 1) + ": <söme> & \"name\"",
                       .extra = id == 1 ? "halted" : ""});
  }
  return threads;
}

gdb::Outcome<> FakeTarget::CheckStopped(gdb::ThreadId thread) const {
  if (!stop_) {
    return gdb::Fail(ErrorCode::kNotStopped);
  }
  if (!registers_.contains(thread)) {
    return gdb::Fail(ErrorCode::kNoSuchThread);
  }
  return {};
}

gdb::Outcome<gdb::Registers> FakeTarget::ReadRegisters(gdb::ThreadId thread) {
  const std::lock_guard lock(mutex_);
  PAGODA_TRY(CheckStopped(thread));
  return registers_.at(thread);
}

gdb::Outcome<> FakeTarget::WriteRegisters(gdb::ThreadId thread, const gdb::Registers& registers) {
  const std::lock_guard lock(mutex_);
  PAGODA_TRY(CheckStopped(thread));
  if (write_registers_error) {
    return gdb::Fail(*write_registers_error, "CR3 cannot be changed");
  }
  registers_.at(thread) = registers;
  return {};
}

std::span<char> FakeTarget::BytesAt(gdb::AddressSpace space, uint64_t address) {
  for (Segment& segment : memory_) {
    if (segment.space == space && address >= segment.address && address - segment.address < segment.bytes.size()) {
      return std::span(segment.bytes).subspan(address - segment.address);
    }
  }
  return {};
}

gdb::Outcome<size_t> FakeTarget::ReadMemory(gdb::ThreadId thread, gdb::AddressSpace space, uint64_t address,
                                            std::span<std::byte> into) {
  const std::lock_guard lock(mutex_);
  PAGODA_TRY(CheckStopped(thread));
  return Copy(space, address, into);
}

size_t FakeTarget::Copy(gdb::AddressSpace space, uint64_t address, std::span<std::byte> into) {
  size_t count = 0;
  while (count < into.size()) {
    const std::span<char> bytes = BytesAt(space, address + count);
    if (bytes.empty()) {
      break;
    }
    const size_t portion = std::min(bytes.size(), into.size() - count);
    std::memcpy(into.data() + count, bytes.data(), portion);
    count += portion;
  }
  return count;
}

gdb::Outcome<size_t> FakeTarget::WriteMemory(gdb::ThreadId thread, gdb::AddressSpace space, uint64_t address,
                                             std::span<const std::byte> bytes) {
  const std::lock_guard lock(mutex_);
  PAGODA_TRY(CheckStopped(thread));
  size_t count = 0;
  while (count < bytes.size()) {
    const std::span<char> place = BytesAt(space, address + count);
    if (place.empty()) {
      break;
    }
    const size_t portion = std::min(place.size(), bytes.size() - count);
    std::memcpy(place.data(), bytes.data() + count, portion);
    count += portion;
  }
  return count;
}

gdb::Outcome<> FakeTarget::InsertPoint(gdb::ThreadId thread, const gdb::Point& point) {
  const std::lock_guard lock(mutex_);
  PAGODA_TRY(CheckStopped(thread));
  if (insert_point_error) {
    return gdb::Fail(*insert_point_error);
  }
  if (std::find(points_.begin(), points_.end(), point) == points_.end()) {
    points_.push_back(point);
  }
  return {};
}

gdb::Outcome<> FakeTarget::RemovePoint(gdb::ThreadId thread, const gdb::Point& point) {
  const std::lock_guard lock(mutex_);
  PAGODA_TRY(CheckStopped(thread));
  std::erase(points_, point);
  return {};
}

void FakeTarget::RemoveAllPoints() {
  const std::lock_guard lock(mutex_);
  Note("points removed");
  points_.clear();
}

gdb::Outcome<> FakeTarget::Resume(std::span<const gdb::ResumeAction> actions) {
  const std::lock_guard lock(mutex_);
  for (const gdb::ResumeAction& action : actions) {
    PAGODA_TRY(CheckStopped(action.thread));
  }
  Note("resume");
  actions_.insert(actions_.end(), actions.begin(), actions.end());
  stop_.reset();
  const auto stepping = std::find_if(actions.begin(), actions.end(), [](const gdb::ResumeAction& action) {
    return action.kind != gdb::ResumeAction::Kind::kContinue;
  });
  stop_ = Walk(stepping == actions.end() ? actions.front() : *stepping);
  if (stop_ && wake_up_) {
    wake_up_();
  }
  return {};
}

void FakeTarget::Kill() {
  {
    const std::lock_guard lock(mutex_);
    Note("killed");
  }
  StopWith(gdb::GuestTerminated{.signal = gdb::Signal::kKill});
}

std::vector<gdb::MemoryRegion> FakeTarget::MemoryMap() { return memory_map; }
std::string FakeTarget::ExecFile() { return exec_file; }
std::vector<gdb::Library> FakeTarget::Libraries() { return libraries; }

gdb::Outcome<std::unique_ptr<gdb::RemoteFile>> FakeTarget::OpenFile(const std::string& path) {
  const auto found = files.find(path);
  if (found == files.end()) {
    return gdb::Fail(ErrorCode::kNotFound);
  }
  return std::unique_ptr<gdb::RemoteFile>(std::make_unique<MemoryFile>(found->second));
}

std::vector<gdb::MonitorCommand> FakeTarget::MonitorCommands() {
  return {{.name = "status", .arguments = "[WHAT]", .summary = "how the guest is"},
          {.name = "stop", .arguments = "", .summary = "fails"}};
}

gdb::Outcome<> FakeTarget::RunMonitorCommand(gdb::ThreadId thread, const std::string& name,
                                             const std::string& arguments, gdb::MonitorOutput& output) {
  if (name == "stop") {
    return gdb::Fail(ErrorCode::kInvalid, "it cannot be stopped");
  }
  output.Write(monitor_text);
  if (!arguments.empty()) {
    output.Write("thread " + std::to_string(thread) + " asked for '" + arguments + "'\n");
  }
  return {};
}

}  // namespace gdb_test
