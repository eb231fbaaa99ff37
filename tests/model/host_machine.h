// The VM core on the host, as tests/support/fake_arch lets it run there. One operation in eight runs while one of its
// allocations fails: it must then have changed nothing that can be seen and succeed when it is done again, or succeed.
#pragma once

#include "guest/kernel/vm/vmo.h"
#include "tests/guest/kernel/vm/vm_fixture.h"
#include "tests/model/driver.h"

namespace model {

class HostMachine final : public Machine {
 public:
  // `choices` decides which allocations fail and how address spaces are laid out.
  explicit HostMachine(Choices& choices);

  [[nodiscard]] Abilities abilities() const override;
  zx_status_t Create(int slot, uint64_t size, uint32_t options) override;
  zx_status_t CreateSourced(int slot, uint64_t size, uint32_t options) override;
  zx_status_t CreateChild(int slot, int parent, uint32_t options, uint64_t offset, uint64_t size) override;
  void Close(int slot) override;
  zx_status_t SetSize(int slot, uint64_t size) override;
  uint64_t SizeOf(int slot) override;
  bool HasChildren(int slot) override;
  zx_status_t Read(int slot, void* bytes, uint64_t offset, size_t length) override;
  zx_status_t Write(int slot, const void* bytes, uint64_t offset, size_t length) override;
  zx_status_t OpRange(int slot, uint32_t operation, uint64_t offset, uint64_t length) override;
  zx_status_t Map(const MapOrder& order) override;
  zx_status_t Unmap(int space, uint64_t page, uint64_t count) override;
  zx_status_t Protect(int space, zx_vm_option_t options, uint64_t page, uint64_t count) override;
  zx_status_t Touch(int space, uint64_t offset, uint32_t access, bool expected, volatile uint8_t** byte) override;
  zx_status_t CopyTo(int space, uint64_t offset, const void* bytes, size_t length) override;
  zx_status_t CopyFrom(int space, void* bytes, uint64_t offset, size_t length) override;
  void DestroySpace(int space) override;
  const char* Inspect(int space, const Space& expected) override;

 private:
  template <typename Operation>
  zx_status_t Do(Operation operation);
  const char* InspectPage(int space, uint64_t page, const Page& expected);

  Choices& choices_;
  gk::RefPtr<gk::Vmo> vmos_[kSlots];
  gk::RefPtr<gk::AddressSpace> spaces_[kSpaces];
};

}  // namespace model
