// Driver and port device as they will meet in a machine, with the device's own thread behind the registers: thousands
// of page reads from many kernel threads, every page compared.
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "devices/pager/page_source.h"
#include "devices/pager/registry.h"
#include "devices/port/port_device.h"
#include "guest/kernel/drivers/port_client.h"
#include "guest/kernel/vm/page_request.h"
#include "tests/guest/kernel/drivers/port_support.h"
#include "tests/support/fake_arch/fibers.h"

namespace gk::drivers {
namespace {

using test::CountingInterrupt;
using test::PageKeeper;
using test::PluggedDevice;
using test::TestRam;

constexpr uint64_t kPages = 5000;
constexpr uint64_t kTail = 123;  // bytes of content in the last page

// What byte `offset` of the object is.
std::byte ContentAt(uint64_t offset) { return static_cast<std::byte>((offset * 0x9e37'79b9'7f4a'7c15) >> 56); }

void Fill(const pager::ReadRequest& request) {
  uint64_t offset = request.offset();
  for (const iovec& piece : request.pages()) {
    auto* bytes = static_cast<std::byte*>(piece.iov_base);
    for (size_t i = 0; i < piece.iov_len; ++i, ++offset) {
      bytes[i] = offset < (kPages - 1) * 4096 + kTail ? ContentAt(offset) : std::byte{0};
    }
  }
}

bool IsRight(const Page& page, PageIndex index) {
  const auto* bytes = page.data<std::byte>();
  for (uint64_t i = 0; i < 4096; ++i) {
    const std::byte expected = index == kPages - 1 && i >= kTail ? std::byte{0} : ContentAt(index * 4096 + i);
    if (bytes[i] != expected) {
      return false;
    }
  }
  return true;
}

// These cannot be read where there are errors. Which requests contain one, and so fail, is not for a race to decide.
bool IsBad(PageIndex index) { return index % 499 == 0; }

// Answers from a thread of its own, in no particular order; some at once.
class ShufflingSource final : public pager::PageSource {
 public:
  explicit ShufflingSource(bool with_errors) : with_errors_(with_errors), thread_([this] { Serve(); }) {}
  ~ShufflingSource() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  [[nodiscard]] pager::ObjectInfo info() const override {
    return {.size = kPages * 4096, .content_size = (kPages - 1) * 4096 + kTail, .read_only = true};
  }

  void Read(pager::ReadRequest request) override {
    {
      const std::lock_guard lock(mutex_);
      if (random_() % 3 != 0) {
        waiting_.push_back(std::move(request));
        changed_.notify_all();
        return;
      }
    }
    Answer(std::move(request));
  }

 private:
  [[nodiscard]] bool Fails(const pager::ReadRequest& request) const {
    const PageIndex first = request.offset() / kPageSize;
    for (PageIndex index = first; with_errors_ && index < first + request.length() / kPageSize; ++index) {
      if (IsBad(index)) {
        return true;
      }
    }
    return false;
  }
  void Answer(pager::ReadRequest request) const {
    if (Fails(request)) {
      request.Complete(ZX_ERR_IO_DATA_INTEGRITY);
    } else {
      Fill(request);
      request.Complete(ZX_OK);
    }
  }

  void Serve() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) {
        return;
      }
      const size_t pick = random_() % waiting_.size();
      pager::ReadRequest request = std::move(waiting_[pick]);
      waiting_.erase(waiting_.begin() + static_cast<ptrdiff_t>(pick));
      lock.unlock();
      Answer(std::move(request));
      lock.lock();
    }
  }

  const bool with_errors_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<pager::ReadRequest> waiting_;  // this and the rest: guarded by mutex_
  std::mt19937 random_{7};
  bool stopping_ = false;
  std::thread thread_;
};

class TestPager final : public pager::Pager {
 public:
  base::Result<std::shared_ptr<pager::PageSource>, zx_status_t> Open(std::string_view path) override {
    if (path.empty() || path == "with-errors") {
      return std::shared_ptr<pager::PageSource>(std::make_shared<ShufflingSource>(!path.empty()));
    }
    return base::Failure<zx_status_t>{ZX_ERR_NOT_FOUND};
  }
};

class PortDeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(registry_.Register("f", std::make_unique<TestPager>()).ok());
    auto device = dev::PortDevice::Create(registry_);
    ASSERT_TRUE(device.ok());
    device_ = std::move(device).value();
    plugged_.emplace(*device_, ram_);
    ASSERT_TRUE(client_.Start(plugged_->driver()).ok());
    fake_arch::SetIdleHook([this] {
      const bool raised = plugged_->interrupt().Take();
      EXPECT_TRUE(raised) << "all threads are blocked, and no interrupt came";
      client_.OnInterrupt();
      return raised;
    });
  }

  void TearDown() override {
    fake_arch::SetIdleHook({});
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (client_.busy() && std::chrono::steady_clock::now() < patience) {
      client_.Poll();
      kernel_lock.Release();
    }
    EXPECT_FALSE(client_.busy());
    EXPECT_EQ(plugged_->complaints(), 0u);
    EXPECT_EQ(plugged_->transport().counters().needs_reset, 0u);
    plugged_.reset();
  }

  PortClient::Opened MustOpen(std::string_view name) {
    PortClient::Opened opened{.vmo = nullptr, .read_only = false};
    fake_arch::RunInThread([&] {
      auto result = client_.Open(name);
      ASSERT_TRUE(result.ok());
      opened = std::move(result).value();
    });
    return opened;
  }

  TestRam ram_;
  pager::Registry registry_;
  std::unique_ptr<dev::PortDevice> device_;
  std::optional<PluggedDevice> plugged_;
  PortClient client_;
};

TEST_F(PortDeviceTest, OpensWhatThePagerServesAndNothingElse) {
  const PortClient::Opened opened = MustOpen("f");
  ASSERT_TRUE(opened.vmo);
  EXPECT_EQ(opened.vmo->size(), kPages * 4096);
  EXPECT_EQ(opened.vmo->content_size(), (kPages - 1) * 4096 + kTail);
  EXPECT_TRUE(opened.read_only);
  fake_arch::RunInThread([&] {
    EXPECT_EQ(client_.Open(std::string_view("g")).error(), Status(ZX_ERR_NOT_FOUND));
    EXPECT_EQ(client_.Open(std::string_view("f/other")).error(), Status(ZX_ERR_NOT_FOUND));
  });
}

// What one kernel thread does: touches random pages, waits for each that is missing, and compares it.
struct Reader {
  PageKeeper& keeper;
  std::mt19937 random;
  size_t reads = 0;
  size_t failures = 0;
  size_t wrong = 0;

  void Run(size_t rounds) {
    for (size_t i = 0; i < rounds; ++i) {
      const PageIndex index = random() % kPages;
      if (keeper.page(index) == nullptr) {
        Fetch(index, 1 + random() % 8);
      }
      if (const Page* page = keeper.page(index)) {
        wrong += IsRight(*page, index) ? 0u : 1u;
      }
    }
  }

  void Fetch(PageIndex index, size_t count) {
    PageRequest request;
    if (!keeper.Require(index, std::min<size_t>(count, kPages - index), request).ok()) {
      ++failures;
      return;
    }
    ++reads;
    const Result<> result = request.Wait(SuspendPolicy::kGiveWay);
    if (!result.ok()) {
      EXPECT_EQ(result.error(), Status(ZX_ERR_IO_DATA_INTEGRITY));
      ++failures;
    }
  }
};

class RandomReads : public PortDeviceTest {
 protected:
  // Runs `threads` readers on the object called `name`; returns how many reads failed.
  size_t Run(std::string_view name, size_t threads, size_t rounds) {
    PageKeeper keeper(MustOpen(name).vmo);
    std::deque<Reader> readers;
    size_t finished = 0;
    for (size_t i = 0; i < threads; ++i) {
      readers.push_back(Reader{.keeper = keeper, .random = std::mt19937(static_cast<uint32_t>(i))});
      fake_arch::StartThread([&, i] {
        readers[i].Run(rounds);
        ++finished;
      });
    }
    while (finished != threads) {
      fake_arch::RunInThread([&] { readers[0].Run(1); });
    }
    EXPECT_NE(keeper.size(), 0u);
    size_t reads = 0;
    size_t failures = 0;
    for (const Reader& reader : readers) {
      EXPECT_EQ(reader.wrong, 0u);
      reads += reader.reads;
      failures += reader.failures;
    }
    EXPECT_GT(reads, kPages / kFaultWindowPages) << "what comes unasked with another page is not counted";
    for (PageIndex index = 0; failures != 0 && index < kPages; ++index) {
      EXPECT_FALSE(IsBad(index) && keeper.page(index) != nullptr) << index;
    }
    return failures;
  }
};

TEST_F(RandomReads, OneThreadGetsEveryPageRight) { EXPECT_EQ(Run("f", 1, 3000), 0u); }

TEST_F(RandomReads, ManyThreadsGetEveryPageRight) { EXPECT_EQ(Run("f", 60, 150), 0u); }

TEST_F(RandomReads, FailedReadsInstallNothing) { EXPECT_GT(Run("f/with-errors", 20, 300), 0u); }

}  // namespace
}  // namespace gk::drivers
