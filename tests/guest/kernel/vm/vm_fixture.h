// What the tests of the virtual memory subsystem share: RAM, an address space, a CPU that accesses it, a page provider.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/vm/access.h"
#include "guest/kernel/vm/address_space.h"
#include "guest/kernel/vm/page_provider.h"
#include "guest/kernel/vm/page_source.h"
#include "guest/kernel/vm/pmm.h"
#include "guest/kernel/vm/vmo.h"
#include "tests/support/fake_arch/mmu.h"
#include "tests/support/fake_arch/ram.h"

namespace gk {

inline constexpr Access kRead{.read = true};
inline constexpr Access kWrite{.write = true};
inline constexpr Access kExecute{.execute = true};
inline constexpr Access kReadWrite{.read = true, .write = true};

inline constexpr zx_vm_option_t kMapRead = ZX_VM_PERM_READ | ZX_VM_ALLOW_FAULTS;
inline constexpr zx_vm_option_t kMapReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_ALLOW_FAULTS;

inline zx_status_t ValueOf(const Result<>& result) { return StatusOf(result).value(); }
template <typename T>
zx_status_t ValueOf(const Result<T>& result) {
  return StatusOf(result).value();
}

inline RefPtr<Vmo> MakeVmo(uint64_t pages, Resizability resizability = Resizability::kFixed) {
  Result<RefPtr<Vmo>> vmo = Vmo::Create(pages * kPageSize, resizability);
  return vmo.ok() ? vmo.value() : nullptr;
}

inline RefPtr<AddressSpace> MakeSpace(uint64_t seed = 1) {
  Result<RefPtr<AddressSpace>> space = AddressSpace::Create(0, seed);
  return space.ok() ? space.value() : nullptr;
}

// Maps all of `vmo` wherever there is room.
inline VirtualAddress MapAll(AddressSpace& space, RefPtr<Vmo> vmo, zx_vm_option_t options) {
  const uint64_t length = vmo->size();
  const Result<VirtualAddress> address =
      space.root().Map({.vmo = std::move(vmo), .length = length, .options = options});
  return address.ok() ? address.value() : 0;
}

// What an access of user code would do: the MMU first, the fault handler where it does not permit the access, until one
// of them decides. Returns the fault's status, and on success where the byte is.
inline zx_status_t Touch(AddressSpace& space, VirtualAddress address, Access access, uint8_t** byte = nullptr) {
  for (;;) {
    const auto found = fake_arch::Walk(space.page_table_root(), address);
    if (found.has_value() && found->attributes.user && IsSubset(access, found->attributes.access)) {
      fake_arch::MarkAccessed(space.page_table_root(), address);
      if (byte != nullptr) {
        *byte = arch::PhysicalToVirtual<uint8_t>(found->address);
      }
      return ZX_OK;
    }
    if (const Result<> handled = space.HandleFault(address, access, FaultOrigin::kProgram); !handled.ok()) {
      return handled.error().value();
    }
  }
}

// A load or store of user code; the fault's status.
inline zx_status_t Store(AddressSpace& space, VirtualAddress address, uint8_t value) {
  uint8_t* byte = nullptr;
  const zx_status_t status = Touch(space, address, kWrite, &byte);
  if (status == ZX_OK) {
    *byte = value;
  }
  return status;
}
// The byte, or -1 after a fault that could not be resolved.
inline int Load(AddressSpace& space, VirtualAddress address) {
  uint8_t* byte = nullptr;
  return Touch(space, address, kRead, &byte) == ZX_OK ? *byte : -1;
}

// True when the page tables show the page now, without any fault.
inline bool IsEntered(AddressSpace& space, VirtualAddress address) {
  return fake_arch::Walk(space.page_table_root(), address).has_value();
}

// Fills pages, as a device does: keeps the requests that it is given until the test answers them. Each page's content
// is its index in every byte.
class FakeProvider final : public PageProvider {
 public:
  explicit FakeProvider(size_t read_ahead) : read_ahead_(read_ahead) {}

  bool fills_pages() const override { return true; }
  size_t max_read_ahead_pages() const override { return read_ahead_; }
  Result<> Send(SourceRequest& request) override {
    ++submitted;
    pending.push_back(&request);
    if (on_send) {
      on_send();
    }
    if (answer_at_once) {
      AnswerAll(ZX_OK);
    }
    return {};
  }
  void Withdraw(SourceRequest& request) override { std::erase(pending, &request); }
  void OnComplete() override { ++completed; }
  bool has_answers() const override { return ++looks == answer_at_look; }
  void PollCompletions() override { AnswerAll(ZX_OK); }

  void PrepareToBlock() override { ++prepared_to_block; }

  // Answers the oldest read, with its pages filled when it succeeds.
  void Answer(zx_status_t status) {
    SourceRequest* request = pending.front();
    pending.erase(pending.begin());
    for (size_t i = 0; i < request->pages().size(); ++i) {
      std::memset(request->pages()[i]->data(), static_cast<int>(request->first_page + i), kPageSize);
    }
    const PageIndex end = request->first_page + request->page_count;
    if (bad_page && request->first_page <= *bad_page && *bad_page < end) {
      status = ZX_ERR_IO_DATA_INTEGRITY;
    }
    const RefPtr<PageSource> source = request->source;
    source->OnRequestDone(*request, Status(status));
  }
  void AnswerAll(zx_status_t status) {
    while (!pending.empty()) {
      Answer(status);
    }
  }

  std::vector<SourceRequest*> pending;
  uint64_t submitted = 0;
  mutable uint64_t looks = 0;
  uint64_t prepared_to_block = 0;
  uint64_t completed = 0;
  bool answer_at_once = false;
  std::function<void()> on_send;      // the kernel may do anything in it but block
  uint64_t answer_at_look = 0;        // 0: never
  std::optional<PageIndex> bad_page;  // every read of it fails

 private:
  const size_t read_ahead_;
};

// An object of `pages` pages behind a FakeProvider.
struct PagedObject {
  explicit PagedObject(uint64_t pages, size_t read_ahead = 1, Resizability resizability = Resizability::kFixed)
      : provider(MakeRefCounted<FakeProvider>(read_ahead)),
        source(PageSource::Create(provider)),
        vmo(Vmo::CreatePagerBacked(source, pages * kPageSize, {.resizability = resizability}).value()) {}

  RefPtr<FakeProvider> provider;
  RefPtr<PageSource> source;
  RefPtr<Vmo> vmo;
};

class VmTest : public testing::Test {
 protected:
  fake_arch::FakeRam ram_;
};

}  // namespace gk
