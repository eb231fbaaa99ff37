#include "tests/conformance/user_pager.h"

#include <stdio.h>
#include <string.h>
#include <zircon/process.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace conformance {

// ---- Packets
// ---------------------------------------------------------------------------------------------------------

UserPager::UserPager() {
  EXPECT_OK(zx::port::create(0, &port_));
  EXPECT_OK(zx_pager_create(0, pager_.reset_and_get_address()));
}

PagedVmo UserPager::Create(uint64_t pages, uint32_t options) {
  const uint64_t key = ++vmo_count_ << 32;
  zx::vmo vmo;
  EXPECT_OK(
      zx_pager_create_vmo(pager_.get(), options, port_.get(), key, pages * kPageSize, vmo.reset_and_get_address()));
  return {std::move(vmo), key, key, pages};
}

void UserPager::Print(const char* what, const zx_port_packet_t& packet) const {
  const zx_packet_page_request_t& request = packet.page_request;
  printf("%s: key %#lx type %u status %d command %u flags %u offset %#lx length %#lx reserved %u %lu\n", what,
         packet.key, packet.type, packet.status, request.command, request.flags, request.offset, request.length,
         request.reserved0, request.reserved1);
}

bool UserPager::Receive(zx_time_t deadline) {
  zx_port_packet_t packet = {};
  if (zx_port_wait(port_.get(), deadline, &packet) != ZX_OK) {
    return false;
  }
  packets_.push_back(packet);
  return true;
}

bool UserPager::WaitFor(const zx_port_packet_t& wanted) {
  const zx_time_t deadline = zx_deadline_after(kPatience);
  for (size_t i = 0;; ++i) {
    if (i == packets_.size() && !Receive(deadline)) {
      Print("no such packet came", wanted);
      for (const zx_port_packet_t& packet : packets_) {
        Print("  but this one", packet);
      }
      return false;
    }
    if (memcmp(&packets_[i], &wanted, sizeof(wanted)) == 0) {
      packets_.erase(packets_.begin() + static_cast<ptrdiff_t>(i));
      return true;
    }
  }
}

bool UserPager::WaitForRequest(uint16_t command, uint64_t key, uint64_t page, uint64_t pages) {
  zx_port_packet_t wanted = {};
  wanted.key = key;
  wanted.type = ZX_PKT_TYPE_PAGE_REQUEST;
  wanted.page_request.command = command;
  wanted.page_request.offset = page * kPageSize;
  wanted.page_request.length = pages * kPageSize;
  return WaitFor(wanted);
}

bool UserPager::WaitForRead(const PagedVmo& vmo, uint64_t page, uint64_t pages) {
  return WaitForRequest(ZX_PAGER_VMO_READ, vmo.key(), page, pages);
}

bool UserPager::WaitForDirty(const PagedVmo& vmo, uint64_t page, uint64_t pages) {
  return WaitForRequest(ZX_PAGER_VMO_DIRTY, vmo.key(), page, pages);
}

bool UserPager::WaitForComplete(uint64_t key) { return WaitForRequest(ZX_PAGER_VMO_COMPLETE, key, 0, 0); }

std::optional<UserPager::Request> UserPager::WaitForAnyRead(const PagedVmo& vmo) {
  const zx_time_t deadline = zx_deadline_after(kPatience);
  for (size_t i = 0;; ++i) {
    if (i == packets_.size() && !Receive(deadline)) {
      return std::nullopt;
    }
    const zx_port_packet_t packet = packets_[i];
    if (packet.key == vmo.key() && packet.type == ZX_PKT_TYPE_PAGE_REQUEST &&
        packet.page_request.command == ZX_PAGER_VMO_READ) {
      packets_.erase(packets_.begin() + static_cast<ptrdiff_t>(i));
      return Request{packet.page_request.offset / kPageSize, packet.page_request.length / kPageSize};
    }
  }
}

bool UserPager::IsQuiet(const PagedVmo& vmo) {
  while (Receive(ZX_TIME_INFINITE_PAST)) {
  }
  EXPECT_EQ(InfoOf(vmo.vmo()).committed_change_events, 0u, "only pages that the kernel takes by itself count");
  return std::none_of(packets_.begin(), packets_.end(), [&](const zx_port_packet_t& packet) {
    const bool request = packet.key == vmo.key() && packet.page_request.command != ZX_PAGER_VMO_COMPLETE;
    if (request) {
      Print("not awaited", packet);
    }
    return request;
  });
}

// ---- Operations
// ------------------------------------------------------------------------------------------------------

zx_status_t UserPager::SupplyFrom(const PagedVmo& vmo, uint64_t page, uint64_t pages, const zx::vmo& source,
                                  uint64_t source_page) {
  return zx_pager_supply_pages(pager_.get(), vmo.get(), page * kPageSize, pages * kPageSize, source.get(),
                               source_page * kPageSize);
}

zx_status_t UserPager::Supply(const PagedVmo& vmo, uint64_t page, uint64_t pages, uint64_t source_page) {
  const zx::vmo source = MakeVmo(source_page + pages);
  uint64_t words[kWordsPerPage];
  for (uint64_t i = 0; i < pages; ++i) {
    for (uint64_t word = 0; word < kWordsPerPage; ++word) {
      words[word] = vmo.tag(page + i) + word;
    }
    EXPECT_OK(source.write(words, (source_page + i) * kPageSize, kPageSize));
  }
  return SupplyFrom(vmo, page, pages, source, source_page);
}

zx_status_t UserPager::SupplyZeros(const PagedVmo& vmo, uint64_t page, uint64_t pages) {
  return SupplyFrom(vmo, page, pages, MakeVmo(pages));
}

zx_status_t UserPager::Op(const PagedVmo& vmo, uint32_t op, uint64_t page, uint64_t pages, uint64_t data) {
  return zx_pager_op_range(pager_.get(), op, vmo.get(), page * kPageSize, pages * kPageSize, data);
}

zx_status_t UserPager::Fail(const PagedVmo& vmo, uint64_t page, uint64_t pages, zx_status_t status) {
  return Op(vmo, ZX_PAGER_OP_FAIL, page, pages, static_cast<uint64_t>(int64_t{status}));
}

zx_status_t UserPager::Dirty(const PagedVmo& vmo, uint64_t page, uint64_t pages) {
  return Op(vmo, ZX_PAGER_OP_DIRTY, page, pages);
}

zx_status_t UserPager::BeginWriteback(const PagedVmo& vmo, uint64_t page, uint64_t pages, uint64_t options) {
  return Op(vmo, ZX_PAGER_OP_WRITEBACK_BEGIN, page, pages, options);
}

zx_status_t UserPager::EndWriteback(const PagedVmo& vmo, uint64_t page, uint64_t pages) {
  return Op(vmo, ZX_PAGER_OP_WRITEBACK_END, page, pages);
}

zx_status_t UserPager::Detach(const PagedVmo& vmo) { return zx_pager_detach_vmo(pager_.get(), vmo.get()); }

bool UserPager::TakeModified(const PagedVmo& vmo) {
  zx_pager_vmo_stats_t stats = {};
  EXPECT_OK(zx_pager_query_vmo_stats(pager_.get(), vmo.get(), ZX_PAGER_RESET_VMO_STATS, &stats, sizeof(stats)));
  return stats.modified == ZX_PAGER_VMO_STATS_MODIFIED;
}

// ---- Dirty ranges
// ----------------------------------------------------------------------------------------------------

namespace {

bool IsRange(const zx_vmo_dirty_range_t& actual, const DirtyRange& expected) {
  const bool is = actual.offset == expected.page * kPageSize && actual.length == expected.pages * kPageSize &&
                  actual.options == expected.options;
  if (!is) {
    printf("dirty: offset %#lx length %#lx options %lu instead of page %lu, %lu pages, options %lu\n", actual.offset,
           actual.length, actual.options, expected.page, expected.pages, expected.options);
  }
  return is;
}

// What one query writes to: two entries and their number.
struct QueryBuffer {
  zx_vmo_dirty_range_t* entries;
  size_t* actual;
};

// Goes through all ranges with queries of two entries, each of which goes on where the last entry ended. `Next` gives
// the buffer of a query.
template <typename Next>
bool WalkMatches(zx_handle_t pager, const PagedVmo& vmo, const std::vector<DirtyRange>& expected, Next next) {
  const uint64_t end = vmo.pages() * kPageSize;
  uint64_t offset = 0;
  size_t seen = 0;
  while (true) {
    const QueryBuffer buffer = next();
    size_t available = 0;
    const zx_status_t status = zx_pager_query_dirty_ranges(pager, vmo.get(), offset, end - offset, buffer.entries,
                                                           2 * sizeof(zx_vmo_dirty_range_t), buffer.actual, &available);
    const size_t left = expected.size() - seen;
    if (status != ZX_OK || available != left || *buffer.actual != std::min<size_t>(left, 2)) {
      printf("dirty ranges from offset %#lx: %s, %lu of %lu instead of %lu\n", offset, zx_status_get_string(status),
             status == ZX_OK ? *buffer.actual : 0, available, left);
      return false;
    }
    for (size_t i = 0; i < *buffer.actual; ++i, ++seen) {
      if (!IsRange(buffer.entries[i], expected[seen])) {
        return false;
      }
      offset = buffer.entries[i].offset + buffer.entries[i].length;
    }
    if (seen == expected.size()) {
      return true;
    }
  }
}

}  // namespace

bool UserPager::DirtyRangesAre(const PagedVmo& vmo, const std::vector<DirtyRange>& ranges) {
  size_t available = 0;
  const zx_status_t status =
      zx_pager_query_dirty_ranges(pager_.get(), vmo.get(), 0, vmo.pages() * kPageSize, nullptr, 0, nullptr, &available);
  if (status != ZX_OK || available != ranges.size()) {
    printf("dirty ranges: %s, there are %lu instead of %zu\n", zx_status_get_string(status), available, ranges.size());
    std::vector<zx_vmo_dirty_range_t> actual(available);
    zx_pager_query_dirty_ranges(pager_.get(), vmo.get(), 0, vmo.pages() * kPageSize, actual.data(),
                                available * sizeof(zx_vmo_dirty_range_t), nullptr, nullptr);
    for (const zx_vmo_dirty_range_t& range : actual) {
      printf("  offset %#lx length %#lx options %lu\n", range.offset, range.length, range.options);
    }
    return false;
  }
  zx_vmo_dirty_range_t entries[2] = {};
  size_t actual = 0;
  if (!WalkMatches(pager_.get(), vmo, ranges, [&] { return QueryBuffer{entries, &actual}; })) {
    return false;
  }
  // The kernel meets a fault at each entry, whose border is one of pages, and at the number.
  std::vector<std::unique_ptr<Mapping>> mappings;
  return WalkMatches(pager_.get(), vmo, ranges, [&] {
    const Mapping& fresh = *mappings.emplace_back(std::make_unique<Mapping>(MakeVmo(3), kReadWrite, 3 * kPageSize));
    return QueryBuffer{AtAddress<zx_vmo_dirty_range_t>(fresh.address() + kPageSize - sizeof(zx_vmo_dirty_range_t)),
                       AtAddress<size_t>(fresh.address() + 2 * kPageSize)};
  });
}

}  // namespace conformance
