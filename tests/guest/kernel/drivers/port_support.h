// What the tests of the port driver share: a program's VMO, and a port device that the test answers by hand.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "devices/virtio/split_queue.h"
#include "guest/kernel/drivers/port_client.h"
#include "guest/kernel/vm/pmm.h"
#include "guest/kernel/vm/vmo.h"
#include "shared/abi/port_device.h"
#include "tests/guest/kernel/drivers/test_machine.h"

namespace gk::test {

// A program's VMO of a host object, looked at page by page.
class PageKeeper final {
 public:
  explicit PageKeeper(RefPtr<Vmo> vmo) : vmo_(std::move(vmo)) {}

  [[nodiscard]] Vmo& vmo() { return *vmo_; }
  // Asks for `count` pages from `index` on; `request` is to be waited on when the first is missing.
  Result<> Require(PageIndex index, size_t count, PageRequest& request) {
    const PageLookup lookup = vmo_->RequirePage(index, PageIntent::kRead, count, request);
    return lookup.kind() == PageLookup::Kind::kFailed ? Error(lookup.status()) : Result<>();
  }
  [[nodiscard]] Page* page(PageIndex index) const {
    const PresentPage present = vmo_->PeekPage(index);
    return present ? PageOf(present.address) : nullptr;
  }
  // Pages that are present.
  [[nodiscard]] size_t size() const {
    size_t count = 0;
    for (PageIndex index = 0; index < vmo_->page_end(); ++index) {
      count += page(index) != nullptr ? 1U : 0U;
    }
    return count;
  }

 private:
  RefPtr<Vmo> vmo_;
};

// One request of the driver, as the device sees it.
struct PortCall {
  dev::DescriptorChain chain;
  abi::PortRequest request;
  std::string name;
};

class HandServedPort {
 public:
  explicit HandServedPort(const TestRam& ram, abi::PortConfig config = {abi::kPortVersion, abi::kPortMaxPages},
                          uint16_t request_queue_size = 1024,
                          uint64_t features = uint64_t{1} << abi::kPortFeatureOperations)
      : config_(config),
        device_(abi::kVirtioIdPort, {64, request_queue_size, 32}, std::as_bytes(std::span(&config_, 1)), features),
        plugged_(device_, ram) {}

  [[nodiscard]] HandServedDevice& device() { return device_; }
  [[nodiscard]] PluggedDevice& plugged() { return plugged_; }
  [[nodiscard]] drivers::VirtioMmio driver() const { return plugged_.driver(); }

  // The next request of a queue; nothing when there is none.
  [[nodiscard]] std::optional<PortCall> Take(uint32_t queue) {
    auto chain = device_.Take(queue);
    if (!chain) {
      return std::nullopt;
    }
    PortCall call{.chain = std::move(*chain), .request = {}, .name = {}};
    std::memcpy(&call.request, call.chain.readable()[0].bytes.data(), sizeof(call.request));
    for (const dev::GuestBuffer& buffer : call.chain.readable().subspan(1)) {
      call.name.append(reinterpret_cast<const char*>(buffer.bytes.data()), buffer.bytes.size());
    }
    return call;
  }

  // A reply that says all is well with `call`.
  [[nodiscard]] static abi::PortReply Success(const PortCall& call) {
    abi::PortReply reply{.id = call.request.id, .status = ZX_OK, .flags = 0, .object = 0, .size = 0, .content_size = 0};
    if (call.request.kind == abi::PortRequestKind::kRead) {
      reply.size = call.request.length;
    }
    return reply;
  }
  [[nodiscard]] static abi::PortReply Opened(const PortCall& call, uint64_t object, uint64_t content_size) {
    abi::PortReply reply = Success(call);
    reply.object = object;
    reply.size = base::AlignUp(content_size, kPageSize);
    reply.content_size = content_size;
    return reply;
  }

  // Puts `reply` at the end of the chain and gives it back. True when the driver wants an interrupt.
  bool Answer(uint32_t queue, const PortCall& call, const abi::PortReply& reply) {
    const std::span<std::byte> end = call.chain.writable().back().bytes;
    std::memcpy(end.data() + end.size() - sizeof(reply), &reply, sizeof(reply));
    return device_.Give(queue, call.chain, call.chain.writable_bytes());
  }

  // Sends the driver an operation, with an id of its own; the driver sees it when it looks. Precondition: it has given
  // us room for one.
  uint64_t Operate(abi::PortOperation operation) {
    TakeOperationChains();
    EXPECT_FALSE(rooms_.empty());
    operation.id = ++last_operation_;
    std::memcpy(rooms_.front().writable().front().bytes.data(), &operation, sizeof(operation));
    device_.Give(abi::kPortOperationQueue, rooms_.front(), sizeof(operation));
    rooms_.pop_front();
    return operation.id;
  }
  // The next answer to an operation; nothing when there is none.
  struct Answered {
    abi::PortAnswer answer;
    std::vector<abi::PortDirtyRange> ranges;
  };
  [[nodiscard]] std::optional<Answered> TakeAnswer() {
    TakeOperationChains();
    if (answers_.empty()) {
      return std::nullopt;
    }
    Answered answered = std::move(answers_.front());
    answers_.pop_front();
    return answered;
  }

  // Fills every page of a read with its number in the object, and answers.
  bool AnswerRead(const PortCall& call) {
    uint64_t page = call.request.offset / kPageSize;
    for (const dev::GuestBuffer& buffer : call.chain.writable()) {
      for (size_t at = 0; at + kPageSize <= buffer.bytes.size(); at += kPageSize, ++page) {
        std::memcpy(buffer.bytes.data() + at, &page, sizeof(page));
      }
    }
    return Answer(abi::kPortRequestQueue, call, Success(call));
  }

 private:
  // Each is room for an operation, and may hold an answer to one.
  void TakeOperationChains() {
    while (device_.active()) {
      auto chain = device_.Take(abi::kPortOperationQueue);
      if (!chain) {
        return;
      }
      Answered answered{};
      std::memcpy(&answered.answer, chain->readable().front().bytes.data(), sizeof(answered.answer));
      for (const dev::GuestBuffer& piece : chain->readable().subspan(1)) {
        answered.ranges.resize(piece.bytes.size() / sizeof(abi::PortDirtyRange));
        std::memcpy(answered.ranges.data(), piece.bytes.data(), piece.bytes.size());
      }
      if (answered.answer.id != 0) {
        answers_.push_back(std::move(answered));
      }
      rooms_.push_back(std::move(*chain));
    }
  }

  uint64_t last_operation_ = 0;
  std::deque<dev::DescriptorChain> rooms_;
  std::deque<Answered> answers_;
  abi::PortConfig config_;
  HandServedDevice device_;
  PluggedDevice plugged_;
};

}  // namespace gk::test
