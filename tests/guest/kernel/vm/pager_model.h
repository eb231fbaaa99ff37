// An object with a pager, its copies and its backing store under random operations, against the plainest model: what
// each page says, and what the store says. Programs read, write, zero, commit, pin, resize; the pager answers out of
// order, in pieces and with failures, and writes back; pages are evicted; allocations fail.
//
// After every step: what is present says what the model says; what is missing or clean says what the store says, so
// nothing is ever lost by eviction; entries that may be written to show dirty pages only.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "guest/kernel/vm/lent_pages.h"
#include "tests/guest/kernel/vm/pager_fixture.h"

namespace gk {

class PagerModel {
 public:
  PagerModel(uint64_t seed, AddressSpace& space);
  ~PagerModel();

  void Step();
  // Answers all that is outstanding, writes everything back, and compares the store.
  void Finish();

 private:
  static constexpr uint64_t kMaxPages = 40;
  static constexpr size_t kMaxOperations = 6;
  // Bytes of a page that are looked at, at these offsets.
  static constexpr std::array<uint64_t, 4> kSlots{0, 1000, 2048, kPageSize - 1};
  using Bytes = std::array<uint8_t, kSlots.size()>;

  struct Copy {
    RefPtr<Vmo> vmo;
    uint64_t offset = 0;  // pages
    uint64_t limit = 0;   // of the original, as far as the copy has ever seen it
    std::vector<std::optional<Bytes>> own;
    VirtualAddress mapped = 0;
  };
  struct Operation {
    std::optional<zx_status_t> status;
    RefPtr<Thread> thread;
  };
  struct Pinned {
    PinnedRange range;
    uint64_t first;
    PinAccess access;
  };
  enum class WritebackStage : uint8_t { kIdle, kBegun, kWritten };

  uint64_t Below(uint64_t bound) { return random_() % bound; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  uint64_t size() const { return object_.vmo->size() / kPageSize; }
  void Start(std::function<zx_status_t()> body);
  template <typename Action>
  zx_status_t WithFailures(Action action);

  // programs
  void ReadOrWrite();
  void ReadOrWriteCopy();
  void LoadOrStore();
  void Zero();
  void CommitOrPrefetch();
  void Resize();
  void MoveStream();
  void Pin();
  void WriteThroughPin();
  void MakeCopy();
  void Kill();
  // the kernel
  void Evict();
  // the pager
  void Answer();
  void AnswerPart(const PagerPacket& packet, uint64_t first, uint64_t end, bool may_fail);
  void Supply(uint64_t first, uint64_t end);
  void WriteBack();
  void Store(uint64_t page, const Page& lent);

  Bytes CopyShows(const Copy& copy, uint64_t page) const;
  static Bytes BytesOf(const uint8_t* page);
  void CheckPages();
  void CheckCopies();
  void CheckEntries();

  std::mt19937_64 random_;
  AddressSpace& space_;
  const bool trap_;
  const bool streams_;
  PagerObject object_;
  VirtualAddress mapped_ = 0;
  std::vector<Bytes> shows_{kMaxPages};  // what the object says
  std::vector<Bytes> store_{kMaxPages};  // what the pager has
  uint64_t source_end_;                  // pages from here on are nobody's business
  std::vector<Copy> copies_;
  std::vector<Pinned> pins_;
  std::vector<PagerPacket> asked_;
  std::vector<std::shared_ptr<Operation>> operations_;

  WritebackStage stage_ = WritebackStage::kIdle;
  DirtyPages writing_{};
  std::unique_ptr<LentPages> lent_;
  std::vector<Bytes> lent_bytes_;
};

}  // namespace gk
