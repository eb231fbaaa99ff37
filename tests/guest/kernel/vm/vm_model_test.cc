// Random operations on VMOs and address spaces, each compared with the reference in vm_model.h.
//
// PAGODA_MODEL_OPERATIONS sets how many (default 200,000), PAGODA_MODEL_SEED the seed, which every failure names. One
// operation in eight runs while one of its allocations fails: it must then either have changed nothing, or succeed when
// it is done again.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <random>

#include "guest/kernel/vm/torture.h"
#include "guest/kernel/vm/user_copy.h"
#include "tests/guest/kernel/vm/vm_model.h"

namespace gk {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::strtoull(value, nullptr, 0) : otherwise;
}

constexpr uint64_t kMaxVmoPages = 24;
constexpr size_t kMaxVmos = 8;
constexpr VirtualAddress kArena = 0x5555'5555'0000;
constexpr size_t kShortTransfer = 200;
constexpr size_t kLongTransfer = 3 * kPageSize;

zx_vm_option_t OptionsFrom(Access access) {
  return (access.read ? ZX_VM_PERM_READ : 0) | (access.write ? ZX_VM_PERM_WRITE : 0) |
         (access.execute ? ZX_VM_PERM_EXECUTE : 0);
}

class VmModelTest : public VmTest {
 protected:
  VmModelTest() : seed_(FromEnvironment("PAGODA_MODEL_SEED", 20261120)), random_(seed_) {
    for (Space& space : spaces_) {
      space.real = MakeSpace(random_());
    }
  }

  struct Space {
    RefPtr<AddressSpace> real;
    ModelSpace model;
  };
  using Vmo = std::shared_ptr<ModelVmo>;

  uint64_t Below(uint64_t bound) { return random_() % bound; }
  Space& AnySpace() { return spaces_[Below(std::size(spaces_))]; }
  Vmo AnyVmo() { return vmos_.empty() ? nullptr : vmos_[Below(vmos_.size())]; }
  Access AnyAccess() {
    constexpr Access kChoices[] = {{},
                                   {.read = true},
                                   {.read = true, .write = true},
                                   {.read = true, .write = true},
                                   {.read = true, .execute = true}};
    return kChoices[Below(std::size(kChoices))];
  }
  size_t AnyLength() { return 1 + Below(Below(16) == 0 ? kLongTransfer : kShortTransfer); }
  std::vector<uint8_t> AnyBytes(size_t length) {
    std::vector<uint8_t> bytes(length);
    std::iota(bytes.begin(), bytes.end(), static_cast<uint8_t>(random_()));
    return bytes;
  }

  // Does `operation` (which returns its status), perhaps with a failing allocation first. After a failure for want of
  // memory it is done again and must not fail so a second time.
  template <typename Operation>
  zx_status_t Do(Operation operation) {
    if (Below(8) == 0) {
      torture::FailAllocation(1 + Below(6));
      const zx_status_t status = operation();
      torture::FailAllocation(0);
      if (status != ZX_ERR_NO_MEMORY) {
        return status;
      }
    }
    return operation();
  }

  void CreateVmo();
  void CloseVmo();
  void Resize();
  void ReadOrWrite();
  void CommitOrDecommit();
  void Map();
  void Unmap();
  void Protect();
  void LoadOrStore();
  void CopyBlock();
  void DestroySpace();
  void Step();
  void CheckPageTables(Space& space);

  const uint64_t seed_;
  std::mt19937_64 random_;
  Space spaces_[2];
  std::vector<Vmo> vmos_;
};

void VmModelTest::CreateVmo() {
  if (vmos_.size() == kMaxVmos) {
    return;
  }
  const uint64_t pages = Below(kMaxVmoPages + 1);
  const auto resizability = Below(2) == 0 ? Resizability::kFixed : Resizability::kResizable;
  auto model = std::make_shared<ModelVmo>();
  model->sourced = Below(4) == 0;
  model->bytes.resize(pages * kPageSize);
  if (model->sourced) {
    PagedObject object(pages, 1u << Below(5), resizability);
    object.provider->answer_at_once = true;
    model->vmo = object.vmo;
    for (size_t i = 0; i < model->bytes.size(); ++i) {
      model->bytes[i] = static_cast<uint8_t>(i / kPageSize);
    }
  } else {
    model->vmo = MakeVmo(pages, resizability);
  }
  vmos_.push_back(std::move(model));
}

void VmModelTest::CloseVmo() {
  if (!vmos_.empty()) {
    std::swap(vmos_[Below(vmos_.size())], vmos_.back());
    vmos_.back()->vmo.reset();
    vmos_.pop_back();
  }
}

void VmModelTest::Resize() {
  const Vmo vmo = AnyVmo();
  if (vmo == nullptr) {
    return;
  }
  const uint64_t size = Below(kMaxVmoPages * kPageSize + 1);
  const zx_status_t expected = vmo->vmo->resizable() ? ZX_OK : ZX_ERR_UNAVAILABLE;
  ASSERT_EQ(Do([&] { return ValueOf(vmo->vmo->Resize(size)); }), expected);
  if (expected == ZX_OK) {
    vmo->bytes.resize(base::AlignUp(size, kPageSize), 0);
  }
  ASSERT_EQ(vmo->vmo->size(), vmo->bytes.size());
}

void VmModelTest::ReadOrWrite() {
  const Vmo vmo = AnyVmo();
  if (vmo == nullptr) {
    return;
  }
  const uint64_t offset = Below(vmo->bytes.size() + kPageSize);
  const size_t length = AnyLength() - 1;
  const bool inside = base::RangeFits(offset, length, vmo->bytes.size());
  const zx_status_t expected = inside ? ZX_OK : ZX_ERR_OUT_OF_RANGE;
  std::vector<uint8_t> bytes = AnyBytes(length);
  if (Below(2) == 0) {
    ASSERT_EQ(Do([&] { return ValueOf(vmo->vmo->Write(bytes.data(), offset, length)); }), expected);
    if (inside) {
      std::copy(bytes.begin(), bytes.end(), vmo->bytes.begin() + static_cast<ptrdiff_t>(offset));
    }
  } else {
    ASSERT_EQ(Do([&] { return ValueOf(vmo->vmo->Read(bytes.data(), offset, length)); }), expected);
    ASSERT_TRUE(!inside || std::equal(bytes.begin(), bytes.end(), vmo->bytes.begin() + static_cast<ptrdiff_t>(offset)));
  }
}

void VmModelTest::CommitOrDecommit() {
  const Vmo vmo = AnyVmo();
  if (vmo == nullptr) {
    return;
  }
  const uint64_t pages = vmo->bytes.size() / kPageSize;
  const uint64_t first = Below(pages + 1);
  const uint64_t count = Below(pages - first + 1);
  if (Below(2) == 0) {
    ASSERT_EQ(Do([&] { return ValueOf(vmo->vmo->Commit(first * kPageSize, count * kPageSize)); }), ZX_OK);
    return;
  }
  const zx_status_t expected = vmo->sourced ? ZX_ERR_NOT_SUPPORTED : ZX_OK;
  ASSERT_EQ(Do([&] { return ValueOf(vmo->vmo->Decommit(first * kPageSize, count * kPageSize)); }), expected);
  if (expected == ZX_OK) {
    std::fill_n(vmo->bytes.begin() + static_cast<ptrdiff_t>(first * kPageSize), count * kPageSize, uint8_t{0});
  }
}

void VmModelTest::Map() {
  const Vmo vmo = AnyVmo();
  if (vmo == nullptr) {
    return;
  }
  Space& space = AnySpace();
  const uint64_t first = Below(ModelSpace::kPages);
  const uint64_t count = 1 + Below(std::min<uint64_t>(ModelSpace::kPages - first, 16));
  const bool overwrite = Below(2) == 0;
  const Access access = AnyAccess();
  ModelPage page{.vmo = vmo, .page = Below(kMaxVmoPages), .access = access, .allowed = access};
  page.allowed.read = true;
  page.allowed.write = access.write || Below(2) == 0;
  page.allowed.execute = access.execute || Below(2) == 0;
  const zx_vm_option_t options = OptionsFrom(access) | ZX_VM_ALLOW_FAULTS |
                                 (overwrite ? ZX_VM_SPECIFIC_OVERWRITE : ZX_VM_SPECIFIC) |
                                 (!overwrite && Below(4) == 0 ? ZX_VM_MAP_RANGE : 0);
  const MapRequest request{.vmo = vmo->vmo,
                           .vmo_offset = page.page * kPageSize,
                           .length = count * kPageSize,
                           .vmar_offset = kArena + first * kPageSize - space.real->root().base(),
                           .options = options,
                           .vmo_rights = page.allowed};
  const bool possible = overwrite || space.model.IsFree(first, count);
  ASSERT_EQ(Do([&] { return ValueOf(space.real->root().Map(request)); }), possible ? ZX_OK : ZX_ERR_ALREADY_EXISTS);
  if (possible) {
    space.model.Map(first, count, page);
  }
}

void VmModelTest::Unmap() {
  Space& space = AnySpace();
  const uint64_t first = Below(ModelSpace::kPages);
  const uint64_t count = 1 + Below(std::min<uint64_t>(ModelSpace::kPages - first, 8));
  const zx_status_t status =
      Do([&] { return ValueOf(space.real->root().Unmap(kArena + first * kPageSize, count * kPageSize)); });
  ASSERT_EQ(status, space.model.Unmap(first, count));
}

void VmModelTest::Protect() {
  Space& space = AnySpace();
  const uint64_t first = Below(ModelSpace::kPages);
  const uint64_t count = 1 + Below(std::min<uint64_t>(ModelSpace::kPages - first, 8));
  const Access access = AnyAccess();
  const zx_status_t status = Do([&] {
    return ValueOf(space.real->root().Protect(kArena + first * kPageSize, count * kPageSize, OptionsFrom(access)));
  });
  ASSERT_EQ(status, space.model.Protect(first, count, access));
}

void VmModelTest::LoadOrStore() {
  Space& space = AnySpace();
  const uint64_t offset = Below(ModelSpace::kPages * kPageSize);
  constexpr Access kKinds[] = {kRead, kWrite, kExecute};
  const Access access = kKinds[Below(std::size(kKinds))];
  uint8_t* expected_byte = nullptr;
  uint8_t* byte = nullptr;
  const zx_status_t expected = space.model.Reach(offset, access, &expected_byte);
  ASSERT_EQ(Do([&] { return Touch(*space.real, kArena + offset, access, &byte); }), expected);
  if (expected == ZX_OK) {
    ASSERT_EQ(*byte, *expected_byte);
    if (access.write) {
      *byte = *expected_byte = static_cast<uint8_t>(random_());
    }
  }
}

// A copy between the kernel and user memory: all of it, or the prefix before the first page that is out of reach.
void VmModelTest::CopyBlock() {
  Space& space = AnySpace();
  const size_t length = AnyLength();
  const uint64_t offset = Below(ModelSpace::kPages * kPageSize - length);
  const bool to_user = Below(2) == 0;
  const Access access{.read = true, .write = to_user};
  const std::vector<uint8_t> source = AnyBytes(length);
  std::vector<uint8_t> bytes = source;
  const VirtualAddress user = kArena + offset;
  const zx_status_t status = Do([&] {
    const zx_status_t once = ValueOf(to_user ? CopyToUser(*space.real, user, source.data(), length)
                                             : CopyFromUser(*space.real, bytes.data(), user, length));
    return torture::HasFailed() && once == ZX_ERR_INVALID_ARGS ? ZX_ERR_NO_MEMORY : once;
  });
  zx_status_t expected = ZX_OK;
  for (size_t i = 0; i < length; ++i) {
    uint8_t* byte = nullptr;
    if (space.model.Reach(offset + i, access, &byte) != ZX_OK) {
      expected = ZX_ERR_INVALID_ARGS;
      break;
    }
    if (to_user) {
      *byte = source[i];
    } else {
      ASSERT_EQ(bytes[i], *byte);
    }
  }
  ASSERT_EQ(status, expected);
}

void VmModelTest::DestroySpace() {
  Space& space = AnySpace();
  space.real->Destroy();
  space.real = MakeSpace(random_());
  space.model = ModelSpace();
}

void VmModelTest::Step() {
  using Operation = void (VmModelTest::*)();
  struct Weighted {
    unsigned weight;
    Operation operation;
  };
  constexpr Weighted kOperations[] = {
      {3, &VmModelTest::CreateVmo},        {2, &VmModelTest::CloseVmo}, {4, &VmModelTest::Resize},
      {20, &VmModelTest::ReadOrWrite},     {6, &VmModelTest::Map},      {5, &VmModelTest::Unmap},
      {6, &VmModelTest::CommitOrDecommit}, {6, &VmModelTest::Protect},  {100, &VmModelTest::LoadOrStore},
      {20, &VmModelTest::CopyBlock},
  };
  unsigned total = 0;
  for (const Weighted& weighted : kOperations) {
    total += weighted.weight;
  }
  uint64_t chosen = Below(total);
  for (const Weighted& weighted : kOperations) {
    if (chosen < weighted.weight) {
      (this->*weighted.operation)();
      return;
    }
    chosen -= weighted.weight;
  }
}

// A page table never shows more than the model permits, and only the frame that the VMO has.
void VmModelTest::CheckPageTables(Space& space) {
  for (uint64_t i = 0; i < ModelSpace::kPages; ++i) {
    const auto found = fake_arch::Walk(space.real->page_table_root(), kArena + i * kPageSize);
    if (!found.has_value()) {
      continue;
    }
    const ModelPage& page = space.model.at(i);
    ASSERT_NE(page.vmo, nullptr);
    ASSERT_LT(page.page * kPageSize, page.vmo->bytes.size());
    ASSERT_TRUE(IsSubset(found->attributes.access, page.access));
    const bool zero = found->address == SharedZeroPage()->physical_address();
    ASSERT_FALSE(zero && found->attributes.access.write);
    const auto* bytes = arch::PhysicalToVirtual<uint8_t>(found->address);
    ASSERT_TRUE(
        std::equal(bytes, bytes + kPageSize, page.vmo->bytes.begin() + static_cast<ptrdiff_t>(page.page * kPageSize)));
  }
}

TEST_F(VmModelTest, AgreesWithTheReferenceUnderRandomOperations) {
  const uint64_t operations = FromEnvironment("PAGODA_MODEL_OPERATIONS", 200'000);
  std::printf("PAGODA_MODEL_SEED=%llu, %llu operations\n", static_cast<unsigned long long>(seed_),
              static_cast<unsigned long long>(operations));
  for (uint64_t i = 0; i < operations; ++i) {
    Step();
    if (i % 5000 == 4999) {
      DestroySpace();
    }
    if (i % 512 == 0) {
      CheckPageTables(spaces_[i / 512 % std::size(spaces_)]);
    }
    ASSERT_FALSE(HasFatalFailure()) << "PAGODA_MODEL_SEED=" << seed_ << ", operation " << i;
  }
}

}  // namespace
}  // namespace gk
