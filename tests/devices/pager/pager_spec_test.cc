// The text of --pager: what it means, and one clear line for everything that it cannot mean.
#include "devices/pager/pager_spec.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "devices/pager/serve_options.h"
#include "tests/devices/pager/blob/blob_bytes.h"
#include "tests/devices/support/temporary_directory.h"

namespace {

using pager::ParsePagerSpec;

// One `--pager` option.
base::Result<void, dev::Error> AddPager(const std::string& text, pager::Registry& registry) {
  PAGODA_TRY_ASSIGN(const pager::PagerSpec spec, ParsePagerSpec(text));
  return pager::AddPager(spec, registry);
}

// Expects that adding a pager fails, and that the message holds each of these.
void ExpectRefused(const std::string& text, const std::vector<std::string>& mentioned) {
  pager::Registry registry;
  const auto added = AddPager(text, registry);
  ASSERT_FALSE(added.ok()) << text;
  for (const std::string& part : mentioned) {
    EXPECT_NE(added.error().message.find(part), std::string::npos) << added.error().message;
  }
  EXPECT_EQ(added.error().message.find('\n'), std::string::npos);
  EXPECT_TRUE(registry.empty());
}

TEST(PagerSpec, NameKindArgumentAndOptionsAreTakenApart) {
  const auto spec = ParsePagerSpec("disk=file:/a:b=c,ro,x");
  ASSERT_TRUE(spec.ok());
  EXPECT_EQ(spec.value().name, "disk");
  EXPECT_EQ(spec.value().kind, "file");
  EXPECT_EQ(spec.value().argument, "/a:b=c");
  EXPECT_EQ(spec.value().options, (std::vector<std::string>{"ro", "x"}));
}

TEST(PagerSpec, DoubledCommaIsPartOfTheArgument) {
  const auto spec = ParsePagerSpec("f=file:/a,,b,ro");
  ASSERT_TRUE(spec.ok());
  EXPECT_EQ(spec.value().argument, "/a,b");
  EXPECT_EQ(spec.value().options, std::vector<std::string>{"ro"});
}

TEST(PagerSpec, WhatIsNotOneIsRefused) {
  ExpectRefused("", {"NAME=KIND:ARGUMENT"});
  ExpectRefused("/etc/passwd", {"/etc/passwd", "NAME=KIND:ARGUMENT"});
  ExpectRefused("=file:/etc/passwd", {"name"});
  ExpectRefused("a/b=file:/etc/passwd", {"a/b", "name"});
  ExpectRefused("f=/etc/passwd", {"NAME=KIND:ARGUMENT"});
  ExpectRefused("f=:/etc/passwd", {"NAME=KIND:ARGUMENT"});
}

TEST(PagerSpec, UnknownKindIsNamed) {
  ExpectRefused("f=http:x", {"http", "'file', 'dir', 'blob', 'overlay', 'zero', 'nbd', 'unix'"});
}

TEST(PagerSpec, SocketOfAPagerProcessTakesAReconnectionTimeOnly) {
  ExpectRefused("f=unix:/none,ro", {"'ro'", "reconnect=T"});
  ExpectRefused("f=unix:/none,reconnect=soon", {"'reconnect=soon'"});
}

TEST(PagerSpec, SocketWithoutAPagerIsNamedWithWhatStartsOne) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.Path("none");
  ExpectRefused("f=unix:" + path, {path, "No such file", "pagoda pager SPEC --socket " + path});
  ExpectRefused("f=unix:", {"no path"});
}

TEST(PagerSpec, NbdServerThatIsNotThereIsNamedByItsUri) {
  ExpectRefused("n=nbd:nbd+unix:///a,,b?socket=/none", {"'n'", "nbd+unix:///a,b?socket=/none", "No such file"});
  // Nobody listens at port 1.
  ExpectRefused("n=nbd:nbd://127.0.0.1:1/disk", {"nbd://127.0.0.1:1/disk", "Connection refused"});
  ExpectRefused("n=nbd://127.0.0.1:1/disk", {"nbd://127.0.0.1:1/disk", "Connection refused"});
}

TEST(PagerSpec, OptionsOfAnNbdServerAreUnderstoodBeforeAnybodyConnects) {
  ExpectRefused("n=nbd://127.0.0.1:1,reconnect=soon", {"'reconnect=soon'", "reconnect=30s"});
  ExpectRefused("n=nbd://127.0.0.1:1,resizable", {"'resizable'", "cannot be resized"});
  ExpectRefused("n=nbd://127.0.0.1:1,fast", {"'fast'"});
  ExpectRefused("n=nbd://127.0.0.1:1,ro,writeback=1s", {"'writeback=1s'", "'ro'"});
}

TEST(PagerSpec, SpecWithoutANameIsThatOfAPagerProcess) {
  const auto spec = pager::ParseUnnamedPagerSpec("file:/a=b,ro");
  ASSERT_TRUE(spec.ok());
  EXPECT_EQ(spec.value().name, "");
  EXPECT_EQ(spec.value().argument, "/a=b");
  EXPECT_EQ(spec.value().options, std::vector<std::string>{"ro"});
  const auto none = pager::ParseUnnamedPagerSpec("/a");
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.error().message.find("no kind of pager"), std::string::npos);
}

TEST(PagerSpec, UnknownOptionIsNamed) {
  ExpectRefused("f=file:/etc/passwd,rw", {"'rw'", "ro"});
  ExpectRefused("f=file:/etc/passwd,", {"''"});
  ExpectRefused("f=file:/etc/passwd,ro,x", {"'x'"});
}

TEST(PagerSpec, OptionThatMakesNoSenseIsNamed) {
  ExpectRefused("f=file:/etc/passwd,ro,resizable", {"'resizable'", "'ro'"});
  ExpectRefused("f=file:/etc/passwd,writeback=5s,ro", {"'writeback=5s'", "'ro'"});
  ExpectRefused("f=dir:/etc,writeback=often", {"'writeback=often'", "not a time"});
  ExpectRefused("f=dir:/etc,dirty-limit=0", {"'dirty-limit=0'", "not a size"});
  ExpectRefused("f=file:/etc/passwd,dirty-limit=-1", {"'dirty-limit=-1'", "not a size"});
  ExpectRefused("f=zero:4K,ro", {"'ro'", "none"});
}

TEST(PagerSpec, OptionsOfFilesAreUnderstood) {
  const auto options = pager::ParseServeOptions({"resizable", "writeback=250ms", "dirty-limit=64K"});
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options.value().access, pager::FileAccess::kResizable);
  EXPECT_EQ(options.value().writeback.interval, std::chrono::milliseconds(250));
  EXPECT_EQ(options.value().writeback.dirty_limit, 65536u);
}

TEST(PagerSpec, FilesAreWrittenBackAfterATimeUnlessToldOtherwise) {
  EXPECT_EQ(pager::ParseServeOptions({}).value().writeback.interval, std::chrono::seconds(5));
  EXPECT_EQ(pager::ParseServeOptions({"writeback=0"}).value().writeback.interval, std::chrono::seconds(0));
  EXPECT_EQ(pager::ParseServeOptions({"ro"}).value().access, pager::FileAccess::kReadOnly);
}

TEST(PagerSpec, EachKindServesWhatItSays) {
  const test::TemporaryDirectory directory;
  directory.Write("file", "x");
  pager::Registry registry;
  ASSERT_TRUE(AddPager("d=dir:" + directory.Path("") + ",ro", registry).ok());
  ASSERT_TRUE(AddPager("z=zero:5000", registry).ok());
  EXPECT_EQ(registry.Open("d/file").value()->info().content_size, 1u);
  EXPECT_EQ(registry.Open("z").value()->info().size, 8192u);
  EXPECT_EQ(registry.List("d").value(), std::vector<std::string>{"file"});
  EXPECT_EQ(registry.List("z").error(), ZX_ERR_NOT_SUPPORTED);
}

TEST(PagerSpec, BlobsAndOverlaysAreServed) {
  const test::TemporaryDirectory directory;
  const std::string content = test::Pattern(10000);
  const std::string blob = directory.Write("b,lob", test::MakeBlob(content, 4096));
  const std::string root = pager::blob::ToHex(test::OpenBlob(test::MakeBlob(content, 4096)).value().digest());
  const std::string spelled = directory.Path("b,,lob");
  pager::Registry registry;
  ASSERT_TRUE(AddPager("b=blob:" + spelled + ",root=" + root, registry).ok());
  EXPECT_TRUE(registry.Open("b").value()->info().read_only);
  EXPECT_EQ(registry.Open("b").value()->info().content_size, 10000u);
  EXPECT_EQ(registry.Open("b/x").error(), ZX_ERR_NOT_FOUND);
  const std::string upper = directory.Path("upper");
  ASSERT_TRUE(AddPager("o=overlay:" + upper + "," + directory.Write("lower", "x") + ",dirty-limit=1M", registry).ok());
  EXPECT_FALSE(registry.Open("o").value()->info().read_only);
  EXPECT_TRUE(registry.Open("o").value()->info().trap_dirty);
  // A comma of the lower's own is written twice, one of a path in it four times.
  ASSERT_TRUE(
      AddPager("p=overlay:" + upper + "2,blob:" + directory.Path("b,,,,lob") + ",,root=" + root, registry).ok());
  EXPECT_EQ(registry.Open("p").value()->info().content_size, 10000u);
}

TEST(PagerSpec, BlobsAndOverlaysThatCannotBeAreNamed) {
  const test::TemporaryDirectory directory;
  const std::string upper = directory.Path("upper");
  ExpectRefused("b=blob:", {"no path"});
  ExpectRefused("b=blob:/none", {"/none", "No such file"});
  ExpectRefused("b=blob:/etc/passwd", {"/etc/passwd", "is no blob", "pagoda blob create"});
  ExpectRefused("b=blob:/etc/passwd,ro", {"'ro'", "root=HEX"});
  ExpectRefused("b=blob:/etc/passwd,root=12", {"'root=12'", "64 digits"});
  ExpectRefused("o=overlay:" + upper, {"overlay:UPPER,LOWER"});
  ExpectRefused("o=overlay:,/etc/passwd", {"overlay:UPPER,LOWER"});
  ExpectRefused("o=overlay:" + upper + ",/none", {"/none", "No such file"});
  ExpectRefused("o=overlay:" + upper + ",/etc", {"/etc", "is a directory"});
  ExpectRefused("o=overlay:" + upper + ",blob:/etc/passwd", {"/etc/passwd", "is no blob"});
  ExpectRefused("o=overlay:" + upper + ",file:/etc/passwd,,ro", {"'ro'", "read-only in any case"});
  ExpectRefused("o=overlay:" + upper + ",/etc/passwd,ro", {"neither 'ro'"});
  ExpectRefused("o=overlay:" + upper + ",/etc/passwd,x", {"'x'"});
  EXPECT_FALSE(std::filesystem::exists(upper)) << "made for nothing";
}

TEST(PagerSpec, WhatCannotBeServedIsNamed) {
  ExpectRefused("d=dir:/etc/passwd", {"/etc/passwd", "Not a directory"});
  ExpectRefused("d=dir:", {"no path"});
  ExpectRefused("z=zero:much", {"'much'", "not a size"});
}

TEST(PagerSpec, FileThatCannotBeServedIsNamed) {
  const test::TemporaryDirectory directory;
  ExpectRefused("f=file:" + directory.Path("none") + ",ro", {"f", directory.Path("none"), "No such file"});
  ExpectRefused("f=file:" + directory.Path("") + ",ro", {"is a directory"});
  ExpectRefused("f=file:" + directory.Path(""), {"directory"});
  ExpectRefused("f=file:", {"no path"});
  ExpectRefused("f=file:/dev/null,ro", {"neither"});
}

TEST(PagerSpec, OnlyAPagerAtASocketCanWantGuestMemoryAndThenItNeedsSome) {
  EXPECT_TRUE(pager::WantsGuestMemory(pager::ParsePagerSpec("f=unix:/a,reconnect=1s,share-memory").value()));
  EXPECT_FALSE(pager::WantsGuestMemory(pager::ParsePagerSpec("f=unix:/a,reconnect=1s").value()));
  EXPECT_FALSE(pager::WantsGuestMemory(pager::ParsePagerSpec("f=unix:/share-memory").value()));
  ExpectRefused("f=unix:/none,share-memory", {"share-memory", "no guest memory"});
  ExpectRefused("f=zero:4K,share-memory", {"'share-memory'"});
}

TEST(PagerSpec, SecondPagerOfTheSameNameIsRefused) {
  const test::TemporaryDirectory directory;
  const std::string text = "f=file:" + directory.Write("file", "x") + ",ro";
  pager::Registry registry;
  ASSERT_TRUE(AddPager(text, registry).ok());
  EXPECT_FALSE(AddPager(text, registry).ok());
  EXPECT_TRUE(registry.Open("f").ok());
}

TEST(PagerSpec, ReadOnlyReachesTheSource) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.Write("file", "x");
  pager::Registry registry;
  ASSERT_TRUE(AddPager("a=file:" + path + ",ro", registry).ok());
  ASSERT_TRUE(AddPager("b=file:" + path, registry).ok());
  EXPECT_TRUE(registry.Open("a").value()->info().read_only);
  EXPECT_FALSE(registry.Open("b").value()->info().read_only);
}

}  // namespace
