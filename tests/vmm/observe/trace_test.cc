// A timeline is valid whatever was put into it, and whenever it ended.
#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/devices/support/manual_pager.h"
#include "tests/devices/support/temporary_directory.h"
#include "tests/devices/support/test_memory.h"
#include "tests/vmm/observe/trace_check.h"
#include "vmm/observe/trace_file.h"
#include "vmm/observe/trace_observer.h"

namespace vmm {
namespace {

using Clock = TraceEvent::Clock;
using std::chrono::microseconds;

constexpr TraceTrack kTrack = {1};

class TraceTest : public testing::Test {
 protected:
  nlohmann::json Finished() {
    EXPECT_TRUE(file_->Finish().ok());
    std::ifstream in(path_);
    return nlohmann::json::parse(in);
  }
  // Without those that say what is what.
  std::vector<nlohmann::json> Events(std::string_view name = "") {
    std::vector<nlohmann::json> events;
    for (const auto& event : Finished()) {
      if (event["ph"] != "M" && (name.empty() || event["name"] == name)) {
        events.push_back(event);
      }
    }
    return events;
  }

  test::TemporaryDirectory directory_;
  std::string path_ = directory_.Write("trace", "what was there before");
  std::unique_ptr<TraceFile> file_ = TraceFile::Create(path_).value();
  Clock::time_point now_ = Clock::now();
};

TEST_F(TraceTest, AnEmptyOneIsValid) { EXPECT_EQ(CheckTrace(Finished()), ""); }

TEST_F(TraceTest, WhatWasThereStaysUntilTheFirstEvent) {
  EXPECT_EQ(std::filesystem::file_size(path_), 21u);
  file_->Add({.phase = TracePhase::kInstant, .name = "x", .track = kTrack, .time = now_});
  file_->Write();
  EXPECT_EQ(Events().size(), 1u);
}

TEST_F(TraceTest, TimesOfATrackNeverGoBack) {
  for (const int us : {30, 10, 20, -1000}) {
    file_->Add({.phase = TracePhase::kInstant, .name = "x", .track = kTrack, .time = now_ + microseconds(us)});
  }
  EXPECT_EQ(CheckTrace(Finished()), "");
}

TEST_F(TraceTest, WhatHasBegunIsEndedInTheEnd) {
  file_->Add({.phase = TracePhase::kBegin, .name = "idle", .track = kTrack, .time = now_});
  file_->Add({.phase = TracePhase::kAsyncBegin, .name = "READ", .track = kTrack, .time = now_, .id = 3});
  EXPECT_EQ(CheckTrace(Finished()), "");
}

TEST_F(TraceTest, AnEndWithoutABeginIsLeftOut) {
  file_->Add({.phase = TracePhase::kEnd, .name = "idle", .track = kTrack, .time = now_});
  file_->Add({.phase = TracePhase::kAsyncEnd, .name = "READ", .track = kTrack, .time = now_, .id = 3});
  EXPECT_EQ(Events().size(), 0u);
}

TEST_F(TraceTest, WhatComesTooFastIsDroppedAndCounted) {
  for (size_t i = 0; i < TraceFile::kCapacity + 7; ++i) {
    file_->Add({.phase = TracePhase::kInstant, .name = "x", .track = kTrack, .time = now_});
  }
  EXPECT_EQ(file_->dropped(), 7u);
  const auto trace = Finished();
  EXPECT_EQ(trace.back()["args"]["dropped_events"], 7);
}

TEST_F(TraceTest, AnyNameIsValidJson) {
  const uint32_t object = file_->Intern("a\"\\\n\xff\x01");
  file_->Add({.phase = TracePhase::kInstant,
              .name = "fault",
              .track = kTrack,
              .time = now_,
              .object = object,
              .offset = 4096,
              .length = 8192});
  const auto events = Events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0]["args"]["object"], "a\"\\\n\xef\xbf\xbd\x01");
  EXPECT_EQ(events[0]["args"]["offset"], 4096);
}

TEST_F(TraceTest, AFullDiskIsSaidAndEndsNothing) {
  const auto full = TraceFile::Create("/dev/full").value();
  full->Add({.phase = TracePhase::kInstant, .name = "x", .track = kTrack, .time = now_});
  const Result<> finished = full->Finish();
  ASSERT_FALSE(finished.ok());
  EXPECT_EQ(finished.error().message(), "/dev/full: No space left on device");
}

TEST_F(TraceTest, RequestsAndOperationsNameTheirObject) {
  TraceObserver tracer(*file_);
  test::ManualSource source;
  tracer.OnOpened(5, "d/x", source);
  const dev::PortHeldRequest read = {
      .object = 5, .kind = pagoda::abi::PortRequestKind::kRead, .offset = 4096, .length = 8192};
  tracer.OnRequest(77, read, Clock::now());
  tracer.OnAnswered(77, read, ZX_ERR_IO, {});
  tracer.OnRequest(77, read, Clock::now());  // never answered
  const pagoda::abi::PortOperation supply = {.id = 9,
                                             .object = 5,
                                             .offset = 0,
                                             .length = 4096,
                                             .data = 0,
                                             .kind = pagoda::abi::PortOperationKind::kSupply,
                                             .argument = 0};
  tracer.OnOperation(supply);
  tracer.OnOperationAnswered(supply, ZX_OK);
  const auto trace = Finished();
  EXPECT_EQ(CheckTrace(trace), "");
  int reads = 0;
  for (const auto& event : trace) {
    if (event["name"] == "READ" && event["ph"] == "b") {
      ++reads;
      EXPECT_EQ(event["args"]["object"], "d/x");
      EXPECT_EQ(event["args"]["offset"], 4096);
    }
  }
  EXPECT_EQ(reads, 2);
}

TEST_F(TraceTest, AHostileGuestsEventsAreStillATrace) {
  namespace abi = pagoda::abi;
  test::TestMemory memory;
  const uint64_t ring = memory.Allocate(4096);
  const uint64_t place = memory.Allocate(4096);
  memory.Store(place, abi::Observation{.magic = abi::kObservationMagic,
                                       .version = abi::kObservationVersion,
                                       .size = sizeof(abi::Observation),
                                       .clock = 0,
                                       .events = ring,
                                       .event_capacity = 16,
                                       .events_written = 12,
                                       .counters = {}});
  for (uint16_t i = 0; i < 12; ++i) {
    memory.Store(ring + i * sizeof(abi::GuestEvent), abi::GuestEvent{.time = i % 2 == 0 ? UINT64_MAX : i,
                                                                     .object = i,
                                                                     .offset = UINT64_MAX,
                                                                     .pages = UINT32_MAX,
                                                                     .kind = static_cast<abi::GuestEventKind>(i % 7),
                                                                     .cpu = static_cast<uint16_t>(i * 3)});
  }
  auto guest = GuestObservation::Create(memory.guest(), {.address = place, .at = now_});
  ASSERT_TRUE(guest);
  TraceObserver tracer(*file_);
  tracer.Drain(*guest);
  EXPECT_EQ(CheckTrace(Finished()), "");
}

}  // namespace
}  // namespace vmm
