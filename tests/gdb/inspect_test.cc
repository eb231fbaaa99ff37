// What the kernel tells gdb about its objects while everything stands still, and that the guest does not notice.
#include <algorithm>
#include <regex>

#include "tests/gdb/gdb_guest.h"

namespace gdb_test {
namespace {

void ExpectLine(const std::string& text, const std::string& pattern) {
  EXPECT_TRUE(std::regex_search(text, std::regex("(^|\n)" + pattern + "\n"))) << "no '" << pattern << "' in:\n" << text;
}

// pagerd asks itself for pages: its thread "main" waits in a read, "server" supplies. gdb stops where that begins.
constexpr char kBreakAtSupply[] = "break gk::syscall::pager_supply_pages";

class GdbInspectTest : public GdbGuestTest, public testing::WithParamInterface<const char*> {
 protected:
  void StartPagerd() { Start({"--cpus", GetParam()}, {"pagerd"}); }
  void ExpectGoodEnd() {
    const integration::Ending ending = WaitForGuest();
    EXPECT_EQ(ending.code, 0) << ending.err;
    EXPECT_NE(ending.out.find("64 reads, 16 dirty requests, 16 pages written back"), std::string::npos) << ending.out;
  }
};

TEST_P(GdbInspectTest, KernelNamesItsObjectsAndGoesOn) {
  StartPagerd();
  const std::vector<std::string> said =
      Gdb({kBreakAtSupply, "continue", "monitor vmos", "monitor vmars", "monitor pagers", "monitor requests",
           "monitor threads", "monitor modules", "info threads"});
  ExpectLine(said[2], " +KOID KIND +SIZE +CONTENT +PAGES +DIRTY +PINS +PARENT +CHILDREN +MAPPINGS +PAGER NAME");
  ExpectLine(said[2], " +\\d+ pager +256K +262144 +0 +0 +0 +- +0 +1 +\\d+ -");
  ExpectLine(said[2], " +\\d+ paged +12K +12288 +3 +0 +0 +- +0 +2 +- vdso");
  ExpectLine(said[3], "process \\d+ pagerd, page tables at 0x[0-9a-f]+");
  ExpectLine(said[3], " +0x10000000 +0x[0-9a-f]+ +\\d+K r-x +\\d+ +- +0x0   pagerd");
  ExpectLine(said[3], " +0x[0-9a-f]+ +0x[0-9a-f]+ +256K rw- +4 +- +0x1000   stack");
  ExpectLine(said[4], " +\\d+ program +1 +1 +0 attached +-");
  ExpectLine(said[5], " +\\d+ +\\d+ READ +0x0 +4K +1 +\\d+ +1 - +\\d+ pagerd/main");
  ExpectLine(said[6], " +\\d+ +\\d+ blocked +- pager +0x[0-9a-f]+ pagerd/main");
  ExpectLine(said[6], " +\\d+ +\\d+ running +\\d - +0x[0-9a-f]+ pagerd/server");
  ExpectLine(said[7], " +\\d+ +0x[0-9a-f]+ +0x0 +0x10000000 +0x[0-9a-f]+ pagerd: pagerd");
  EXPECT_NE(said[8].find("pagerd/server\""), std::string::npos) << said[8];
  ExpectGoodEnd();
}

TEST_P(GdbInspectTest, AnswerToAQuestionAboutOneProcessIsAboutThatOne) {
  StartPagerd();
  // The first objects of every machine are the root job and this process.
  const std::vector<std::string> said =
      Gdb({kBreakAtSupply, "continue", "monitor threads 999999", "monitor threads 1025"});
  EXPECT_NE(said[2].find("no process has this koid"), std::string::npos) << said[2];
  ExpectLine(said[3], ".*pagerd/main");
  ExpectGoodEnd();
}

TEST_P(GdbInspectTest, ProgramCanBeAskedAboutAtABreakpointOfItsOwn) {
  StartPagerd();
  const std::vector<std::string> said = Gdb({"tbreak main", "continue", "monitor threads", "monitor requests"});
  EXPECT_NE(said[1].find("main"), std::string::npos) << said[1];
  ExpectLine(said[2], " +\\d+ +\\d+ running +\\d - +\\(in the CPU\\) pagerd/main");
  // The other CPU may be in the kernel just then, which is said in a line of its own.
  EXPECT_TRUE(std::regex_match(said[3], std::regex(" *VMO .*THREADS\n(\\(a CPU stands in the kernel.*\\)\n)?")))
      << "just the head line:\n"
      << said[3];
  ExpectGoodEnd();
}

TEST_P(GdbInspectTest, QuestionBeforeTheKernelIsUpIsRefusedInWords) {
  StartPagerd();
  const std::vector<std::string> said = Gdb({"monitor vmos"});
  EXPECT_NE(said[0].find("has not started up so far"), std::string::npos) << said[0];
  ExpectGoodEnd();
}

// A fault of the kernel while it is asked: what it had said by then appears, and nothing of it is left.
TEST_P(GdbInspectTest, BrokenListFailsTheQuestionAndNotTheGuest) {
  StartPagerd();
  const std::vector<std::string> said =
      Gdb({kBreakAtSupply, "continue", "set var $first = 'gk::(anonymous namespace)::all_vmos'.value_.head_.next_",
           "set var $second = $first->next_", "set var $first->next_ = (void *)0x123456789000", "monitor vmos",
           "set var $first->next_ = $second", "monitor vmos"});
  ExpectLine(said[5], ".* pagerd");
  ExpectLine(said[5],
             "\\(the inspection failed: kernel: page fault at rip 0x[0-9a-f]+, last page-fault address "
             "0x12345678[0-9a-f]+\\)");
  EXPECT_EQ(said[7].find("failed"), std::string::npos) << said[7];
  ExpectLine(said[7], " +\\d+ pager +256K .*");
  ExpectGoodEnd();
}

INSTANTIATE_TEST_SUITE_P(Cpus, GdbInspectTest, testing::Values("1", "2"),
                         [](const auto& cpus) { return std::string(cpus.param) + "Cpu"; });

}  // namespace
}  // namespace gdb_test
