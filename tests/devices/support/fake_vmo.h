// The guest's side of a pager-backed VMO: pages with their dirty states, as far as a pager can tell.
//
// Operations are executed and answered inside the call; `log` says which there were, and `before` lets a test be the
// guest that does something at the worst moment.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "devices/pager/vmo_control.h"
#include "shared/base/range.h"

namespace test {

class FakeVmo final : public pager::VmoControl {
 public:
  explicit FakeVmo(uint64_t content_size);

  // What the guest does. Any thread.
  void Write(uint64_t offset, std::string_view text);  // makes pages dirty; those that are lent are copied first
  void Zero(uint64_t page, uint64_t count);            // dirty zeros
  // Whole pages; new ones are dirty zeros, and the end of the last page is zeroed, which makes it dirty.
  void Resize(uint64_t content_size);
  // The last page ends elsewhere; nothing becomes dirty.
  void SetContentSize(uint64_t content_size);
  // From now on everything gives ZX_ERR_PEER_CLOSED.
  void Close();

  [[nodiscard]] std::string text() const;  // all pages
  // "0+2 4+1z": first page and count of each dirty range, z for zeros.
  [[nodiscard]] std::string dirty() const;
  // For each page.
  [[nodiscard]] std::vector<bool> clean() const;
  [[nodiscard]] uint64_t content_size() const;
  [[nodiscard]] int leases() const;  // that have not ended

  // Every operation: "stats", "query 0+4", "begin 0+2", "begin 2+1z", "lend 0+2", "end 0+2"; pages.
  [[nodiscard]] std::vector<std::string> log() const;
  // Called before each operation with its entry of the log, without locks.
  std::function<void(const std::string& operation)> before;
  // The operation with this entry fails, from now on.
  void Fail(const std::string& operation, zx_status_t status);
  void StopFailing();
  size_t max_ranges = 100;      // of one answer to QueryDirtyRanges
  uint64_t max_lent_pages = 8;  // of one lease

  void SupplyPages(uint64_t offset, std::vector<iovec> data, StatusHandler handler) override;
  void OpRange(uint32_t op, uint64_t offset, uint64_t length, uint64_t data, StatusHandler handler) override;
  void QueryDirtyRanges(uint64_t offset, uint64_t length, DirtyRangesHandler handler) override;
  void QueryVmoStats(uint32_t options, VmoStatsHandler handler) override;
  void Detach(StatusHandler handler) override;
  void Lend(uint64_t offset, uint64_t length, LendHandler handler) override;

 private:
  enum class State { kClean, kDirty, kAwaitingClean };
  struct Page {
    State state = State::kClean;
    bool zero = false;
    std::shared_ptr<std::string> bytes = std::make_shared<std::string>(base::kPageSize, '\0');
  };

  // The status that an operation begins with: ZX_OK unless it is to fail.
  [[nodiscard]] zx_status_t Enter(const std::string& operation);
  // The bytes of a page, to be changed: its own, when they are lent.
  static std::string& Own(Page& page);
  [[nodiscard]] bool Contains(uint64_t offset, uint64_t length) const;
  [[nodiscard]] std::vector<pager::DirtyRange> DirtyRanges(uint64_t offset, uint64_t length) const;
  [[nodiscard]] zx_status_t Apply(uint32_t op, uint64_t offset, uint64_t length, uint64_t data);

  mutable std::mutex mutex_;
  std::vector<Page> pages_;
  uint64_t content_size_;
  bool closed_ = false;
  int leases_ = 0;
  std::vector<std::string> log_;
  std::map<std::string, zx_status_t> failures_;
};

}  // namespace test
