// An observer of the port hears of everything once, in an order that makes sense, with its times.
#include "devices/port/port_observer.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>
#include <zircon/syscalls/pager.h>

#include <string>
#include <vector>

#include "tests/devices/support/port_guest.h"

namespace {

namespace abi = pagoda::abi;

using base::kPageSize;

// "open f 1", "ask READ 0+2", ...: pages.
class NotingObserver final : public dev::PortObserver {
 public:
  void OnOpened(uint64_t object, std::string_view name, const pager::PageSource& source) override {
    Note("open " + std::string(name) + " " + std::to_string(object) + " " +
         std::to_string(source.info().size / kPageSize));
  }
  void OnClosed(uint64_t object, const pager::PageSource& /*source*/) override {
    Note("close " + std::to_string(object));
  }
  void OnRequest(uint64_t ticket, const dev::PortHeldRequest& request, dev::PortClock::time_point now) override {
    Note("ask " + Text(request));
    const std::lock_guard lock(mutex_);
    tickets_.push_back(ticket);
    asked_ = now;
  }
  void OnAnswered(uint64_t ticket, const dev::PortHeldRequest& request, zx_status_t status,
                  dev::PortClock::duration took) override {
    Note("answer " + Text(request) + " " + std::to_string(status));
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(ticket, tickets_.back());
    EXPECT_GE(took.count(), 0);
    EXPECT_LE(took, dev::PortClock::now() - asked_);
  }
  void OnOperation(const abi::PortOperation& operation) override {
    Note("operation " + std::to_string(static_cast<int>(operation.kind)));
  }
  void OnOperationAnswered(const abi::PortOperation& operation, zx_status_t status) override {
    Note("operated " + std::to_string(static_cast<int>(operation.kind)) + " " + std::to_string(status));
  }

  std::vector<std::string> Taken() {
    const std::lock_guard lock(mutex_);
    return std::exchange(notes_, {});
  }

 private:
  static std::string Text(const dev::PortHeldRequest& request) {
    return std::string(request.unasked ? "unasked " : "") + std::to_string(static_cast<int>(request.kind)) + " " +
           std::to_string(request.offset / kPageSize) + "+" + std::to_string(request.length / kPageSize);
  }
  void Note(std::string note) {
    const std::lock_guard lock(mutex_);
    notes_.push_back(std::move(note));
  }

  std::mutex mutex_;
  std::vector<std::string> notes_;
  std::vector<uint64_t> tickets_;
  dev::PortClock::time_point asked_;
};

using Notes = std::vector<std::string>;

class PortObserverTest : public testing::Test {
 protected:
  PortObserverTest() {
    guest_.Start();
    object_ = guest_.Open();
  }

  static dev::PortOptions Options(dev::PortObserver& observer) {
    dev::PortOptions options;
    options.observers = {&observer};
    return options;
  }

  NotingObserver observer_;
  std::shared_ptr<test::ManualSource> source_ = std::make_shared<test::ManualSource>();
  test::PortGuest guest_{[this] { return source_; }, Options(observer_)};
  uint64_t object_ = 0;
};

TEST_F(PortObserverTest, AReadIsHeardOfWhenItComesAndWhenItIsAnswered) {
  const test::PortTicket read = guest_.port->Read(object_, kPageSize, 2);
  guest_.Send(abi::kPortRequestQueue, read);
  pager::ReadRequest request = source_->Take();
  EXPECT_EQ(observer_.Taken(), (Notes{"open f 1 64", "ask 3 1+2"}));
  request.Complete(ZX_ERR_IO);
  guest_.WaitForReply(abi::kPortRequestQueue, read);
  EXPECT_EQ(observer_.Taken(), Notes{"answer 3 1+2 -40"});
}

TEST_F(PortObserverTest, ASecondOpenIsNone) {
  guest_.Open();
  EXPECT_EQ(observer_.Taken().size(), 1u);
}

TEST_F(PortObserverTest, WhatIsRefusedIsNoRequest) {
  EXPECT_EQ(guest_.Request(guest_.port->Read(object_, 1000 * kPageSize, 1)).status, ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(observer_.Taken(), Notes{"open f 1 64"});
}

TEST_F(PortObserverTest, OperationsAreHeardOfBothWays) {
  test::Outcome<zx_status_t> outcome;
  source_->controls.Take()->OpRange(ZX_PAGER_OP_FAIL, 0, kPageSize, static_cast<uint64_t>(ZX_ERR_IO),
                                    outcome.handler());
  guest_.Answer(guest_.WaitForOperation().id, ZX_ERR_OUT_OF_RANGE);
  outcome.Wait();
  EXPECT_EQ(observer_.Taken(), (Notes{"open f 1 64", "operation 2", "operated 2 -14"}));
}

TEST_F(PortObserverTest, WhatIsReadForASupplyIsUnasked) {
  test::Outcome<zx_status_t> outcome;
  std::string data(kPageSize, 'a');
  source_->controls.Take()->SupplyPages(kPageSize, {{data.data(), data.size()}}, outcome.handler());
  const uint64_t id = guest_.WaitForOperation().id;
  EXPECT_EQ(guest_.Request(guest_.port->Read(object_, kPageSize, 1, id)).status, ZX_OK);
  guest_.Answer(id, ZX_OK);
  outcome.Wait();
  EXPECT_EQ(observer_.Taken(),
            (Notes{"open f 1 64", "operation 1", "ask unasked 3 1+1", "answer unasked 3 1+1 0", "operated 1 0"}));
}

TEST_F(PortObserverTest, ACloseAndAResetAreHeardOf) {
  EXPECT_EQ(guest_.Control(guest_.port->Close(object_)).status, ZX_OK);
  guest_.Open();
  observer_.Taken();
  guest_.driven->driver.SetStatus(0);
  EXPECT_EQ(observer_.Taken(), Notes{"close 2"});
}

}  // namespace
