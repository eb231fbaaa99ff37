// The kv store as its user sees it, and its file as the description of its format has it.
#include "tests/programs/kv_model.h"
#include "tests/programs/kv_reader.h"
#include "tests/programs/support.h"

namespace programs_test {
namespace {

class KvTest : public GuestTest {
 protected:
  Ending Kv(const std::vector<std::string>& arguments, const std::string& options = ",resizable,dirty-limit=1M") {
    std::vector<std::string> command{"kv", "d"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return RunInGuest({File("d", file_, options)}, command);
  }
  [[nodiscard]] std::string Content() const { return integration::ReadFile(file_); }
  void Flip(size_t at) const {
    std::string content = Content();
    content[at] = static_cast<char>(content[at] ^ 1);
    static_cast<void>(files_.Write("db", content));
  }

  const std::filesystem::path file_ = files_.Write("db", "");
};

TEST_F(KvTest, WhatWasPutIsThereInTheNextRunAndWhatWasDeletedIsNot) {
  EXPECT_EQ(Kv({"put", "a", "first value"}).code, 0);
  EXPECT_EQ(Kv({"put", "b", ""}).code, 0);
  EXPECT_EQ(Kv({"put", "a", "second"}).code, 0);
  EXPECT_EQ(Kv({"put", "c", "x"}).code, 0);
  EXPECT_EQ(Kv({"del", "c"}).code, 0);
  EXPECT_EQ(Kv({"get", "a"}).out, "second\n");
  EXPECT_EQ(Kv({"list"}).out, "a second\nb \n");
  const Ending missing = Kv({"get", "c"});
  EXPECT_EQ(missing.code, 1);
  EXPECT_EQ(missing.out, "kv: d: no key 'c'\n");
  EXPECT_EQ(ReadKv(Content())->keys, (std::map<std::string, std::string>{{"a", "second"}, {"b", ""}}));
}

// Long enough that the log is written anew several times.
TEST_F(KvTest, AStoreThatIsChangedOftenStaysSmallAndRight) {
  constexpr uint64_t kTransactions = 400;
  const Ending bench = Kv({"bench", std::to_string(kTransactions)});
  EXPECT_EQ(bench.code, 0) << bench.out.substr(bench.out.size() - std::min<size_t>(bench.out.size(), 200));
  const auto content = ReadKv(Content());
  ASSERT_TRUE(content);
  KvModel model;
  EXPECT_EQ(content->keys, model.After(kTransactions));
  EXPECT_LT(Content().size(), 3U << 20);
  EXPECT_EQ(Content().substr(4096, 8), "pagodakv") << "the log has never been written anew";
}

TEST_F(KvTest, ATransactionThatIsNotWholeIsNotThere) {
  EXPECT_EQ(Kv({"bench", "5"}).code, 0);
  Flip(ReadKv(Content())->last_transaction + 70);
  KvModel model;
  EXPECT_EQ(ReadKv(Content())->keys, model.After(4));
  EXPECT_EQ(Kv({"get", "counter"}).out, "4\n");
  EXPECT_EQ(Kv({"bench", "1"}).code, 0) << "it goes on from there";
  EXPECT_EQ(ReadKv(Content())->keys, model.After(5));
}

TEST_F(KvTest, DamageInFrontOfAWholeTransactionIsReportedAndNothingIsWritten) {
  EXPECT_EQ(Kv({"bench", "5"}).code, 0);
  Flip(ReadKv(Content())->log_start + 70);
  const std::string before = Content();
  const Ending damaged = Kv({"put", "a", "1"});
  EXPECT_EQ(damaged.code, 1);
  EXPECT_EQ(damaged.out,
            "kv: d: is damaged before its last transaction: what the host has of it is damaged "
            "(ZX_ERR_IO_DATA_INTEGRITY)\n");
  EXPECT_TRUE(Content() == before);
}

TEST_F(KvTest, AnObjectOfFixedSizeIsUsedUntilItIsFullOfWhatTheStoreHolds) {
  std::filesystem::resize_file(file_, 400 << 10);
  const Ending bench = Kv({"bench", "250"}, "");
  EXPECT_EQ(bench.code, 0) << bench.out.substr(bench.out.size() - std::min<size_t>(bench.out.size(), 200));
  KvModel model;
  EXPECT_EQ(ReadKv(Content())->keys, model.After(250));
  const Ending full = Kv({"put", "large", std::string(20000, 'x')}, "");
  EXPECT_EQ(full.code, 0);
  EXPECT_EQ(std::filesystem::file_size(file_), 400u << 10);
}

}  // namespace
}  // namespace programs_test
