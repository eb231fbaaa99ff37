#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;

class PagodaCallsTest : public test::SyscallTest {
 protected:
  PagodaCallsTest() : out_(Put(uint64_t{0})) {
    platform_.objects["f"] = {.content = "content", .read_only = false};
    platform_.objects["read/only"] = {.content = "x", .read_only = true};
  }
  int64_t Open(const std::string& name) { return Call(Syscall::pagoda_object_open, PutText(name), name.size(), out_); }

  VirtualAddress out_;
};

TEST_F(PagodaCallsTest, AShortTextReachesTheConsoleInOnePiece) {
  EXPECT_EQ(Call(Syscall::pagoda_console_write, PutText("hello\n"), 6), ZX_OK);
  EXPECT_EQ(platform_.console, "hello\n");
  EXPECT_EQ(platform_.console_writes, 1);
  EXPECT_EQ(Call(Syscall::pagoda_console_write, kBadAddress, 0), ZX_OK) << "nothing to write, nothing to read";
}

TEST_F(PagodaCallsTest, ALongTextArrivesCompletelyAndInOrder) {
  std::string text;
  for (int line = 0; line < 3000; ++line) {
    text += std::to_string(line) + "\n";
  }
  EXPECT_EQ(Call(Syscall::pagoda_console_write, PutText(text), text.size()), ZX_OK);
  EXPECT_EQ(platform_.console, text);
}

TEST_F(PagodaCallsTest, WhatStandsBeforeABadPageIsWritten) {
  const VirtualAddress page = MapMemory(ZX_VM_PERM_READ, kPageSize);
  EXPECT_EQ(Call(Syscall::pagoda_console_write, page, UINT64_MAX), ZX_ERR_INVALID_ARGS);
  EXPECT_LE(platform_.console.size(), kPageSize);
  EXPECT_EQ(Call(Syscall::pagoda_console_write, kBadAddress, 1), ZX_ERR_INVALID_ARGS);
}

TEST_F(PagodaCallsTest, AnOpenedObjectIsAVmoWithItsContentSize) {
  ASSERT_EQ(Open("f"), ZX_OK);
  const zx_handle_t vmo = Get<zx_handle_t>(out_);
  EXPECT_EQ(RightsOf(vmo), ZX_DEFAULT_VMO_RIGHTS);
  EXPECT_EQ(Call(Syscall::object_get_property, vmo, uint32_t{17}, out_, 8), ZX_OK);
  EXPECT_EQ(Get<uint64_t>(out_), 7u);
}

TEST_F(PagodaCallsTest, AReadOnlyObjectComesWithoutTheRightToWrite) {
  ASSERT_EQ(Open("read/only"), ZX_OK);
  EXPECT_EQ(RightsOf(Get<zx_handle_t>(out_)), ZX_DEFAULT_VMO_RIGHTS & ~ZX_RIGHT_WRITE);
}

TEST_F(PagodaCallsTest, OnlyWhatTheHostServesAndMayBeWrittenToCanBeSynced) {
  ASSERT_EQ(Open("read/only"), ZX_OK);
  EXPECT_EQ(Call(Syscall::pagoda_object_sync, Get<zx_handle_t>(out_)), ZX_ERR_ACCESS_DENIED);
  ASSERT_EQ(Call(Syscall::vmo_create, kPageSize, 0, out_), ZX_OK);
  EXPECT_EQ(Call(Syscall::pagoda_object_sync, Get<zx_handle_t>(out_)), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(Call(Syscall::pagoda_object_sync, ZX_HANDLE_INVALID), ZX_ERR_BAD_HANDLE);
}

TEST_F(PagodaCallsTest, NamesHave1To255Bytes) {
  EXPECT_EQ(Open(""), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Open(std::string(256, 'n')), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Open(std::string(255, 'n')), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Call(Syscall::pagoda_object_open, kBadAddress, 3, out_), ZX_ERR_INVALID_ARGS);
}

TEST_F(PagodaCallsTest, AHandleThatCannotBeToldIsNotLeaked) {
  const uint32_t before = process_->handles().count();
  EXPECT_EQ(Call(Syscall::pagoda_object_open, PutText("f"), 1, kBadAddress), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(process_->handles().count(), before);
}

TEST_F(PagodaCallsTest, ADirectoryIsListedInPieces) {
  platform_.directory = {"a", "bcd/", "ef"};
  const VirtualAddress buffer = Put(std::array<char, 8>{});
  const VirtualAddress actual = Put(uint64_t{99});
  const VirtualAddress available = Put(uint64_t{99});
  const auto list = [&](std::string_view name, uint64_t first, size_t size) {
    return Call(Syscall::pagoda_object_list, PutText(std::string(name)), name.size(), first, buffer, size, actual,
                available);
  };
  EXPECT_EQ(list("dir", 0, 8), ZX_OK);
  EXPECT_EQ(Get<uint64_t>(actual), 7u);
  EXPECT_EQ(Get<uint64_t>(available), 3u);
  EXPECT_EQ((Get<std::array<char, 7>>(buffer)), (std::array<char, 7>{'a', 0, 'b', 'c', 'd', '/', 0}));
  EXPECT_EQ(list("dir", 2, 8), ZX_OK);
  EXPECT_EQ((Get<std::array<char, 3>>(buffer)), (std::array<char, 3>{'e', 'f', 0}));
  EXPECT_EQ(list("none", 0, 8), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(list("dir", 0, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(list(std::string(256, 'n'), 0, 8), ZX_ERR_INVALID_ARGS);
}

TEST_F(PagodaCallsTest, ConsoleInputComesInPiecesAndTimesOut) {
  platform_.typed = "hello";
  const VirtualAddress buffer = Put(std::array<char, 8>{});
  const VirtualAddress actual = Put(uint64_t{99});
  EXPECT_EQ(Call(Syscall::pagoda_console_read, buffer, 4, ZX_TIME_INFINITE, actual), ZX_OK);
  EXPECT_EQ(Get<uint64_t>(actual), 4u);
  EXPECT_EQ(Get<char>(buffer + 3), 'l');
  EXPECT_EQ(Call(Syscall::pagoda_console_read, buffer, 4, ZX_TIME_INFINITE, actual), ZX_OK);
  EXPECT_EQ(Get<uint64_t>(actual), 1u);
  EXPECT_EQ(Call(Syscall::pagoda_console_read, buffer, 4, int64_t{0}, actual), ZX_ERR_TIMED_OUT);
  platform_.typed = "lost";
  EXPECT_EQ(Call(Syscall::pagoda_console_read, kBadAddress, 4, int64_t{0}, actual), ZX_ERR_INVALID_ARGS);
}

}  // namespace
}  // namespace gk
