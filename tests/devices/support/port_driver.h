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
  std::vector<uint64_t> pages;  // kRead: guest-physical
};

class PortDriver {
 public:
  explicit PortDriver(TestMemory& memory) : memory_(memory) {}

  PortTicket Open(std::string_view name) {
    PortTicket ticket = Begin({.id = ++last_id_,
                               .object = 0,
                               .offset = 0,
                               .length = name.size(),
                               .operation = abi::PortOperation::kOpen,
                               .reserved = 0});
    const uint64_t address = memory_.Allocate(name.size(), 1);
    std::memcpy(memory_.At(address, name.size()).data(), name.data(), name.size());
    ticket.chain.push_back(Readable(address, static_cast<uint32_t>(name.size())));
    return End(std::move(ticket));
  }
  PortTicket Close(uint64_t object) {
    return End(Begin({.id = ++last_id_,
                      .object = object,
                      .offset = 0,
                      .length = 0,
                      .operation = abi::PortOperation::kClose,
                      .reserved = 0}));
  }
  // Into `count` separate pages, filled with 0xee.
  PortTicket Read(uint64_t object, uint64_t offset, uint32_t count) {
    std::vector<uint64_t> pages;
    for (uint32_t i = 0; i < count; ++i) {
      pages.push_back(memory_.Allocate(base::kPageSize));
      std::memset(memory_.At(pages.back(), base::kPageSize).data(), 0xee, base::kPageSize);
    }
    return ReadInto(object, offset, std::move(pages));
  }
  PortTicket ReadInto(uint64_t object, uint64_t offset, std::vector<uint64_t> pages) {
    PortTicket ticket = Begin({.id = ++last_id_,
                               .object = object,
                               .offset = offset,
                               .length = pages.size() * base::kPageSize,
                               .operation = abi::PortOperation::kRead,
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
