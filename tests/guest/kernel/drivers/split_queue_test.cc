// The driver's end of a queue against the device's end, and against a device that breaks the rules.
#include "guest/kernel/drivers/split_queue.h"

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <random>
#include <set>
#include <vector>

#include "guest/kernel/vm/pmm.h"
#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/drivers/test_machine.h"

namespace gk::drivers {
namespace {

using test::TestRam;

constexpr PhysicalAddress kBuffers = 0x10'0000;

// Both ends of one queue.
class SplitQueueTest : public ::testing::Test {
 protected:
  void Connect(uint16_t size, bool event_index) {
    auto driver = SplitQueue::Create(size, event_index);
    ASSERT_TRUE(driver.ok());
    driver_.emplace(std::move(driver).value());
    auto device = dev::SplitQueue::Create(ram_.memory(), {.size = size,
                                                          .descriptors = driver_->descriptors_address(),
                                                          .available = driver_->available_address(),
                                                          .used = driver_->used_address(),
                                                          .event_idx = event_index,
                                                          .indirect = false});
    ASSERT_TRUE(device.ok());
    device_.emplace(std::move(device).value());
  }

  // Adds a chain of `count` buffers, the last of 100 bytes for the device to write.
  void AddChain(uint32_t token, size_t count = 2) {
    std::vector<QueueBuffer> buffers;
    for (size_t i = 0; i < count; ++i) {
      buffers.push_back({.address = kBuffers + i * 4096, .length = 100, .device_writes = i + 1 == count});
    }
    driver_->Add(buffers, token);
  }

  dev::DescriptorChain MustTake() {
    auto chain = device_->Pop();
    EXPECT_TRUE(chain.ok());
    EXPECT_TRUE(chain->has_value());
    return std::move(**chain);
  }

  void Give(const dev::DescriptorChain& chain, uint32_t length) {
    device_->AddUsed(chain.head(), length);
    (void)device_->PublishUsed();
  }

  std::optional<UsedChain> MustPop() {
    auto used = driver_->PopUsed();
    EXPECT_TRUE(used.ok());
    return used.ok() ? *used : std::nullopt;
  }

  // The used ring as a device without scruples would write it.
  void ForgeUsed(uint16_t index, uint32_t id, uint32_t length) {
    std::byte* used = ram_.at(driver_->used_address());
    std::byte* entry = used + 4 + ((index - 1) & (driver_->size() - 1)) * 8;
    std::memcpy(entry, &id, sizeof(id));
    std::memcpy(entry + 4, &length, sizeof(length));
    std::memcpy(used + 2, &index, sizeof(index));
  }

  TestRam ram_;
  std::optional<SplitQueue> driver_;
  std::optional<dev::SplitQueue> device_;
};

class EitherSplitQueueTest : public SplitQueueTest, public ::testing::WithParamInterface<bool> {};

TEST_F(SplitQueueTest, ChainArrivesAsItWasAddedAndItsTokenComesBack) {
  Connect(8, true);
  AddChain(77, 3);
  (void)driver_->Publish();
  const dev::DescriptorChain chain = MustTake();
  ASSERT_EQ(chain.readable().size(), 2u);
  ASSERT_EQ(chain.writable().size(), 1u);
  EXPECT_EQ(chain.readable()[1].address, kBuffers + 4096);
  EXPECT_EQ(chain.writable_bytes(), 100u);
  EXPECT_FALSE(MustPop().has_value());
  Give(chain, 40);
  const auto used = MustPop();
  ASSERT_TRUE(used.has_value());
  EXPECT_EQ(used->token, 77u);
  EXPECT_EQ(used->length, 40u);
  EXPECT_FALSE(MustPop().has_value());
}

TEST_F(SplitQueueTest, NothingIsVisibleBeforePublish) {
  Connect(8, true);
  AddChain(1);
  EXPECT_FALSE(device_->HasWork());
  (void)driver_->Publish();
  EXPECT_TRUE(device_->HasWork());
}

TEST_F(SplitQueueTest, FullQueueIsFreeAgainWhenAllChainsAreUsed) {
  Connect(8, true);
  for (uint32_t token = 0; token < 4; ++token) {
    AddChain(token);
  }
  EXPECT_EQ(driver_->free_descriptors(), 0);
  EXPECT_EQ(driver_->outstanding(), 4);
  (void)driver_->Publish();
  for (uint32_t token = 0; token < 4; ++token) {
    Give(MustTake(), 0);
    EXPECT_EQ(MustPop()->token, token);
  }
  EXPECT_EQ(driver_->free_descriptors(), 8);
  EXPECT_EQ(driver_->outstanding(), 0);
}

TEST_F(SplitQueueTest, OneChainMayTakeTheWholeQueue) {
  Connect(8, true);
  AddChain(5, 8);
  (void)driver_->Publish();
  Give(MustTake(), 100);
  EXPECT_EQ(MustPop()->token, 5u);
  EXPECT_EQ(driver_->free_descriptors(), 8);
}

// Far more chains than an index has values, of random lengths, used in random order.
TEST_P(EitherSplitQueueTest, WrapsAroundForEverWithChainsInAnyOrder) {
  Connect(16, GetParam());
  std::mt19937 random(1);
  std::vector<std::pair<dev::DescriptorChain, uint32_t>> at_device;
  std::multiset<uint32_t> expected;
  uint32_t next_token = 0;
  while (next_token < 140'000) {
    const size_t count = 1 + random() % 4;
    if (driver_->free_descriptors() >= count) {
      AddChain(next_token, count);
      expected.insert(next_token++);
      (void)driver_->Publish();
      at_device.emplace_back(MustTake(), 0);
      continue;
    }
    const size_t pick = random() % at_device.size();
    Give(at_device[pick].first, 0);
    at_device.erase(at_device.begin() + static_cast<ptrdiff_t>(pick));
    const auto used = MustPop();
    ASSERT_TRUE(used.has_value());
    ASSERT_EQ(expected.erase(used->token), 1u);
  }
  EXPECT_EQ(expected.size(), at_device.size());
  EXPECT_EQ(driver_->outstanding(), at_device.size());
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutEventIndex, EitherSplitQueueTest, ::testing::Bool(),
                         [](const auto& information) { return information.param ? "EventIndex" : "Flags"; });

TEST_P(EitherSplitQueueTest, NotifiesOnlyADeviceThatAskedForIt) {
  Connect(8, GetParam());
  device_->DisableNotifications();
  AddChain(1);
  // With event indices the device can only name an index: the first chain is the one it named by default.
  (void)driver_->Publish();
  AddChain(2);
  EXPECT_FALSE(driver_->Publish());
  Give(MustTake(), 0);
  Give(MustTake(), 0);
  EXPECT_FALSE(device_->EnableNotifications());
  AddChain(3);
  EXPECT_TRUE(driver_->Publish());
  EXPECT_FALSE(driver_->Publish()) << "nothing new";
}

TEST_P(EitherSplitQueueTest, IsInterruptedOnlyAfterAskingForIt) {
  Connect(8, GetParam());
  for (uint32_t token = 0; token < 3; ++token) {
    AddChain(token);
  }
  (void)driver_->Publish();
  device_->AddUsed(MustTake().head(), 0);
  EXPECT_FALSE(device_->PublishUsed());
  EXPECT_TRUE(driver_->EnableInterrupts()) << "a used chain is there already";
  (void)MustPop();
  EXPECT_FALSE(driver_->EnableInterrupts());
  device_->AddUsed(MustTake().head(), 0);
  EXPECT_TRUE(device_->PublishUsed());
  (void)MustPop();
  driver_->DisableInterrupts();
  device_->AddUsed(MustTake().head(), 0);
  EXPECT_FALSE(device_->PublishUsed());
}

TEST_F(SplitQueueTest, CreateTakesOnlySizesThatAQueueCanHave) {
  for (const uint16_t size : {uint16_t{0}, uint16_t{3}, uint16_t{2048}}) {
    EXPECT_EQ(SplitQueue::Create(size, true).error(), Status(ZX_ERR_INVALID_ARGS)) << size;
  }
}

TEST_F(SplitQueueTest, CreateGivesEverythingBackWhenMemoryRunsOut) {
  const uint64_t free_before = GetPmmStatistics().free_pages;
  for (uint64_t failing = 1; failing <= 2; ++failing) {
    torture::FailAllocation(failing);
    EXPECT_EQ(SplitQueue::Create(256, true).error(), Status(ZX_ERR_NO_MEMORY)) << failing;
  }
  torture::FailAllocation(0);
  EXPECT_EQ(GetPmmStatistics().free_pages, free_before);
}

struct Lie {
  const char* title;
  uint16_t index;  // of the used ring
  uint32_t id;
  uint32_t length;
};

// Two chains of two descriptors are with the device: heads 0 and 2, room for 100 bytes each.
class WithLyingDevice : public SplitQueueTest {
 protected:
  void Tell(const Lie& lie) {
    Connect(8, true);
    AddChain(1);
    AddChain(2);
    (void)driver_->Publish();
    ForgeUsed(lie.index, lie.id, lie.length);
  }
};

TEST_F(WithLyingDevice, BreaksTheQueueForGood) {
  const Lie lies[] = {
      {"IdOutsideTheTable", 1, 8, 0},         {"IdFarOutside", 1, 0xffff'ffff, 0}, {"IdInTheMiddleOfAChain", 1, 1, 0},
      {"IdOfAFreeDescriptor", 1, 5, 0},       {"LongerThanTheRoom", 1, 0, 101},    {"HugeLength", 1, 0, 0xffff'ffff},
      {"MoreChainsThanOutstanding", 3, 0, 0}, {"IndexBackwards", 0xffff, 0, 0},
  };
  for (const Lie& lie : lies) {
    SCOPED_TRACE(lie.title);
    Tell(lie);
    EXPECT_EQ(driver_->PopUsed().error(), Status(ZX_ERR_IO_DATA_INTEGRITY));
    EXPECT_TRUE(driver_->broken());
    ForgeUsed(1, 0, 0);
    EXPECT_EQ(driver_->PopUsed().error(), Status(ZX_ERR_IO_DATA_INTEGRITY));
    device_.reset();
    driver_.reset();
  }
}

TEST_F(WithLyingDevice, DoesNotTakeTheSameChainTwice) {
  Tell({"", 1, 0, 100});
  EXPECT_EQ(MustPop()->token, 1u);
  ForgeUsed(2, 0, 0);
  EXPECT_EQ(driver_->PopUsed().error(), Status(ZX_ERR_IO_DATA_INTEGRITY));
}

}  // namespace
}  // namespace gk::drivers
