// A guest's side of the port device's wire format: requests and replies in TestMemory.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "shared/abi/port_device.h"
#include "tests/devices/support/driver_queue.h"
#include "tests/devices/support/test_memory.h"

namespace test {

namespace abi = pagoda::abi;

// One request: its chain, and where its reply will be.
struct PortTicket {
  std::vector<DriverBuffer> chain;
  uint64_t reply;
  std::vector<uint64_t> pages;  // kRead, kLend, kList: guest-physical
};

class PortDriver {
 public:
  explicit PortDriver(TestMemory& memory) : memory_(memory) {}

  PortTicket Open(std::string_view name) {
    PortTicket ticket = Begin({.id = ++last_id_,
                               .object = 0,
                               .offset = 0,
                               .length = name.size(),
                               .operation = 0,
                               .kind = abi::PortRequestKind::kOpen,
                               .reserved = 0});
    ticket.chain.push_back(Readable(Store(name), static_cast<uint32_t>(name.size())));
    return End(std::move(ticket));
  }
  PortTicket Close(uint64_t object, uint64_t opens = 1) {
    return Plain(abi::PortRequestKind::kClose, object, 0, opens);
  }
  PortTicket Dirty(uint64_t object, uint64_t offset, uint64_t length) {
    return Plain(abi::PortRequestKind::kDirty, object, offset, length);
  }
  PortTicket Sync(uint64_t object) { return Plain(abi::PortRequestKind::kSync, object, 0, 0); }
  PortTicket SyncOfARange(uint64_t object) { return Plain(abi::PortRequestKind::kSync, object, 0, base::kPageSize); }
  PortTicket Complete(uint64_t object) { return Plain(abi::PortRequestKind::kComplete, object, 0, 0); }
  // `room` bytes for the names, at pages.front().
  PortTicket List(std::string_view name, uint64_t first, uint32_t room) {
    PortTicket ticket = Begin({.id = ++last_id_,
                               .object = 0,
                               .offset = first,
                               .length = name.size(),
                               .operation = 0,
                               .kind = abi::PortRequestKind::kList,
                               .reserved = 0});
    if (!name.empty()) {
      ticket.chain.push_back(Readable(Store(name), static_cast<uint32_t>(name.size())));
    }
    ticket.pages = {memory_.Allocate(room, 8)};
    ticket.chain.push_back(Writable(ticket.pages.front(), room));
    return End(std::move(ticket));
  }
  // Lends `pages` for the operation with the id `operation`.
  PortTicket Lend(uint64_t object, uint64_t offset, uint64_t operation, std::vector<uint64_t> pages) {
    PortTicket ticket = Begin({.id = ++last_id_,
                               .object = object,
                               .offset = offset,
                               .length = pages.size() * base::kPageSize,
                               .operation = operation,
                               .kind = abi::PortRequestKind::kLend,
                               .reserved = 0});
    for (const uint64_t page : pages) {
      ticket.chain.push_back(Readable(page, base::kPageSize));
    }
    ticket.pages = std::move(pages);
    return End(std::move(ticket));
  }
  // Into `count` separate pages, filled with 0xee.
  PortTicket Read(uint64_t object, uint64_t offset, uint32_t count, uint64_t operation = 0) {
    std::vector<uint64_t> pages;
    for (uint32_t i = 0; i < count; ++i) {
      pages.push_back(memory_.Allocate(base::kPageSize));
      std::memset(memory_.At(pages.back(), base::kPageSize).data(), 0xee, base::kPageSize);
    }
    return ReadInto(object, offset, std::move(pages), operation);
  }
  PortTicket ReadInto(uint64_t object, uint64_t offset, std::vector<uint64_t> pages, uint64_t operation = 0) {
    PortTicket ticket = Begin({.id = ++last_id_,
                               .object = object,
                               .offset = offset,
                               .length = pages.size() * base::kPageSize,
                               .operation = operation,
                               .kind = abi::PortRequestKind::kRead,
                               .reserved = 0});
    for (const uint64_t page : pages) {
      ticket.chain.push_back(Writable(page, base::kPageSize));
    }
    ticket.pages = std::move(pages);
    return End(std::move(ticket));
  }

  [[nodiscard]] uint64_t last_id() const { return last_id_; }
  [[nodiscard]] abi::PortRequest RequestOf(const PortTicket& ticket) const {
    return memory_.Load<abi::PortRequest>(ticket.chain.front().address);
  }
  void SetRequest(const PortTicket& ticket, const abi::PortRequest& request) const {
    memory_.Store(ticket.chain.front().address, request);
  }
  [[nodiscard]] abi::PortReply ReplyOf(const PortTicket& ticket) const {
    return memory_.Load<abi::PortReply>(ticket.reply);
  }

 private:
  PortTicket Plain(abi::PortRequestKind kind, uint64_t object, uint64_t offset, uint64_t length) {
    return End(Begin({.id = ++last_id_,
                      .object = object,
                      .offset = offset,
                      .length = length,
                      .operation = 0,
                      .kind = kind,
                      .reserved = 0}));
  }
  uint64_t Store(std::string_view text) {
    const uint64_t address = memory_.Allocate(text.size(), 1);
    std::memcpy(memory_.At(address, text.size()).data(), text.data(), text.size());
    return address;
  }
  PortTicket Begin(const abi::PortRequest& request) {
    const uint64_t address = memory_.Allocate(sizeof(request), 8);
    memory_.Store(address, request);
    return {.chain = {Readable(address, sizeof(request))}, .reply = 0, .pages = {}};
  }
  PortTicket End(PortTicket ticket) {
    ticket.reply = memory_.Allocate(sizeof(abi::PortReply), 8);
    std::memset(memory_.At(ticket.reply, sizeof(abi::PortReply)).data(), 0xee, sizeof(abi::PortReply));
    ticket.chain.push_back(Writable(ticket.reply, sizeof(abi::PortReply)));
    return ticket;
  }

  TestMemory& memory_;
  uint64_t last_id_ = 1000;
};

}  // namespace test
