#include <zircon/syscalls/object.h>

#include "tests/guest/kernel/object/object_fakes.h"
#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;
using test::FakeEvent;

class HandleCallsTest : public test::SyscallTest {
 protected:
  HandleCallsTest() : event_(Add(MakeRefCounted<FakeEvent>(), ZX_DEFAULT_EVENT_RIGHTS)), out_(Put(kUntouched)) {}

  static constexpr zx_handle_t kUntouched = 0x12345678;
  zx_handle_t event_;
  VirtualAddress out_;
};

TEST_F(HandleCallsTest, CloseTakesTheInvalidHandleAndEachHandleOnce) {
  EXPECT_EQ(Call(Syscall::handle_close, ZX_HANDLE_INVALID), ZX_OK);
  EXPECT_EQ(Call(Syscall::handle_close, event_), ZX_OK);
  EXPECT_EQ(Call(Syscall::handle_close, event_), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Call(Syscall::handle_close, uint32_t{7}), ZX_ERR_BAD_HANDLE);
}

TEST_F(HandleCallsTest, DuplicateGivesTheSameObjectWithTheSameOrFewerRights) {
  EXPECT_EQ(Call(Syscall::handle_duplicate, event_, ZX_RIGHT_SAME_RIGHTS, out_), ZX_OK);
  const zx_handle_t same = Get<zx_handle_t>(out_);
  EXPECT_NE(same, event_);
  EXPECT_EQ(RightsOf(same), ZX_DEFAULT_EVENT_RIGHTS);
  EXPECT_EQ(process_->handles().Find(same)->object(), process_->handles().Find(event_)->object());
  EXPECT_EQ(Call(Syscall::handle_duplicate, event_, ZX_RIGHT_WAIT, out_), ZX_OK);
  EXPECT_EQ(RightsOf(Get<zx_handle_t>(out_)), ZX_RIGHT_WAIT);
}

TEST_F(HandleCallsTest, DuplicateChecksHandleThenTheRightToDuplicateThenTheRights) {
  EXPECT_EQ(Call(Syscall::handle_duplicate, ZX_HANDLE_INVALID, ZX_RIGHT_SAME_RIGHTS, out_), ZX_ERR_BAD_HANDLE);
  const zx_handle_t fixed = Without(event_, ZX_RIGHT_DUPLICATE);
  EXPECT_EQ(Call(Syscall::handle_duplicate, fixed, ZX_RIGHT_MAP, out_), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::handle_duplicate, event_, ZX_RIGHT_WAIT | ZX_RIGHT_MAP, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Get<zx_handle_t>(out_), kUntouched);
}

TEST_F(HandleCallsTest, CloseManyClosesAllWhateverIsWrongWithSome) {
  const zx_handle_t second = Without(event_, ZX_RIGHT_NONE);
  const std::array<zx_handle_t, 4> handles{event_, 7, ZX_HANDLE_INVALID, second};
  EXPECT_EQ(Call(Syscall::handle_close_many, Put(handles), handles.size()), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(process_->handles().Find(event_), nullptr);
  EXPECT_EQ(process_->handles().Find(second), nullptr);
  EXPECT_EQ(Call(Syscall::handle_close_many, kBadAddress, 0), ZX_OK);
  EXPECT_EQ(Call(Syscall::handle_close_many, kBadAddress, 1), ZX_ERR_INVALID_ARGS);
}

TEST_F(HandleCallsTest, ReplaceGivesANewHandleAndTakesTheOld) {
  const zx_handle_t fixed = Without(event_, ZX_RIGHT_DUPLICATE);
  EXPECT_EQ(Call(Syscall::handle_replace, fixed, ZX_RIGHT_WAIT, out_), ZX_OK);
  EXPECT_EQ(process_->handles().Find(fixed), nullptr);
  const zx_handle_t replaced = Get<zx_handle_t>(out_);
  EXPECT_EQ(RightsOf(replaced), ZX_RIGHT_WAIT);
  EXPECT_EQ(Call(Syscall::handle_replace, replaced, ZX_RIGHT_WAIT | ZX_RIGHT_MAP, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(process_->handles().Find(replaced), nullptr) << "gone on failure too";
  EXPECT_EQ(Call(Syscall::handle_replace, replaced, ZX_RIGHT_SAME_RIGHTS, out_), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Call(Syscall::handle_replace, event_, ZX_RIGHT_SAME_RIGHTS, out_), ZX_OK);
  EXPECT_EQ(RightsOf(Get<zx_handle_t>(out_)), ZX_DEFAULT_EVENT_RIGHTS);
}

TEST_F(HandleCallsTest, AHandleThatCannotBeToldIsNotLeaked) {
  const uint32_t before = process_->handles().count();
  EXPECT_EQ(Call(Syscall::handle_duplicate, event_, ZX_RIGHT_SAME_RIGHTS, kBadAddress), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::vmo_create, 4096, 0u, uint64_t{0}), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(process_->handles().count(), before);
}

TEST_F(HandleCallsTest, GetPropertyChecksHandleThenRightThenProperty) {
  const zx_handle_t vmo = CreateVmo(100);
  EXPECT_EQ(Call(Syscall::object_get_property, ZX_HANDLE_INVALID, 999u, out_, 8), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Call(Syscall::object_get_property, Without(vmo, ZX_RIGHT_GET_PROPERTY), 999u, out_, 8),
            ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::object_get_property, vmo, 999u, out_, 8), ZX_ERR_INVALID_ARGS);
}

TEST_F(HandleCallsTest, TheContentSizeIsTheUnroundedSizeAndOnlyVmosHaveOne) {
  const zx_handle_t vmo = CreateVmo(4097);
  EXPECT_EQ(Call(Syscall::object_get_property, vmo, ZX_PROP_VMO_CONTENT_SIZE, out_, 7), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(Call(Syscall::object_get_property, vmo, ZX_PROP_VMO_CONTENT_SIZE, kBadAddress, 8), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::object_get_property, vmo, ZX_PROP_VMO_CONTENT_SIZE, out_, 8), ZX_OK);
  EXPECT_EQ(Get<uint64_t>(out_), 4097u);
  const zx_handle_t process = Add(process_, ZX_DEFAULT_PROCESS_RIGHTS);
  EXPECT_EQ(Call(Syscall::object_get_property, process, ZX_PROP_VMO_CONTENT_SIZE, out_, 8), ZX_ERR_WRONG_TYPE);
}

TEST_F(HandleCallsTest, SetPropertyChecksHandleThenRightThenProperty) {
  const zx_handle_t vmo = CreateVmo(100);
  const VirtualAddress name = PutText("something new");
  EXPECT_EQ(Call(Syscall::object_set_property, ZX_HANDLE_INVALID, ZX_PROP_NAME, name, 9), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Call(Syscall::object_set_property, Without(vmo, ZX_RIGHT_SET_PROPERTY), 999u, name, 9),
            ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::object_set_property, vmo, 999u, name, 9), ZX_ERR_INVALID_ARGS);
}

TEST_F(HandleCallsTest, ANameThatIsSetIsCutAndCanBeRead) {
  const zx_handle_t vmo = CreateVmo(100);
  const VirtualAddress name = PutText("something new");
  EXPECT_EQ(Call(Syscall::object_set_property, vmo, ZX_PROP_NAME, name, 9), ZX_OK);
  const VirtualAddress out = Put(std::array<char, 32>{});
  EXPECT_EQ(Call(Syscall::object_get_property, vmo, ZX_PROP_NAME, out, 32), ZX_OK);
  EXPECT_STREQ((Get<std::array<char, 32>>(out).data()), "something");
  const VirtualAddress long_name = PutText(std::string(40, 'n'));
  EXPECT_EQ(Call(Syscall::object_set_property, vmo, ZX_PROP_NAME, long_name, 40), ZX_OK);
  EXPECT_EQ(Call(Syscall::object_get_property, vmo, ZX_PROP_NAME, out, 32), ZX_OK);
  EXPECT_STREQ((Get<std::array<char, 32>>(out).data()), std::string(31, 'n').c_str());
  EXPECT_EQ(Call(Syscall::object_set_property, vmo, ZX_PROP_NAME, kBadAddress, 4), ZX_ERR_INVALID_ARGS);
  const zx_handle_t nameless = Add(MakeRefCounted<FakeEvent>(), ZX_RIGHT_SET_PROPERTY);
  EXPECT_EQ(Call(Syscall::object_set_property, nameless, ZX_PROP_NAME, name, 9), ZX_ERR_WRONG_TYPE);
}

TEST_F(HandleCallsTest, NamesComeZeroFilledAndSomeTypesHaveNone) {
  const zx_handle_t process = Add(process_, ZX_DEFAULT_PROCESS_RIGHTS);
  const VirtualAddress name = Put(std::array<char, 33>{'x'});
  EXPECT_EQ(Call(Syscall::object_get_property, process, ZX_PROP_NAME, name, 31), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(Call(Syscall::object_get_property, process, ZX_PROP_NAME, name, 33), ZX_OK);
  const auto text = Get<std::array<char, 33>>(name);
  EXPECT_STREQ(text.data(), "caller");
  EXPECT_EQ(text[31], '\0');
  const zx_handle_t nameless = Add(MakeRefCounted<FakeEvent>(), ZX_RIGHT_GET_PROPERTY);
  EXPECT_EQ(Call(Syscall::object_get_property, nameless, ZX_PROP_NAME, name, 32), ZX_ERR_WRONG_TYPE);
}

}  // namespace
}  // namespace gk
