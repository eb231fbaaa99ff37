// The parser of the port device's requests: every field and every descriptor that can be wrong, wrong one at a time.
#include "devices/port/port_request.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <functional>
#include <string>
#include <utility>
#include <variant>

#include "tests/devices/support/port_driver.h"

namespace {

namespace abi = pagoda::abi;

using dev::PortCall;
using test::PortTicket;
using test::Readable;
using test::Writable;

constexpr uint32_t kControl = abi::kPortControlQueue;
constexpr uint32_t kRequests = abi::kPortRequestQueue;

class PortRequestTest : public testing::Test {
 protected:
  dev::DescriptorChain ChainOf(const PortTicket& ticket) {
    driver_.Post(ticket.chain);
    return std::move(*queue_.Pop().value());
  }
  PortCall Parse(uint32_t queue, const PortTicket& ticket) {
    const dev::DescriptorChain chain = ChainOf(ticket);
    EXPECT_TRUE(dev::FindReplyBuffer(chain));
    return dev::ParsePortRequest(queue, chain);
  }
  void ExpectRejected(uint32_t queue, const PortTicket& ticket) {
    const PortCall call = Parse(queue, ticket);
    ASSERT_TRUE(std::holds_alternative<dev::PortRejected>(call.request));
    EXPECT_EQ(std::get<dev::PortRejected>(call.request).status, ZX_ERR_INVALID_ARGS);
  }
  void Change(const PortTicket& ticket, const std::function<void(abi::PortRequest&)>& change) const {
    abi::PortRequest request = port_.RequestOf(ticket);
    change(request);
    port_.SetRequest(ticket, request);
  }

  test::TestMemory memory_;
  test::DriverQueue driver_{memory_, 1024};
  dev::SplitQueue queue_ = dev::SplitQueue::Create(memory_.guest(), driver_.layout()).value();
  test::PortDriver port_{memory_};
};

TEST_F(PortRequestTest, OpenCarriesTheName) {
  const PortCall call = Parse(kControl, port_.Open("src/dir/file"));
  EXPECT_EQ(call.id, port_.last_id());
  EXPECT_EQ(std::get<dev::PortOpen>(call.request).name, "src/dir/file");
}

TEST_F(PortRequestTest, NameMayBeScatteredAndAsLongAsTheLimit) {
  const std::string name(abi::kPortMaxName, 'n');
  PortTicket ticket = port_.Open(name);
  test::DriverBuffer& whole = ticket.chain[1];
  const test::DriverBuffer rest = Readable(whole.address + 200, whole.length - 200);
  whole.length = 200;
  ticket.chain.insert(ticket.chain.begin() + 2, rest);
  EXPECT_EQ(std::get<dev::PortOpen>(Parse(kControl, ticket).request).name, name);
}

TEST_F(PortRequestTest, NameIsCopiedOnce) {
  const PortTicket ticket = port_.Open("before");
  const PortCall call = Parse(kControl, ticket);
  std::memcpy(memory_.At(ticket.chain[1].address, 6).data(), "after!", 6);
  EXPECT_EQ(std::get<dev::PortOpen>(call.request).name, "before");
}

TEST_F(PortRequestTest, CloseCarriesTheObject) {
  EXPECT_EQ(std::get<dev::PortClose>(Parse(kControl, port_.Close(7)).request).object, 7u);
}

TEST_F(PortRequestTest, ReadCarriesTheGuestsPagesInOrder) {
  PortTicket ticket = port_.Read(3, 5 * base::kPageSize, 3);
  const dev::PortRead read = std::get<dev::PortRead>(Parse(kRequests, ticket).request);
  EXPECT_EQ(read.object, 3u);
  EXPECT_EQ(read.offset, 5 * base::kPageSize);
  EXPECT_EQ(read.length, 3 * base::kPageSize);
  ASSERT_EQ(read.pages.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read.pages[i].iov_base, memory_.At(ticket.pages[i], 1).data());
    EXPECT_EQ(read.pages[i].iov_len, base::kPageSize);
  }
}

TEST_F(PortRequestTest, ReadTakesAsManyPagesAsTheLimit) {
  EXPECT_TRUE(std::holds_alternative<dev::PortRead>(
      Parse(kRequests, port_.ReadInto(1, 0, std::vector(abi::kPortMaxPages, memory_.Allocate(4096)))).request));
}

TEST_F(PortRequestTest, ReadOfMorePagesIsRejected) {
  ExpectRejected(kRequests, port_.ReadInto(1, 0, std::vector(abi::kPortMaxPages + 1, memory_.Allocate(4096))));
}

TEST_F(PortRequestTest, ContiguousPagesMayShareADescriptor) {
  PortTicket ticket = port_.Read(1, 0, 2);
  ASSERT_EQ(ticket.pages[1], ticket.pages[0] + base::kPageSize);
  ticket.chain.erase(ticket.chain.begin() + 2);
  ticket.chain[1].length = 2 * base::kPageSize;
  EXPECT_EQ(std::get<dev::PortRead>(Parse(kRequests, ticket).request).pages.size(), 1u);
}

TEST_F(PortRequestTest, FieldsThatBelongToOtherOperationsMustBeZero) {
  const std::function<void(abi::PortRequest&)> open_changes[] = {
      [](auto& request) { request.object = 1; },    [](auto& request) { request.offset = 4096; },
      [](auto& request) { request.length = 3; },    [](auto& request) { request.length = 0; },
      [](auto& request) { request.reserved = 1; },  [](auto& request) { request.length = UINT64_MAX; },
      [](auto& request) { request.operation = 1; },
  };
  for (const auto& change : open_changes) {
    const PortTicket ticket = port_.Open("name");
    Change(ticket, change);
    ExpectRejected(kControl, ticket);
  }
  const std::function<void(abi::PortRequest&)> close_changes[] = {
      [](auto& request) { request.offset = 1; },
      [](auto& request) { request.length = 0; },
      [](auto& request) { request.operation = 1; },
      [](auto& request) { request.reserved = 1; },
  };
  for (const auto& change : close_changes) {
    const PortTicket ticket = port_.Close(1);
    Change(ticket, change);
    ExpectRejected(kControl, ticket);
  }
}

TEST_F(PortRequestTest, ListCarriesTheNameAndItsRoom) {
  const PortTicket ticket = port_.List("dir", 7, 100);
  const auto list = std::get<dev::PortList>(Parse(kControl, ticket).request);
  EXPECT_EQ(list.name, "dir");
  EXPECT_EQ(list.first, 7u);
  ASSERT_EQ(list.room.size(), 1u);
  EXPECT_EQ(list.room[0].size(), 100u);
  EXPECT_EQ(std::get<dev::PortList>(Parse(kControl, port_.List("", 0, 1)).request).name, "");
}

TEST_F(PortRequestTest, ListNeedsRoomWithinTheLimit) {
  PortTicket none = port_.List("dir", 0, 1);
  none.chain.erase(none.chain.begin() + 2);
  ExpectRejected(kControl, none);
  EXPECT_TRUE(
      std::holds_alternative<dev::PortList>(Parse(kControl, port_.List("dir", 0, abi::kPortMaxListBytes)).request));
  ExpectRejected(kControl, port_.List("dir", 0, abi::kPortMaxListBytes + 1));
  ExpectRejected(kControl, port_.List(std::string(abi::kPortMaxName + 1, 'n'), 0, 1));
  const std::function<void(abi::PortRequest&)> changes[] = {
      [](auto& request) { request.object = 1; },
      [](auto& request) { request.length = 2; },
      [](auto& request) { request.operation = 1; },
  };
  for (const auto& change : changes) {
    const PortTicket ticket = port_.List("dir", 0, 1);
    Change(ticket, change);
    ExpectRejected(kControl, ticket);
  }
}

TEST_F(PortRequestTest, DirtyAndCompleteHaveNoPayload) {
  const auto dirty = std::get<dev::PortDirty>(Parse(kRequests, port_.Dirty(3, 4096, 8192)).request);
  EXPECT_EQ(dirty.object, 3u);
  EXPECT_EQ(dirty.offset, 4096u);
  EXPECT_EQ(dirty.length, 8192u);
  EXPECT_EQ(std::get<dev::PortComplete>(Parse(kRequests, port_.Complete(5)).request).object, 5u);
  ExpectRejected(kRequests, port_.Dirty(3, 4096, 0));
  ExpectRejected(kRequests, port_.Dirty(3, 1, 4096));
  ExpectRejected(kRequests, port_.Dirty(3, 0, 4095));
  const uint64_t page = memory_.Allocate(base::kPageSize);
  for (PortTicket ticket : {port_.Dirty(1, 0, 4096), port_.Complete(1)}) {
    Change(ticket, [](auto& request) { request.operation = 1; });
    ExpectRejected(kRequests, ticket);
  }
  for (PortTicket ticket : {port_.Dirty(1, 0, 4096), port_.Complete(1)}) {
    ticket.chain.insert(ticket.chain.begin() + 1, Writable(page, base::kPageSize));
    ExpectRejected(kRequests, ticket);
  }
  const PortTicket complete = port_.Complete(1);
  Change(complete, [](auto& request) { request.length = 4096; });
  ExpectRejected(kRequests, complete);
}

TEST_F(PortRequestTest, LendNamesReadablePagesAndItsOperation) {
  const uint64_t page = memory_.Allocate(2 * base::kPageSize);
  const auto lend =
      std::get<dev::PortLend>(Parse(kRequests, port_.Lend(3, 8192, 9, {page, page + base::kPageSize})).request);
  EXPECT_EQ(lend.object, 3u);
  EXPECT_EQ(lend.offset, 8192u);
  EXPECT_EQ(lend.length, 2 * base::kPageSize);
  EXPECT_EQ(lend.operation, 9u);
  ASSERT_EQ(lend.pages.size(), 2u);
  EXPECT_EQ(lend.pages[1].iov_base, memory_.At(page + base::kPageSize, 1).data());
  ExpectRejected(kRequests, port_.Lend(3, 8192, 0, {page}));
  ExpectRejected(kRequests, port_.Lend(3, 8192, 9, {}));
  ExpectRejected(kRequests, port_.Lend(3, 8192, 9, {page + 8}));
  PortTicket writable = port_.Lend(3, 8192, 9, {page});
  writable.chain[1].writable = true;
  ExpectRejected(kRequests, writable);
}

TEST_F(PortRequestTest, ReadFieldsMustBePagesAndAddUp) {
  const std::function<void(abi::PortRequest&)> changes[] = {
      [](auto& request) { request.offset = 1; },
      [](auto& request) { request.offset = UINT64_MAX; },
      [](auto& request) { request.length = 0; },
      [](auto& request) { request.length = base::kPageSize; },
      [](auto& request) { request.length = 3 * base::kPageSize; },
      [](auto& request) { request.length = 2 * base::kPageSize - 1; },
      [](auto& request) { request.length = UINT64_MAX - base::kPageSize + 1; },
      [](auto& request) { request.reserved = UINT32_MAX; },
  };
  for (const auto& change : changes) {
    const PortTicket ticket = port_.Read(1, 0, 2);
    Change(ticket, change);
    ExpectRejected(kRequests, ticket);
  }
}

TEST_F(PortRequestTest, KindMustBeOneOfTheQueues) {
  ExpectRejected(kRequests, port_.Open("name"));
  ExpectRejected(kRequests, port_.Close(1));
  ExpectRejected(kControl, port_.Read(1, 0, 1));
  for (const uint32_t kind : {0u, 4u, 8u, 0x80000001u, UINT32_MAX}) {
    const PortTicket ticket = port_.Close(1);
    Change(ticket, [&](auto& request) { request.kind = static_cast<abi::PortRequestKind>(kind); });
    ExpectRejected(kControl, ticket);
  }
}

TEST_F(PortRequestTest, NameMustBeThereAndWithinTheLimit) {
  PortTicket empty = port_.Open("x");
  empty.chain.erase(empty.chain.begin() + 1);
  Change(empty, [](auto& request) { request.length = 0; });
  ExpectRejected(kControl, empty);
  ExpectRejected(kControl, port_.Open(std::string(abi::kPortMaxName + 1, 'n')));
}

TEST_F(PortRequestTest, PagesMustBeAlignedAndWhole) {
  const std::function<void(PortTicket&)> changes[] = {
      [](PortTicket& ticket) { ticket.chain[1].address += 8; },
      [](PortTicket& ticket) {  // adds up all the same
        ticket.chain[1].length -= 8;
        ticket.chain[2].length += 8;
      },
      [](PortTicket& ticket) { ticket.chain.insert(ticket.chain.begin() + 1, Writable(ticket.pages[0], 0)); },
  };
  for (const auto& change : changes) {
    PortTicket ticket = port_.Read(1, 0, 2);
    memory_.Allocate(base::kPageSize);  // keeps what follows in RAM
    change(ticket);
    ExpectRejected(kRequests, ticket);
  }
}

TEST_F(PortRequestTest, PayloadMustGoTheRightWay) {
  const uint64_t page = memory_.Allocate(base::kPageSize);
  PortTicket open = port_.Open("name");
  open.chain.insert(open.chain.begin() + 2, Writable(page, 8));
  ExpectRejected(kControl, open);
  PortTicket read = port_.Read(1, 0, 1);
  read.chain.insert(read.chain.begin() + 1, Readable(page, base::kPageSize));
  ExpectRejected(kRequests, read);
  PortTicket readable_close = port_.Close(1);
  readable_close.chain.insert(readable_close.chain.begin() + 1, Readable(page, 1));
  ExpectRejected(kControl, readable_close);
  PortTicket writable_close = port_.Close(1);
  writable_close.chain.insert(writable_close.chain.begin() + 1, Writable(page, 1));
  ExpectRejected(kControl, writable_close);
}

TEST_F(PortRequestTest, RequestMustBeOneDescriptorOfItsSize) {
  PortTicket missing = port_.Close(1);
  missing.chain.erase(missing.chain.begin());
  ExpectRejected(kControl, missing);
  for (const uint32_t length : {0u, 1u, 47u, 49u}) {
    PortTicket ticket = port_.Close(1);
    ticket.chain[0].length = length;
    ExpectRejected(kControl, ticket);
  }
}

TEST_F(PortRequestTest, ReplyBufferMustBeExact) {
  PortTicket longer = port_.Close(1);
  longer.chain.back().length = sizeof(abi::PortReply) + 8;
  memory_.Allocate(8);
  ExpectRejected(kControl, longer);
}

TEST_F(PortRequestTest, ChainWithoutRoomForAReplyIsNone) {
  PortTicket none = port_.Close(1);
  none.chain.pop_back();
  EXPECT_FALSE(dev::FindReplyBuffer(ChainOf(none)));
  PortTicket small = port_.Close(1);
  small.chain.back().length = sizeof(abi::PortReply) - 1;
  EXPECT_FALSE(dev::FindReplyBuffer(ChainOf(small)));
}

}  // namespace
