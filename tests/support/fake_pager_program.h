// A pager program as the VM core sees it: packets that it receives, and what it does to its object in answer. The test
// plays the program's mind.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <ostream>
#include <vector>

#include "guest/kernel/vm/page_provider.h"
#include "guest/kernel/vm/page_source.h"
#include "guest/kernel/vm/paged_content.h"
#include "guest/kernel/vm/vmo.h"

namespace gk {

// One packet: pages [first, first + count).
struct PagerPacket {
  SourceRequestKind kind;
  uint64_t first;
  uint64_t count;
  bool operator==(const PagerPacket&) const = default;
};
inline std::ostream& operator<<(std::ostream& out, const PagerPacket& packet) {
  return out << (packet.kind == SourceRequestKind::kRead ? "R(" : "D(") << packet.first << ',' << packet.count << ')';
}
inline PagerPacket R(uint64_t first, uint64_t count) { return {SourceRequestKind::kRead, first, count}; }
inline PagerPacket D(uint64_t first, uint64_t count) { return {SourceRequestKind::kDirty, first, count}; }

// A dirty range in pages.
struct DirtyPages {
  uint64_t first;
  uint64_t count;
  bool zero = false;
  bool operator==(const DirtyPages&) const = default;
};
inline std::ostream& operator<<(std::ostream& out, const DirtyPages& range) {
  return out << '{' << range.first << ',' << range.count << (range.zero ? ",Z}" : "}");
}

class FakePagerProgram final : public PageProvider {
 public:
  [[nodiscard]] bool fills_pages() const override { return false; }
  [[nodiscard]] size_t max_read_ahead_pages() const override { return 1; }
  Result<> Send(SourceRequest& request) override {
    if (fail_sends) {
      return Error(ZX_ERR_NO_MEMORY);
    }
    queue_.push_back({&request, {request.kind, request.first_page, request.page_count}});
    return {};
  }
  void Withdraw(SourceRequest& request) override {
    const auto queued =
        std::find_if(queue_.begin(), queue_.end(), [&](const Queued& entry) { return entry.request == &request; });
    if (queued != queue_.end()) {
      queue_.erase(queued);
      ++withdrawn;
    }
  }
  void OnComplete() override { ++completed; }
  bool has_answers() const override { return false; }
  void PollCompletions() override { ++polls; }
  void PrepareToBlock() override {}

  // Receives all packets that are queued, in order of their arrival.
  std::vector<PagerPacket> TakeAll() {
    std::vector<PagerPacket> packets;
    for (const Queued& entry : queue_) {
      packets.push_back(entry.packet);
    }
    queue_.clear();
    return packets;
  }

  bool fail_sends = false;
  uint64_t completed = 0;
  uint64_t withdrawn = 0;  // before they were received
  uint64_t polls = 0;

 private:
  struct Queued {
    SourceRequest* request;
    PagerPacket packet;
  };
  std::vector<Queued> queue_;
};

// An object of `pages` pages with such a pager. Byte i of supplied page p is TagOf(p).
class PagerObject {
 public:
  explicit PagerObject(uint64_t pages, PagerVmoOptions options = {}) : PagerObject(pages * kPageSize, options, 0) {}
  // The size in bytes.
  static PagerObject WithSize(uint64_t size, PagerVmoOptions options) { return PagerObject(size, options, 0); }

  static uint8_t TagOf(uint64_t page) { return static_cast<uint8_t>(1 + page % 250); }

  zx_status_t Supply(uint64_t first, uint64_t count) {
    RefPtr<Vmo> aux = Vmo::Create((first + count) * kPageSize, Resizability::kFixed).value();
    std::vector<uint8_t> bytes(kPageSize);
    for (uint64_t page = first; page < first + count; ++page) {
      std::memset(bytes.data(), TagOf(page), bytes.size());
      (void)aux->Write(bytes.data(), page * kPageSize, bytes.size()).ok();
    }
    return StatusOf(vmo->SupplyPages(first * kPageSize, count * kPageSize, *aux, first * kPageSize)).value();
  }
  zx_status_t SupplyZeroes(uint64_t first, uint64_t count) {
    RefPtr<Vmo> aux = Vmo::Create(count * kPageSize, Resizability::kFixed).value();
    return StatusOf(vmo->SupplyPages(first * kPageSize, count * kPageSize, *aux, 0)).value();
  }
  zx_status_t Fail(uint64_t first, uint64_t count, zx_status_t status = ZX_ERR_IO) {
    return StatusOf(vmo->PagerFail(first * kPageSize, count * kPageSize, Status(status))).value();
  }
  zx_status_t Dirty(uint64_t first, uint64_t count) {
    return StatusOf(vmo->PagerDirty(first * kPageSize, count * kPageSize)).value();
  }
  zx_status_t Begin(uint64_t first, uint64_t count, WritebackScope scope = WritebackScope::kAll) {
    return StatusOf(vmo->WritebackBegin(first * kPageSize, count * kPageSize, scope)).value();
  }
  zx_status_t BeginZero(uint64_t first, uint64_t count) { return Begin(first, count, WritebackScope::kZeroes); }
  zx_status_t End(uint64_t first, uint64_t count) {
    return StatusOf(vmo->WritebackEnd(first * kPageSize, count * kPageSize)).value();
  }
  zx_status_t Zero(uint64_t first, uint64_t count) {
    return StatusOf(vmo->Zero(first * kPageSize, count * kPageSize)).value();
  }
  zx_status_t Resize(uint64_t pages) { return StatusOf(vmo->Resize(pages * kPageSize)).value(); }
  // What is dirty of the first `pages`, or of all.
  [[nodiscard]] std::vector<DirtyPages> DirtyRanges(uint64_t pages = UINT64_MAX) const {
    struct Sink final : DirtyRangeSink {
      bool OnDirtyRange(const DirtyRange& range) override {
        ranges.push_back({range.offset / kPageSize, range.length / kPageSize, range.zero});
        return true;
      }
      std::vector<DirtyPages> ranges;
    } sink;
    const uint64_t length = std::min(pages, vmo->size() / kPageSize) * kPageSize;
    (void)vmo->ForEachDirtyRange(0, length, sink).ok();
    return sink.ranges;
  }
  bool Modified() { return vmo->TakeModified(true); }
  std::vector<PagerPacket> Packets() { return program->TakeAll(); }
  [[nodiscard]] PagedContent& content() const { return *vmo->content().AsPaged(); }

  RefPtr<FakePagerProgram> program;
  RefPtr<PageSource> source;
  RefPtr<Vmo> vmo;

 private:
  PagerObject(uint64_t size, PagerVmoOptions options, int /*bytes*/)
      : program(MakeRefCounted<FakePagerProgram>()),
        source(PageSource::Create(program)),
        vmo(Vmo::CreatePagerBacked(source, size, options).value()) {}
};

}  // namespace gk
