// A guest program reads host files by name, page by page, through page faults and the file pager.
#include <cstdlib>
#include <string>

#include "tests/integration/fixture.h"

namespace integration {
namespace {

std::string FilePager(const std::string& name, const std::filesystem::path& file) {
  return name + "=file:" + file.string() + ",ro";
}

class FileOfSize : public GuestTest, public testing::WithParamInterface<size_t> {};

TEST_P(FileOfSize, HasTheSameHashInTheGuestAsOnTheHost) {
  const std::string content = RandomContent(GetParam());
  const auto file = files_.Write("data", content);
  const Ending ending = Execute(RunCommand({"--pager", FilePager("f", file)}, {"sha256sum", "f"}));
  EXPECT_EQ(ending.code, 0) << ending.err << ending.out;
  EXPECT_EQ(ending.out.substr(0, 64), Sha256(content));
  EXPECT_EQ(ReadFile(file), content) << "reading changed the file";
}

INSTANTIATE_TEST_SUITE_P(Bytes, FileOfSize, testing::Values(0, 1, 4095, 4096, 4097, (1 << 20) + 1, 16 << 20),
                         testing::PrintToStringParamName());

using FilePagerTest = GuestTest;

TEST_F(FilePagerTest, TwoFilesKeepTheirNames) {
  const std::string first = RandomContent(5000);
  const std::string second = RandomContent(70000);
  const Ending ending = Execute(RunCommand({"--pager", FilePager("first", files_.Write("1", first)), "--pager",
                                            FilePager("second", files_.Write("2", second))},
                                           {"sha256sum", "second", "first"}));
  EXPECT_EQ(ending.code, 0) << ending.err << ending.out;
  const size_t place_of_second = ending.out.find(Sha256(second));
  const size_t place_of_first = ending.out.find(Sha256(first));
  ASSERT_NE(place_of_second, std::string::npos) << ending.out;
  ASSERT_NE(place_of_first, std::string::npos) << ending.out;
  EXPECT_LT(place_of_second, place_of_first);
}

TEST_F(FilePagerTest, AFileLargerThanGuestMemoryIsNotLoadedAtOnce) {
  const std::string content = RandomContent(1 << 20);
  const auto file = files_.Write("sparse", content);
  std::filesystem::resize_file(file, uint64_t{1} << 40);
  // Opening and one page are enough to know that nothing of this size was allocated for it.
  const Ending ending = Execute(RunCommand({"--memory", "64M", "--pager", FilePager("f", file)}, {"hello"}));
  EXPECT_EQ(ending.code, 0) << ending.err << ending.out;
}

// Pages come and older ones go. Smaller where the machine is emulated.
TEST_F(FilePagerTest, AFileFourTimesAsLargeAsGuestMemoryHasTheSameHash) {
  const size_t memory = std::getenv("PAGODA_HARDWARE_KVM") != nullptr ? 24 : 64;
  const std::string content = RandomContent(4 * memory << 20);
  const auto file = files_.Write("large", content);
  const Ending ending = Execute(RunCommand(
      {"--memory", std::to_string(memory) + "M", "--cpus", "2", "--pager", FilePager("f", file)}, {"sha256sum", "f"}));
  EXPECT_EQ(ending.code, 0) << ending.err << ending.out;
  EXPECT_EQ(ending.out.substr(0, 64), Sha256(content));
}

TEST_F(FilePagerTest, ANameThatNoPagerServesIsAnErrorOfTheProgramOnly) {
  const Ending ending = Execute(RunCommand({"--pager", FilePager("f", files_.Write("1", "x"))}, {"sha256sum", "g"}));
  EXPECT_FALSE(ending.hung);
  EXPECT_EQ(ending.code, 1) << ending.err << ending.out;
  EXPECT_NE((ending.out + ending.err).find("g"), std::string::npos);
}

TEST_F(FilePagerTest, WhatAProgramWritesIsInTheFileWhenTheMachineHasStopped) {
  std::string content = RandomContent(10000);
  const auto file = files_.Write("data", content);
  const Ending ending =
      Execute(RunCommand({"--pager", "f=file:" + file.string()}, {"put", "f", "4094", "over the edge of a page"}));
  EXPECT_EQ(ending.code, 0) << ending.err << ending.out;
  content.replace(4094, 23, "over the edge of a page");
  EXPECT_EQ(ReadFile(file), content);
}

// There is no port device then.
TEST_F(FilePagerTest, AMachineWithoutPagersServesNoNames) {
  const Ending all = Execute(RunCommand({}, {"ls"}));
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_EQ(all.out, "");
  const Ending one = Execute(RunCommand({}, {"ls", "f"}));
  EXPECT_EQ(one.code, 1);
  EXPECT_EQ(one.out, "ls: f: ZX_ERR_NOT_FOUND\n");
  const Ending opened = Execute(RunCommand({}, {"cat", "f"}));
  EXPECT_EQ(opened.code, 1);
  EXPECT_EQ(opened.out, "cat: f: cannot be opened: the host serves no object of that name (ZX_ERR_NOT_FOUND)\n");
}

TEST_F(FilePagerTest, DirectoriesAreListed) {
  files_.Write("data", "x");
  const auto folder = files_.Write("other", "y").parent_path();
  const Ending ending = Execute(RunCommand({"--pager", "d=dir:" + folder.string()}, {"ls", "d"}));
  EXPECT_EQ(ending.code, 0) << ending.err << ending.out;
  EXPECT_NE(ending.out.find("data\nother\n"), std::string::npos) << ending.out;
  EXPECT_EQ(Execute(RunCommand({"--pager", "d=dir:" + folder.string()}, {"ls", "e"})).code, 1);
}

}  // namespace
}  // namespace integration
