#include "guest/kernel/vm/fault_history.h"

#include <gtest/gtest.h>

#include "tests/guest/kernel/vm/vm_fixture.h"

namespace gk {
namespace {

constexpr VirtualAddress kPage = 0x40'0000;

TEST(FaultHistory, InstructionThatWritesToItsOwnPageIsFound) {
  FaultHistory history;
  EXPECT_FALSE(history.OnFault(kPage + 16, kPage + 0x800, kWrite)) << "it may have been fetched from another page";
  EXPECT_FALSE(history.OnFault(kPage + 16, kPage + 16, kExecute));
  EXPECT_TRUE(history.OnFault(kPage + 16, kPage + 0x800, kWrite));
}

TEST(FaultHistory, InstructionThatReachesIntoThePageItWritesIsFound) {
  FaultHistory history;
  EXPECT_FALSE(history.OnFault(kPage - 2, kPage - 2, kExecute));
  EXPECT_FALSE(history.OnFault(kPage - 2, kPage, kExecute));
  EXPECT_TRUE(history.OnFault(kPage - 2, kPage + 8, kWrite));
}

TEST(FaultHistory, InstructionThatWritesElsewhereIsNot) {
  FaultHistory history;
  EXPECT_FALSE(history.OnFault(kPage, kPage, kExecute));
  EXPECT_FALSE(history.OnFault(kPage, kPage + kPageSize, kWrite));
  EXPECT_FALSE(history.OnFault(kPage, kPage - 1, kWrite));
}

// Each instruction gets done; the page that they share turns round in between.
TEST(FaultHistory, CodeThatTakesTurnsWithItsDataIsNot) {
  FaultHistory history;
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(history.OnFault(kPage, kPage, kExecute)) << "the caller's page calls into the shared one";
    EXPECT_FALSE(history.OnFault(kPage + kPageSize, kPage + 0x800, kWrite)) << "and then writes to it";
  }
}

TEST(FaultHistory, ReadingItsOwnPageIsFine) {
  FaultHistory history;
  EXPECT_FALSE(history.OnFault(kPage, kPage, kExecute));
  EXPECT_FALSE(history.OnFault(kPage, kPage + 8, kRead));
}

}  // namespace
}  // namespace gk
