// What goes through the port is counted for the object it belongs to, and reported so that programs and people can read
// it.
#include <gtest/gtest.h>
#include <zircon/errors.h>
#include <zircon/syscalls/pager.h>

#include <nlohmann/json.hpp>

#include "tests/devices/support/manual_pager.h"
#include "vmm/observe/port_statistics.h"
#include "vmm/observe/run_report.h"

namespace vmm {
namespace {

namespace port = pagoda::abi;
using Kind = port::PortRequestKind;
using Operation = port::PortOperationKind;
using std::chrono::microseconds;

constexpr uint64_t kPage = base::kPageSize;

class PortStatisticsTest : public testing::Test {
 protected:
  void Read(uint64_t object, uint64_t pages, zx_status_t status = ZX_OK) {
    const dev::PortHeldRequest request = {.object = object, .kind = Kind::kRead, .offset = 0, .length = pages * kPage};
    statistics_.OnRequest(1, request, {});
    statistics_.OnAnswered(1, request, status, microseconds(100));
  }
  void Operate(uint64_t object, Operation kind, uint64_t pages, uint32_t argument = 0, zx_status_t status = ZX_OK) {
    const port::PortOperation operation = {
        .id = 1, .object = object, .offset = 0, .length = pages * kPage, .data = 0, .kind = kind, .argument = argument};
    statistics_.OnOperation(operation);
    statistics_.OnOperationAnswered(operation, status);
  }
  ObjectStatistics Of(std::string_view name) {
    for (const ObjectStatistics& object : statistics_.Snapshot()) {
      if (object.name == name) {
        return object;
      }
    }
    return {};
  }

  test::ManualSource source_;
  PortStatistics statistics_;
};

TEST_F(PortStatisticsTest, PagesCountWhenTheyHaveCome) {
  statistics_.OnOpened(1, "d/a", source_);
  statistics_.OnOpened(2, "d/b", source_);
  Read(1, 3);
  Read(1, 4, ZX_ERR_IO);
  Operate(1, Operation::kSupply, 5);
  Operate(1, Operation::kSupply, 6, 0, ZX_ERR_NO_MEMORY);
  EXPECT_EQ(Of("d/a").requests, 2u);
  EXPECT_EQ(Of("d/a").failed, 1u);
  EXPECT_EQ(Of("d/a").pages_in, 8u);
  EXPECT_EQ(Of("d/a").supplied, 5u);
  EXPECT_EQ(Of("d/a").reads.total(), microseconds(200));
  EXPECT_EQ(Of("d/b").requests, 0u);
}

TEST_F(PortStatisticsTest, WhatIsReadForASupplyIsNoRequest) {
  statistics_.OnOpened(1, "f", source_);
  const dev::PortHeldRequest fill = {
      .object = 1, .kind = Kind::kRead, .offset = 0, .length = 2 * kPage, .unasked = true};
  statistics_.OnRequest(1, fill, {});
  statistics_.OnAnswered(1, fill, ZX_OK, microseconds(100));
  EXPECT_EQ(Of("f").requests, 0u);
  EXPECT_EQ(Of("f").pages_in, 0u) << "it counts once, when the supply has been answered";
}

TEST_F(PortStatisticsTest, APassCountsWhenItHasWrittenSomething) {
  statistics_.OnOpened(1, "f", source_);
  for (int pass = 0; pass < 3; ++pass) {
    Operate(1, Operation::kQueryDirtyRanges, 10);
    for (int range = 0; range < pass; ++range) {
      Operate(1, Operation::kOpRange, 2, ZX_PAGER_OP_WRITEBACK_BEGIN);
      Operate(1, Operation::kOpRange, 2, ZX_PAGER_OP_WRITEBACK_END);
    }
  }
  Operate(1, Operation::kOpRange, 2, ZX_PAGER_OP_WRITEBACK_END, ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Of("f").passes, 2u);
  EXPECT_EQ(Of("f").written, 6u);
}

TEST_F(PortStatisticsTest, AnObjectOpenedAgainGoesOnCounting) {
  statistics_.OnOpened(1, "f", source_);
  Read(1, 1);
  statistics_.OnClosed(1, source_);
  Read(1, 1);
  statistics_.OnOpened(7, "f", source_);
  Read(7, 1);
  EXPECT_EQ(Of("f").opens, 2u);
  EXPECT_EQ(Of("f").pages_in, 2u);
  EXPECT_EQ(statistics_.Snapshot().size(), 1u);
}

TEST_F(PortStatisticsTest, ANumberOfNamesThatNobodyCanBoundIsCountedTogether) {
  for (uint64_t i = 1; i <= PortStatistics::kMaxObjects + 10; ++i) {
    statistics_.OnOpened(i, "d/" + std::to_string(i), source_);
    Read(i, 1);
  }
  EXPECT_EQ(statistics_.Snapshot().size(), PortStatistics::kMaxObjects + 1);
  EXPECT_EQ(Of(PortStatistics::kOthers).pages_in, 10u);
}

RunReport ReportOfTwo() {
  RunReport report;
  report.elapsed = std::chrono::seconds(2);
  report.objects = {{.name = "d/a\xff\"b", .pages_in = 100}, {.name = "d/c", .pages_in = 900}, {.name = "e"}};
  report.guest = pagoda::abi::GuestCounters();
  report.guest->evicted_pages = 12;
  report.cpus = {{1, 2, 0, 0, 0, 0}};
  report.replay = ReplayStatistics{.recorded_requests = 200, .seen_requests = 5};
  return report;
}

TEST(RunReport, JsonHasObjectsPagersAndTheSum) {
  const auto json = nlohmann::json::parse(ReportJson(ReportOfTwo()));
  EXPECT_EQ(json["schema"], "pagoda.stats");
  EXPECT_EQ(json["version"], 1);
  EXPECT_EQ(json["objects"].size(), 3u);
  ASSERT_EQ(json["pagers"].size(), 2u);
  EXPECT_EQ(json["pagers"][0]["name"], "d");
  EXPECT_EQ(json["pagers"][0]["pages_in"], 1000);
  EXPECT_EQ(json["total"]["pages_in"], 1000);
  EXPECT_DOUBLE_EQ(json["total"]["megabytes_per_second"], 2.048);
  EXPECT_EQ(json["guest"]["pages_evicted"], 12);
  EXPECT_EQ(json["vcpus"][0]["exits"]["mmio_write"], 2);
  EXPECT_DOUBLE_EQ(json["replay"]["removed_share"], 0.975);
}

TEST(RunReport, WhatIsNotKnownIsNull) {
  const auto json = nlohmann::json::parse(ReportJson({}));
  EXPECT_TRUE(json["guest"].is_null());
  EXPECT_TRUE(json["replay"].is_null());
  EXPECT_EQ(json["total"]["megabytes_per_second"], 0);
}

TEST(RunReport, TheTableIsPrintableAndBeginsWithTheBusiest) {
  const std::string table = ReportTable(ReportOfTwo());
  EXPECT_LT(table.find("d/c"), table.find("d/a?\"b")) << table;
  EXPECT_NE(table.find("all"), std::string::npos) << table;
  EXPECT_NE(table.find("12 pages evicted"), std::string::npos) << table;
  EXPECT_NE(table.find("97.5% removed"), std::string::npos) << table;
  EXPECT_EQ(table.find('\xff'), std::string::npos);
}

}  // namespace
}  // namespace vmm
