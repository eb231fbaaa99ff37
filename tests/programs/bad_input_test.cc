// Wrong use, objects that are not there or cannot be written, a disk that is full: one line with the object's name, the
// documented exit code, and nothing lost.
#include "tests/programs/support.h"

namespace programs_test {
namespace {

struct BadInput {
  const char* name;
  std::vector<std::string> command;  // of objects `ro` (a file of one byte, read-only), `fixed` and `big`
  int code;
  std::string line;
};

class Program : public GuestTest, public testing::WithParamInterface<BadInput> {};

TEST_P(Program, SaysWhatIsWrongInOneLine) {
  const auto ro = files_.Write("ro", "x");
  const auto fixed = files_.Write("fixed", "yy");
  const auto big = files_.Write("big", MakeText(300000, 1));
  const Ending guest =
      RunInGuest({File("ro", ro, ",ro"), File("fixed", fixed, ""), File("big", big, ",ro")}, GetParam().command);
  EXPECT_EQ(guest.code, GetParam().code);
  EXPECT_EQ(guest.out, GetParam().line + "\n") << guest.err;
  EXPECT_EQ(integration::ReadFile(ro), "x");
  EXPECT_EQ(integration::ReadFile(fixed), "yy");
}

constexpr const char* kMissing = ": cannot be opened: the host serves no object of that name (ZX_ERR_NOT_FOUND)";

INSTANTIATE_TEST_SUITE_P(
    With, Program,
    testing::Values(
        BadInput{"CatOfNothing", {"cat", "no"}, 1, std::string("cat: no") + kMissing},
        BadInput{"WcOfNothing", {"wc", "no"}, 1, std::string("wc: no") + kMissing},
        BadInput{"GrepInNothing", {"grep", "x", "no"}, 2, std::string("grep: no") + kMissing},
        BadInput{"SortOfNothing", {"sort", "no"}, 1, std::string("sort: no") + kMissing},
        BadInput{"CpOfNothing", {"cp", "no", "fixed"}, 1, std::string("cp: no") + kMissing},
        BadInput{"CpToReadOnly",
                 {"cp", "big", "ro"},
                 1,
                 "cp: ro: cannot be written to: it is read-only (ZX_ERR_ACCESS_DENIED)"},
        BadInput{"CpToFixedSize",
                 {"cp", "ro", "fixed"},
                 1,
                 "cp: fixed: cannot be made 1 bytes long: its pager does not do that (ZX_ERR_NOT_SUPPORTED)"},
        BadInput{"SortToReadOnly",
                 {"sort", "big", "-", "ro"},
                 1,
                 "sort: ro: cannot be written to: it is read-only (ZX_ERR_ACCESS_DENIED)"},
        BadInput{
            "SortScratchIsInput", {"sort", "big", "big"}, 2, "sort: big: the scratch must be an object of its own"},
        BadInput{"KvOnReadOnly",
                 {"kv", "ro", "list"},
                 1,
                 "kv: ro: cannot be opened: it is read-only (ZX_ERR_ACCESS_DENIED)"},
        BadInput{"KvOnSomethingElse",
                 {"kv", "fixed", "list"},
                 1,
                 "kv: fixed: is no kv store, or its beginning is damaged: what the host has of it is damaged "
                 "(ZX_ERR_IO_DATA_INTEGRITY)"},
        BadInput{"StressOnReadOnly",
                 {"stress", "ro"},
                 1,
                 "stress: ro: cannot be opened: it is read-only (ZX_ERR_ACCESS_DENIED)"}),
    integration::NameOfParameter());

using ProgramTest = GuestTest;

TEST_F(ProgramTest, WithoutArgumentsTellsItsUseAndEndsWithTwo) {
  for (const char* program : {"cat", "wc", "grep", "cp", "sort", "kv"}) {
    const Ending guest = RunInGuest({}, {program});
    EXPECT_EQ(guest.code, 2) << program;
    EXPECT_EQ(guest.out.find("usage: " + std::string(program)), 0u) << guest.out;
  }
  const Ending unknown = RunInGuest({}, {"wc", "-x", "f"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_EQ(unknown.out.find("wc: unknown option -x\n"), 0u) << unknown.out;
}

// A file size limit of the monitor stands for a full disk: the host's write fails in the same place.
class FullDisk : public GuestTest {
 protected:
  Ending RunWithFileLimit(int kilobytes, const std::vector<std::string>& pagers,
                          const std::vector<std::string>& program) {
    std::vector<std::string> options;
    for (const std::string& pager : pagers) {
      options.insert(options.end(), {"--pager", pager});
    }
    std::vector<std::string> command{
        "sh", "-c", "trap '' XFSZ; ulimit -f " + std::to_string(kilobytes * 2) + "; exec \"$@\"", "sh"};
    const auto run = integration::RunCommand(options, program);
    command.insert(command.end(), run.begin(), run.end());
    return Execute(command);
  }
};

TEST_F(FullDisk, CpSaysSo) {
  const auto from = files_.Write("from", MakeText(300000, 1));
  const auto to = files_.Write("to", "");
  const Ending guest = RunWithFileLimit(100, {File("a", from, ",ro"), File("b", to, ",resizable")}, {"cp", "a", "b"});
  EXPECT_EQ(guest.code, 1);
  EXPECT_NE(guest.out.find("cp: b: cannot be written: the host has no space left for it (ZX_ERR_NO_SPACE)\n"),
            std::string::npos)
      << guest.out << guest.err;
}

TEST_F(FullDisk, KvSaysSoAndWhatWasCommittedBeforeIsThere) {
  const auto file = files_.Write("db", "");
  const std::vector<std::string> pagers{File("d", file, ",resizable")};
  ASSERT_EQ(RunInGuest(pagers, {"kv", "d", "put", "a", "1"}).code, 0);
  const Ending full = RunWithFileLimit(100, pagers, {"kv", "d", "put", "b", std::string(100, 'b')});
  EXPECT_EQ(full.code, 0) << "it fits: " << full.out << full.err;
  const Ending bench = RunWithFileLimit(100, pagers, {"kv", "d", "bench", "1000"});
  EXPECT_EQ(bench.code, 1);
  EXPECT_NE(bench.out.find("kv: d: cannot be committed: the host has no space left for it (ZX_ERR_NO_SPACE)\n"),
            std::string::npos)
      << bench.out << bench.err;
  const Ending got = RunInGuest(pagers, {"kv", "d", "get", "a"});
  EXPECT_EQ(got.out, "1\n");
  EXPECT_EQ(RunInGuest(pagers, {"kv", "d", "put", "c", "3"}).code, 0) << "with space it goes on";
}

}  // namespace
}  // namespace programs_test
