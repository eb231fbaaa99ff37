// A target without a machine: a few threads, memory, and a program that consists of walking through addresses.
//
// A step moves RIP by one byte. A run walks until it meets a break- or watchpoint, the address where the program ends,
// or the one where it spins; a spinning program runs until it is interrupted, or until the test says what happens.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "vmm/gdb/target.h"
#include "vmm/net/address.h"

namespace gdb_test {

namespace gdb = vmm::gdb;
namespace net = vmm::net;

// What the walk meets; 0: nothing.
struct FakeProgram {
  uint64_t spin_at = 0;
  uint64_t exit_at = 0;
  uint64_t write_at = 0;      // where it adds one...
  uint64_t written = 0;       // ...to the byte at this address
  uint64_t libraries_at = 0;  // where Libraries changes
  uint64_t goes_on_at = 0;    // from there the walk goes on here, if that is not 0
};

class FakeTarget final : public gdb::Target {
 public:
  // `threads` of them, STOPPED.
  explicit FakeTarget(uint32_t threads = 2);

  // --- For the test. Any thread.
  FakeProgram program;
  std::vector<gdb::MemoryRegion> memory_map;
  std::string exec_file;
  std::vector<gdb::Library> libraries;
  std::vector<gdb::Library> later_libraries;  // those that appear at program.libraries_at
  std::map<std::string, std::string> files;
  std::optional<gdb::ErrorCode> write_registers_error;
  std::optional<gdb::ErrorCode> insert_point_error;
  bool interrupt_is_slow = false;  // the stop comes by FinishInterrupt
  std::string monitor_text = "the guest is well\n";

  void AddMemory(gdb::AddressSpace space, uint64_t address, std::string bytes);
  [[nodiscard]] std::string MemoryAt(gdb::AddressSpace space, uint64_t address, size_t size);
  void Run();  // as if it had never been stopped
  void StopWith(gdb::StopEvent event);
  void FinishInterrupt();
  void set_registers(gdb::ThreadId thread, const gdb::Registers& registers);
  [[nodiscard]] gdb::Registers registers(gdb::ThreadId thread);
  [[nodiscard]] std::vector<gdb::Point> points();
  [[nodiscard]] std::vector<gdb::ResumeAction> actions();  // of all calls of Resume
  // "attached", "interrupt", "resume", "points removed", "killed", "gone", in their order.
  [[nodiscard]] std::vector<std::string> calls();
  // False when that many calls of this name have not come before a deadline that only a hang misses.
  [[nodiscard]] bool WaitForCall(const std::string& call, size_t count = 1);

  // --- gdb::Target
  void SetWakeUp(std::function<void()> wake_up) override;
  std::optional<gdb::StopEvent> stop() override;
  void Interrupt() override;
  void OnClientAttached() override;
  void OnClientGone() override;
  std::vector<gdb::ThreadInfo> Threads() override;
  gdb::Outcome<gdb::Registers> ReadRegisters(gdb::ThreadId thread) override;
  gdb::Outcome<> WriteRegisters(gdb::ThreadId thread, const gdb::Registers& registers) override;
  gdb::Outcome<size_t> ReadMemory(gdb::ThreadId thread, gdb::AddressSpace space, uint64_t address,
                                  std::span<std::byte> into) override;
  gdb::Outcome<size_t> WriteMemory(gdb::ThreadId thread, gdb::AddressSpace space, uint64_t address,
                                   std::span<const std::byte> bytes) override;
  gdb::Outcome<> InsertPoint(gdb::ThreadId thread, const gdb::Point& point) override;
  gdb::Outcome<> RemovePoint(gdb::ThreadId thread, const gdb::Point& point) override;
  void RemoveAllPoints() override;
  gdb::Outcome<> Resume(std::span<const gdb::ResumeAction> actions) override;
  void Kill() override;
  std::vector<gdb::MemoryRegion> MemoryMap() override;
  std::string ExecFile() override;
  std::vector<gdb::Library> Libraries() override;
  gdb::Outcome<std::unique_ptr<gdb::RemoteFile>> OpenFile(const std::string& path) override;
  std::vector<gdb::MonitorCommand> MonitorCommands() override;
  gdb::Outcome<> RunMonitorCommand(gdb::ThreadId thread, const std::string& name, const std::string& arguments,
                                   gdb::MonitorOutput& output) override;

 private:
  struct Segment {
    gdb::AddressSpace space;
    uint64_t address;
    std::string bytes;
  };

  [[nodiscard]] gdb::Outcome<> CheckStopped(gdb::ThreadId thread) const;
  size_t Copy(gdb::AddressSpace space, uint64_t address, std::span<std::byte> into);
  // From there to the end of its segment; empty where there is nothing.
  std::span<char> BytesAt(gdb::AddressSpace space, uint64_t address);
  std::optional<gdb::StopEvent> Walk(const gdb::ResumeAction& action);
  void WriteByProgram();
  void LoadByProgram(uint64_t& rip);
  [[nodiscard]] std::optional<gdb::StopEvent> MeetAt(gdb::ThreadId thread, uint64_t address) const;
  void Note(const std::string& call);

  std::condition_variable noted_;
  std::mutex mutex_;  // guards all that follows
  std::function<void()> wake_up_;
  std::optional<gdb::StopEvent> stop_;
  std::map<gdb::ThreadId, gdb::Registers> registers_;
  std::vector<Segment> memory_;
  std::vector<gdb::Point> points_;
  std::vector<gdb::ResumeAction> actions_;
  std::vector<std::string> calls_;
};

}  // namespace gdb_test
