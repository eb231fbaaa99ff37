// One pass over the dirty pages: what it writes, in which order, and what it leaves dirty when something goes wrong.
#include "devices/pager/writeback_pass.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/devices/support/fake_vmo.h"
#include "tests/devices/support/memory_target.h"

namespace {

using base::kPageSize;
using pager::Durability;
using pager::WritebackResult;
using Log = std::vector<std::string>;

std::string Letters(size_t count, char letter) { return std::string(count, letter); }

class WritebackPassTest : public testing::Test {
 protected:
  // A file of `pages` whole pages of '.', and a VMO of it.
  void Serve(uint64_t pages) { ServeBytes(pages * kPageSize); }
  void ServeBytes(uint64_t size) {
    target_ = std::make_shared<test::MemoryTarget>(Letters(size, '.'));
    vmo_ = std::make_shared<test::FakeVmo>(size);
    content_size_ = size;
  }
  // Runs one pass to its end.
  WritebackResult Run(Durability durability = Durability::kWritten) {
    WritebackResult result{.status = ZX_ERR_INTERNAL};
    Start(durability, result);
    context_.run();
    content_size_ = result.content_size;
    return result;
  }
  void Start(Durability durability, WritebackResult& result) {
    pass_.emplace(vmo_, target_, content_size_, false, durability);
    context_.restart();
    boost::asio::co_spawn(context_, pass_->Run(),
                          [&result](const std::exception_ptr&, WritebackResult ended) { result = ended; });
  }

  boost::asio::io_context context_;
  std::shared_ptr<test::MemoryTarget> target_;
  std::shared_ptr<test::FakeVmo> vmo_;
  uint64_t content_size_ = 0;
  std::optional<pager::WritebackPass> pass_;
};

TEST_F(WritebackPassTest, CleanVmoIsOnlyLookedAt) {
  Serve(3);
  EXPECT_EQ(Run(Durability::kDurable).status, ZX_OK);
  EXPECT_EQ(vmo_->log(), (Log{"stats", "query 0+3"}));
  EXPECT_TRUE(target_->log.empty());
}

TEST_F(WritebackPassTest, DirtyPagesAreWrittenBetweenBeginAndEnd) {
  Serve(4);
  vmo_->Write(kPageSize, Letters(2 * kPageSize, 'x'));
  const WritebackResult result = Run();
  EXPECT_EQ(result.status, ZX_OK);
  EXPECT_EQ(result.written, 2 * kPageSize);
  EXPECT_EQ(result.left, 0u);
  EXPECT_EQ(vmo_->log(), (Log{"stats", "query 0+4", "begin 1+2", "stats", "lend 1+2", "end 1+2"}));
  EXPECT_EQ(target_->log, Log{"write 4096+8192"});
  EXPECT_TRUE(target_->content == Letters(kPageSize, '.') + Letters(2 * kPageSize, 'x') + Letters(kPageSize, '.'));
  EXPECT_EQ(vmo_->dirty(), "");
  EXPECT_EQ(vmo_->leases(), 0);
}

TEST_F(WritebackPassTest, ZerosAreWrittenAsZerosAndNotLent) {
  Serve(4);
  vmo_->Zero(1, 2);
  EXPECT_EQ(Run().status, ZX_OK);
  EXPECT_EQ(vmo_->log(), (Log{"stats", "query 0+4", "begin 1+2z", "stats", "end 1+2"}));
  EXPECT_EQ(target_->log, Log{"zero 4096+8192"});
  EXPECT_EQ(vmo_->dirty(), "");
}

TEST_F(WritebackPassTest, DurablePassSyncsBeforeAnythingBecomesClean) {
  Serve(3);
  vmo_->Write(0, "a");
  vmo_->Write(2 * kPageSize, "b");
  vmo_->before = [this](const std::string& operation) {
    if (operation.starts_with("end ")) {
      EXPECT_EQ(target_->log.back(), "sync");
    }
  };
  EXPECT_EQ(Run(Durability::kDurable).status, ZX_OK);
  EXPECT_EQ(target_->log, (Log{"write 0+4096", "write 8192+4096", "sync"}));
}

TEST_F(WritebackPassTest, ErrorOfSyncKeepsEverythingDirty) {
  Serve(3);
  vmo_->Write(0, "a");
  vmo_->Zero(2, 1);
  target_->failures["sync"] = ZX_ERR_IO;
  const WritebackResult result = Run(Durability::kDurable);
  EXPECT_EQ(result.status, ZX_ERR_IO);
  EXPECT_EQ(result.left, 2 * kPageSize);
  EXPECT_EQ(vmo_->dirty(), "0+1 2+1z");
}

TEST_F(WritebackPassTest, RangesBeyondOneAnswerAreAskedForAgain) {
  Serve(9);
  vmo_->max_ranges = 2;
  for (const uint64_t page : {0u, 2u, 4u, 6u, 8u}) {
    vmo_->Write(page * kPageSize, "x");
  }
  EXPECT_EQ(Run().written, 5 * kPageSize);
  EXPECT_EQ(vmo_->dirty(), "");
  const Log log = vmo_->log();
  EXPECT_EQ(std::count(log.begin(), log.end(), "query 0+9"), 1);
  EXPECT_EQ(std::count(log.begin(), log.end(), "query 3+6"), 1);
  EXPECT_EQ(std::count(log.begin(), log.end(), "query 7+2"), 1);
}

TEST_F(WritebackPassTest, LongRangeIsLentInParts) {
  Serve(20);
  vmo_->Write(0, Letters(20 * kPageSize, 'x'));
  EXPECT_EQ(Run().status, ZX_OK);
  EXPECT_EQ(target_->log, (Log{"write 0+32768", "write 32768+32768", "write 65536+16384"}));
  EXPECT_TRUE(target_->content == vmo_->text());
}

TEST_F(WritebackPassTest, FailedWriteKeepsItsRangeDirtyAndTheOthersAreWritten) {
  Serve(5);
  for (const uint64_t page : {0u, 2u, 4u}) {
    vmo_->Write(page * kPageSize, "x");
  }
  target_->failures["write 8192+4096"] = ZX_ERR_NO_SPACE;
  const WritebackResult result = Run();
  EXPECT_EQ(result.status, ZX_ERR_NO_SPACE);
  EXPECT_EQ(result.written, 2 * kPageSize);
  EXPECT_EQ(result.left, kPageSize);
  EXPECT_EQ(vmo_->dirty(), "2+1");
  EXPECT_EQ(vmo_->leases(), 0);

  target_->failures.clear();
  EXPECT_EQ(Run().status, ZX_OK);
  EXPECT_EQ(vmo_->dirty(), "");
  EXPECT_EQ(target_->content[2 * kPageSize], 'x');
}

TEST_F(WritebackPassTest, FailedOperationsOfTheGuestKeepTheRangeDirty) {
  for (const std::string operation : {"begin 1+1", "lend 1+1"}) {
    Serve(3);
    vmo_->Write(kPageSize, "x");
    vmo_->Fail(operation, ZX_ERR_NO_MEMORY);
    EXPECT_EQ(Run().status, ZX_ERR_NO_MEMORY) << operation;
    EXPECT_EQ(vmo_->dirty(), "1+1") << operation;
    EXPECT_TRUE(target_->log.empty()) << operation;
  }
}

TEST_F(WritebackPassTest, GuestThatHasGoneEndsThePass) {
  Serve(3);
  vmo_->Write(0, "a");
  vmo_->Write(2 * kPageSize, "b");
  vmo_->before = [this](const std::string& operation) {
    if (operation == "lend 0+1") {
      vmo_->Close();
    }
  };
  EXPECT_EQ(Run(Durability::kDurable).status, ZX_ERR_PEER_CLOSED);
  EXPECT_TRUE(target_->log.empty());
}

TEST_F(WritebackPassTest, PageWrittenDuringTheWriteIsWrittenWholeAndStaysDirty) {
  Serve(2);
  vmo_->Write(0, Letters(kPageSize, 'a'));
  target_->puts_off = true;
  WritebackResult result;
  Start(Durability::kWritten, result);
  context_.poll();
  ASSERT_EQ(target_->put_off.size(), 1u);
  EXPECT_EQ(vmo_->leases(), 1);
  vmo_->Write(100, Letters(200, 'b'));
  target_->Continue();
  context_.poll();
  EXPECT_EQ(result.status, ZX_OK);
  EXPECT_TRUE(target_->content.starts_with(Letters(kPageSize, 'a'))) << "no byte of the later write";
  EXPECT_EQ(vmo_->dirty(), "0+1");
  target_->puts_off = false;
  EXPECT_EQ(Run().status, ZX_OK);
  EXPECT_TRUE(target_->content.substr(0, kPageSize) == vmo_->text().substr(0, kPageSize));
}

TEST_F(WritebackPassTest, PageWrittenIntoARangeOfZerosIsNotTakenForZeros) {
  Serve(4);
  vmo_->Zero(0, 3);
  vmo_->before = [this](const std::string& operation) {
    if (operation == "begin 0+3z") {
      vmo_->Write(kPageSize, "x");
    }
  };
  EXPECT_EQ(Run().status, ZX_OK);
  EXPECT_EQ(vmo_->dirty(), "1+1");
  vmo_->before = nullptr;
  EXPECT_EQ(Run().status, ZX_OK);
  EXPECT_EQ(target_->content[kPageSize], 'x');
  EXPECT_EQ(vmo_->dirty(), "");
}

TEST_F(WritebackPassTest, PageZeroedAfterBeginIsLeftForTheNextPass) {
  Serve(4);
  vmo_->Write(0, Letters(3 * kPageSize, 'x'));
  vmo_->before = [this](const std::string& operation) {
    if (operation == "lend 0+3") {
      vmo_->Zero(1, 1);
    }
  };
  EXPECT_EQ(Run().status, ZX_OK);
  EXPECT_EQ(vmo_->dirty(), "1+1z");
  vmo_->before = nullptr;
  EXPECT_EQ(Run().status, ZX_OK);
  EXPECT_EQ(target_->log.back(), "zero 4096+4096");
}

TEST_F(WritebackPassTest, PageZeroedBeforeBeginIsWrittenAsZeros) {
  Serve(3);
  vmo_->Write(0, Letters(3 * kPageSize, 'x'));
  vmo_->before = [this](const std::string& operation) {
    if (operation == "begin 0+3") {
      vmo_->Zero(1, 1);
    }
  };
  EXPECT_EQ(Run().status, ZX_OK);
  EXPECT_EQ(vmo_->dirty(), "");
  EXPECT_TRUE(target_->content == vmo_->text());
}

TEST_F(WritebackPassTest, RangeWithAMissingPageIsLookedAtAgain) {
  Serve(4);
  vmo_->Write(0, Letters(4 * kPageSize, 'x'));
  vmo_->Fail("lend 0+4", ZX_ERR_NOT_FOUND);
  int queries = 0;
  vmo_->before = [this, &queries](const std::string& operation) {
    if (operation == "query 0+4" && ++queries == 2) {
      EXPECT_EQ(vmo_->dirty(), "0+4");
      vmo_->StopFailing();
    }
  };
  EXPECT_EQ(Run().status, ZX_OK);
  EXPECT_EQ(target_->log, Log{"write 0+16384"});
  EXPECT_EQ(vmo_->dirty(), "");
}

TEST_F(WritebackPassTest, PageThatStaysMissingKeepsItsRangeDirty) {
  Serve(4);
  vmo_->Write(0, Letters(2 * kPageSize, 'x'));
  vmo_->Fail("lend 0+2", ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Run().status, ZX_ERR_NOT_FOUND);
  EXPECT_EQ(vmo_->dirty(), "0+2");
  EXPECT_TRUE(target_->log.empty());
}

TEST_F(WritebackPassTest, NothingBeyondTheContentIsWritten) {
  ServeBytes(2 * kPageSize + 10);
  vmo_->Write(kPageSize, Letters(2 * kPageSize, 'x'));
  EXPECT_EQ(Run().status, ZX_OK);
  EXPECT_EQ(target_->log, Log{"write 4096+4106"});
  EXPECT_EQ(target_->content.size(), 2 * kPageSize + 10);
  vmo_->Zero(2, 1);
  EXPECT_EQ(Run().status, ZX_OK);
  EXPECT_EQ(target_->log.back(), "zero 8192+10");
  EXPECT_EQ(vmo_->dirty(), "");
}

TEST_F(WritebackPassTest, GrownVmoGrowsTheTargetBeforeItIsWritten) {
  Serve(1);
  vmo_->Resize(3 * kPageSize + 5);
  vmo_->Write(2 * kPageSize, "x");
  EXPECT_EQ(Run().status, ZX_OK);
  EXPECT_EQ(target_->log, (Log{"size 12293", "zero 4096+4096", "write 8192+4096", "zero 12288+5"}));
  EXPECT_EQ(target_->content.size(), 3 * kPageSize + 5);
  EXPECT_EQ(vmo_->dirty(), "");
}

TEST_F(WritebackPassTest, ShrunkVmoShrinksTheTargetThoughNothingIsDirty) {
  Serve(3);
  vmo_->Resize(kPageSize);
  EXPECT_EQ(Run(Durability::kDurable).content_size, kPageSize);
  EXPECT_EQ(target_->log, (Log{"size 4096", "sync"}));
  vmo_->Resize(0);
  EXPECT_EQ(Run().status, ZX_OK);
  EXPECT_TRUE(target_->content.empty());
}

TEST_F(WritebackPassTest, ContentThatGrewAfterTheFirstLookIsNotClippedAway) {
  ServeBytes(10);
  vmo_->Write(0, Letters(20, 'x'));
  vmo_->before = [this](const std::string& operation) {
    if (operation == "begin 0+1") {
      vmo_->SetContentSize(20);
    }
  };
  EXPECT_EQ(Run().status, ZX_OK);
  EXPECT_EQ(target_->content, Letters(20, 'x'));
}

TEST_F(WritebackPassTest, TargetThatCannotBeResizedIsWrittenUpToItsEnd) {
  Serve(2);
  target_->failures["size 16384"] = ZX_ERR_NOT_SUPPORTED;
  vmo_->Resize(4 * kPageSize);
  vmo_->Write(kPageSize, Letters(3 * kPageSize, 'x'));
  EXPECT_EQ(Run().status, ZX_OK);
  EXPECT_EQ(target_->content.size(), 2 * kPageSize);
  EXPECT_EQ(target_->content[kPageSize], 'x');
  EXPECT_EQ(vmo_->dirty(), "");
}

TEST_F(WritebackPassTest, FailedResizeKeepsEverythingDirty) {
  Serve(1);
  vmo_->Resize(3 * kPageSize);
  vmo_->Write(0, "x");
  target_->failures["size 12288"] = ZX_ERR_NO_SPACE;
  EXPECT_EQ(Run().status, ZX_ERR_NO_SPACE);
  EXPECT_EQ(vmo_->dirty(), "0+1 1+2z");
  EXPECT_EQ(target_->log, Log{"size 12288"});
}

TEST_F(WritebackPassTest, VmoThatShrinksUnderThePassIsLookedAtAgain) {
  for (const std::string moment : {"query 0+6", "begin 1+5", "lend 1+5"}) {
    Serve(6);
    vmo_->Write(kPageSize, Letters(5 * kPageSize, 'x'));
    vmo_->before = [this, moment](const std::string& operation) {
      if (operation == moment) {
        vmo_->Resize(3 * kPageSize);
      }
    };
    EXPECT_EQ(Run().status, ZX_OK) << moment;
    EXPECT_EQ(vmo_->dirty(), "") << moment;
    EXPECT_TRUE(target_->content == Letters(kPageSize, '.') + Letters(2 * kPageSize, 'x')) << moment;
  }
}

TEST_F(WritebackPassTest, VmoThatNeverStopsShrinkingIsLeftToTheNextPass) {
  Serve(100);
  vmo_->Write(0, Letters(100 * kPageSize, 'x'));
  uint64_t pages = 100;
  vmo_->before = [&](const std::string& operation) {
    if (operation.starts_with("lend ")) {
      vmo_->Resize(--pages * kPageSize);
    }
  };
  EXPECT_EQ(Run().status, ZX_ERR_OUT_OF_RANGE);
  vmo_->before = nullptr;
  EXPECT_EQ(Run().status, ZX_OK);
  EXPECT_TRUE(target_->content == Letters(pages * kPageSize, 'x'));
  EXPECT_EQ(vmo_->dirty(), "");
}

// A server that restarts between a write and the sync.
TEST_F(WritebackPassTest, WhatTheMediumHasForgottenIsWrittenAgain) {
  Serve(3);
  vmo_->Write(0, Letters(2 * kPageSize, 'x'));
  int syncs = 0;
  target_->decide = [this, &syncs] {
    if (target_->log.back() != "sync" || ++syncs > 1) {
      return ZX_OK;
    }
    target_->content = Letters(3 * kPageSize, '.');
    return ZX_ERR_CANCELED;
  };
  const WritebackResult result = Run(Durability::kDurable);
  EXPECT_EQ(result.status, ZX_OK);
  EXPECT_EQ(target_->log, (Log{"write 0+8192", "sync", "write 0+8192", "sync"}));
  EXPECT_EQ(target_->content, Letters(2 * kPageSize, 'x') + Letters(kPageSize, '.'));
  EXPECT_EQ(vmo_->dirty(), "");
}

TEST_F(WritebackPassTest, MediumThatForgetsEveryTimeFailsThePassAndKeepsPagesDirty) {
  Serve(1);
  vmo_->Write(0, "x");
  target_->failures["sync"] = ZX_ERR_CANCELED;
  EXPECT_NE(Run(Durability::kDurable).status, ZX_OK);
  EXPECT_EQ(vmo_->dirty(), "0+1");
}

}  // namespace
