// Operations on address spaces.
#include "tests/model/driver.h"

namespace model {

uint32_t Driver::AnyAccess() {
  static constexpr uint32_t kChoices[] = {0, ZX_VM_PERM_READ, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE,
                                          ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE};
  return kChoices[choices_.Below(machine_.abilities().execute ? 5 : 4)];
}

void Driver::Map() {
  const int slot = AnySlot(true);
  if (slot < 0) {
    return;
  }
  MapOrder order{};
  order.space = static_cast<int>(choices_.Below(Machine::kSpaces));
  order.slot = slot;
  order.page = choices_.Below(Space::kPages);
  order.count = 1 + choices_.Below(std::min<uint64_t>(Space::kPages - order.page, 16));
  order.vmo_page = choices_.Below(kMaxPages);
  order.overwrite = choices_.OneIn(2);
  const uint32_t access = AnyAccess();
  order.allowed = access | ZX_VM_PERM_READ | (choices_.OneIn(2) ? ZX_VM_PERM_WRITE : 0);
  order.options = access | (!order.overwrite && choices_.OneIn(4) ? ZX_VM_MAP_RANGE : 0);
  Space& space = spaces_[order.space];
  const bool possible = order.overwrite || space.IsFree(order.page, order.count);
  if (Same("map", possible ? ZX_OK : ZX_ERR_ALREADY_EXISTS, machine_.Map(order)) && possible) {
    space.Map(order.page, order.count,
              {.vmo = vmos_[slot], .page = order.vmo_page, .access = access, .allowed = order.allowed});
  }
}

void Driver::Unmap() {
  const auto space = static_cast<int>(choices_.Below(Machine::kSpaces));
  const uint64_t page = choices_.Below(Space::kPages);
  const uint64_t count = 1 + choices_.Below(std::min<uint64_t>(Space::kPages - page, 8));
  const zx_status_t status = machine_.Unmap(space, page, count);
  Same("unmap", spaces_[space].Unmap(page, count), status);
}

void Driver::Protect() {
  const auto space = static_cast<int>(choices_.Below(Machine::kSpaces));
  const uint64_t page = choices_.Below(Space::kPages);
  const uint64_t count = 1 + choices_.Below(std::min<uint64_t>(Space::kPages - page, 8));
  const uint32_t access = AnyAccess();
  const zx_status_t status = machine_.Protect(space, access, page, count);
  Same("protect", spaces_[space].Protect(page, count, access), status);
}

void Driver::Touch() {
  const auto space = static_cast<int>(choices_.Below(Machine::kSpaces));
  const uint64_t offset = choices_.Below(Space::kPages * kPageSize);
  static constexpr uint32_t kKinds[] = {ZX_VM_PERM_READ, ZX_VM_PERM_WRITE, ZX_VM_PERM_EXECUTE};
  const uint32_t access = kKinds[choices_.Below(machine_.abilities().execute ? 3 : 2)];
  uint8_t* expected_byte = nullptr;
  volatile uint8_t* byte = nullptr;
  const zx_status_t expected = spaces_[space].Reach(offset, access, &expected_byte);
  zx_status_t status = machine_.Touch(space, offset, access, expected == ZX_OK, &byte);
  if (!machine_.abilities().fault_statuses && status != ZX_OK && expected != ZX_OK) {
    status = expected;
  }
  if (Same("access", expected, status) && expected == ZX_OK) {
    Same("byte", *expected_byte, *byte);
    if (access == ZX_VM_PERM_WRITE) {
      *expected_byte = static_cast<uint8_t>(choices_.Next());
      *byte = *expected_byte;
    }
  }
}

// All of it is copied, or the prefix before the first page that is out of reach.
void Driver::Copy() {
  const auto space = static_cast<int>(choices_.Below(Machine::kSpaces));
  const size_t length = 1 + AnyLength();
  const uint64_t offset = choices_.Below(Space::kPages * kPageSize - length);
  const bool to_user = choices_.OneIn(2);
  const uint32_t access = ZX_VM_PERM_READ | (to_user ? ZX_VM_PERM_WRITE : 0);
  const std::vector<uint8_t> source = AnyBytes(length);
  std::vector<uint8_t> bytes = source;
  const zx_status_t status = to_user ? machine_.CopyTo(space, offset, source.data(), length)
                                     : machine_.CopyFrom(space, bytes.data(), offset, length);
  zx_status_t expected = ZX_OK;
  for (size_t i = 0; i < length && expected == ZX_OK; ++i) {
    uint8_t* byte = nullptr;
    if (spaces_[space].Reach(offset + i, access, &byte) != ZX_OK) {
      expected = ZX_ERR_INVALID_ARGS;
    } else if (to_user) {
      *byte = source[i];
    } else if (*byte != bytes[i]) {
      Differ("byte copied", *byte, bytes[i]);
    }
  }
  Same("copy", expected == ZX_OK ? 1 : 0, status == ZX_OK ? 1 : 0);
}

void Driver::Inspect() {
  const auto space = static_cast<int>(choices_.Below(Machine::kSpaces));
  if (const char* complaint = machine_.Inspect(space, spaces_[space]); complaint != nullptr) {
    Differ(complaint, 0, 1);
  }
  if (choices_.OneIn(32)) {
    machine_.DestroySpace(space);
    spaces_[space] = Space();
  }
}

}  // namespace model
