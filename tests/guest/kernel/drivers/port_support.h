// What the tests of the port driver share: somebody who owns pages, and a port device that the test answers by hand.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>

#include "devices/virtio/split_queue.h"
#include "guest/kernel/drivers/port_client.h"
#include "guest/kernel/vm/page_source.h"
#include "guest/kernel/vm/pmm.h"
#include "shared/abi/port_device.h"
#include "tests/guest/kernel/drivers/test_machine.h"

namespace gk::test {

// Stands in for a VMO: wants every page below its size that it does not have, and keeps what arrives.
class PageKeeper final : public PageSourceOwner {
 public:
  // `source` is bound to this object, which must be closed before it goes.
  PageKeeper(RefPtr<PageProvider> provider, uint64_t page_count)
      : source_(PageSource::Create(std::move(provider))), page_count_(page_count) {
    source_->SetOwner(*this);
  }
  ~PageKeeper() {
    DropPages();
    source_->OnOwnerDestroyed();
  }

  [[nodiscard]] PageIndex CountWanted(PageIndex first, PageIndex most) const override {
    PageIndex count = 0;
    while (count < most && first + count < page_count_ && !pages_.contains(first + count)) {
      ++count;
    }
    return count;
  }
  Result<> OnPageArrived(PageIndex index, Page* page) override {
    pages_[index] = page;
    return {};
  }
  Result<> OnDirtyGranted(PageIndex /*first*/, PageIndex /*count*/) override { return {}; }
  void OnDetached() override {}

  [[nodiscard]] PageSource& source() { return *source_; }
  [[nodiscard]] Page* page(PageIndex index) const {
    const auto found = pages_.find(index);
    return found == pages_.end() ? nullptr : found->second;
  }
  [[nodiscard]] size_t size() const { return pages_.size(); }
  void DropPages() {
    for (const auto& [index, page] : pages_) {
      FreePage(page);
    }
    pages_.clear();
  }

 private:
  RefPtr<PageSource> source_;
  uint64_t page_count_;
  std::map<PageIndex, Page*> pages_;
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
                          uint16_t request_queue_size = 256)
      : config_(config),
        device_(abi::kVirtioIdPort, {64, request_queue_size}, std::as_bytes(std::span(&config_, 1))),
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
  abi::PortConfig config_;
  HandServedDevice device_;
  PluggedDevice plugged_;
};

}  // namespace gk::test
