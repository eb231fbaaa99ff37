#include <gtest/gtest.h>

#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/vm/vm_fixture.h"
#include "tests/support/fake_arch/fibers.h"

namespace gk {
namespace {

class FaultTest : public VmTest {
 protected:
  FaultTest() : space_(MakeSpace()) {}

  RefPtr<AddressSpace> space_;
};

TEST_F(FaultTest, NothingMappedIsNotFound) {
  EXPECT_EQ(Touch(*space_, 0x1000000, kRead), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Touch(*space_, 0, kRead), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Touch(*space_, UINT64_MAX, kRead), ZX_ERR_NOT_FOUND);
}

TEST_F(FaultTest, MissingPermissionIsAccessDenied) {
  const VirtualAddress va = MapAll(*space_, MakeVmo(1), kMapRead);
  EXPECT_EQ(Touch(*space_, va, kRead), ZX_OK);
  EXPECT_EQ(Touch(*space_, va, kWrite), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Touch(*space_, va, kExecute), ZX_ERR_ACCESS_DENIED);
}

TEST_F(FaultTest, MappingWithoutPermissionsDeniesEverything) {
  const VirtualAddress va = MapAll(*space_, MakeVmo(1), 0);
  EXPECT_EQ(Touch(*space_, va, kRead), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Touch(*space_, va, kWrite), ZX_ERR_ACCESS_DENIED);
}

TEST_F(FaultTest, BeyondTheObjectIsOutOfRange) {
  RefPtr<Vmo> vmo = MakeVmo(1);
  const VirtualAddress va = space_->root().Map({.vmo = vmo, .length = 2 * kPageSize, .options = kMapReadWrite}).value();
  EXPECT_EQ(Store(*space_, va, 1), ZX_OK);
  EXPECT_EQ(Store(*space_, va + kPageSize, 1), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(FaultTest, StoresAreSeenByTheObjectAndOtherMappings) {
  RefPtr<Vmo> vmo = MakeVmo(2);
  const VirtualAddress a = MapAll(*space_, vmo, kMapReadWrite);
  const VirtualAddress b = MapAll(*space_, vmo, kMapRead);
  ASSERT_EQ(Store(*space_, a + kPageSize + 3, 77), ZX_OK);
  uint8_t byte = 0;
  ASSERT_TRUE(vmo->Read(&byte, kPageSize + 3, 1).ok());
  EXPECT_EQ(byte, 77);
  EXPECT_EQ(Load(*space_, b + kPageSize + 3), 77);
}

TEST_F(FaultTest, ReadingAbsentMemoryTakesNoPage) {
  RefPtr<Vmo> vmo = MakeVmo(8);
  const VirtualAddress va = MapAll(*space_, vmo, kMapReadWrite);
  for (uint64_t i = 0; i < 8; ++i) {
    EXPECT_EQ(Load(*space_, va + i * kPageSize), 0);
  }
  EXPECT_EQ(vmo->committed_pages(), 0u);
}

// Three ways in which the shared zero page gives way; a mapping that shows it must not go on showing it.
TEST_F(FaultTest, ZeroPageGivesWayToAStoreThroughTheSameMapping) {
  RefPtr<Vmo> vmo = MakeVmo(1);
  const VirtualAddress va = MapAll(*space_, vmo, kMapReadWrite);
  EXPECT_EQ(Load(*space_, va), 0);
  EXPECT_EQ(Store(*space_, va, 5), ZX_OK);
  EXPECT_EQ(Load(*space_, va), 5);
  EXPECT_EQ(vmo->committed_pages(), 1u);
}

TEST_F(FaultTest, ZeroPageGivesWayToAStoreThroughAnotherMapping) {
  RefPtr<Vmo> vmo = MakeVmo(1);
  const VirtualAddress a = MapAll(*space_, vmo, kMapReadWrite);
  const VirtualAddress b = MapAll(*space_, vmo, kMapReadWrite);
  EXPECT_EQ(Load(*space_, a), 0);
  EXPECT_EQ(Store(*space_, b, 5), ZX_OK);
  EXPECT_EQ(Load(*space_, a), 5);
}

TEST_F(FaultTest, ZeroPageGivesWayToAWriteOfTheObject) {
  RefPtr<Vmo> vmo = MakeVmo(1);
  const VirtualAddress va = MapAll(*space_, vmo, kMapReadWrite);
  EXPECT_EQ(Load(*space_, va), 0);
  const uint8_t byte = 6;
  ASSERT_TRUE(vmo->Write(&byte, 0, 1).ok());
  EXPECT_EQ(Load(*space_, va), 6);
}

TEST_F(FaultTest, PresentNeighboursAreEnteredAndAbsentOnesAreNotMade) {
  RefPtr<Vmo> vmo = MakeVmo(64);
  ASSERT_TRUE(vmo->Commit(0, 10 * kPageSize).ok());
  const VirtualAddress va =
      space_->root().Map({.vmo = vmo, .length = vmo->size(), .options = kMapRead | ZX_VM_ALIGN_64KB}).value();

  ASSERT_EQ(Touch(*space_, va + 3 * kPageSize, kRead), ZX_OK);

  for (uint64_t i = 0; i < 16; ++i) {
    EXPECT_EQ(IsEntered(*space_, va + i * kPageSize), i < 10) << i;
  }
  EXPECT_EQ(vmo->committed_pages(), 10u);
  EXPECT_TRUE(fake_arch::Walk(space_->page_table_root(), va)->attributes.accessed);
}

TEST_F(FaultTest, NeighboursEndWithTheMapping) {
  RefPtr<Vmo> vmo = MakeVmo(16);
  ASSERT_TRUE(vmo->Commit(0, vmo->size()).ok());
  const VirtualAddress base = 0x40000000;
  ASSERT_TRUE(space_->root()
                  .Map({.vmo = vmo,
                        .vmo_offset = 4 * kPageSize,
                        .length = 3 * kPageSize,
                        .vmar_offset = base - space_->root().base(),
                        .options = kMapRead | ZX_VM_SPECIFIC})
                  .ok());
  ASSERT_EQ(Touch(*space_, base + kPageSize, kRead), ZX_OK);
  EXPECT_TRUE(IsEntered(*space_, base));
  EXPECT_TRUE(IsEntered(*space_, base + 2 * kPageSize));
  EXPECT_FALSE(IsEntered(*space_, base + 3 * kPageSize));
  EXPECT_FALSE(IsEntered(*space_, base - kPageSize));
}

TEST_F(FaultTest, ShrinkingTakesEnteredPagesAway) {
  RefPtr<Vmo> vmo = MakeVmo(2, Resizability::kResizable);
  const VirtualAddress va = MapAll(*space_, vmo, kMapReadWrite);
  ASSERT_EQ(Store(*space_, va, 1), ZX_OK);
  ASSERT_EQ(Load(*space_, va + kPageSize), 0);

  ASSERT_TRUE(vmo->Resize(0).ok());

  EXPECT_EQ(Touch(*space_, va, kRead), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Touch(*space_, va + kPageSize, kWrite), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(FaultTest, GrownObjectIsSeenThroughOldMappings) {
  RefPtr<Vmo> vmo = MakeVmo(1, Resizability::kResizable);
  const VirtualAddress va = space_->root().Map({.vmo = vmo, .length = 8 * kPageSize, .options = kMapReadWrite}).value();
  EXPECT_EQ(Store(*space_, va + 5 * kPageSize, 1), ZX_ERR_OUT_OF_RANGE);
  ASSERT_TRUE(vmo->Resize(7 * kPageSize).ok());
  EXPECT_EQ(Store(*space_, va + 5 * kPageSize, 1), ZX_OK);
}

TEST_F(FaultTest, DecommittedPageReadsAsZeroThroughAllMappings) {
  RefPtr<Vmo> vmo = MakeVmo(2);
  const VirtualAddress a = MapAll(*space_, vmo, kMapReadWrite);
  const VirtualAddress b = MapAll(*space_, vmo, kMapRead);
  ASSERT_EQ(Store(*space_, a, 9), ZX_OK);
  ASSERT_EQ(Load(*space_, b), 9);
  ASSERT_TRUE(vmo->Decommit(0, kPageSize).ok());
  EXPECT_EQ(Load(*space_, a), 0);
  EXPECT_EQ(Load(*space_, b), 0);
}

TEST_F(FaultTest, RestrictionTellsTheCpusThatRunTheSpace) {
  RefPtr<Vmo> vmo = MakeVmo(1);
  const VirtualAddress va = MapAll(*space_, vmo, kMapReadWrite);
  ASSERT_EQ(Store(*space_, va, 1), ZX_OK);
  space_->running_cpus() = 0b101;
  const uint64_t before = fake_arch::GetMmuStatistics().invalidations;

  ASSERT_TRUE(space_->root().Protect(va, kPageSize, ZX_VM_PERM_READ).ok());

  EXPECT_EQ(fake_arch::GetMmuStatistics().invalidations, before + 1);
  EXPECT_EQ(fake_arch::GetMmuStatistics().last_invalidated, 0b101u);
}

TEST_F(FaultTest, FirstFaultsNeedNoInvalidation) {
  RefPtr<Vmo> vmo = MakeVmo(100);
  const VirtualAddress va = MapAll(*space_, vmo, kMapReadWrite);
  const uint64_t before = fake_arch::GetMmuStatistics().invalidations;
  for (uint64_t i = 0; i < 100; ++i) {
    ASSERT_EQ(Store(*space_, va + i * kPageSize, 1), ZX_OK);
  }
  EXPECT_EQ(fake_arch::GetMmuStatistics().invalidations, before);
}

TEST_F(FaultTest, FaultAfterPermissionIsRaisedEntersThePageAnew) {
  RefPtr<Vmo> vmo = MakeVmo(1);
  const VirtualAddress va = MapAll(*space_, vmo, kMapReadWrite);
  ASSERT_EQ(Store(*space_, va, 1), ZX_OK);
  ASSERT_TRUE(space_->root().Protect(va, kPageSize, ZX_VM_PERM_READ).ok());
  EXPECT_EQ(Store(*space_, va, 2), ZX_ERR_ACCESS_DENIED);
  ASSERT_TRUE(space_->root().Protect(va, kPageSize, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE).ok());
  EXPECT_EQ(Store(*space_, va, 2), ZX_OK);
  EXPECT_EQ(Load(*space_, va), 2);
}

TEST_F(FaultTest, WrittenCodeBecomesExecutableOnlyWhenItIsNoLongerWritable) {
  RefPtr<Vmo> vmo = MakeVmo(1);
  const VirtualAddress va = MapAll(*space_, vmo, kMapReadWrite);
  ASSERT_EQ(Store(*space_, va, 0xc3), ZX_OK);
  EXPECT_EQ(Touch(*space_, va, kExecute), ZX_ERR_ACCESS_DENIED);
  ASSERT_TRUE(space_->root().Protect(va, kPageSize, ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE).ok());
  EXPECT_EQ(Touch(*space_, va, kExecute), ZX_OK);
  EXPECT_EQ(Touch(*space_, va, kWrite), ZX_ERR_ACCESS_DENIED);
}

// The fake MMU ends the test when an entry is writable and executable.
TEST_F(FaultTest, EntryOfAWritableAndExecutableMappingTurnsRoundWithTheAccess) {
  constexpr zx_vm_option_t kAll = kMapReadWrite | ZX_VM_PERM_EXECUTE;
  const VirtualAddress va = MapAll(*space_, MakeVmo(2), kAll);
  const auto entry = [&] { return fake_arch::Walk(space_->page_table_root(), va)->attributes.access; };
  for (const uint8_t value : {uint8_t{1}, uint8_t{2}}) {
    EXPECT_EQ(Store(*space_, va, value), ZX_OK);
    EXPECT_TRUE(entry().write && !entry().execute);
    EXPECT_EQ(Touch(*space_, va, kExecute), ZX_OK);
    EXPECT_TRUE(!entry().write && entry().execute);
    EXPECT_EQ(Load(*space_, va), value);
  }
  EXPECT_EQ(Load(*space_, va + kPageSize), 0);
  ASSERT_TRUE(space_->root().Protect(va, kPageSize, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE).ok());
  EXPECT_EQ(Touch(*space_, va, kExecute), ZX_ERR_ACCESS_DENIED);
  ASSERT_TRUE(space_->root().Protect(va, kPageSize, ZX_VM_PERM_READ).ok());
  EXPECT_EQ(Store(*space_, va, 3), ZX_ERR_ACCESS_DENIED);
}

TEST_F(FaultTest, PagesOfASourceAreFetchedAndItsErrorsReported) {
  PagedObject object(8);
  object.provider->answer_at_once = true;
  const VirtualAddress va = MapAll(*space_, object.vmo, kMapRead);
  fake_arch::RunInThread([&] { EXPECT_EQ(Load(*space_, va + 5 * kPageSize), 5); });

  object.provider->answer_at_once = false;
  zx_status_t status = ZX_OK;
  fake_arch::StartThread([&] { status = Touch(*space_, va + 6 * kPageSize, kRead); });
  fake_arch::RunUntilIdle();
  object.provider->AnswerAll(ZX_ERR_IO_DATA_INTEGRITY);
  fake_arch::RunUntilIdle();
  EXPECT_EQ(status, ZX_ERR_IO_DATA_INTEGRITY);
}

TEST_F(FaultTest, MappingThatGoesWhileItsPageIsFetchedIsNotFoundAfterwards) {
  PagedObject object(8);
  const VirtualAddress va = MapAll(*space_, object.vmo, kMapRead);
  zx_status_t status = ZX_ERR_SHOULD_WAIT;
  fake_arch::StartThread([&] { status = Touch(*space_, va, kRead); });
  fake_arch::RunUntilIdle();

  ASSERT_TRUE(space_->root().Unmap(va, object.vmo->size()).ok());
  object.provider->AnswerAll(ZX_OK);
  fake_arch::RunUntilIdle();

  EXPECT_EQ(status, ZX_ERR_NOT_FOUND);
  EXPECT_FALSE(IsEntered(*space_, va));
}

TEST_F(FaultTest, AddressSpaceThatGoesWhileAPageIsFetchedIsNotFoundAfterwards) {
  PagedObject object(8);
  const VirtualAddress va = MapAll(*space_, object.vmo, kMapRead);
  zx_status_t status = ZX_ERR_SHOULD_WAIT;
  fake_arch::StartThread([&] { status = Touch(*space_, va, kRead); });
  fake_arch::RunUntilIdle();

  space_->Destroy();
  object.provider->AnswerAll(ZX_OK);
  fake_arch::RunUntilIdle();

  EXPECT_EQ(status, ZX_ERR_NOT_FOUND);
}

TEST_F(FaultTest, OutOfMemoryIsReportedWhereverItStrikesAndRetryingWorks) {
  RefPtr<Vmo> vmo = MakeVmo(4);
  const VirtualAddress va = MapAll(*space_, vmo, kMapReadWrite);
  for (uint64_t n = 1;; ++n) {
    torture::FailAllocation(n);
    const zx_status_t status = Store(*space_, va, 1);
    torture::FailAllocation(0);
    if (status == ZX_OK) {
      EXPECT_GE(n, 3u);
      break;
    }
    EXPECT_EQ(status, ZX_ERR_NO_MEMORY);
  }
  EXPECT_EQ(Load(*space_, va), 1);
}

}  // namespace
}  // namespace gk
