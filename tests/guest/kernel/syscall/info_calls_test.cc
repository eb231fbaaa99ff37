#include <zircon/syscalls/object.h>

#include "guest/kernel/syscall/info_sink.h"
#include "tests/guest/kernel/object/object_fakes.h"
#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;
using syscall::InfoSink;
using test::FakeEvent;

class InfoCallsTest : public test::SyscallTest {
 protected:
  InfoCallsTest()
      : event_(Add(MakeRefCounted<FakeEvent>(), ZX_RIGHT_INSPECT)),
        buffer_(Put(std::array<uint32_t, 8>{})),
        actual_(Put(size_t{99})),
        available_(Put(size_t{99})) {}

  int64_t GetInfo(zx_handle_t handle, uint32_t topic, size_t size) {
    return Call(Syscall::object_get_info, handle, topic, buffer_, size, actual_, available_);
  }

  zx_handle_t event_;
  VirtualAddress buffer_;
  VirtualAddress actual_;
  VirtualAddress available_;
};

TEST_F(InfoCallsTest, OneRecordIsStoredAndCounted) {
  Without(event_, 0);
  EXPECT_EQ(GetInfo(event_, ZX_INFO_HANDLE_COUNT, 100), ZX_OK);
  EXPECT_EQ(Get<uint32_t>(buffer_), 2u);
  EXPECT_EQ(Get<size_t>(actual_), 1u);
  EXPECT_EQ(Get<size_t>(available_), 1u);
}

TEST_F(InfoCallsTest, OneRecordThatDoesNotFitIsTooSmallABufferWithBothCountsTold) {
  EXPECT_EQ(GetInfo(event_, ZX_INFO_HANDLE_COUNT, 3), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(Get<uint32_t>(buffer_), 0u) << "nothing is stored in part";
  EXPECT_EQ(Get<size_t>(actual_), 0u);
  EXPECT_EQ(Get<size_t>(available_), 1u);
}

TEST_F(InfoCallsTest, CountsMayBeNullAndMustBeWritableOtherwise) {
  const VirtualAddress null = 0;
  EXPECT_EQ(Call(Syscall::object_get_info, event_, ZX_INFO_HANDLE_COUNT, buffer_, 4, null, null), ZX_OK);
  EXPECT_EQ(Call(Syscall::object_get_info, event_, ZX_INFO_HANDLE_COUNT, buffer_, 4, kBadAddress, null),
            ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::object_get_info, event_, ZX_INFO_HANDLE_COUNT, buffer_, 4, null, kBadAddress),
            ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::object_get_info, event_, ZX_INFO_HANDLE_COUNT, kBadAddress, 4, null, null),
            ZX_ERR_INVALID_ARGS);
}

TEST_F(InfoCallsTest, HandleAndRightAreCheckedAndAnUnknownTopicIsNotSupported) {
  EXPECT_EQ(GetInfo(event_, ZX_INFO_HANDLE_VALID, 0), ZX_OK);
  EXPECT_EQ(GetInfo(ZX_HANDLE_INVALID, ZX_INFO_HANDLE_VALID, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(GetInfo(Without(event_, ZX_RIGHT_INSPECT), ZX_INFO_HANDLE_COUNT, 100), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(GetInfo(ZX_HANDLE_INVALID, 0x0fff'ffffu, 100), ZX_ERR_NOT_SUPPORTED);
}

TEST_F(InfoCallsTest, WhatAHandleIsMayBeAskedWithoutAnyRight) {
  const zx_handle_t bare = Without(event_, ~zx_rights_t{0});
  EXPECT_EQ(GetInfo(bare, ZX_INFO_HANDLE_BASIC, sizeof(zx_info_handle_basic_t)), ZX_OK);
  EXPECT_EQ(Get<zx_info_handle_basic_t>(buffer_).rights, ZX_RIGHT_NONE);
  EXPECT_EQ(GetInfo(bare, ZX_INFO_HANDLE_COUNT, 100), ZX_ERR_ACCESS_DENIED);
}

TEST_F(InfoCallsTest, AListStoresWhatFitsAndCountsAll) {
  syscall::Caller caller{.process = *process_, .thread = *thread_};
  const std::array<uint64_t, 5> records = {1, 2, 3, 4, 5};
  InfoSink sink(caller, {buffer_}, 3 * sizeof(uint64_t) - 1);
  InThread([&] { EXPECT_TRUE(sink.AddAll(std::span<const uint64_t>(records)).ok()); });
  EXPECT_EQ(sink.actual(), 2u);
  EXPECT_EQ(sink.available(), 5u);
  EXPECT_EQ((Get<std::array<uint64_t, 3>>(buffer_)), (std::array<uint64_t, 3>{1, 2, 0}));
  EXPECT_FALSE(sink.HasRoomFor(sizeof(uint64_t)));
}

}  // namespace
}  // namespace gk
