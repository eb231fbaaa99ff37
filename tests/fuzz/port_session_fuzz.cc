// The port device's session against a driver that stores anything anywhere: requests that are valid, nearly so, or not
// at all, and page sources that answer at once, late, or not before they are closed. Every request that a source was
// given is answered by the end, or End would not return.
#include "devices/port/port_session.h"

#include <zircon/errors.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "tests/devices/support/manual_pager.h"
#include "tests/devices/support/port_driver.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/hostile_memory.h"

namespace {

namespace abi = pagoda::abi;

using test::PortTicket;
using test::Require;

class IgnoredInterrupt final : public dev::VirtioInterrupt {
 public:
  void NotifyUsed() override {}
  void NotifyNeedsReset() override {}
};

// Keeps every other request until somebody asks for it, or until it is closed.
class LazySource final : public pager::PageSource {
 public:
  [[nodiscard]] pager::ObjectInfo info() const override {
    return {.size = kSize, .content_size = kSize, .read_only = true};
  }
  void Read(pager::ReadRequest request) override {
    Require(request.length() <= kSize && request.offset() <= kSize - request.length());
    if (++reads_ % 2 == 0) {
      kept_.push_back(std::move(request));
      return;
    }
    test::FillByPageNumber(request);
    request.Complete(ZX_OK);
  }
  void AnswerKept() { kept_.clear(); }

 private:
  static constexpr uint64_t kSize = 64 * base::kPageSize;

  uint64_t reads_ = 0;
  std::vector<pager::ReadRequest> kept_;
};

class Fuzzer {
 public:
  explicit Fuzzer(test::FuzzInput input) : input_(input) {
    const auto registered = registry_.Register(
        "f", std::make_unique<test::ManualPager>([this] { return last_opened_ = std::make_shared<LazySource>(); }));
    Require(registered.ok());
    dev::Activation activation{.queues = {}, .features = 0, .memory = memory_.guest(), .interrupt = interrupt_};
    for (const test::DriverQueue* queue : {&control_, &requests_}) {
      activation.queues.emplace_back(
          dev::ActiveQueue{.ring = dev::SplitQueue::Create(memory_.guest(), queue->layout()).value(), .doorbell = -1});
    }
    session_.emplace(std::move(activation), registry_, completions_, counters_);
  }

  void Run() {
    bool broken = false;
    while (!input_.empty() && !broken) {
      broken = Step() == dev::PortSession::Progress::kBroken;
    }
    last_opened_.reset();
    static_cast<void>(session_->End());
  }

 private:
  dev::PortSession::Progress Step() {
    switch (input_.Below(8)) {
      case 0:
        Post(control_, port_.Open("f"));
        break;
      case 1:
        Post(control_, port_.Close(input_.Below(8)));
        break;
      case 2:
        Post(requests_, port_.ReadInto(input_.Below(8), input_.Below(80) * base::kPageSize, Pages()));
        break;
      case 3:
        if (last_opened_) {
          last_opened_->AnswerKept();
        }
        break;
      case 4:
      case 5:
        return session_->Serve();
      default:
        test::StoreSomething(memory_, input_);
    }
    return dev::PortSession::Progress::kIdle;
  }

  void Post(test::DriverQueue& queue, const PortTicket& ticket) {
    while (queue.TakeUsed()) {
    }
    if (ticket.chain.size() <= queue.free_descriptors() && posted_ < kMaxPosted) {
      ++posted_;
      queue.Post(ticket.chain);
    }
  }
  std::vector<uint64_t> Pages() {
    return std::vector<uint64_t>(1 + input_.Below(3), test::TestMemory::end() - 8 * base::kPageSize);
  }

  static constexpr int kMaxPosted = 4096;  // so that the driver's side stays in its part of memory

  test::FuzzInput input_;
  test::TestMemory memory_;
  test::DriverQueue control_{memory_, 16};
  test::DriverQueue requests_{memory_, 64};
  test::PortDriver port_{memory_};
  IgnoredInterrupt interrupt_;
  pager::Registry registry_;
  std::shared_ptr<LazySource> last_opened_;
  dev::EventFd wake_ = dev::EventFd::Create().value();
  dev::PortCompletions completions_{wake_};
  dev::PortCounters counters_;
  std::optional<dev::PortSession> session_;
  int posted_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Fuzzer(test::FuzzInput(data, size)).Run();
  return 0;
}
