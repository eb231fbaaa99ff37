// The port device end to end: names become objects, pages are filled in place, and nothing the guest or a pager does
// leaves a request without an answer.
#include "devices/port/port_device.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <memory>
#include <string>
#include <thread>

#include "devices/pager/pager_spec.h"
#include "tests/devices/support/device_fixture.h"
#include "tests/devices/support/manual_pager.h"
#include "tests/devices/support/port_driver.h"
#include "tests/devices/support/temporary_directory.h"

namespace {

namespace abi = pagoda::abi;

using base::kPageSize;
using test::PortTicket;

constexpr uint32_t kControl = abi::kPortControlQueue;
constexpr uint32_t kRequests = abi::kPortRequestQueue;

class PortDeviceTest : public testing::Test {
 protected:
  PortDeviceTest() {
    const std::string path = directory_.Write("file", std::string(kPageSize, 'a') + "bc");
    EXPECT_TRUE(pager::AddPager(pager::ParsePagerSpec("file=file:" + path + ",ro").value(), registry_).ok());
    EXPECT_TRUE(registry_
                    .Register("manual", std::make_unique<test::ManualPager>(
                                            [this] { return source_ = std::make_shared<test::ManualSource>(); }))
                    .ok());
    device_ = dev::PortDevice::Create(registry_).value();
    guest_ = std::make_unique<test::DrivenDevice>(*device_);
    port_ = std::make_unique<test::PortDriver>(guest_->memory);
    guest_->Start();
  }

  void Send(uint32_t queue, const PortTicket& ticket) {
    guest_->Queue(queue).Post(ticket.chain);
    guest_->NotifyIfAsked(queue);
  }
  abi::PortReply WaitForReply(uint32_t queue, const PortTicket& ticket) {
    const test::Used used = guest_->WaitForUsed(queue);
    EXPECT_GE(used.length, sizeof(abi::PortReply));
    return port_->ReplyOf(ticket);
  }
  abi::PortReply Call(uint32_t queue, const PortTicket& ticket) {
    Send(queue, ticket);
    return WaitForReply(queue, ticket);
  }
  uint64_t Open(std::string_view name) {
    const abi::PortReply reply = Call(kControl, port_->Open(name));
    EXPECT_EQ(reply.status, ZX_OK);
    return reply.object;
  }
  [[nodiscard]] std::string PageText(uint64_t page, size_t length = kPageSize) const {
    const auto bytes = guest_->memory.At(page, length);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  test::TemporaryDirectory directory_;
  pager::Registry registry_;
  std::shared_ptr<test::ManualSource> source_;
  std::unique_ptr<dev::PortDevice> device_;
  std::unique_ptr<test::DrivenDevice> guest_;
  std::unique_ptr<test::PortDriver> port_;
};

TEST_F(PortDeviceTest, ConfigurationNamesVersionAndLimit) {
  EXPECT_EQ(guest_->driver.Read(VIRTIO_MMIO_DEVICE_ID), abi::kVirtioIdPort);
  EXPECT_EQ(guest_->driver.Read(VIRTIO_MMIO_CONFIG), abi::kPortVersion);
  EXPECT_EQ(guest_->driver.Read(VIRTIO_MMIO_CONFIG + 4), abi::kPortMaxPages);
}

TEST_F(PortDeviceTest, OpenGivesAnObjectAndItsSizes) {
  const abi::PortReply reply = Call(kControl, port_->Open("file"));
  EXPECT_EQ(reply.id, port_->last_id());
  EXPECT_EQ(reply.status, ZX_OK);
  EXPECT_NE(reply.object, 0u);
  EXPECT_EQ(reply.flags, abi::kPortObjectReadOnly);
  EXPECT_EQ(reply.size, 2 * kPageSize);
  EXPECT_EQ(reply.content_size, kPageSize + 2);
  EXPECT_EQ(Call(kControl, port_->Open("manual")).flags, 0u);
  EXPECT_EQ(device_->counters().opens, 2u);
}

TEST_F(PortDeviceTest, OpenOfAnUnknownNameIsNotFound) {
  for (const std::string_view name : {"none", "file/x", "fil", "file\n"}) {
    const abi::PortReply reply = Call(kControl, port_->Open(name));
    EXPECT_EQ(reply.status, ZX_ERR_NOT_FOUND) << name;
    EXPECT_EQ(reply.object, 0u);
    EXPECT_EQ(reply.id, port_->last_id());
  }
  EXPECT_EQ(device_->counters().rejected, 4u);
}

TEST_F(PortDeviceTest, ReadFillsTheGuestsPages) {
  const PortTicket ticket = port_->Read(Open("file"), 0, 2);
  const abi::PortReply reply = Call(kRequests, ticket);
  EXPECT_EQ(reply.status, ZX_OK);
  EXPECT_EQ(reply.id, port_->last_id());
  EXPECT_EQ(reply.size, 2 * kPageSize);
  EXPECT_EQ(PageText(ticket.pages[0]), std::string(kPageSize, 'a'));
  EXPECT_EQ(PageText(ticket.pages[1]), "bc" + std::string(kPageSize - 2, '\0'));
}

TEST_F(PortDeviceTest, ReadOutsideTheObjectIsOutOfRange) {
  const uint64_t object = Open("file");
  EXPECT_EQ(Call(kRequests, port_->Read(object, 2 * kPageSize, 1)).status, ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Call(kRequests, port_->Read(object, kPageSize, 2)).status, ZX_ERR_OUT_OF_RANGE);
  const PortTicket wrapping = port_->Read(object, UINT64_MAX - kPageSize + 1, 1);
  EXPECT_EQ(Call(kRequests, wrapping).status, ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(PageText(wrapping.pages[0], 1), "\xee");
  EXPECT_EQ(device_->counters().reads, 0u);
}

TEST_F(PortDeviceTest, ClosedAndUnknownObjectsAreNotFound) {
  const uint64_t object = Open("file");
  EXPECT_EQ(Call(kControl, port_->Close(object)).status, ZX_OK);
  EXPECT_EQ(Call(kControl, port_->Close(object)).status, ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Call(kControl, port_->Close(0)).status, ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Call(kRequests, port_->Read(object, 0, 1)).status, ZX_ERR_NOT_FOUND);
  EXPECT_NE(Open("file"), object) << "ids are not reused";
}

TEST_F(PortDeviceTest, MalformedRequestIsAnsweredAndTheNextOneServed) {
  PortTicket bad = port_->Read(Open("file"), 1, 1);
  EXPECT_EQ(Call(kRequests, bad).status, ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(port_->ReplyOf(bad).id, port_->last_id());
  EXPECT_EQ(Call(kRequests, port_->Read(1, 0, 1)).status, ZX_OK);
  EXPECT_EQ(guest_->transport->counters().needs_reset, 0u);
}

TEST_F(PortDeviceTest, OpenObjectsAreLimited) {
  uint64_t last = 0;
  const PortTicket open = port_->Open("manual");
  for (size_t i = 0; i < dev::kPortMaxOpenObjects; ++i) {
    last = Call(kControl, open).object;
  }
  EXPECT_EQ(Call(kControl, open).status, ZX_ERR_NO_RESOURCES);
  EXPECT_EQ(Call(kControl, port_->Close(last)).status, ZX_OK);
  EXPECT_EQ(Call(kControl, open).status, ZX_OK);
}

TEST_F(PortDeviceTest, AnswersComeInTheSourcesOrder) {
  const uint64_t object = Open("manual");
  const PortTicket first = port_->Read(object, 0, 1);
  const PortTicket second = port_->Read(object, kPageSize, 1);
  Send(kRequests, first);
  Send(kRequests, second);
  pager::ReadRequest first_request = source_->Take();
  pager::ReadRequest second_request = source_->Take();
  test::FillByPageNumber(second_request);
  second_request.Complete(ZX_OK);
  EXPECT_EQ(WaitForReply(kRequests, second).status, ZX_OK);
  EXPECT_EQ(PageText(second.pages[0]), std::string(kPageSize, '\2'));
  EXPECT_FALSE(guest_->queue1.TakeUsed()) << "the first has no answer yet";
  first_request.Complete(ZX_ERR_IO_DATA_INTEGRITY);
  EXPECT_EQ(WaitForReply(kRequests, first).status, ZX_ERR_IO_DATA_INTEGRITY);
  EXPECT_EQ(port_->ReplyOf(first).size, 0u);
}

TEST_F(PortDeviceTest, DroppedRequestIsAnsweredWithBadState) {
  const PortTicket ticket = port_->Read(Open("manual"), 0, 1);
  Send(kRequests, ticket);
  { const pager::ReadRequest dropped = source_->Take(); }
  EXPECT_EQ(WaitForReply(kRequests, ticket).status, ZX_ERR_BAD_STATE);
}

TEST_F(PortDeviceTest, RequestRewrittenAfterPostingChangesNothing) {
  PortTicket ticket = port_->Read(Open("manual"), kPageSize, 1);
  const uint64_t id = port_->last_id();
  Send(kRequests, ticket);
  pager::ReadRequest request = source_->Take();
  port_->SetRequest(ticket, {.id = 1,
                             .object = 99,
                             .offset = UINT64_MAX,
                             .length = UINT64_MAX,
                             .operation = 9,
                             .kind = abi::PortRequestKind::kOpen,
                             .reserved = 1});
  guest_->queue1.SetDescriptor(0, {.addr = 0, .len = UINT32_MAX, .flags = 0xffff, .next = 0xffff});
  EXPECT_EQ(request.offset(), kPageSize);
  EXPECT_EQ(request.length(), kPageSize);
  request.Complete(ZX_OK);
  EXPECT_EQ(WaitForReply(kRequests, ticket).id, id);
}

TEST_F(PortDeviceTest, PagesOverTheRequestAndTheReplyHarmNobody) {
  // The page to be filled holds the request itself, and is named twice.
  const uint64_t object = Open("file");
  const uint64_t page = guest_->memory.Allocate(kPageSize);
  PortTicket ticket = port_->ReadInto(object, 0, {page, page});
  const abi::PortRequest request = port_->RequestOf(ticket);
  ticket.chain.front().address = page;
  port_->SetRequest(ticket, request);
  const abi::PortReply reply = Call(kRequests, ticket);
  EXPECT_EQ(reply.status, ZX_OK);
  EXPECT_EQ(reply.id, request.id);
  EXPECT_EQ(PageText(page, 2), "bc");
}

TEST_F(PortDeviceTest, ChainWithoutRoomForAReplyNeedsReset) {
  PortTicket ticket = port_->Open("file");
  ticket.chain.pop_back();
  Send(kControl, ticket);
  guest_->WaitForNeedsReset();
  EXPECT_FALSE(guest_->queue0.TakeUsed());
}

TEST_F(PortDeviceTest, BrokenRingNeedsResetAndResetHeals) {
  guest_->queue1.MakeAvailable(0xffff);
  guest_->driver.Notify(kRequests);
  guest_->WaitForNeedsReset();
  guest_->queue0 = test::DriverQueue(guest_->memory, 64);
  guest_->queue1 = test::DriverQueue(guest_->memory, 256);
  guest_->queue0.UseEventIdx();
  guest_->queue1.UseEventIdx();
  guest_->Start();
  EXPECT_EQ(Call(kRequests, port_->Read(Open("file"), 0, 1)).status, ZX_OK);
}

TEST_F(PortDeviceTest, ResetClosesObjectsAndAnswersWhatTheirSourcesHeld) {
  const PortTicket ticket = port_->Read(Open("manual"), 0, 1);
  Send(kRequests, ticket);
  std::weak_ptr<test::ManualSource> source = source_;
  {
    pager::ReadRequest held = source_->Take();
    source_->Read(std::move(held));
  }
  source_.reset();
  guest_->driver.SetStatus(0);
  EXPECT_TRUE(source.expired());
  EXPECT_EQ(guest_->driver.status(), 0u);
  EXPECT_FALSE(guest_->queue1.TakeUsed()) << "the rings were taken back before";
}

TEST_F(PortDeviceTest, DestructionAnswersEverythingToo) {
  Send(kRequests, port_->Read(Open("manual"), 0, 1));
  {
    pager::ReadRequest held = source_->Take();
    source_->Read(std::move(held));
  }
  source_.reset();
  guest_->transport.reset();
  device_.reset();
}

TEST_F(PortDeviceTest, IdleDeviceAsksForADoorbellAndSleeps) {
  Open("file");
  while (guest_->queue0.available_event() != guest_->queue0.available_index()) {
    std::this_thread::yield();
  }
  const uint64_t sleeps = device_->counters().sleeps;
  // A doorbell that is still on its way can wake the device once more: then it needs none.
  for (const uint64_t doorbells = guest_->doorbells; guest_->doorbells == doorbells;) {
    while (guest_->queue0.available_event() != guest_->queue0.available_index()) {
      std::this_thread::yield();
    }
    Open("file");
  }
  while (device_->counters().sleeps == sleeps) {
    std::this_thread::yield();
  }
}

}  // namespace
