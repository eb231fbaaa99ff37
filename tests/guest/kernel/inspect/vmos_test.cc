#include "tests/guest/kernel/inspect/inspect_fixture.h"

namespace gk::test {
namespace {

class InspectVmosTest : public InspectTest {
 protected:
  static std::string Cell(const Vmo& vmo, const std::string& column) {
    return Table(Ask(DebugCommand::kVmos)).Get("KOID", Text(vmo.koid()), column);
  }
};

TEST_F(InspectVmosTest, LineSaysSizesPagesAndName) {
  const RefPtr<Vmo> vmo = MakeNamed("a name", 256);
  ASSERT_TRUE(vmo->Commit(0, 3 * kPageSize).ok());
  vmo->SetContentSize(1234);
  EXPECT_EQ(Cell(*vmo, "KIND"), "paged");
  EXPECT_EQ(Cell(*vmo, "SIZE"), "1M");
  EXPECT_EQ(Cell(*vmo, "CONTENT"), "1234");
  EXPECT_EQ(Cell(*vmo, "PAGES"), "3");
  EXPECT_EQ(Cell(*vmo, "DIRTY"), "0");
  EXPECT_EQ(Cell(*vmo, "PINS"), "0");
  EXPECT_EQ(Cell(*vmo, "PARENT"), "-");
  EXPECT_EQ(Cell(*vmo, "CHILDREN"), "0");
  EXPECT_EQ(Cell(*vmo, "MAPPINGS"), "0");
  EXPECT_EQ(Cell(*vmo, "PAGER"), "-");
  EXPECT_EQ(Cell(*vmo, "NAME"), "a name");
}

TEST_F(InspectVmosTest, ColumnsStandBelowTheirHeads) {
  const RefPtr<Vmo> vmo = MakeNamed("last", 1);
  const Inspection answer = Ask(DebugCommand::kVmos);
  const size_t column = answer.lines.front().find("NAME");
  EXPECT_EQ(answer.lines.back().substr(column), "last");
}

TEST_F(InspectVmosTest, KindsAreToldApart) {
  const zx_handle_t handle = CreateVmo(kPageSize);
  const auto child = [&](uint32_t options) {
    EXPECT_EQ(Call(abi::Syscall::vmo_create_child, handle, options, uint64_t{0}, uint64_t{kPageSize}, out_), ZX_OK);
    return VmoOf(Get<zx_handle_t>(out_));
  };
  const RefPtr<Vmo> snapshot = child(ZX_VMO_CHILD_SNAPSHOT);
  const RefPtr<Vmo> slice = child(ZX_VMO_CHILD_SLICE);
  EXPECT_EQ(Cell(*snapshot, "KIND"), "snapshot");
  EXPECT_EQ(Cell(*snapshot, "PARENT"), Text(VmoOf(handle)->koid()));
  EXPECT_EQ(Cell(*slice, "KIND"), "slice");
  EXPECT_EQ(Cell(*VmoOf(handle), "CHILDREN"), "2");
  const RefPtr<Vmo> discardable = *Vmo::CreateDiscardable(kPageSize, Resizability::kFixed);
  Add(VmoDispatcher::Create(discardable), ZX_DEFAULT_VMO_RIGHTS);
  EXPECT_EQ(Cell(*discardable, "KIND"), "discardable");
}

TEST_F(InspectVmosTest, PagerBackedOneNamesItsPagerAndCountsDirtyPages) {
  const zx_handle_t handle = CreatePagerVmo(8);
  ASSERT_EQ(Supply(handle, 0, 4), ZX_OK);
  const RefPtr<Vmo> vmo = VmoOf(handle);
  const char byte = 1;
  InThread([&] {
    EXPECT_TRUE(vmo->Write(&byte, 0, 1).ok());
    EXPECT_TRUE(vmo->Write(&byte, 2 * kPageSize, 1).ok());
  });
  EXPECT_EQ(Cell(*vmo, "KIND"), "pager");
  EXPECT_EQ(Cell(*vmo, "PAGES"), "4");
  EXPECT_EQ(Cell(*vmo, "DIRTY"), "2");
  EXPECT_EQ(Cell(*vmo, "PAGER"), Text(process_->handles().Find(pager_)->object()->koid()));
}

TEST_F(InspectVmosTest, MappingsAndPinsAreCounted) {
  const RefPtr<Vmo> vmo = MakeNamed("mapped", 2);
  ASSERT_TRUE(vmo->Commit(0, kPageSize).ok());
  MapRequest request{.vmo = vmo, .length = kPageSize};
  request.options = ZX_VM_PERM_READ;
  ASSERT_TRUE(process_->address_space().root().Map(request).ok());
  ASSERT_TRUE(vmo->content().Pin(0, PinAccess::kRead).ok());
  EXPECT_EQ(Cell(*vmo, "MAPPINGS"), "1");
  EXPECT_EQ(Cell(*vmo, "PINS"), "1");
  vmo->content().Unpin(0, PinAccess::kRead);
}

TEST_F(InspectVmosTest, KernelsOwnAppearWithoutKoid) {
  const RefPtr<Vmo> vmo = *Vmo::Create(kPageSize, Resizability::kFixed);
  vmo->set_name(NameOf("kernel's own"));
  EXPECT_EQ(Table(Ask(DebugCommand::kVmos)).Get("NAME", "kernel's own", "KOID"), "-");
}

TEST_F(InspectVmosTest, GoneOnesDoNotAppear) {
  RefPtr<Vmo> vmo = *Vmo::Create(kPageSize, Resizability::kFixed);
  vmo->set_name(NameOf("soon gone"));
  ASSERT_EQ(Table(Ask(DebugCommand::kVmos)).Count("NAME", "soon gone"), 1u);
  vmo.reset();
  EXPECT_EQ(Table(Ask(DebugCommand::kVmos)).Count("NAME", "soon gone"), 0u);
}

TEST_F(InspectVmosTest, NamesCannotPlayWithTheTerminal) {
  MakeNamed("\x1b[2J\nx", 1);
  EXPECT_EQ(Table(Ask(DebugCommand::kVmos)).Count("NAME", "?[2J?x"), 1u);
}

TEST_F(InspectVmosTest, SmallBufferGivesAllLinesOnceOverSeveralCalls) {
  std::vector<RefPtr<Vmo>> vmos;
  for (int i = 0; i < 100; ++i) {
    vmos.push_back(MakeNamed("number " + Text(static_cast<uint64_t>(i)), 1));
  }
  const Inspection whole = Ask(DebugCommand::kVmos);
  ASSERT_EQ(whole.cursor, 0u);
  std::vector<std::string> pieces;
  uint64_t cursor = 0;
  size_t calls = 0;
  do {
    const Inspection piece = Ask(DebugCommand::kVmos, 0, cursor, inspect::kLeastBuffer);
    ASSERT_EQ(piece.error, DebugCallError::kNone);
    ASSERT_FALSE(piece.lines.empty());
    pieces.insert(pieces.end(), piece.lines.begin(), piece.lines.end());
    cursor = piece.cursor;
    ++calls;
  } while (cursor != 0);
  EXPECT_EQ(pieces, whole.lines);
  EXPECT_GT(calls, 5u);
}

TEST_F(InspectVmosTest, CursorPastTheEndIsRefused) {
  EXPECT_EQ(Ask(DebugCommand::kVmos, 0, 1'000'000).error, DebugCallError::kBadCursor);
}

TEST_F(InspectVmosTest, UnknownCommandIsRefused) {
  EXPECT_EQ(Ask(static_cast<DebugCommand>(0)).error, DebugCallError::kUnknownCommand);
  EXPECT_EQ(Ask(static_cast<DebugCommand>(7)).error, DebugCallError::kUnknownCommand);
  EXPECT_EQ(Ask(static_cast<DebugCommand>(~uint64_t{0})).error, DebugCallError::kUnknownCommand);
}

}  // namespace
}  // namespace gk::test
