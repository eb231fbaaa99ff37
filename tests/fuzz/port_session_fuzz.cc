// The port device's session against a driver that stores anything anywhere: requests and answers that are valid, nearly
// so, or not at all, and page sources that answer at once, late, or not before they are closed, and that want
// operations and leases. Every request that a source was given is answered by the end, or End would not return; every
// handler of an operation has been called once by then.
#include "devices/port/port_session.h"

#include <zircon/errors.h>
#include <zircon/syscalls/pager.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
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
  void Attach(std::shared_ptr<pager::VmoControl> vmo) override { vmo_ = std::move(vmo); }
  void Dirty(pager::DirtyRequest request) override {
    Require(request.length() <= kSize && request.offset() <= kSize - request.length());
    dirty_.push_back(std::move(request));
  }
  void Complete(pager::CompleteRequest request) override { complete_.push_back(std::move(request)); }

  void AnswerKept() {
    kept_.clear();
    dirty_.clear();
    complete_.clear();
  }
  // Wants something of the guest; `calls` counts the handlers that are owed, down as they are called.
  void Operate(uint32_t choice, int& owed) {
    if (vmo_ == nullptr) {
      return;
    }
    ++owed;
    const auto status = [&owed](zx_status_t) { --owed; };
    switch (choice % 7) {
      case 0:
        return vmo_->SupplyPages(base::kPageSize, {{data_.data(), data_.size()}}, status);
      case 1:
        return vmo_->OpRange(ZX_PAGER_OP_DIRTY, 0, base::kPageSize, 0, status);
      case 2:
        return vmo_->QueryDirtyRanges(0, kSize, [&owed](zx_status_t got, const auto& ranges, uint64_t available) {
          --owed;
          Require(got == ZX_OK || (ranges.empty() && available == 0));
          uint64_t end = 0;
          for (const pager::DirtyRange& range : ranges) {
            Require(range.offset >= end && range.length != 0 && range.length <= kSize - range.offset);
            end = range.offset + range.length;
          }
        });
      case 3:
        return vmo_->QueryVmoStats(0, [&owed](zx_status_t got, const pager::VmoStats& stats) {
          --owed;
          Require(got != ZX_OK || stats.content_size <= stats.size);
        });
      case 4:
        return vmo_->Detach(status);
      case 5:
        return vmo_->FetchPages(
            base::kPageSize, 3 * base::kPageSize, [this](pager::ReadRequest request) { Read(std::move(request)); },
            status);
      default:
        return vmo_->Lend(0, 4 * base::kPageSize, [this, &owed](zx_status_t got, pager::PageLease lease) {
          --owed;
          Require(got == ZX_OK ? lease.length() != 0 && lease.length() <= 4 * base::kPageSize : lease.length() == 0);
          leases_.push_back(std::move(lease));
        });
    }
  }
  void EndLeases() { leases_.clear(); }

 private:
  static constexpr uint64_t kSize = 64 * base::kPageSize;

  uint64_t reads_ = 0;
  std::string data_ = std::string(3 * base::kPageSize, 'd');
  std::shared_ptr<pager::VmoControl> vmo_;
  std::vector<pager::ReadRequest> kept_;
  std::vector<pager::DirtyRequest> dirty_;
  std::vector<pager::CompleteRequest> complete_;
  std::vector<pager::PageLease> leases_;
};

class Fuzzer {
 public:
  explicit Fuzzer(test::FuzzInput input) : input_(input) {
    auto pager = std::make_unique<test::ManualPager>([this] { return OpenSource(); });
    pager->names = {"a", "bcd/", "efghij"};
    const auto registered = registry_.Register("f", std::move(pager));
    Require(registered.ok());
    dev::Activation activation{.queues = {},
                               .features = uint64_t{1} << abi::kPortFeatureOperations,
                               .memory = memory_.guest(),
                               .interrupt = interrupt_};
    for (const test::DriverQueue* queue : {&control_, &requests_, &operations_}) {
      activation.queues.emplace_back(
          dev::ActiveQueue{.ring = dev::SplitQueue::Create(memory_.guest(), queue->layout()).value(), .doorbell = -1});
    }
    session_.emplace(std::move(activation), dev::PortSurroundings{.registry = registry_,
                                                                  .options = options_,
                                                                  .completions = completions_,
                                                                  .counters = counters_,
                                                                  .wake = wake_});
  }

  void Run() {
    bool broken = false;
    while (!input_.empty() && !broken) {
      broken = Step() == dev::PortSession::Progress::kBroken;
    }
    // Leases end only by their holders.
    for (const auto& source : sources_) {
      source->EndLeases();
      source->AnswerKept();
    }
    last_opened_.reset();
    static_cast<void>(session_->End());
    Require(handlers_owed_ == 0);
  }

 private:
  std::shared_ptr<LazySource> OpenSource() {
    if (last_opened_ == nullptr || input_.Below(2) == 0) {
      last_opened_ = std::make_shared<LazySource>();
      sources_.push_back(last_opened_);
    }
    return last_opened_;
  }

  dev::PortSession::Progress Step() {
    switch (input_.Below(16)) {
      case 0:
        Post(control_, port_.Open("f"));
        break;
      case 1:
        Post(control_, port_.Close(input_.Below(8), input_.Below(4)));
        break;
      case 2:
        Post(requests_, port_.ReadInto(input_.Below(8), input_.Below(80) * base::kPageSize, Pages(), input_.Below(6)));
        break;
      case 3:
        if (last_opened_) {
          last_opened_->AnswerKept();
        }
        break;
      case 4:
      case 5:
        now_ += std::chrono::seconds(input_.Below(4));
        return session_->Serve(now_);
      case 6:
        Post(requests_,
             port_.Dirty(input_.Below(8), input_.Below(80) * base::kPageSize, input_.Below(80) * base::kPageSize));
        break;
      case 7:
        Post(requests_, port_.Complete(input_.Below(8)));
        break;
      case 8:
        Post(requests_, port_.Lend(input_.Below(8), input_.Below(2) * base::kPageSize, input_.Below(16), Pages()));
        break;
      case 9:
        Post(control_, port_.List("f", input_.Below(5), 1 + input_.Below(16)));
        break;
      case 10:
      case 11:
        PostAnswer();
        break;
      case 12:
        if (last_opened_) {
          last_opened_->Operate(input_.Below(6), handlers_owed_);
        }
        break;
      case 13:
        if (last_opened_) {
          last_opened_->EndLeases();
        }
        break;
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
  // Room for an operation, and an answer to one that there may be.
  void PostAnswer() {
    while (operations_.TakeUsed()) {
    }
    if (operations_.free_descriptors() < 3 || posted_ >= kMaxPosted) {
      return;
    }
    ++posted_;
    const uint64_t answer = memory_.Allocate(sizeof(abi::PortAnswer), 8);
    const uint64_t ranges = memory_.Allocate(2 * sizeof(abi::PortDirtyRange), 8);
    const uint32_t range_count = input_.Below(3);
    memory_.Store(answer, abi::PortAnswer{.id = input_.Below(16),
                                          .status = -static_cast<int32_t>(input_.Below(3)),
                                          .flags = input_.Below(3),
                                          .size = range_count,
                                          .content_size = input_.Below(4)});
    for (uint32_t i = 0; i < range_count; ++i) {
      memory_.Store(ranges + i * sizeof(abi::PortDirtyRange),
                    abi::PortDirtyRange{.offset = input_.Below(70) * base::kPageSize,
                                        .length = input_.Below(70) * base::kPageSize,
                                        .options = input_.Below(3)});
    }
    const uint64_t room = memory_.Allocate(sizeof(abi::PortOperation), 8);
    const auto ranges_size = static_cast<uint32_t>(range_count * sizeof(abi::PortDirtyRange));
    operations_.Post({test::Readable(answer, sizeof(abi::PortAnswer)), test::Readable(ranges, ranges_size),
                      test::Writable(room, sizeof(abi::PortOperation))});
  }
  std::vector<uint64_t> Pages() {
    return std::vector<uint64_t>(1 + input_.Below(3), test::TestMemory::end() - 8 * base::kPageSize);
  }

  static constexpr int kMaxPosted = 4096;  // so that the driver's side stays in its part of memory

  test::FuzzInput input_;
  test::TestMemory memory_;
  test::DriverQueue control_{memory_, 16};
  test::DriverQueue requests_{memory_, 64};
  test::DriverQueue operations_{memory_, 32};
  test::PortDriver port_{memory_};
  IgnoredInterrupt interrupt_;
  pager::Registry registry_;
  std::shared_ptr<LazySource> last_opened_;
  std::vector<std::shared_ptr<LazySource>> sources_;
  dev::EventFd wake_ = dev::EventFd::Create().value();
  dev::PortCompletions completions_{wake_};
  dev::PortCounters counters_;
  const dev::PortOptions options_{.overdue_after = std::chrono::seconds(2), .fail_overdue = true};
  dev::PortClock::time_point now_ = dev::PortClock::now();
  std::optional<dev::PortSession> session_;
  int posted_ = 0;
  int handlers_owed_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Fuzzer(test::FuzzInput(data, size)).Run();
  return 0;
}
