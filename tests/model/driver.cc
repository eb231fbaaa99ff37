// The choice of operations, and those on VMOs.
#include "tests/model/driver.h"

#include <stdio.h>
#include <zircon/syscalls/object.h>

#include <numeric>

namespace model {
namespace {

constexpr size_t kShortTransfer = 200;
constexpr size_t kLongTransfer = 3 * kPageSize;

bool Fits(uint64_t offset, uint64_t length, uint64_t size) { return offset <= size && length <= size - offset; }

}  // namespace

bool Driver::Step() {
  struct Weighted {
    unsigned weight;
    Operation operation;
  };
  static constexpr Weighted kOperations[] = {
      {4, &Driver::Create},       {5, &Driver::CreateChild}, {6, &Driver::Close},        {4, &Driver::Resize},
      {20, &Driver::ReadOrWrite}, {8, &Driver::OpRange},     {2, &Driver::LookAtFamily}, {8, &Driver::Map},
      {5, &Driver::Unmap},        {6, &Driver::Protect},     {80, &Driver::Touch},       {20, &Driver::Copy},
      {1, &Driver::Inspect},
  };
  unsigned total = 0;
  for (const Weighted& weighted : kOperations) {
    total += weighted.weight;
  }
  uint64_t chosen = choices_.Below(total);
  const Weighted* weighted = kOperations;
  while (chosen >= weighted->weight) {
    chosen -= (weighted++)->weight;
  }
  (this->*weighted->operation)();
  return difference_.empty();
}

void Driver::Finish() {
  for (int slot = 0; slot < Machine::kSlots; ++slot) {
    if (vmos_[slot]) {
      machine_.Close(slot);
      vmos_[slot].reset();
    }
  }
  for (int space = 0; space < Machine::kSpaces; ++space) {
    machine_.DestroySpace(space);
    spaces_[space] = Space();
  }
}

int Driver::AnySlot(bool used) {
  int count = 0;
  for (const auto& vmo : vmos_) {
    count += (vmo != nullptr) == used ? 1 : 0;
  }
  if (count == 0) {
    return -1;
  }
  auto chosen = static_cast<int>(choices_.Below(static_cast<uint64_t>(count)));
  int slot = 0;
  while ((vmos_[slot] != nullptr) != used || chosen-- > 0) {
    ++slot;
  }
  return slot;
}

size_t Driver::AnyLength() { return choices_.Below(choices_.OneIn(16) ? kLongTransfer : kShortTransfer); }

std::vector<uint8_t> Driver::AnyBytes(size_t length) {
  std::vector<uint8_t> bytes(length);
  std::iota(bytes.begin(), bytes.end(), static_cast<uint8_t>(choices_.Next()));
  return bytes;
}

bool Driver::Same(const char* what, int64_t expected, int64_t found) {
  if (expected != found) {
    Differ(what, expected, found);
    return false;
  }
  successes_ += expected == ZX_OK ? 1 : 0;
  return true;
}

void Driver::Differ(const char* what, int64_t expected, int64_t found) {
  if (difference_.empty()) {
    char text[160];
    snprintf(text, sizeof(text), "%s: the reference says %lld, the kernel %lld", what, static_cast<long long>(expected),
             static_cast<long long>(found));
    difference_ = text;
  }
}

void Driver::Create() {
  const int slot = AnySlot(false);
  if (slot < 0) {
    return;
  }
  const uint64_t pages = choices_.Below(kMaxPages + 1);
  const bool resizable = choices_.OneIn(2);
  const bool sourced = machine_.abilities().sources && choices_.OneIn(4);
  const uint32_t options = resizable ? ZX_VMO_RESIZABLE : 0;
  std::shared_ptr<Vmo> vmo = MakeVmo(pages, resizable);
  if (sourced) {
    vmo->content->sourced = true;
    for (uint64_t i = 0; i < vmo->size(); ++i) {
      vmo->content->bytes[i] = static_cast<uint8_t>(i / kPageSize);
    }
  }
  const uint64_t size = pages * kPageSize;
  if (Same("create", ZX_OK,
           sourced ? machine_.CreateSourced(slot, size, options) : machine_.Create(slot, size, options))) {
    vmos_[slot] = std::move(vmo);
  }
}

// What refuses a child; the rest succeeds, apart from what Driver::CreateChild lets pass.
zx_status_t Driver::ExpectedOfChild(const Vmo& parent, uint32_t options, uint64_t offset, uint64_t size) const {
  if ((options & ZX_VMO_CHILD_SLICE) == 0) {
    return parent.content->sourced ? ZX_ERR_NOT_SUPPORTED : ZX_OK;
  }
  if ((options & ZX_VMO_CHILD_RESIZABLE) != 0 || !Fits(offset, size, parent.size())) {
    return ZX_ERR_INVALID_ARGS;
  }
  return parent.resizable ? ZX_ERR_NOT_SUPPORTED : ZX_OK;
}

void Driver::CreateChild() {
  const int parent_slot = AnySlot(true);
  const int slot = AnySlot(false);
  if (parent_slot < 0 || slot < 0) {
    return;
  }
  Vmo& parent = *vmos_[parent_slot];
  static constexpr uint32_t kKinds[] = {ZX_VMO_CHILD_SNAPSHOT, ZX_VMO_CHILD_SNAPSHOT,
                                        ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, ZX_VMO_CHILD_SLICE};
  uint32_t options = kKinds[choices_.Below(4)];
  options |= choices_.OneIn(3) ? ZX_VMO_CHILD_RESIZABLE : 0;
  const uint64_t offset = choices_.Below(kMaxPages) * kPageSize;
  const uint64_t size = choices_.Below(kMaxPages) * kPageSize;
  const Machine::Abilities abilities = machine_.abilities();
  if (!((options & ZX_VMO_CHILD_SLICE) != 0 ? abilities.slices : abilities.snapshots) ||
      (parent.content->sourced && (options & ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE) != 0)) {
    return;  // what the last shows is not determined
  }
  const zx_status_t expected = ExpectedOfChild(parent, options, offset, size);
  const zx_status_t status = machine_.CreateChild(slot, parent_slot, options, offset, size);
  if (status == ZX_ERR_NOT_SUPPORTED && expected == ZX_OK && parent.slice && (options & ZX_VMO_CHILD_SLICE) == 0) {
    return;  // a snapshot of a slice may be refused
  }
  if (Same("create_child", expected, status) && expected == ZX_OK) {
    vmos_[slot] = (options & ZX_VMO_CHILD_SLICE) != 0
                      ? MakeSlice(parent, offset, size)
                      : MakeSnapshot(parent, offset, size, (options & ZX_VMO_CHILD_RESIZABLE) != 0);
  }
}

void Driver::Close() {
  const int slot = AnySlot(true);
  if (slot >= 0) {
    machine_.Close(slot);
    vmos_[slot].reset();
  }
}

void Driver::Resize() {
  const int slot = AnySlot(true);
  if (slot < 0 || !machine_.abilities().resizes) {
    return;
  }
  Vmo& vmo = *vmos_[slot];
  const uint64_t unit = machine_.abilities().zero ? 1 : kPageSize;
  const uint64_t size = choices_.Below(kMaxPages * kPageSize / unit + 1) * unit;
  const zx_status_t expected = vmo.resizable ? ZX_OK : ZX_ERR_UNAVAILABLE;
  if (Same("set_size", expected, machine_.SetSize(slot, size)) && expected == ZX_OK) {
    // What lies between the given size and the end of its page becomes zero.
    vmo.content->bytes.resize(size, 0);
    vmo.content->bytes.resize((size + kPageSize - 1) / kPageSize * kPageSize, 0);
  }
  Same("get_size", static_cast<int64_t>(vmo.size()), static_cast<int64_t>(machine_.SizeOf(slot)));
}

void Driver::ReadOrWrite() {
  const int slot = AnySlot(true);
  if (slot < 0) {
    return;
  }
  Vmo& vmo = *vmos_[slot];
  const uint64_t offset = choices_.Below(vmo.size() + kPageSize);
  const size_t length = AnyLength();
  const bool inside = Fits(offset, length, vmo.size());
  const zx_status_t expected = inside ? ZX_OK : ZX_ERR_OUT_OF_RANGE;
  std::vector<uint8_t> bytes = AnyBytes(length);
  if (choices_.OneIn(2)) {
    if (Same("write", expected, machine_.Write(slot, bytes.data(), offset, length)) && inside) {
      std::copy(bytes.begin(), bytes.end(), vmo.at(offset));
    }
  } else if (Same("read", expected, machine_.Read(slot, bytes.data(), offset, length)) && inside) {
    Same("bytes read", 1, std::equal(bytes.begin(), bytes.end(), vmo.at(offset)) ? 1 : 0);
  }
}

void Driver::OpRange() {
  const int slot = AnySlot(true);
  if (slot < 0 || !machine_.abilities().resizes) {
    return;
  }
  Vmo& vmo = *vmos_[slot];
  static constexpr uint32_t kOperations[] = {ZX_VMO_OP_COMMIT, ZX_VMO_OP_DECOMMIT, ZX_VMO_OP_ZERO};
  const uint32_t operation = kOperations[choices_.Below(machine_.abilities().zero ? 3 : 2)];
  const bool whole_pages = operation == ZX_VMO_OP_DECOMMIT || choices_.OneIn(2);
  const uint64_t unit = whole_pages ? kPageSize : 1;
  const uint64_t offset = choices_.Below(vmo.size() / unit + 1) * unit;
  const uint64_t length = choices_.Below((vmo.size() - offset) / unit + (choices_.OneIn(8) ? 4 : 1)) * unit;
  const bool inside = Fits(offset, length, vmo.size());
  const bool decommit_of_source = operation == ZX_VMO_OP_DECOMMIT && vmo.content->sourced;
  const zx_status_t status = machine_.OpRange(slot, operation, offset, length);
  if (status == ZX_ERR_NOT_SUPPORTED && operation == ZX_VMO_OP_DECOMMIT &&
      (vmo.content->snapshotted || decommit_of_source)) {
    return;
  }
  const zx_status_t expected = inside ? (decommit_of_source ? ZX_ERR_NOT_SUPPORTED : ZX_OK) : ZX_ERR_OUT_OF_RANGE;
  if (Same("op_range", expected, status) && expected == ZX_OK && operation != ZX_VMO_OP_COMMIT) {
    std::fill_n(vmo.at(offset), length, uint8_t{0});
  }
}

void Driver::LookAtFamily() {
  const int slot = AnySlot(true);
  if (slot >= 0 && machine_.abilities().slices) {
    Same("has children", vmos_[slot]->family->children > 0 ? 1 : 0, machine_.HasChildren(slot) ? 1 : 0);
  }
}

}  // namespace model
