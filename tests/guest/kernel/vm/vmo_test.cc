#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "guest/kernel/sched/thread.h"
#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/vm/vm_fixture.h"
#include "tests/support/fake_arch/fibers.h"

namespace gk {
namespace {

using VmoTest = VmTest;

TEST_F(VmoTest, NewObjectReadsAsZeroAndTakesNoMemory) {
  const RefPtr<Vmo> vmo = MakeVmo(4);
  std::vector<uint8_t> bytes(4 * kPageSize, 0xff);
  ASSERT_TRUE(vmo->Read(bytes.data(), 0, bytes.size()).ok());
  EXPECT_EQ(std::count(bytes.begin(), bytes.end(), 0), static_cast<ptrdiff_t>(bytes.size()));
  EXPECT_EQ(vmo->committed_pages(), 0u);
}

TEST_F(VmoTest, WrittenBytesAreReadBackAcrossPages) {
  const RefPtr<Vmo> vmo = MakeVmo(3);
  std::vector<uint8_t> written(kPageSize + 100);
  for (size_t i = 0; i < written.size(); ++i) {
    written[i] = static_cast<uint8_t>(i * 7);
  }
  ASSERT_TRUE(vmo->Write(written.data(), kPageSize - 50, written.size()).ok());

  std::vector<uint8_t> read(written.size());
  ASSERT_TRUE(vmo->Read(read.data(), kPageSize - 50, read.size()).ok());
  EXPECT_EQ(read, written);
  EXPECT_EQ(vmo->committed_pages(), 3u);
}

TEST_F(VmoTest, AccessMustLieInsideTheObject) {
  const RefPtr<Vmo> vmo = MakeVmo(1);
  uint8_t bytes[2] = {};
  EXPECT_EQ(ValueOf(vmo->Read(bytes, kPageSize - 1, 2)), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(ValueOf(vmo->Write(bytes, UINT64_MAX, 2)), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(ValueOf(vmo->Read(bytes, kPageSize + 1, 0)), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(ValueOf(vmo->Read(bytes, kPageSize, 0)), ZX_OK);
}

TEST_F(VmoTest, SizeIsRoundedUpAndContentSizeIsNot) {
  const RefPtr<Vmo> vmo = Vmo::Create(5000, Resizability::kResizable).value();
  EXPECT_EQ(vmo->size(), 2 * kPageSize);
  EXPECT_EQ(vmo->content_size(), 5000u);
  ASSERT_TRUE(vmo->Resize(kPageSize + 1).ok());
  EXPECT_EQ(vmo->content_size(), kPageSize + 1);
  vmo->SetContentSize(3 * kPageSize + 1);  // a note, which may lie
  EXPECT_EQ(vmo->content_size(), 3 * kPageSize + 1);
  EXPECT_EQ(vmo->size(), 2 * kPageSize);
}

TEST_F(VmoTest, LargestSizeIsAcceptedAndTheNextIsNot) {
  EXPECT_TRUE(Vmo::Create(Vmo::kMaxSize, Resizability::kFixed).ok());
  EXPECT_EQ(ValueOf(Vmo::Create(Vmo::kMaxSize + 1, Resizability::kFixed)), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(ValueOf(Vmo::Create(UINT64_MAX, Resizability::kFixed)), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(VmoTest, SparseTebibyteIsCheap) {
  const RefPtr<Vmo> vmo = MakeVmo((uint64_t{1} << 40) / kPageSize);
  const uint8_t byte = 9;
  ASSERT_TRUE(vmo->Write(&byte, (uint64_t{1} << 40) - 1, 1).ok());
  ASSERT_TRUE(vmo->Write(&byte, uint64_t{1} << 39, 1).ok());
  EXPECT_EQ(vmo->committed_pages(), 2u);
  ASSERT_TRUE(vmo->Decommit(0, uint64_t{1} << 40).ok());
  EXPECT_EQ(vmo->committed_pages(), 0u);
}

TEST_F(VmoTest, DecommitMakesZeroesAgain) {
  const RefPtr<Vmo> vmo = MakeVmo(3);
  const std::vector<uint8_t> ones(3 * kPageSize, 1);
  ASSERT_TRUE(vmo->Write(ones.data(), 0, ones.size()).ok());

  ASSERT_TRUE(vmo->Decommit(kPageSize, kPageSize).ok());

  uint8_t byte = 0xff;
  ASSERT_TRUE(vmo->Read(&byte, kPageSize, 1).ok());
  EXPECT_EQ(byte, 0);
  ASSERT_TRUE(vmo->Read(&byte, 2 * kPageSize, 1).ok());
  EXPECT_EQ(byte, 1);
  EXPECT_EQ(ValueOf(vmo->Decommit(1, kPageSize)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(vmo->Decommit(0, 4 * kPageSize)), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(VmoTest, CommitMakesPagesPresent) {
  const RefPtr<Vmo> vmo = MakeVmo(4);
  ASSERT_TRUE(vmo->Commit(kPageSize, 2 * kPageSize).ok());
  EXPECT_EQ(vmo->committed_pages(), 2u);
  EXPECT_EQ(vmo->FindPresent(0), 1u);
  EXPECT_EQ(vmo->FindPresent(3), Vmo::kNoPage);
  EXPECT_EQ(ValueOf(vmo->Commit(kPageSize, 4 * kPageSize)), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(VmoTest, CommitMakesLargeRunsOfNeighboursWhereNothingWas) {
  constexpr uint64_t kLarge = base::kPagesPerLargePage;
  const RefPtr<Vmo> vmo = MakeVmo(3 * kLarge + 5);
  const uint8_t byte = 7;
  ASSERT_TRUE(vmo->Write(&byte, kLarge * kPageSize + 100, 1).ok());
  ASSERT_TRUE(vmo->Commit(0, vmo->size()).ok());
  EXPECT_EQ(vmo->committed_pages(), 3 * kLarge + 5);
  const PhysicalAddress run = vmo->PeekLargeRun(0).address;
  ASSERT_NE(run, arch::kNoFrame);
  EXPECT_TRUE(base::IsAligned(run, base::kLargePageSize));
  EXPECT_TRUE(vmo->PeekLargeRun(2 * kLarge).writable);
  uint8_t found = 0;
  ASSERT_TRUE(vmo->Read(&found, kLarge * kPageSize + 100, 1).ok());
  EXPECT_EQ(found, byte);
  const RefPtr<Vmo> clone = vmo->CreateChild(ChildKind::kSnapshot, 0, kPageSize, Resizability::kFixed).value();
  EXPECT_FALSE(vmo->PeekLargeRun(0));
  EXPECT_TRUE(vmo->PeekLargeRun(2 * kLarge).writable);
}

TEST_F(VmoTest, CommitOfALargeRunReplacesTheZeroPageInMappings) {
  constexpr uint64_t kLarge = base::kPagesPerLargePage;
  const RefPtr<AddressSpace> space = MakeSpace();
  const RefPtr<Vmo> vmo = MakeVmo(kLarge);
  const VirtualAddress address = MapAll(*space, vmo, kMapReadWrite);
  EXPECT_EQ(Load(*space, address), 0);
  ASSERT_TRUE(vmo->Commit(0, vmo->size()).ok());
  const uint8_t byte = 7;
  ASSERT_TRUE(vmo->Write(&byte, 0, 1).ok());
  EXPECT_EQ(Load(*space, address), 7);
}

TEST_F(VmoTest, CommitNearTheLargestOffsetEnds) {
  const RefPtr<Vmo> vmo = Vmo::Create(Vmo::kMaxSize, Resizability::kFixed).value();
  ASSERT_TRUE(vmo->Commit(Vmo::kMaxSize - 3 * kPageSize, 3 * kPageSize).ok());
  EXPECT_EQ(vmo->committed_pages(), 3u);
}

TEST_F(VmoTest, ShrinkingDropsPagesAndGrowingGivesZeroes) {
  const RefPtr<Vmo> vmo = MakeVmo(4, Resizability::kResizable);
  const std::vector<uint8_t> ones(4 * kPageSize, 1);
  ASSERT_TRUE(vmo->Write(ones.data(), 0, ones.size()).ok());

  ASSERT_TRUE(vmo->Resize(kPageSize).ok());
  EXPECT_EQ(vmo->committed_pages(), 1u);
  ASSERT_TRUE(vmo->Resize(4 * kPageSize).ok());

  uint8_t byte = 0xff;
  ASSERT_TRUE(vmo->Read(&byte, kPageSize, 1).ok());
  EXPECT_EQ(byte, 0);
}

TEST_F(VmoTest, FixedObjectRefusesToResize) {
  const RefPtr<Vmo> vmo = MakeVmo(4);
  EXPECT_EQ(ValueOf(vmo->Resize(5 * kPageSize)), ZX_ERR_UNAVAILABLE);
  EXPECT_EQ(vmo->size(), 4 * kPageSize);
}

// Far more than anybody can wait for.
constexpr PageIndex kEndless = PageIndex{1} << 40;

// Runs `operation` on a thread of its own, has another thread kill it, and returns its status.
template <typename Operation>
zx_status_t KillDuring(Operation operation) {
  zx_status_t status = ZX_OK;
  RefPtr<Thread> thread;
  fake_arch::StartThread([&] {
    thread = RefPtr<Thread>(Thread::Current());
    status = ValueOf(operation());
  });
  fake_arch::StartThread([&] { thread->Kill(); });
  fake_arch::RunUntilIdle();
  return status;
}

TEST_F(VmoTest, LongPrefetchLetsOthersInAndEndsWithItsThread) {
  const RefPtr<Vmo> vmo = MakeVmo(kEndless);
  EXPECT_EQ(KillDuring([&] { return vmo->Prefetch(0, vmo->size()); }), ZX_ERR_INTERNAL_INTR_KILLED);
}

TEST_F(VmoTest, LongCommitLetsOthersInAndEndsWithItsThread) {
  const RefPtr<Vmo> vmo = MakeVmo(kEndless);
  EXPECT_EQ(KillDuring([&] { return vmo->Commit(0, vmo->size()); }), ZX_ERR_INTERNAL_INTR_KILLED);
  EXPECT_LT(vmo->committed_pages(), 1024u) << "memory is not what ended it";
}

TEST_F(VmoTest, OutOfMemoryLeavesThePrefix) {
  const RefPtr<Vmo> vmo = MakeVmo(4);
  const std::vector<uint8_t> ones(4 * kPageSize, 1);
  torture::FailAllocation(4);  // a page and a node, a page, then this one
  EXPECT_EQ(ValueOf(vmo->Write(ones.data(), 0, ones.size())), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(vmo->committed_pages(), 2u);
}

TEST_F(VmoTest, OutOfMemoryWhileCreatingIsReported) {
  torture::FailAllocation(1);
  EXPECT_EQ(ValueOf(Vmo::Create(kPageSize, Resizability::kFixed)), ZX_ERR_NO_MEMORY);
}

}  // namespace
}  // namespace gk
