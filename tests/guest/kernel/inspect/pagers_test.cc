#include "tests/guest/kernel/inspect/inspect_fixture.h"

namespace gk::test {
namespace {

class InspectPagersTest : public InspectTest {
 protected:
  // A thread that waits for a page, until the test ends.
  RefPtr<Thread> ReadInThread(const RefPtr<Vmo>& vmo, uint64_t page) {
    RefPtr<Thread> thread;
    fake_arch::StartThread([&thread, vmo, page] {
      thread = RefPtr<Thread>(Thread::Current());
      char byte = 0;
      (void)StatusOf(vmo->Read(&byte, page * kPageSize, 1));
    });
    fake_arch::RunUntilIdle();
    return thread;
  }
  static void End(const RefPtr<Thread>& thread) {
    thread->Kill();
    fake_arch::RunUntilIdle();
  }
  std::string PagerKoid() { return Text(process_->handles().Find(pager_)->object()->koid()); }
};

TEST_F(InspectPagersTest, RequestSaysWhatWasAskedOfWhomAndHowLongAgo) {
  const RefPtr<Vmo> vmo = VmoOf(CreatePagerVmo(8));
  const RefPtr<Thread> reader = ReadInThread(vmo, 3);
  const RefPtr<Thread> joined = ReadInThread(vmo, 3);
  fake_arch::AdvanceTime(25'000'000);
  const Table table(Ask(DebugCommand::kRequests));
  ASSERT_EQ(table.rows().size(), 1u);
  const std::string koid = Text(vmo->koid());
  EXPECT_EQ(table.Get("VMO", koid, "PAGER"), PagerKoid());
  EXPECT_EQ(table.Get("VMO", koid, "KIND"), "READ");
  EXPECT_EQ(table.Get("VMO", koid, "OFFSET"), "0x3000");
  EXPECT_EQ(table.Get("VMO", koid, "LENGTH"), "4K");
  EXPECT_EQ(table.Get("VMO", koid, "OPEN"), "1");
  EXPECT_EQ(table.Get("VMO", koid, "AGE-MS"), "25");
  EXPECT_EQ(table.Get("VMO", koid, "WAITING"), "2");
  EXPECT_EQ(table.Get("VMO", koid, "NAME"), "-");
  EXPECT_EQ(table.Get("VMO", koid, "THREADS"), "(kernel), (kernel)");
  End(reader);
  End(joined);
}

TEST_F(InspectPagersTest, DirtyRequestIsCalledSo) {
  const zx_handle_t handle = CreatePagerVmo(4, ZX_VMO_TRAP_DIRTY);
  ASSERT_EQ(Supply(handle, 0, 4), ZX_OK);
  const RefPtr<Vmo> vmo = VmoOf(handle);
  RefPtr<Thread> writer;
  fake_arch::StartThread([&] {
    writer = RefPtr<Thread>(Thread::Current());
    const char byte = 1;
    (void)StatusOf(vmo->Write(&byte, 0, 1));
  });
  fake_arch::RunUntilIdle();
  EXPECT_EQ(Table(Ask(DebugCommand::kRequests)).Get("VMO", Text(vmo->koid()), "KIND"), "DIRTY");
  End(writer);
}

TEST_F(InspectPagersTest, AnsweredRequestIsGone) {
  const zx_handle_t handle = CreatePagerVmo(4);
  const RefPtr<Thread> reader = ReadInThread(VmoOf(handle), 0);
  ASSERT_EQ(Table(Ask(DebugCommand::kRequests)).rows().size(), 1u);
  ASSERT_EQ(Supply(handle, 0, 1), ZX_OK);
  EXPECT_EQ(Table(Ask(DebugCommand::kRequests)).rows().size(), 0u);
}

TEST_F(InspectPagersTest, VmosOfOnePagerHaveOneLine) {
  const zx_handle_t first = CreatePagerVmo(4);
  const zx_handle_t second = CreatePagerVmo(4);
  ASSERT_EQ(Supply(second, 0, 1), ZX_OK);
  const char byte = 1;
  const RefPtr<Vmo> written = VmoOf(second);
  InThread([&] { EXPECT_TRUE(written->Write(&byte, 0, 1).ok()); });
  const RefPtr<Thread> reader = ReadInThread(VmoOf(first), 0);
  const Table table(Ask(DebugCommand::kPagers));
  ASSERT_EQ(table.Count("PAGER", PagerKoid()), 1u);
  EXPECT_EQ(table.Get("PAGER", PagerKoid(), "KIND"), "program");
  EXPECT_EQ(table.Get("PAGER", PagerKoid(), "VMOS"), "2");
  EXPECT_EQ(table.Get("PAGER", PagerKoid(), "REQUESTS"), "1");
  EXPECT_EQ(table.Get("PAGER", PagerKoid(), "DIRTY"), "1");
  EXPECT_EQ(table.Get("PAGER", PagerKoid(), "STATE"), "attached");
  End(reader);
}

TEST_F(InspectPagersTest, DetachedAndClosedAreCalledSo) {
  const zx_handle_t kept = CreatePagerVmo(4);
  const zx_handle_t detached = CreatePagerVmo(4);
  ASSERT_EQ(Call(abi::Syscall::pager_detach_vmo, pager_, detached), ZX_OK);
  EXPECT_EQ(Table(Ask(DebugCommand::kPagers)).Get("PAGER", PagerKoid(), "STATE"), "part-detached");
  ASSERT_EQ(Call(abi::Syscall::pager_detach_vmo, pager_, kept), ZX_OK);
  EXPECT_EQ(Table(Ask(DebugCommand::kPagers)).Get("PAGER", PagerKoid(), "STATE"), "detached");
  Close(pager_);
  EXPECT_EQ(Table(Ask(DebugCommand::kPagers)).Count("PAGER", "closed"), 2u);
}

}  // namespace
}  // namespace gk::test
