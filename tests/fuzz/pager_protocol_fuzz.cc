// What a pager process or a monitor can send: any bytes as a message, any numbers as the shape of the region, answers
// in any order to questions that were never asked. What a message parses to holds what its checks promise; every
// request is answered once by the end.
#include <fcntl.h>
#include <zircon/errors.h>

#include <cstring>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "devices/pager/remote/in_flight.h"
#include "devices/pager/remote/messages.h"
#include "devices/pager/remote/region.h"
#include "shared/base/range.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

namespace remote = pager::remote;

using test::Require;

// A packet of the input's bytes. Most have the size and type that a parser gets beyond the header with.
remote::Packet TakePacket(test::FuzzInput& input) {
  remote::Packet packet;
  packet.bytes.resize(input.Below(256));
  for (std::byte& byte : packet.bytes) {
    byte = input.Take<std::byte>();
  }
  if (packet.bytes.size() >= sizeof(remote::MessageHeader) && input.Below(8) != 0) {
    const remote::MessageHeader header{.type = remote::MessageType{input.Below(40)},
                                       .size = static_cast<uint32_t>(packet.bytes.size())};
    std::memcpy(packet.bytes.data(), &header, sizeof(header));
  }
  for (uint32_t count = input.Below(3); count > 0; --count) {
    packet.descriptors.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  return packet;
}

void CheckToPager(test::FuzzInput& input) {
  const auto parsed = remote::ParseToPager(TakePacket(input));
  if (!parsed.ok()) {
    Require(!parsed.error().empty());
    return;
  }
  if (const auto* open = std::get_if<remote::Open>(&parsed.value())) {
    Require(open->object != 0 && open->path.size() <= remote::kMaxPath);
  } else if (const auto* result = std::get_if<remote::OperationResult>(&parsed.value())) {
    Require(result->status <= 0 && result->ranges.size() <= remote::kMaxDirtyRanges);
    for (const pager::DirtyRange& range : result->ranges) {
      Require(base::IsPageAligned(range.offset | range.length) && range.length <= UINT64_MAX - range.offset);
    }
  }
}

void CheckToMonitor(test::FuzzInput& input) {
  const auto parsed = remote::ParseToMonitor(TakePacket(input));
  if (!parsed.ok()) {
    Require(!parsed.error().empty());
    return;
  }
  if (const auto* opened = std::get_if<remote::Opened>(&parsed.value())) {
    Require(opened->status <= 0 && (opened->status != ZX_OK || remote::CanBe(opened->info)));
  } else if (const auto* refused = std::get_if<remote::Refused>(&parsed.value())) {
    Require(refused->reason.find('\n') == std::string::npos && refused->reason.find('\x1b') == std::string::npos);
  } else if (const auto* listed = std::get_if<remote::Listed>(&parsed.value())) {
    Require(!listed->more || !listed->names.empty());
  }
  Require(!std::holds_alternative<remote::File>(parsed.value()));  // /dev/null is none
}

void CheckGeometry(test::FuzzInput& input) {
  const remote::Geometry geometry{
      .slot_count = input.Take<uint32_t>(), .slot_size = input.Take<uint32_t>(), .area_size = input.Take<uint64_t>()};
  if (const auto layout = remote::RegionLayout::Of(geometry)) {
    Require(layout->ring < layout->record && layout->record < layout->answers && layout->answers < layout->arena &&
            layout->arena < layout->area && layout->area <= layout->size);
    Require(base::IsPageAligned(layout->arena | layout->area | layout->size));
    Require(layout->area - layout->arena == uint64_t{geometry.slot_count} * geometry.slot_size);
  }
}

class CountingAnswer final : public pager::Answer {
 public:
  explicit CountingAnswer(uint64_t& count) : count_(count) {}
  void OnAnswer(zx_status_t /*status*/) override { ++count_; }

 private:
  uint64_t& count_;
};

// The in-flight table under answers, losses and cancellations in any order.
class Table {
 public:
  void Step(test::FuzzInput& input) {
    const uint64_t object = input.Below(3);
    switch (input.Below(8)) {
      case 0:
      case 1:
        Ask(object, 1 + input.Below(9));
        break;
      case 2:
        table_.Release(object);
        break;
      case 3:
        while (table_.NextToSend()) {
        }
        break;
      case 4:
      case 5:
        Answer(input.Below(6), input.Below(64));
        break;
      case 6:
        Finish(table_.Cancel(object, ZX_ERR_BAD_STATE));
        break;
      default:
        Finish(table_.Hold());
        Require(table_.sent() == 0);
    }
    Require(answered_ <= asked_);
  }
  void End() {
    Finish(table_.Hold());
    Finish(table_.CancelAll(ZX_ERR_IO));
    Require(answered_ == asked_ && table_.sent() == 0 && table_.waiting() == 0);
  }

 private:
  void Ask(uint64_t object, uint64_t pages) {
    ++asked_;
    auto answer = std::make_unique<CountingAnswer>(answered_);
    if (pages == 9) {
      table_.Add(object, pager::CompleteRequest(std::move(answer)));
      return;
    }
    table_.Add(object, pager::ReadRequest(0, {{.iov_base = memory_.data(), .iov_len = pages * base::kPageSize}},
                                          std::move(answer)));
  }
  void Answer(uint32_t slot, uint64_t id) {
    if (table_.Find(slot, id) == nullptr) {
      return;
    }
    remote::Part part = table_.TakeAnswered(slot);
    Require(table_.Find(slot, id) == nullptr);
    if (part.job) {
      if (auto finished = part.Finish(ZX_OK)) {
        finished->Answer();
      }
    }
    table_.FreeSlot(slot);
  }
  static void Finish(std::vector<remote::Finished> finished) {
    for (remote::Finished& each : finished) {
      each.Answer();
    }
  }

  std::vector<char> memory_ = std::vector<char>(9 * base::kPageSize);
  remote::InFlight table_{4, 2 * base::kPageSize};
  uint64_t asked_ = 0;
  uint64_t answered_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  test::FuzzInput input(data, size);
  Table table;
  while (!input.empty()) {
    switch (input.Below(4)) {
      case 0:
        CheckToPager(input);
        break;
      case 1:
        CheckToMonitor(input);
        break;
      case 2:
        CheckGeometry(input);
        break;
      default:
        table.Step(input);
    }
  }
  table.End();
  return 0;
}
