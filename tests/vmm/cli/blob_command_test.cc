// `pagoda blob` as a person types it, up to the exit code.
#include "vmm/cli/blob_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/devices/support/temporary_directory.h"
#include "tests/vmm/cli/command_outcome.h"

namespace vmm {
namespace {

using ::testing::HasSubstr;

// Runs `blob ARGUMENTS…` in this process.
Outcome RunBlob(const std::vector<std::string>& arguments) { return Execute(AddBlobCommand, "blob", arguments); }

std::string FileText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class BlobCommand : public ::testing::Test {
 protected:
  static void ExpectRefusal(const std::vector<std::string>& arguments, const std::string& reason) {
    ExpectRefused(RunBlob(arguments), reason);
  }
  [[nodiscard]] size_t CountFiles() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(directory_.Path("")), {}));
  }

  const test::TemporaryDirectory directory_;
  const std::string content_ = std::string(100000, 'a') + "tail";
  const std::string source_ = directory_.Write("source", content_);
  const std::string blob_ = directory_.Path("blob");
};

TEST_F(BlobCommand, CreatePrintsSizesAndRootWhichVerifyAndCatAgreeWith) {
  const Outcome created = RunBlob({"create", source_, blob_, "--chunk", "8K", "--level", "5"});
  EXPECT_EQ(created.exit_code, 0) << created.error;
  EXPECT_EQ(created.error, "");
  EXPECT_THAT(created.output, HasSubstr("content 100004 bytes\n"));
  EXPECT_THAT(created.output, HasSubstr("stored  " + std::to_string(std::filesystem::file_size(blob_)) + " bytes, "));
  EXPECT_THAT(created.output, HasSubstr("chunks  13 of 8192 bytes\n"));
  const std::string root = created.output.substr(created.output.find("root    ") + 8, 64);
  EXPECT_EQ(RunBlob({"verify", blob_, "--root", root}).output, created.output);
  const Outcome printed = RunBlob({"cat", blob_, "--root", root});
  EXPECT_EQ(printed.exit_code, 0);
  EXPECT_TRUE(printed.output == content_);
  EXPECT_EQ(CountFiles(), 2u);
}

TEST_F(BlobCommand, EmptyFileIsABlobOfNothing) {
  directory_.Write("source", "");
  const Outcome created = RunBlob({"create", source_, blob_});
  EXPECT_EQ(created.exit_code, 0) << created.error;
  EXPECT_THAT(created.output, HasSubstr("content 0 bytes\n"));
  EXPECT_EQ(RunBlob({"verify", blob_}).exit_code, 0);
  EXPECT_EQ(RunBlob({"cat", blob_}).output, "");
}

TEST_F(BlobCommand, ExistingBlobIsReplaced) {
  directory_.Write("blob", "old");
  EXPECT_EQ(RunBlob({"create", source_, blob_}).exit_code, 0);
  EXPECT_TRUE(RunBlob({"cat", blob_}).output == content_);
}

TEST_F(BlobCommand, WhatCannotBeCreatedIsRefusedAndLeavesEverythingAsItWas) {
  directory_.Write("blob", "old");
  ExpectRefusal({"create", directory_.Path("none"), blob_}, "none: No such file");
  ExpectRefusal({"create", directory_.Path(""), blob_}, "not a regular file");
  ExpectRefusal({"create", source_, blob_, "--chunk", "5000"}, "'5000' is no power of two");
  ExpectRefusal({"create", source_, blob_, "--chunk", "2M"}, "'2M' is no power of two");
  ExpectRefusal({"create", source_, blob_, "--chunk", "much"}, "--chunk: 'much' is not a size");
  ExpectRefusal({"create", source_, blob_, "--level", "20"}, "--level: 20");
  ExpectRefusal({"create", source_, source_}, "is the source itself");
  ExpectRefusal({"create", source_, directory_.Path("none/blob")}, "none: No such file");
  ExpectRefusal({"create", source_, "/dev/null"}, "not a regular file");
  EXPECT_EQ(FileText(blob_), "old");
  EXPECT_TRUE(FileText(source_) == content_);
  EXPECT_EQ(CountFiles(), 2u);
}

TEST_F(BlobCommand, SourceThatIsTooLargeForItsChunksIsRefused) {
  ASSERT_EQ(::truncate(source_.c_str(), off_t{1} << 40), 0);
  ExpectRefusal({"create", source_, blob_, "--chunk", "4K"}, "give a larger --chunk");
}

TEST_F(BlobCommand, FullDiskIsTheHostsFailureAndLeavesNoHalfFile) {
  directory_.Write("blob", "old");
  // A limit on the size of files stands for a full disk.
  rlimit limit;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit small{.rlim_cur = 1000, .rlim_max = limit.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Outcome outcome = RunBlob({"create", source_, blob_, "--chunk", "4K"});
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::signal(SIGXFSZ, handler);
  ExpectFailure(outcome, 123, blob_ + ": File too large");
  EXPECT_EQ(FileText(blob_), "old");
  EXPECT_EQ(CountFiles(), 2u);
}

TEST_F(BlobCommand, DamageIsFoundAndNothingDamagedIsPrinted) {
  ASSERT_EQ(RunBlob({"create", source_, blob_, "--chunk", "8K"}).exit_code, 0);
  std::string bytes = FileText(blob_);
  bytes[bytes.size() - 5] = static_cast<char>(bytes[bytes.size() - 5] ^ 1);
  directory_.Write("blob", bytes);
  ExpectRefusal({"verify", blob_}, "1 of 13 chunks are damaged; the first is that of content bytes 98304 to 100003");
  const Outcome printed = RunBlob({"cat", blob_});
  ExpectFailure(printed, 2, "damaged from content byte 98304 on");
  EXPECT_TRUE(printed.output == content_.substr(0, 98304));
}

TEST_F(BlobCommand, OtherRootsAndFilesAreRefused) {
  ASSERT_EQ(RunBlob({"create", source_, blob_}).exit_code, 0);
  ExpectRefusal({"verify", blob_, "--root", std::string(64, '0')}, "its root is ");
  ExpectRefusal({"cat", blob_, "--root", std::string(64, '0')}, "its root is ");
  ExpectRefusal({"cat", blob_, "--root", "12"}, "'12' is no root");
  ExpectRefusal({"cat", source_}, "is no blob");
  ExpectRefusal({"verify", directory_.Path("none")}, "No such file");
}

}  // namespace
}  // namespace vmm
