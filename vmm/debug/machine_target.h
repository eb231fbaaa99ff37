// The machine as a debugger's session drives it (vmm/gdb/target.h).
//
// Threads: as gdb::Target says.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vmm/debug/debug_caller.h"
#include "vmm/debug/kernel_records.h"
#include "vmm/debug/monitor_commands.h"
#include "vmm/debug/register_view.h"
#include "vmm/debug/symbol_files.h"
#include "vmm/debug/world.h"
#include "vmm/gdb/target.h"
#include "vmm/symbols/symbol_set.h"

namespace vmm {

class MachineTarget final : public gdb::Target {
 public:
  struct Config {
    World::Options options;
    uint64_t entry;  // where a CPU's first instructions are, which run at CPL 0
    SymbolFiles files;
  };

  // `machine` outlives this object. The agent must be given to the machine before it runs.
  MachineTarget(DebuggedMachine& machine, Config config);

  [[nodiscard]] DebugAgent& agent() { return world_; }

  void SetWakeUp(std::function<void()> wake_up) override { world_.SetWakeUp(std::move(wake_up)); }
  std::optional<gdb::StopEvent> stop() override { return world_.stop(); }
  void Interrupt() override { world_.Interrupt(); }
  void OnClientAttached() override;
  void OnClientGone() override { world_.OnClientGone(); }
  std::vector<gdb::ThreadInfo> Threads() override;
  gdb::Outcome<gdb::Registers> ReadRegisters(gdb::ThreadId thread) override;
  gdb::Outcome<> WriteRegisters(gdb::ThreadId thread, const gdb::Registers& registers) override;
  gdb::Outcome<size_t> ReadMemory(gdb::ThreadId thread, gdb::AddressSpace space, uint64_t address,
                                  std::span<std::byte> into) override;
  gdb::Outcome<size_t> WriteMemory(gdb::ThreadId thread, gdb::AddressSpace space, uint64_t address,
                                   std::span<const std::byte> bytes) override;
  gdb::Outcome<> InsertPoint(gdb::ThreadId thread, const gdb::Point& point) override;
  gdb::Outcome<> RemovePoint(gdb::ThreadId thread, const gdb::Point& point) override;
  void RemoveAllPoints() override { world_.RemoveAllPoints(); }
  gdb::Outcome<> Resume(std::span<const gdb::ResumeAction> actions) override;
  void Kill() override { world_.Kill(); }
  std::vector<gdb::MemoryRegion> MemoryMap() override { return {}; }
  std::string ExecFile() override { return files_.kernel_path(); }
  std::vector<gdb::Library> Libraries() override;
  gdb::Outcome<std::unique_ptr<gdb::RemoteFile>> OpenFile(const std::string& path) override {
    return files_.Open(path);
  }
  std::vector<gdb::MonitorCommand> MonitorCommands() override;
  gdb::Outcome<> RunMonitorCommand(gdb::ThreadId thread, const std::string& name, const std::string& arguments,
                                   gdb::MonitorOutput& output) override;

 private:
  class Memory;

  gdb::ThreadInfo Describe(uint32_t cpu);
  void LookAround();
  gdb::Outcome<std::string> AnswerAboutCpu(const CpuQuestion& question, gdb::ThreadId selected);
  [[nodiscard]] bool HasThread(gdb::ThreadId thread);
  [[nodiscard]] uint64_t RootOf(const CpuContext& context, uint64_t address);
  gdb::Outcome<> InsertWatch(const CpuContext& context, const gdb::Point& point);
  [[nodiscard]] SymbolSet Symbols(uint64_t root);
  gdb::Outcome<CpuRegisters> ReadCpu(gdb::ThreadId thread);
  std::vector<uint64_t> RootsFor(const CpuContext& context);
  std::optional<uint64_t> Translate(std::span<const uint64_t> roots, uint64_t address);
  template <typename Copy>
  gdb::Outcome<size_t> ForEachPiece(gdb::ThreadId thread, gdb::AddressSpace space, uint64_t address, size_t size,
                                    Copy copy);
  [[nodiscard]] const dev::GuestMemory& memory() { return world_.machine().memory(); }
  // Whether code at `address` runs at CPL 0, where an `int3` would end the machine.
  [[nodiscard]] bool IsNucleus(uint64_t address) const;

  World world_;
  const uint64_t entry_;
  SymbolFiles files_;
  DebugCaller caller_;
  bool has_looked_ = false;             // since the CPUs ran last
  std::vector<CpuRecord> cpu_records_;  // what was seen then
};

}  // namespace vmm
