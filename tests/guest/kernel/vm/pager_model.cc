#include "tests/guest/kernel/vm/pager_model.h"

#include "guest/kernel/vm/torture.h"

namespace gk {

PagerModel::PagerModel(uint64_t seed, AddressSpace& space)
    : random_(seed),
      space_(space),
      trap_(OneIn(2)),
      streams_(OneIn(3)),
      object_(kMaxPages / 2, {.resizability = Resizability::kResizable, .trap_dirty = trap_}),
      source_end_(kMaxPages / 2) {
  for (uint64_t page = 0; page < source_end_; ++page) {
    for (uint8_t& byte : store_[page]) {
      byte = OneIn(4) ? 0 : static_cast<uint8_t>(random_());
    }
    store_[page] = OneIn(4) ? Bytes{} : store_[page];
    shows_[page] = store_[page];
  }
  const Result<VirtualAddress> address =
      space_.root().Map({.vmo = object_.vmo, .length = kMaxPages * kPageSize, .options = kMapReadWrite});
  mapped_ = address.value();
}

PagerModel::~PagerModel() {
  EXPECT_TRUE(space_.root().Unmap(mapped_, kMaxPages * kPageSize).ok());
  for (const Copy& copy : copies_) {
    EXPECT_TRUE(space_.root().Unmap(copy.mapped, copy.vmo->size()).ok());
  }
}

void PagerModel::Start(std::function<zx_status_t()> body) {
  if (operations_.size() >= kMaxOperations) {
    return;
  }
  auto operation = std::make_shared<Operation>();
  fake_arch::StartThread([operation, body = std::move(body)] {
    operation->thread = RefPtr<Thread>(Thread::Current());
    operation->status = body();
  });
  operations_.push_back(std::move(operation));
}

// One in eight times with an allocation that fails; done again when that showed.
template <typename Action>
zx_status_t PagerModel::WithFailures(Action action) {
  if (OneIn(8)) {
    torture::FailAllocation(1 + Below(4));
    const zx_status_t status = ValueOf(action());
    torture::FailAllocation(0);
    if (status != ZX_ERR_NO_MEMORY) {
      return status;
    }
  }
  return ValueOf(action());
}

void PagerModel::Step() {
  using Action = void (PagerModel::*)();
  constexpr Action kActions[] = {
      &PagerModel::ReadOrWrite, &PagerModel::ReadOrWrite,
      &PagerModel::LoadOrStore, &PagerModel::LoadOrStore,
      &PagerModel::Zero,        &PagerModel::CommitOrPrefetch,
      &PagerModel::Resize,      &PagerModel::MoveStream,
      &PagerModel::Pin,         &PagerModel::WriteThroughPin,
      &PagerModel::MakeCopy,    &PagerModel::ReadOrWriteCopy,
      &PagerModel::Kill,        &PagerModel::Evict,
      &PagerModel::Evict,       &PagerModel::WriteBack,
      &PagerModel::WriteBack,   &PagerModel::WriteBack,
      &PagerModel::Answer,      &PagerModel::Answer,
      &PagerModel::Answer,      &PagerModel::Answer,
      &PagerModel::Answer,      &PagerModel::Answer,
  };
  (this->*kActions[Below(std::size(kActions))])();
  fake_arch::RunUntilIdle();
  std::erase_if(operations_, [](const auto& operation) { return operation->status.has_value(); });
  for (const PagerPacket& packet : object_.Packets()) {
    asked_.push_back(packet);
  }
  CheckPages();
  CheckCopies();
  CheckEntries();
}

// --- programs: whatever may wait runs in a thread, and changes the model at the moment at which it is done ---

void PagerModel::ReadOrWrite() {
  const uint64_t page = Below(size() + 1);
  const uint64_t slot = Below(kSlots.size());
  const uint64_t offset = page * kPageSize + kSlots[slot];
  const auto value = static_cast<uint8_t>(random_());
  if (OneIn(2)) {
    return Start([this, page, slot, offset] {
      uint8_t byte = 0;
      const zx_status_t status = ValueOf(object_.vmo->Read(&byte, offset, 1));
      EXPECT_TRUE(status != ZX_OK || byte == shows_[page][slot]) << "page " << page;
      return status;
    });
  }
  Start([this, page, slot, offset, value] {
    const zx_status_t status = ValueOf(object_.vmo->Write(&value, offset, 1));
    if (status == ZX_OK) {
      shows_[page][slot] = value;
    }
    return status;
  });
}

void PagerModel::LoadOrStore() {
  const uint64_t page = Below(kMaxPages);
  const uint64_t slot = Below(kSlots.size());
  const VirtualAddress address = mapped_ + page * kPageSize + kSlots[slot];
  const auto value = static_cast<uint8_t>(random_());
  if (OneIn(2)) {
    return Start([this, page, slot, address] {
      uint8_t* byte = nullptr;
      const zx_status_t status = Touch(space_, address, kRead, &byte);
      EXPECT_TRUE(status != ZX_OK || *byte == shows_[page][slot]) << "page " << page;
      return status;
    });
  }
  Start([this, page, slot, address, value] {
    const zx_status_t status = gk::Store(space_, address, value);
    if (status == ZX_OK) {
      shows_[page][slot] = value;
    }
    return status;
  });
}

// Of several pages only where nothing makes it wait in the middle.
void PagerModel::Zero() {
  if (size() == 0) {
    return;
  }
  const uint64_t first = Below(size());
  const bool pinned = object_.content().HasPins(0, kMaxPages);
  const uint64_t count = pinned ? 1 : 1 + Below(size() - first);
  Start([this, first, count] {
    const zx_status_t status = ValueOf(object_.vmo->Zero(first * kPageSize, count * kPageSize));
    for (uint64_t page = first; status == ZX_OK && page < first + count; ++page) {
      shows_[page] = {};
    }
    return status;
  });
}

void PagerModel::CommitOrPrefetch() {
  if (size() == 0) {
    return;
  }
  const uint64_t first = Below(size());
  const uint64_t count = 1 + Below(size() - first);
  const bool commit = OneIn(2);
  Start([this, first, count, commit] {
    return ValueOf(commit ? object_.vmo->Commit(first * kPageSize, count * kPageSize)
                          : object_.vmo->Prefetch(first * kPageSize, count * kPageSize));
  });
}

void PagerModel::Resize() {
  const uint64_t pages = OneIn(3) ? Below(kMaxPages + 1) : std::min(kMaxPages, size() + Below(4));
  const bool pinned = object_.content().HasPins(pages, kMaxPages);
  const zx_status_t status = WithFailures([&] { return object_.vmo->Resize(pages * kPageSize); });
  EXPECT_EQ(status, pinned ? ZX_ERR_BAD_STATE : ZX_OK);
  if (status != ZX_OK) {
    return;
  }
  for (uint64_t page = pages; page < kMaxPages; ++page) {
    shows_[page] = {};
  }
  source_end_ = pages;
  for (Copy& copy : copies_) {
    copy.limit = std::min(copy.limit, pages);
  }
}

void PagerModel::MoveStream() {
  if (!streams_ || !OneIn(3)) {
    return;
  }
  const uint64_t pages = Below(size() + 1);
  const uint64_t kept = std::min(pages, source_end_);
  const bool pinned = object_.content().HasPins(kept, kMaxPages);
  const zx_status_t status = ValueOf(object_.vmo->SetStreamSize(pages * kPageSize));
  EXPECT_EQ(status, pinned ? ZX_ERR_BAD_STATE : ZX_OK);
  if (status != ZX_OK) {
    return;
  }
  for (uint64_t page = kept; page < kMaxPages; ++page) {
    shows_[page] = {};
  }
  source_end_ = pages;
}

void PagerModel::Pin() {
  if (!pins_.empty() && (OneIn(2) || pins_.size() == 3)) {
    pins_.erase(pins_.begin() + static_cast<std::ptrdiff_t>(Below(pins_.size())));
    return;
  }
  if (size() == 0) {
    return;
  }
  const uint64_t first = Below(size());
  const uint64_t count = 1 + Below(std::min(size() - first, uint64_t{4}));
  const PinAccess access = OneIn(2) ? PinAccess::kRead : PinAccess::kWrite;
  Start([this, first, count, access] {
    Result<PinnedRange> pin = PinnedRange::Pin(object_.vmo, first * kPageSize, count * kPageSize, access);
    if (pin.ok()) {
      pins_.push_back({std::move(*pin), first, access});
    }
    return ValueOf(pin);
  });
}

// A device does.
void PagerModel::WriteThroughPin() {
  for (Pinned& pin : pins_) {
    if (pin.access == PinAccess::kWrite) {
      const uint64_t page = Below(pin.range.page_count());
      const uint64_t slot = Below(kSlots.size());
      const auto value = static_cast<uint8_t>(random_());
      arch::PhysicalToVirtual<uint8_t>(pin.range.AddressOf(page))[kSlots[slot]] = value;
      shows_[pin.first + page][slot] = value;
    }
  }
}

void PagerModel::MakeCopy() {
  if (copies_.size() == 3 || (!copies_.empty() && OneIn(3))) {
    const auto gone = copies_.begin() + static_cast<std::ptrdiff_t>(Below(copies_.size()));
    if (operations_.empty()) {
      EXPECT_TRUE(space_.root().Unmap(gone->mapped, gone->vmo->size()).ok());
      copies_.erase(gone);
    }
    return;
  }
  // Operations on copies are told apart by their place, so none must be on its way.
  if (!operations_.empty()) {
    return;
  }
  const bool of_copy = !copies_.empty() && OneIn(2);
  Copy copy = of_copy ? copies_[Below(copies_.size())]
                      : Copy{.vmo = object_.vmo, .offset = 0, .limit = size(), .own = {}, .mapped = 0};
  const uint64_t pages = 1 + Below(kMaxPages);
  const uint64_t skip = Below(4);
  // Of a copy only what does not follow its changes.
  const ChildKind kind = of_copy || OneIn(2) ? ChildKind::kSnapshotModified : ChildKind::kSnapshotAtLeastOnWrite;
  Result<RefPtr<Vmo>> child = copy.vmo->CreateChild(kind, skip * kPageSize, pages * kPageSize, Resizability::kFixed);
  if (!child.ok()) {
    return;
  }
  // It sees no further than what it was made from.
  const uint64_t parent_end = copy.vmo->size() / kPageSize;
  copy.limit = std::min(copy.limit, copy.offset + parent_end);
  copy.offset += skip;
  std::vector<std::optional<Bytes>> own(pages);
  for (uint64_t page = 0; page < pages && page + skip < copy.own.size(); ++page) {
    own[page] = copy.own[page + skip];
  }
  copy.own = std::move(own);
  copy.vmo = std::move(*child);
  copy.mapped = MapAll(space_, copy.vmo, kMapReadWrite);
  copies_.push_back(std::move(copy));
}

PagerModel::Bytes PagerModel::CopyShows(const Copy& copy, uint64_t page) const {
  if (copy.own[page].has_value()) {
    return *copy.own[page];
  }
  const uint64_t original = copy.offset + page;
  return original < copy.limit ? shows_[original] : Bytes{};
}

void PagerModel::ReadOrWriteCopy() {
  if (copies_.empty()) {
    return;
  }
  const size_t which = Below(copies_.size());
  const uint64_t page = Below(copies_[which].own.size());
  const uint64_t slot = Below(kSlots.size());
  const auto value = static_cast<uint8_t>(random_());
  switch (Below(4)) {
    case 0:
      return Start([this, which, page, slot, value] {
        const zx_status_t status = ValueOf(copies_[which].vmo->Write(&value, page * kPageSize + kSlots[slot], 1));
        if (status == ZX_OK) {
          copies_[which].own[page] = CopyShows(copies_[which], page);
          (*copies_[which].own[page])[slot] = value;
        }
        return status;
      });
    case 1:
      return Start([this, which, page, slot, value] {
        const zx_status_t status = gk::Store(space_, copies_[which].mapped + page * kPageSize + kSlots[slot], value);
        if (status == ZX_OK) {
          copies_[which].own[page] = CopyShows(copies_[which], page);
          (*copies_[which].own[page])[slot] = value;
        }
        return status;
      });
    case 2:
      return Start([this, which, page] {
        const zx_status_t status = ValueOf(copies_[which].vmo->Zero(page * kPageSize, kPageSize));
        if (status == ZX_OK) {
          copies_[which].own[page] = Bytes{};
        }
        return status;
      });
    default:
      return Start([this, which, page, slot] {
        uint8_t byte = 0;
        const zx_status_t status = ValueOf(copies_[which].vmo->Read(&byte, page * kPageSize + kSlots[slot], 1));
        EXPECT_TRUE(status != ZX_OK || byte == CopyShows(copies_[which], page)[slot]);
        return status;
      });
  }
}

void PagerModel::Kill() {
  if (!operations_.empty()) {
    if (const RefPtr<Thread>& thread = operations_[Below(operations_.size())]->thread) {
      thread->Kill();
    }
  }
}

void PagerModel::Evict() {
  const PresentPage page = size() != 0 ? object_.vmo->PeekPage(Below(size())) : PresentPage();
  const Page* evicted = page ? PageOf(page.address) : nullptr;
  if (evicted != nullptr && object_.content().CanEvict(*evicted)) {
    object_.content().EvictPages(evicted->object.index, 1);
  }
}

// --- the pager ---

void PagerModel::Answer() {
  if (asked_.empty()) {
    return;
  }
  const size_t which = Below(asked_.size());
  const PagerPacket packet = asked_[which];
  uint64_t first = packet.first;
  uint64_t end = packet.first + packet.count;
  if (OneIn(2)) {
    asked_.erase(asked_.begin() + static_cast<std::ptrdiff_t>(which));
  } else {  // a part of it, now
    first += Below(packet.count);
    end = first + 1 + Below(end - first);
  }
  AnswerPart(packet, first, end, true);
}

void PagerModel::AnswerPart(const PagerPacket& packet, uint64_t first, uint64_t end, bool may_fail) {
  first = std::min(first, size());
  end = std::min(end, size());
  if (may_fail && OneIn(8)) {
    EXPECT_EQ(WithFailures([&] {
                return object_.vmo->PagerFail(first * kPageSize, (end - first) * kPageSize, Status(ZX_ERR_IO));
              }),
              ZX_OK);
  } else if (packet.kind == SourceRequestKind::kRead) {
    Supply(first, end);
  } else {
    const zx_status_t status =
        WithFailures([&] { return object_.vmo->PagerDirty(first * kPageSize, (end - first) * kPageSize); });
    EXPECT_TRUE(status == ZX_OK || status == ZX_ERR_NOT_FOUND) << status;
  }
}

void PagerModel::Supply(uint64_t first, uint64_t end) {
  const auto fill = [&] {
    const RefPtr<Vmo> aux = MakeVmo(end - first);
    for (uint64_t page = first; page < end; ++page) {
      for (size_t slot = 0; slot < kSlots.size(); ++slot) {
        if (store_[page] != Bytes{} || page % 2 == 0) {
          EXPECT_TRUE(aux->Write(&store_[page][slot], (page - first) * kPageSize + kSlots[slot], 1).ok());
        }
      }
    }
    return aux;
  };
  RefPtr<Vmo> aux = fill();
  const bool fails = OneIn(8);
  torture::FailAllocation(fails ? 1 + Below(4) : 0);
  zx_status_t status = ValueOf(object_.vmo->SupplyPages(first * kPageSize, aux->size(), *aux, 0));
  torture::FailAllocation(0);
  if (status == ZX_ERR_NO_MEMORY) {
    aux = fill();
    status = ValueOf(object_.vmo->SupplyPages(first * kPageSize, aux->size(), *aux, 0));
  }
  EXPECT_EQ(status, ZX_OK);
  EXPECT_EQ(aux->committed_pages(), 0u);
}

PagerModel::Bytes PagerModel::BytesOf(const uint8_t* page) {
  Bytes bytes;
  for (size_t slot = 0; slot < kSlots.size(); ++slot) {
    bytes[slot] = page[kSlots[slot]];
  }
  return bytes;
}

// One range at a time, in three steps. What is lent is written, and compared once more at the end.
void PagerModel::WriteBack() {
  switch (stage_) {
    case WritebackStage::kIdle: {
      const DirtyList dirty = object_.DirtyRanges();
      if (dirty.empty()) {
        return;
      }
      writing_ = dirty[Below(dirty.size())];
      const uint64_t skip = OneIn(3) ? Below(writing_.count) : 0;
      writing_.first += skip;
      writing_.count = std::min(writing_.count - skip, uint64_t{LentPages::kMost});
      EXPECT_EQ(writing_.zero ? object_.BeginZero(writing_.first, writing_.count)
                              : object_.Begin(writing_.first, writing_.count),
                ZX_OK);
      stage_ = WritebackStage::kBegun;
      return;
    }
    case WritebackStage::kBegun: {
      stage_ = WritebackStage::kWritten;
      lent_ = std::make_unique<LentPages>();
      lent_bytes_.clear();
      if (writing_.zero) {
        for (uint64_t page = writing_.first; page < writing_.first + writing_.count; ++page) {
          store_[page] = {};
        }
        return;
      }
      const zx_status_t status =
          ValueOf(object_.vmo->LendPages(writing_.first * kPageSize, writing_.count * kPageSize, *lent_));
      if (status != ZX_OK) {  // it shrank, or was zeroed, written back and is missing: nothing to write any more
        EXPECT_TRUE(status == ZX_ERR_OUT_OF_RANGE || status == ZX_ERR_NOT_FOUND);
        stage_ = WritebackStage::kIdle;
        return;
      }
      for (size_t i = 0; i < lent_->pages().size(); ++i) {
        lent_bytes_.push_back(BytesOf(lent_->pages()[i]->data<uint8_t>()));
        EXPECT_EQ(lent_bytes_.back(), shows_[writing_.first + i]);
        store_[writing_.first + i] = lent_bytes_.back();
      }
      return;
    }
    case WritebackStage::kWritten:
      for (size_t i = 0; i < lent_->pages().size(); ++i) {
        EXPECT_EQ(BytesOf(lent_->pages()[i]->data<uint8_t>()), lent_bytes_[i]);
      }
      lent_.reset();
      const zx_status_t status = WithFailures(
          [&] { return object_.vmo->WritebackEnd(writing_.first * kPageSize, writing_.count * kPageSize); });
      EXPECT_TRUE(status == ZX_OK || status == ZX_ERR_OUT_OF_RANGE);
      stage_ = WritebackStage::kIdle;
      return;
  }
}

// --- comparing ---

void PagerModel::CheckPages() {
  std::vector<bool> dirty(kMaxPages);
  uint64_t end = 0;
  for (const DirtyPages& range : object_.DirtyRanges()) {
    EXPECT_TRUE(range.count != 0 && range.first >= end && range.first + range.count <= size());
    end = range.first + range.count;
    std::fill_n(dirty.begin() + static_cast<std::ptrdiff_t>(range.first), range.count, true);
  }
  for (uint64_t page = 0; page < size(); ++page) {
    const PresentPage present = object_.vmo->PeekPage(page);
    if (present) {
      EXPECT_EQ(BytesOf(arch::PhysicalToVirtual<uint8_t>(present.address)), shows_[page]) << page;
      EXPECT_TRUE(!present.writable || dirty[page]) << page;
    } else if (object_.content().IsKnownZero(page)) {
      EXPECT_EQ(shows_[page], Bytes{}) << page;
    }
    if (!dirty[page] && page < source_end_) {
      EXPECT_EQ(shows_[page], store_[page]) << page;
    }
  }
}

void PagerModel::CheckCopies() {
  for (const Copy& copy : copies_) {
    for (uint64_t page = 0; page < copy.own.size(); ++page) {
      if (const PresentPage present = copy.vmo->PeekPage(page)) {
        EXPECT_EQ(BytesOf(arch::PhysicalToVirtual<uint8_t>(present.address)), CopyShows(copy, page)) << page;
      }
    }
  }
}

void PagerModel::CheckEntries() {
  for (uint64_t page = 0; page < kMaxPages; ++page) {
    const auto entry = fake_arch::Walk(space_.page_table_root(), mapped_ + page * kPageSize);
    if (!entry.has_value()) {
      continue;
    }
    EXPECT_LT(page, size());
    EXPECT_EQ(BytesOf(arch::PhysicalToVirtual<uint8_t>(entry->address)), shows_[page]) << page;
    if (entry->attributes.access.write) {
      EXPECT_TRUE(object_.vmo->PeekPage(page).writable) << page;
    }
  }
}

void PagerModel::Finish() {
  for (int rounds = 0; !operations_.empty() || !asked_.empty(); ++rounds) {
    ASSERT_LT(rounds, 10'000) << "an operation is never done";
    ASSERT_FALSE(asked_.empty()) << "an operation waits for nothing";
    const std::vector<PagerPacket> asked = std::exchange(asked_, {});
    for (const PagerPacket& packet : asked) {
      AnswerPart(packet, packet.first, packet.first + packet.count, false);
    }
    fake_arch::RunUntilIdle();
    std::erase_if(operations_, [](const auto& operation) { return operation->status.has_value(); });
    asked_ = object_.Packets();
  }
  pins_.clear();
  if (OneIn(2)) {
    object_.source->Detach();
  }
  while (stage_ != WritebackStage::kIdle || !object_.DirtyRanges().empty()) {
    WriteBack();
    CheckPages();
  }
  for (uint64_t page = 0; page < source_end_; ++page) {
    EXPECT_EQ(store_[page], shows_[page]) << page;
  }
}

}  // namespace gk
