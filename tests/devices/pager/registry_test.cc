// Names lead to pagers; what follows the first slash is the pager's business.
#include "devices/pager/registry.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <string>
#include <vector>

namespace {

using pager::Registry;

class RecordingPager final : public pager::Pager {
 public:
  explicit RecordingPager(std::vector<std::string>& opened) : opened_(opened) {}
  base::Result<std::shared_ptr<pager::PageSource>, zx_status_t> Open(std::string_view path) override {
    opened_.emplace_back(path);
    return base::Failure{ZX_ERR_ACCESS_DENIED};
  }
  base::Result<std::vector<std::string>, zx_status_t> List(std::string_view path) override {
    return std::vector<std::string>{"in " + std::string(path)};
  }

 private:
  std::vector<std::string>& opened_;
};

class RegistryTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(Register("src").ok()); }
  base::Result<void, dev::Error> Register(std::string name) {
    return registry_.Register(std::move(name), std::make_unique<RecordingPager>(opened_));
  }
  [[nodiscard]] zx_status_t Open(std::string_view name) const { return registry_.Open(name).error(); }

  Registry registry_;
  std::vector<std::string> opened_;
};

TEST_F(RegistryTest, NameAndPathReachThePager) {
  EXPECT_EQ(Open("src"), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Open("src/a"), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Open("src/a/b"), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(opened_, (std::vector<std::string>{"", "a", "a/b"}));
}

TEST_F(RegistryTest, OtherNamesAreNotFound) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view name : {""sv, "s"sv, "src2"sv, "src/"sv, "/src"sv, "SRC"sv, "src\0"sv, "\xff\xfe"sv}) {
    EXPECT_EQ(Open(name), ZX_ERR_NOT_FOUND) << name;
  }
  EXPECT_TRUE(opened_.empty());
}

TEST_F(RegistryTest, NameIsTakenOnce) {
  const auto again = Register("src");
  ASSERT_FALSE(again.ok());
  EXPECT_NE(again.error().message.find("src"), std::string::npos);
  EXPECT_TRUE(Register("src2").ok());
}

TEST_F(RegistryTest, BadNamesAreRefused) {
  for (const std::string& name : {std::string(), std::string("a/b"), std::string("a b"), std::string("a="),
                                  std::string("\xc3\xa4"), std::string(65, 'a'), std::string("a\0b", 3)}) {
    EXPECT_FALSE(Register(name).ok()) << name;
  }
  EXPECT_TRUE(Register(std::string(64, 'a')).ok());
}

TEST_F(RegistryTest, ListingOfNothingNamesThePagers) {
  ASSERT_TRUE(Register("more").ok());
  EXPECT_EQ(registry_.List("").value(), (std::vector<std::string>{"more", "src"}));
}

TEST_F(RegistryTest, ListingOfAPathReachesThePager) {
  EXPECT_EQ(registry_.List("src").value(), std::vector<std::string>{"in "});
  EXPECT_EQ(registry_.List("src/a/b").value(), std::vector<std::string>{"in a/b"});
  for (const std::string_view name : {"other", "src/", "/", "/src"}) {
    EXPECT_EQ(registry_.List(name).error(), ZX_ERR_NOT_FOUND) << name;
  }
}

TEST(EmptyRegistry, KnowsNothing) {
  const Registry registry;
  EXPECT_TRUE(registry.empty());
  EXPECT_EQ(registry.Open("f").error(), ZX_ERR_NOT_FOUND);
}

}  // namespace
