// The text of --pager: what it means, and one clear line for everything that it cannot mean.
#include "devices/pager/pager_spec.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <string>
#include <vector>

#include "tests/devices/support/temporary_directory.h"

namespace {

using pager::ParsePagerSpec;

// Expects that adding a pager fails, and that the message holds each of these.
void ExpectRefused(const std::string& text, const std::vector<std::string>& mentioned) {
  pager::Registry registry;
  const auto added = pager::AddPager(text, registry);
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
  ExpectRefused("", {"NAME=file:PATH"});
  ExpectRefused("/etc/passwd", {"/etc/passwd", "NAME=file:PATH"});
  ExpectRefused("=file:/etc/passwd", {"name"});
  ExpectRefused("a/b=file:/etc/passwd", {"a/b", "name"});
  ExpectRefused("f=/etc/passwd", {"NAME=file:PATH"});
  ExpectRefused("f=:/etc/passwd", {"NAME=file:PATH"});
}

TEST(PagerSpec, UnknownKindIsNamed) { ExpectRefused("f=http:x", {"http", "file"}); }

TEST(PagerSpec, UnknownOptionIsNamed) {
  ExpectRefused("f=file:/etc/passwd,rw", {"'rw'", "ro"});
  ExpectRefused("f=file:/etc/passwd,", {"''"});
  ExpectRefused("f=file:/etc/passwd,ro,x", {"'x'"});
}

TEST(PagerSpec, FileThatCannotBeServedIsNamed) {
  const test::TemporaryDirectory directory;
  ExpectRefused("f=file:" + directory.Path("none") + ",ro", {"f", directory.Path("none"), "No such file"});
  ExpectRefused("f=file:" + directory.Path("") + ",ro", {"is a directory"});
  ExpectRefused("f=file:" + directory.Path(""), {"directory"});
  ExpectRefused("f=file:", {"no path"});
  ExpectRefused("f=file:/dev/null,ro", {"neither"});
}

TEST(PagerSpec, SecondPagerOfTheSameNameIsRefused) {
  const test::TemporaryDirectory directory;
  const std::string text = "f=file:" + directory.Write("file", "x") + ",ro";
  pager::Registry registry;
  ASSERT_TRUE(pager::AddPager(text, registry).ok());
  EXPECT_FALSE(pager::AddPager(text, registry).ok());
  EXPECT_TRUE(registry.Open("f").ok());
}

TEST(PagerSpec, ReadOnlyReachesTheSource) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.Write("file", "x");
  pager::Registry registry;
  ASSERT_TRUE(pager::AddPager("a=file:" + path + ",ro", registry).ok());
  ASSERT_TRUE(pager::AddPager("b=file:" + path, registry).ok());
  EXPECT_TRUE(registry.Open("a").value()->info().read_only);
  EXPECT_FALSE(registry.Open("b").value()->info().read_only);
}

}  // namespace
