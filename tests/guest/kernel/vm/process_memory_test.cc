#include "guest/kernel/vm/process_memory.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/guest/kernel/vm/vm_fixture.h"
#include "tests/support/fake_arch/fibers.h"

namespace gk {
namespace {

constexpr auto kReadIt = VmoTransfer::Direction::kToUser;
constexpr auto kWriteIt = VmoTransfer::Direction::kToVmo;

class ProcessMemoryTest : public VmTest {
 protected:
  ProcessMemoryTest()
      : caller_(MakeSpace(1)),
        target_(MakeSpace(2)),
        vmo_(MakeVmo(4)),
        buffer_(MapAll(*caller_, MakeVmo(8), kMapReadWrite)) {
    for (uint64_t page = 0; page < 4; ++page) {
      const std::vector<uint8_t> bytes(kPageSize, static_cast<uint8_t>(page + 1));
      EXPECT_TRUE(vmo_->Write(bytes.data(), page * kPageSize, kPageSize).ok());
    }
    va_ = MapAll(*target_, vmo_, kMapReadWrite);
  }

  Result<uint64_t> Copy(VmoTransfer::Direction direction, uint64_t offset, uint64_t length) {
    return CopyProcessMemory(*target_, va_ + offset, *caller_, buffer_, length, direction);
  }

  RefPtr<AddressSpace> caller_;
  RefPtr<AddressSpace> target_;
  RefPtr<Vmo> vmo_;
  VirtualAddress va_;
  VirtualAddress buffer_;
};

TEST_F(ProcessMemoryTest, BytesGoBothWays) {
  EXPECT_EQ(Copy(kReadIt, kPageSize - 1, 2).value(), 2u);
  EXPECT_EQ(Load(*caller_, buffer_), 1);
  EXPECT_EQ(Load(*caller_, buffer_ + 1), 2);
  ASSERT_EQ(Store(*caller_, buffer_, 9), ZX_OK);
  EXPECT_EQ(Copy(kWriteIt, 3 * kPageSize, 1).value(), 1u);
  EXPECT_EQ(Load(*target_, va_ + 3 * kPageSize), 9);
}

TEST_F(ProcessMemoryTest, CopyEndsWhereNothingIsMapped) {
  ASSERT_TRUE(target_->root().Unmap(va_ + kPageSize, 3 * kPageSize).ok());
  for (const auto direction : {kReadIt, kWriteIt}) {
    EXPECT_EQ(Copy(direction, 0, kPageSize).value(), kPageSize);
    EXPECT_EQ(Copy(direction, 0, 2 * kPageSize).value(), kPageSize);
    EXPECT_EQ(Copy(direction, kPageSize - 1, 2).value(), 1u);
    EXPECT_EQ(ValueOf(Copy(direction, kPageSize, kPageSize)), ZX_ERR_NOT_FOUND);
  }
}

TEST_F(ProcessMemoryTest, CopyCrossesMappingsThatMeet) {
  RefPtr<Vmo> other = MakeVmo(1);
  ASSERT_TRUE(target_->root()
                  .Map({.vmo = other,
                        .length = kPageSize,
                        .vmar_offset = va_ + kPageSize - target_->root().base(),
                        .options = kMapRead | ZX_VM_SPECIFIC_OVERWRITE})
                  .ok());
  EXPECT_EQ(Copy(kReadIt, 0, 4 * kPageSize).value(), 4 * kPageSize);
  EXPECT_EQ(Load(*caller_, buffer_ + kPageSize), 0);
  EXPECT_EQ(Load(*caller_, buffer_ + 2 * kPageSize), 3);
}

TEST_F(ProcessMemoryTest, CopyEndsWithTheObject) {
  const VirtualAddress va =
      target_->root().Map({.vmo = vmo_, .length = 8 * kPageSize, .options = kMapReadWrite}).value();
  va_ = va;
  EXPECT_EQ(Copy(kReadIt, 0, 8 * kPageSize).value(), 4 * kPageSize);
  EXPECT_EQ(ValueOf(Copy(kReadIt, 4 * kPageSize, 1)), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(ProcessMemoryTest, RightsOfTheVmoHandleCountAndNotThePresentPermission) {
  ASSERT_TRUE(target_->root().Protect(va_, 4 * kPageSize, 0).ok());
  EXPECT_EQ(Copy(kReadIt, 0, 1).value(), 1u);
  EXPECT_EQ(Copy(kWriteIt, 0, 1).value(), 1u);
  MapRequest request{.vmo = vmo_, .length = kPageSize, .options = kMapRead, .vmo_rights = kRead};
  va_ = target_->root().Map(request).value();
  EXPECT_EQ(Copy(kReadIt, 0, 1).value(), 1u);
  EXPECT_EQ(ValueOf(Copy(kWriteIt, 0, 1)), ZX_ERR_ACCESS_DENIED);
}

TEST_F(ProcessMemoryTest, MappingThatGoesWhileItsPageIsFetchedIsReadAllTheSame) {
  PagedObject object(2);
  va_ = MapAll(*target_, object.vmo, kMapRead);
  zx_status_t status = ZX_ERR_SHOULD_WAIT;
  fake_arch::StartThread([&] { status = ValueOf(Copy(kReadIt, kPageSize, 1)); });
  fake_arch::RunUntilIdle();
  ASSERT_EQ(status, ZX_ERR_SHOULD_WAIT);
  ASSERT_TRUE(target_->root().Unmap(va_, 2 * kPageSize).ok());
  object.vmo = nullptr;
  object.provider->AnswerAll(ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_EQ(status, ZX_OK);
  EXPECT_EQ(Load(*caller_, buffer_), 1);
  EXPECT_EQ(ValueOf(Copy(kReadIt, 0, 1)), ZX_ERR_NOT_FOUND);
}

TEST_F(ProcessMemoryTest, BadBufferIsRefused) {
  const auto read_to = [&](VirtualAddress buffer, uint64_t length) {
    return ValueOf(CopyProcessMemory(*target_, va_, *caller_, buffer, length, kReadIt));
  };
  EXPECT_EQ(read_to(0, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(read_to(AddressSpace::kUserEnd, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(read_to(UINT64_MAX - 1, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(read_to(buffer_ + 8 * kPageSize, 1), ZX_ERR_NOT_FOUND);
  target_->Destroy();
  EXPECT_EQ(read_to(buffer_, 1), ZX_ERR_NOT_FOUND);
}

}  // namespace
}  // namespace gk
