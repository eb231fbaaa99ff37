// What gdb looks at in printers_test.py: the kernel's own types, in an ordinary process, with contents that are known.
#include <functional>

#include "guest/kernel/object/event_dispatcher.h"
#include "guest/kernel/object/pager_dispatcher.h"
#include "guest/kernel/object/thread_dispatcher.h"
#include "guest/kernel/object/vmo_dispatcher.h"
#include "guest/kernel/vm/page_source.h"
#include "tests/guest/kernel/object/user_code.h"
#include "tests/guest/kernel/syscall/fake_platform.h"
#include "tests/support/fake_arch/fibers.h"
#include "tests/support/fake_arch/ram.h"

namespace gk::test {

// What gdb prints by name.
struct Subject {
  Status no_memory{ZX_ERR_NO_MEMORY};
  Result<uint64_t> value{uint64_t{42}};
  Result<uint64_t> error{Error(ZX_ERR_NOT_FOUND)};
  Result<> done;
  Result<> not_done{Error(ZX_ERR_BAD_STATE)};
  RefPtr<Vmo> nothing;
  RefPtr<Vmo> vmo;      // 2 of 128 pages
  RefPtr<Vmo> fetched;  // a pager's; page 3 was asked for
  PageSource* source = nullptr;
  RefPtr<ProcessDispatcher> process;
  RefPtr<ThreadDispatcher> sleeper;
  RefPtr<ThreadDispatcher> reader;
  Vmar* root = nullptr;
  Mapping* mapping = nullptr;
  HandleTable* handles = nullptr;
  zx_koid_t vmo_koid = 0;
};

Subject* subject = nullptr;

}  // namespace gk::test

extern "C" [[gnu::noinline]] void StopHere() { asm volatile("" ::: "memory"); }

namespace gk::test {
namespace {

ObjectName NameOf(const std::string& text) { return ObjectName(std::span<const char>(text)); }

void MakeVmos(Subject& s) {
  s.vmo = *Vmo::Create(128 * kPageSize, Resizability::kFixed);
  (void)StatusOf(s.vmo->Commit(0, kPageSize));
  (void)StatusOf(s.vmo->Commit(70 * kPageSize, kPageSize));
  s.vmo->SetContentSize(5000);
  const RefPtr<VmoDispatcher> dispatcher = VmoDispatcher::Create(s.vmo, NameOf("data"));
  (void)s.process->handles().Add(Handle(dispatcher, ZX_RIGHT_READ | ZX_RIGHT_MAP));
  s.vmo_koid = s.vmo->koid();
}

void MakeMappings(Subject& s) {
  s.root = &s.process->address_space().root();
  const RefPtr<Vmar> region =
      *s.root->Allocate({.offset = 0x10000000, .size = 4 * kPageSize, .options = ZX_VM_SPECIFIC | ZX_VM_CAN_MAP_READ});
  MapRequest request{.vmo = s.vmo, .vmo_offset = kPageSize, .length = kPageSize, .vmar_offset = 0x20000000};
  request.options = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC;
  s.mapping = s.root->FindMapping(*s.root->Map(request));
}

RefPtr<ThreadDispatcher> Start(Subject& s, UserCode& code, const char* name, std::function<void(UserRegisters&)> body) {
  RefPtr<ThreadDispatcher> thread = *ThreadDispatcher::Create(s.process, NameOf(name));
  (void)StatusOf(thread->Start({.rip = code.Add(std::move(body)), .stack = 0, .argument1 = 0, .argument2 = 0}));
  fake_arch::RunUntilIdle();
  return thread;
}

void Run() {
  fake_arch::FakeRam ram;
  FakePlatform platform;
  UserCode code;
  Subject s;
  subject = &s;
  s.process = *ProcessDispatcher::Create(NameOf("shell"));
  MakeVmos(s);
  MakeMappings(s);
  const RefPtr<PagerDispatcher> pager = PagerDispatcher::Create();
  Handle keeps_pager(pager, ZX_DEFAULT_PAGER_RIGHTS);
  s.fetched = *pager->CreateVmo(PortDispatcher::Create(), 7, 8 * kPageSize, {});
  s.source = s.fetched->pager_source();
  s.handles = &s.process->handles();
  s.sleeper = Start(s, code, "sleeper", [](UserRegisters&) { UserSyscall(abi::Syscall::nanosleep, ZX_TIME_INFINITE); });
  s.reader = Start(s, code, "reader", [vmo = s.fetched.get()](UserRegisters&) {
    char byte = 0;
    (void)StatusOf(vmo->Read(&byte, 3 * kPageSize, 1));
  });
  StopHere();
  s.process->Kill(0);
  fake_arch::RunUntilIdle();
}

}  // namespace
}  // namespace gk::test

int main() { gk::test::Run(); }
