// Threads, address spaces and modules.
#include "tests/guest/kernel/inspect/inspect_fixture.h"
#include "tests/guest/kernel/object/user_code.h"

namespace gk::test {
namespace {

class InspectTasksTest : public InspectTest {
 protected:
  InspectTasksTest() : target_(*ProcessDispatcher::Create(NameOf("target"))) {}
  ~InspectTasksTest() override {
    target_->Kill(0);
    fake_arch::RunUntilIdle();
  }

  VirtualAddress MapAt(VirtualAddress address, const std::string& name, zx_vm_option_t options, uint64_t pages = 1) {
    RefPtr<Vmo> vmo = *Vmo::Create(pages * kPageSize, Resizability::kFixed);
    vmo->set_name(NameOf(name));
    return MapVmoAt(address, vmo, options);
  }
  VirtualAddress MapVmoAt(VirtualAddress address, const RefPtr<Vmo>& vmo, zx_vm_option_t options) {
    Vmar& root = target_->address_space().root();
    MapRequest request{.vmo = vmo, .length = vmo->size(), .vmar_offset = address - root.base()};
    request.options = options | ZX_VM_SPECIFIC;
    return *root.Map(request);
  }
  // A thread of the target that runs `body`; it is left where it blocks.
  RefPtr<ThreadDispatcher> StartThread(const std::string& name, std::function<void(UserRegisters&)> body) {
    RefPtr<ThreadDispatcher> thread = *ThreadDispatcher::Create(target_, NameOf(name));
    EXPECT_TRUE(thread->Start({.rip = code_.Add(std::move(body)), .stack = 0, .argument1 = 0, .argument2 = 0}).ok());
    fake_arch::RunUntilIdle();
    return thread;
  }
  static Inspection OfTarget(DebugCommand command, const RefPtr<ProcessDispatcher>& target) {
    return Ask(command, target->koid());
  }

  UserCode code_;
  RefPtr<ProcessDispatcher> target_;
};

constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
constexpr zx_vm_option_t kReadExecute = ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE;

TEST_F(InspectTasksTest, BlockedThreadSaysWhatItWaitsForAndWhere) {
  const RefPtr<ThreadDispatcher> thread =
      StartThread("sleeper", [](UserRegisters&) { UserSyscall(abi::Syscall::nanosleep, ZX_TIME_INFINITE); });
  const Table table(OfTarget(DebugCommand::kThreads, target_));
  ASSERT_EQ(table.rows().size(), 1u);
  const std::string koid = Text(thread->koid());
  EXPECT_EQ(table.Get("THREAD", koid, "PROCESS"), Text(target_->koid()));
  EXPECT_EQ(table.Get("THREAD", koid, "STATE"), "blocked");
  EXPECT_EQ(table.Get("THREAD", koid, "CPU"), "-");
  EXPECT_EQ(table.Get("THREAD", koid, "WAITS-FOR"), "time");
  EXPECT_EQ(table.Get("THREAD", koid, "RIP"), "0x400000");
  EXPECT_EQ(table.Get("THREAD", koid, "NAME"), "target/sleeper");
}

TEST_F(InspectTasksTest, RunningThreadNamesItsCpuInTablesAndRecords) {
  std::vector<std::string> lines;
  Inspection cpus;
  const RefPtr<ThreadDispatcher> thread = StartThread("runner", [&](UserRegisters&) {
    lines = Ask(DebugCommand::kThreads).lines;
    cpus = Ask(DebugCommand::kCpuRecords);
  });
  const Table table({.error = DebugCallError::kNone, .lines = lines, .cursor = 0});
  EXPECT_EQ(table.Get("THREAD", Text(thread->koid()), "STATE"), "running");
  EXPECT_EQ(table.Get("THREAD", Text(thread->koid()), "CPU"), "0");
  std::ostringstream expected;
  expected << std::hex << "0\t" << target_->koid() << '\t' << thread->koid() << "\ttarget\trunner";
  EXPECT_EQ(cpus.lines, std::vector<std::string>{expected.str()});
}

TEST_F(InspectTasksTest, CpuWithoutUserThreadHasNoKoids) {
  const Inspection cpus = Ask(DebugCommand::kCpuRecords);
  ASSERT_EQ(cpus.lines.size(), 1u);
  EXPECT_EQ(cpus.lines[0], "0\t0\t0\t\tidle");
}

TEST_F(InspectTasksTest, ThreadsThatWaitForAPagerAreNamed) {
  const zx_handle_t handle = CreatePagerVmo(4);
  const RefPtr<Vmo> vmo = VmoOf(handle);
  const RefPtr<ThreadDispatcher> thread = StartThread("reader", [vmo = vmo.get()](UserRegisters&) {
    char byte = 0;
    (void)StatusOf(vmo->Read(&byte, 0, 1));
  });
  EXPECT_EQ(Table(Ask(DebugCommand::kRequests)).Get("VMO", Text(vmo->koid()), "THREADS"),
            Text(thread->koid()) + " target/reader");
  EXPECT_EQ(Table(Ask(DebugCommand::kThreads)).Get("THREAD", Text(thread->koid()), "WAITS-FOR"), "pager");
  EXPECT_EQ(Supply(handle, 0, 1), ZX_OK);
}

TEST_F(InspectTasksTest, TreeOfRegionsIsIndented) {
  Vmar& root = target_->address_space().root();
  const RefPtr<Vmar> region = *root.Allocate({.offset = 0x10000000,
                                              .size = 8 * kPageSize,
                                              .options = ZX_VM_CAN_MAP_READ | ZX_VM_SPECIFIC | ZX_VM_CAN_MAP_SPECIFIC});
  RefPtr<Vmo> vmo = *Vmo::Create(2 * kPageSize, Resizability::kFixed);
  Add(VmoDispatcher::Create(vmo, NameOf("inner")), ZX_DEFAULT_VMO_RIGHTS);
  ASSERT_TRUE(vmo->Commit(kPageSize, kPageSize).ok());
  MapRequest request{.vmo = vmo, .vmo_offset = kPageSize, .length = kPageSize, .vmar_offset = kPageSize};
  request.options = ZX_VM_PERM_READ | ZX_VM_SPECIFIC;
  ASSERT_TRUE(region->Map(request).ok());
  MapAt(0x20000000, "outer", kReadWrite);

  const std::vector<std::string> lines = OfTarget(DebugCommand::kVmars, target_).lines;
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_EQ(lines[1].rfind("process " + Text(target_->koid()) + " target, page tables at 0x", 0), 0u) << lines[1];
  const size_t name = lines[0].find("NAME");
  EXPECT_EQ(lines[2].substr(name), "<root>");
  EXPECT_EQ(lines[3].substr(name), "  <region>");
  EXPECT_EQ(lines[4].substr(name), "    inner");
  EXPECT_EQ(lines[5].substr(name), "  outer");
  const std::vector<std::string> inner = Words(lines[4]);
  EXPECT_EQ(inner, (std::vector<std::string>{"0x10201000", "0x10202000", "4K", "r--", "1", Text(vmo->koid()), "0x1000",
                                             "inner"}));
  EXPECT_EQ(Words(lines[3])[3], "r--");
}

TEST_F(InspectTasksTest, AllProcessesAppearAndAnUnknownOneIsNotFound) {
  size_t processes = 0;
  for (const std::string& line : Ask(DebugCommand::kVmars).lines) {
    processes += line.rfind("process ", 0) == 0 ? 1U : 0U;
  }
  EXPECT_EQ(processes, 2u);
  EXPECT_EQ(Ask(DebugCommand::kVmars, 999'999).error, DebugCallError::kNotFound);
  EXPECT_EQ(Ask(DebugCommand::kThreads, 999'999).error, DebugCallError::kNotFound);
  EXPECT_EQ(Ask(DebugCommand::kModules, 999'999).error, DebugCallError::kNotFound);
}

TEST_F(InspectTasksTest, DeadProcessHasNothingMapped) {
  target_->Kill(0);
  EXPECT_EQ(OfTarget(DebugCommand::kVmars, target_).lines.size(), 1u);
  EXPECT_EQ(OfTarget(DebugCommand::kModules, target_).lines.size(), 1u);
}

TEST_F(InspectTasksTest, ModuleIsWhatHasOneNameAroundItsCode) {
  MapAt(0x10000000, "bin/hello", ZX_VM_PERM_READ);
  MapAt(0x10001000, "bin/hello", kReadExecute, 2);
  MapAt(0x10004000, "bin/hello", kReadWrite);
  MapAt(0x20000000, "stack", kReadWrite);
  const RefPtr<Vmo> vdso = *Vmo::Create(kPageSize, Resizability::kFixed);
  target_->SetVdso(vdso);
  MapVmoAt(0x30000000, vdso, kReadExecute);
  const Inspection records = OfTarget(DebugCommand::kModuleRecords, target_);
  std::ostringstream start;
  start << std::hex << target_->koid() << '\t' << target_->address_space().page_table_root() << "\t0\t";
  EXPECT_EQ(records.lines, (std::vector<std::string>{start.str() + "10000000\t10005000\ttarget\tbin/hello",
                                                     start.str() + "30000000\t30001000\ttarget\t[vdso]"}));
  const Table table(OfTarget(DebugCommand::kModules, target_));
  EXPECT_EQ(table.Get("NAME", "target: bin/hello", "END"), "0x10005000");
}

}  // namespace
}  // namespace gk::test
