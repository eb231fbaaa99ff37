// Blobs and overlays as a person uses them: `pagoda blob`, and guests that read one and write over another.
#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "tests/integration/fixture.h"

namespace integration {
namespace {

class BlobTest : public GuestTest {
 protected:
  // Makes a blob of this content and returns its path.
  std::filesystem::path MakeBlob(const std::string& name, const std::string& content) {
    const auto blob = files_.path(name + ".blob");
    const Ending ending =
        Execute({PagodaPath(), "blob", "create", files_.Write(name, content), blob, "--chunk", "64K"});
    EXPECT_EQ(ending.code, 0) << ending.err;
    root_ = ending.out.substr(ending.out.find("root    ") + 8, 64);
    return blob;
  }
  static void FlipABit(const std::filesystem::path& file, uintmax_t offset) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(offset));
    const char byte = static_cast<char>(stream.get() ^ 1);
    stream.seekp(static_cast<std::streamoff>(offset));
    stream.put(byte);
  }

  std::string root_;  // of the last blob
};

TEST_F(BlobTest, HasTheSameHashInTheGuestAsItsContentOnTheHost) {
  const std::string content = RandomContent((5 << 20) + 1234);
  const auto blob = MakeBlob("data", content);
  const Ending ending =
      Execute(RunCommand({"--pager", "b=blob:" + blob.string() + ",root=" + root_}, {"sha256sum", "b"}));
  EXPECT_EQ(ending.code, 0) << ending.err << ending.out;
  EXPECT_EQ(ending.out.substr(0, 64), Sha256(content));
}

TEST_F(BlobTest, FlippedBitStopsItsReaderWithIntegrityAndAnotherObjectIsRead) {
  const std::string content = RandomContent(1 << 20);
  const auto good = MakeBlob("good", content);
  const auto bad = MakeBlob("bad", content);
  FlipABit(bad, std::filesystem::file_size(bad) / 2);
  const std::vector<std::string> pagers = {"--pager", "bad=blob:" + bad.string(), "--pager",
                                           "good=blob:" + good.string()};
  const Ending ending = Execute(RunCommand(pagers, {"sha256sum", "good", "bad"}));
  EXPECT_EQ(ending.code, 139) << "the reader of the damaged page gets a fault\n" << ending.err << ending.out;
  EXPECT_EQ(ending.out.substr(0, 64), Sha256(content));
  EXPECT_NE((ending.out + ending.err).find("found its data damaged"), std::string::npos) << ending.err << ending.out;
}

TEST_F(BlobTest, BlobThatIsNotRightIsRefusedBeforeAnythingStarts) {
  const auto blob = MakeBlob("data", RandomContent(100000));
  const auto expect_refused = [](const std::string& pager, const std::string& reason) {
    const Ending ending = Execute(RunCommand({"--pager", pager}, {"sha256sum", "b"}));
    EXPECT_EQ(ending.code, 2);
    EXPECT_NE(ending.err.find(reason), std::string::npos) << ending.err;
    EXPECT_EQ(std::count(ending.err.begin(), ending.err.end(), '\n'), 1) << ending.err;
  };
  expect_refused("b=blob:" + blob.string() + ",root=" + std::string(64, 'a'), "its root is " + root_);
  FlipABit(blob, 20);
  expect_refused("b=blob:" + blob.string(), "damaged");
}

TEST_F(BlobTest, ReaderThatGoesAwayEndsCatQuietly) {
  const auto blob = MakeBlob("data", RandomContent(4 << 20));
  const Ending ending =
      Execute({"/bin/sh", "-c", PagodaPath() + " blob cat " + blob.string() + " | read -r line; echo read"});
  EXPECT_EQ(ending.code, 0);
  EXPECT_EQ(ending.out, "read\n");
  EXPECT_EQ(ending.err, "");
}

class OverlayTest : public BlobTest {
 protected:
  // Runs a program with the overlay "o"; what it printed.
  std::string Run(const std::string& lower, const std::vector<std::string>& program) {
    const Ending ending = Execute(RunCommand({"--pager", "o=overlay:" + upper_ + "," + lower}, program));
    EXPECT_EQ(ending.code, 0) << ending.err << ending.out;
    return ending.out;
  }

  const std::string upper_ = files_.path("upper");
};

TEST_F(OverlayTest, WhatAProgramWritesIsThereInTheNextGuestAndNotInTheLower) {
  const std::string before = RandomContent(300000);
  std::string content = before;
  const auto lower = files_.Write("lower", before);
  Run(lower, {"put", "o", "8190", "over the edge of a page"});
  content.replace(8190, 23, "over the edge of a page");
  EXPECT_EQ(Run(lower, {"sha256sum", "o"}).substr(0, 64), Sha256(content));
  Run(lower, {"put", "o", "299999", "!"});
  content.replace(299999, 1, "!");
  EXPECT_EQ(Run(lower, {"sha256sum", "o"}).substr(0, 64), Sha256(content));
  EXPECT_TRUE(ReadFile(lower) == before);
}

TEST_F(OverlayTest, BlobIsWrittenOver) {
  std::string content = RandomContent(300000);
  const std::string lower = "blob:" + MakeBlob("lower", content).string() + ",,root=" + root_;
  Run(lower, {"put", "o", "70000", "new"});
  content.replace(70000, 3, "new");
  EXPECT_EQ(Run(lower, {"sha256sum", "o"}).substr(0, 64), Sha256(content));
}

TEST_F(OverlayTest, UpperOfAnotherLowerIsRefused) {
  Run(files_.Write("lower", RandomContent(5000)), {"put", "o", "0", "x"});
  const auto other = files_.Write("other", RandomContent(5001));
  const Ending ending = Execute(RunCommand({"--pager", "o=overlay:" + upper_ + "," + other.string()}, {"hello"}));
  EXPECT_EQ(ending.code, 2);
  EXPECT_NE(ending.err.find("belongs to a file of 5000 bytes"), std::string::npos) << ending.err;
}

}  // namespace
}  // namespace integration
