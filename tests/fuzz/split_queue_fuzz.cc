// The split queue against a driver that stores anything anywhere at any time. Whatever comes out of Pop must lie in
// RAM, be no longer than the queue, and go back without harm; ASan watches every byte that is touched.
#include <algorithm>
#include <optional>
#include <vector>

#include "devices/virtio/split_queue.h"
#include "tests/devices/support/driver_queue.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/hostile_memory.h"

namespace {

using dev::SplitQueue;
using test::Readable;
using test::Require;
using test::Writable;

class Fuzzer {
 public:
  explicit Fuzzer(test::FuzzInput input)
      : input_(input), driver_(memory_, static_cast<uint16_t>(1u << (1 + input_.Below(5)))) {
    if (input_.Below(2) == 0) {
      driver_.UseEventIdx();
    }
    if (input_.Below(2) == 0) {
      driver_.UseIndirect();
    }
    PostValidChains();
    queue_.emplace(SplitQueue::Create(memory_.guest(), driver_.layout()).value());
  }

  void Run() {
    while (!input_.empty()) {
      Step();
    }
  }

 private:
  // Something to start from that the queue takes: one direct chain, one indirect.
  void PostValidChains() {
    const uint64_t data = memory_.Allocate(256);
    driver_.Post({Readable(data, 64), Writable(data + 64, 64)});
    const uint64_t table = memory_.Allocate(2 * sizeof(vring_desc), 16);
    memory_.Store(table, vring_desc{.addr = data, .len = 8, .flags = VRING_DESC_F_NEXT, .next = 1});
    memory_.Store(table + sizeof(vring_desc), vring_desc{.addr = data, .len = 8, .flags = 0, .next = 0});
    const auto last = static_cast<uint16_t>(driver_.layout().size - 1);
    driver_.SetDescriptor(last, {.addr = table, .len = 32, .flags = VRING_DESC_F_INDIRECT, .next = 0});
    driver_.MakeAvailable(last);
  }

  void Step() {
    switch (input_.Below(8)) {
      case 0:
        driver_.MakeAvailable(input_.Take<uint16_t>());
        break;
      case 1:
        Pop();
        break;
      case 2:
        GiveBack();
        break;
      case 3:
        static_cast<void>(queue_->PublishUsed());
        break;
      case 4:
        queue_->DisableNotifications();
        break;
      case 5:
        static_cast<void>(queue_->EnableNotifications());
        break;
      default:
        test::StoreSomething(memory_, input_);
    }
  }

  void Pop() {
    const auto popped = queue_->Pop();
    if (!popped.ok()) {
      Require(queue_->HasWork() && queue_->Pop().error() == popped.error());
      return;
    }
    if (popped.value()) {
      Check(*popped.value());
      heads_.push_back(popped.value()->head());
      Require(heads_.size() <= queue_->size());
    }
  }

  void Check(const dev::DescriptorChain& chain) {
    Require(chain.readable().size() + chain.writable().size() <= queue_->size());
    uint64_t total = 0;
    for (const auto buffers : {chain.readable(), chain.writable()}) {
      for (const dev::GuestBuffer& buffer : buffers) {
        const auto range = dev::GuestRange::Create(buffer.address, buffer.bytes.size());
        Require(range && memory_.guest().Contains(*range));
        total += buffer.bytes.size();
      }
    }
    Require(total == uint64_t{chain.readable_bytes()} + chain.writable_bytes());
    if (!chain.writable().empty()) {  // a device's answer, over whatever lies there
      const std::span<std::byte> bytes = chain.writable().back().bytes;
      std::fill_n(bytes.begin(), std::min<size_t>(bytes.size(), 4096), std::byte{input_.Take<uint8_t>()});
    }
  }

  void GiveBack() {
    if (!heads_.empty()) {
      queue_->AddUsed(heads_.back(), input_.Take<uint32_t>());
      heads_.pop_back();
    }
  }

  test::FuzzInput input_;
  test::TestMemory memory_;
  test::DriverQueue driver_;
  std::optional<SplitQueue> queue_;
  std::vector<uint16_t> heads_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Fuzzer(test::FuzzInput(data, size)).Run();
  return 0;
}
