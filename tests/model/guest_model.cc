// Random operations through real system calls, each compared with the reference: VMOs by their handles, and two regions
// of this program's own address space in which it reads and writes.
//
//   vm-model [--seed=N] [--operations=N]    (and zxtest's options)
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zxtest/zxtest.h>

#include "tests/model/driver.h"

namespace model {
namespace {

uint64_t seed = 20261120;
uint64_t operations = 20'000;

constexpr zx_vm_option_t kRegionOptions = ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC;

class GuestMachine final : public Machine {
 public:
  GuestMachine() {
    for (int space = 0; space < kSpaces; ++space) {
      MakeSpace(space);
    }
  }
  ~GuestMachine() override {
    for (Region& region : regions_) {
      zx_vmar_destroy(region.vmar.get());
    }
  }

  [[nodiscard]] Abilities abilities() const override {
    return {.resizes = true, .slices = true, .snapshots = true, .zero = true};
  }

  zx_status_t Create(int slot, uint64_t size, uint32_t options) override {
    return zx::vmo::create(size, options, &vmos_[slot]);
  }
  zx_status_t CreateSourced(int /*slot*/, uint64_t /*size*/, uint32_t /*options*/) override {
    return ZX_ERR_NOT_SUPPORTED;
  }
  zx_status_t CreateChild(int slot, int parent, uint32_t options, uint64_t offset, uint64_t size) override;
  void Close(int slot) override { vmos_[slot].reset(); }
  zx_status_t SetSize(int slot, uint64_t size) override;
  uint64_t SizeOf(int slot) override {
    uint64_t size = UINT64_MAX;
    vmos_[slot].get_size(&size);
    return size;
  }
  bool HasChildren(int slot) override;
  zx_status_t Read(int slot, void* bytes, uint64_t offset, size_t length) override {
    return vmos_[slot].read(bytes, offset, length);
  }
  zx_status_t Write(int slot, const void* bytes, uint64_t offset, size_t length) override {
    return vmos_[slot].write(bytes, offset, length);
  }
  zx_status_t OpRange(int slot, uint32_t operation, uint64_t offset, uint64_t length) override;

  zx_status_t Map(const MapOrder& order) override;
  zx_status_t Unmap(int space, uint64_t page, uint64_t count) override {
    return regions_[space].vmar.unmap(regions_[space].base + page * kPageSize, count * kPageSize);
  }
  zx_status_t Protect(int space, zx_vm_option_t options, uint64_t page, uint64_t count) override {
    return regions_[space].vmar.protect(options, regions_[space].base + page * kPageSize, count * kPageSize);
  }
  zx_status_t Touch(int space, uint64_t offset, uint32_t access, bool expected, volatile uint8_t** byte) override;
  zx_status_t CopyTo(int space, uint64_t offset, const void* bytes, size_t length) override;
  zx_status_t CopyFrom(int space, void* bytes, uint64_t offset, size_t length) override;
  void DestroySpace(int space) override {
    EXPECT_OK(zx_vmar_destroy(regions_[space].vmar.get()));
    MakeSpace(space);
  }
  const char* Inspect(int /*space*/, const Space& /*expected*/) override { return nullptr; }

 private:
  struct Region {
    zx::vmar vmar;
    zx_vaddr_t base = 0;
  };
  void MakeSpace(int space) {
    Region& region = regions_[space];
    EXPECT_OK(zx_vmar_allocate(zx_vmar_root_self(), kRegionOptions, 0, Space::kPages * kPageSize,
                               region.vmar.reset_and_get_address(), &region.base));
  }
  [[nodiscard]] uint8_t* At(int space, uint64_t offset) const {
    return reinterpret_cast<uint8_t*>(regions_[space].base + offset);
  }

  zx::vmo vmos_[kSlots];
  Region regions_[kSpaces];
  zx::vmo scratch_;  // of CopyTo, CopyFrom
};

zx_status_t GuestMachine::CreateChild(int slot, int parent, uint32_t options, uint64_t offset, uint64_t size) {
  return zx_vmo_create_child(vmos_[parent].get(), options, offset, size, vmos_[slot].reset_and_get_address());
}

zx_status_t GuestMachine::SetSize(int slot, uint64_t size) { return zx_vmo_set_size(vmos_[slot].get(), size); }

bool GuestMachine::HasChildren(int slot) {
  zx_signals_t observed = 0;
  return vmos_[slot].wait_one(ZX_VMO_ZERO_CHILDREN, zx::time::infinite_past(), &observed) != ZX_OK;
}

zx_status_t GuestMachine::OpRange(int slot, uint32_t operation, uint64_t offset, uint64_t length) {
  return zx_vmo_op_range(vmos_[slot].get(), operation, offset, length, nullptr, 0);
}

zx_status_t GuestMachine::Map(const MapOrder& order) {
  const zx_rights_t rights = ZX_RIGHT_MAP | ((order.allowed & ZX_VM_PERM_READ) != 0 ? ZX_RIGHT_READ : 0) |
                             ((order.allowed & ZX_VM_PERM_WRITE) != 0 ? ZX_RIGHT_WRITE : 0);
  zx::vmo weaker;
  if (const zx_status_t status = vmos_[order.slot].duplicate(rights, &weaker); status != ZX_OK) {
    return status;
  }
  zx_vaddr_t address = 0;
  const zx_vm_option_t place = order.overwrite ? ZX_VM_SPECIFIC_OVERWRITE : ZX_VM_SPECIFIC;
  return regions_[order.space].vmar.map(order.options | ZX_VM_ALLOW_FAULTS | place, order.page * kPageSize, weaker,
                                        order.vmo_page * kPageSize, order.count * kPageSize, &address);
}

// An access that is to fail is made by the kernel on our behalf: we would not survive it.
zx_status_t GuestMachine::Touch(int space, uint64_t offset, uint32_t access, bool expected, volatile uint8_t** byte) {
  *byte = At(space, offset);
  if (expected) {
    if (access == ZX_VM_PERM_WRITE) {
      const uint8_t value = **byte;
      **byte = value;
    }
    return ZX_OK;
  }
  uint8_t value = 0;
  return access == ZX_VM_PERM_READ ? CopyFrom(space, &value, offset, 1) : CopyTo(space, offset, &value, 1);
}

zx_status_t GuestMachine::CopyTo(int space, uint64_t offset, const void* bytes, size_t length) {
  EXPECT_OK(zx::vmo::create(length, 0, &scratch_));
  EXPECT_OK(scratch_.write(bytes, 0, length));
  return scratch_.read(At(space, offset), 0, length);
}

zx_status_t GuestMachine::CopyFrom(int space, void* bytes, uint64_t offset, size_t length) {
  EXPECT_OK(zx::vmo::create(length, 0, &scratch_));
  const zx_status_t status = scratch_.write(At(space, offset), 0, length);
  EXPECT_OK(scratch_.read(bytes, 0, length));
  return status;
}

// Memory that VMOs have, of all programs: this is the only one.
uint64_t BytesOfVmos() {
  zx_info_kmem_stats_t info = {};
  EXPECT_OK(zx_object_get_info(pagoda_root_resource(), ZX_INFO_KMEM_STATS, &info, sizeof(info), nullptr, nullptr));
  return info.vmo_bytes;
}

void Run() {
  RandomChoices choices(seed);
  GuestMachine machine;
  Driver driver(machine, choices);
  for (uint64_t i = 0; i < operations; ++i) {
    ASSERT_TRUE(driver.Step(), "%s; seed %lu, operation %lu", driver.difference().c_str(), seed, i);
  }
  EXPECT_GT(driver.successes(), operations / 5);
  driver.Finish();
}

TEST(VmModel, AgreesWithTheReferenceUnderRandomOperations) {
  printf("--seed=%lu --operations=%lu\n", seed, operations);
  ASSERT_NO_FATAL_FAILURE(Run());
}

TEST(VmModel, GivesAllMemoryBack) {
  Run();  // this program's own heap grows to what it needs
  const uint64_t bytes_before = BytesOfVmos();
  Run();
  EXPECT_LE(BytesOfVmos(), bytes_before + 16 * kPageSize);
}

}  // namespace
}  // namespace model

int main(int argument_count, char** arguments) {
  for (int i = 1; i < argument_count; ++i) {
    if (strncmp(arguments[i], "--seed=", 7) == 0) {
      model::seed = strtoull(arguments[i] + 7, nullptr, 0);
    } else if (strncmp(arguments[i], "--operations=", 13) == 0) {
      model::operations = strtoull(arguments[i] + 13, nullptr, 0);
    }
  }
  return RUN_ALL_TESTS(argument_count, arguments);
}
