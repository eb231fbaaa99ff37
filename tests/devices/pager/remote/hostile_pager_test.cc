// Whatever a pager process does: the monitor closes the connection with one line, loses no request, and asks the next
// pager what the bad one had not answered.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "devices/pager/remote/remote_pager.h"
#include "tests/devices/support/awaited_answer.h"
#include "tests/devices/support/raw_pager.h"
#include "tests/devices/support/recording_answer.h"
#include "tests/devices/support/recording_reports.h"
#include "tests/devices/support/temporary_directory.h"

namespace {

namespace remote = pager::remote;

using base::kPageSize;
using remote::AnswerEntry;
using remote::AnswerKind;
using remote::MessageType;
using test::RawConnection;

constexpr pager::ObjectInfo kInfo = {.size = 64 * kPageSize, .content_size = 64 * kPageSize};

// A monitor that is connected to a pager driven by hand, with one object open.
class RemotePagerTest : public testing::Test {
 protected:
  void Connect(std::chrono::milliseconds patience = std::chrono::seconds(60)) {
    auto created = std::async(std::launch::async, [&] {
      return remote::RemotePager::Create({.path = path_, .patience = patience, .report = reports_.handler()});
    });
    connection_ = listener_->Accept();
    connection_->Welcome();
    monitor_ = std::move(created).get().value();
    auto opened = std::async(std::launch::async, [&] { return monitor_->Open("path"); });
    object_ = connection_->Open(kInfo);
    source_ = opened.get().value();
  }
  // The next pager at the same place, up to the object's being open again.
  void Replace() {
    connection_ = listener_->Accept();
    connection_->Welcome();
    EXPECT_EQ(connection_->Open(kInfo), object_) << "the object keeps its number";
  }
  void Read(uint64_t page, test::PageBuffer& buffer, test::AwaitedAnswer& answer) {
    source_->Read({page * kPageSize, buffer.Pieces({1}), answer.Promise()});
  }

  test::TemporaryDirectory directory_;
  std::string path_ = directory_.Path("socket");
  std::unique_ptr<test::RawPager> listener_ = std::make_unique<test::RawPager>(path_);
  test::RecordingReports reports_;
  std::unique_ptr<RawConnection> connection_;
  std::unique_ptr<remote::RemotePager> monitor_;
  std::shared_ptr<pager::PageSource> source_;
  uint64_t object_ = 0;
};

// What a pager does in place of answering the request that it was sent.
struct Misdeed {
  const char* name;
  std::function<void(RawConnection&, const RawConnection::TakenRequest&)> act;
};

std::ostream& operator<<(std::ostream& out, const Misdeed& misdeed) { return out << misdeed.name; }

// Publishes an answer after `change` has made a bad one of it.
Misdeed BadAnswer(const char* name, std::function<void(AnswerEntry&)> change) {
  return {name, [change](RawConnection& connection, const RawConnection::TakenRequest& request) {
            AnswerEntry entry = RawConnection::AnswerTo(request);
            change(entry);
            connection.Publish(entry);
          }};
}

Misdeed BadFileAnswer(const char* name, std::function<void(AnswerEntry&)> change) {
  return {name, [change](RawConnection& connection, const RawConnection::TakenRequest& request) {
            const dev::UniqueFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
            connection.Send(
                remote::Encode(
                    MessageType::kFile,
                    remote::FileMessage{.header = {}, .file = 7, .reserved = 0, .object = request.record.object}),
                file.get());
            AnswerEntry entry = RawConnection::AnswerTo(request);
            entry.kind = AnswerKind::kFileRange;
            entry.file = 7;
            entry.file_length = kPageSize;
            change(entry);
            connection.Publish(entry);
          }};
}

Misdeed BadMessage(const char* name, std::vector<std::byte> bytes) {
  return {name, [bytes](RawConnection& connection, const RawConnection::TakenRequest& /*request*/) {
            connection.Send(bytes);
          }};
}

std::vector<std::byte> WithSize(std::vector<std::byte> bytes, size_t size) {
  bytes.resize(size);
  return bytes;
}

std::vector<std::byte> FileMessageBytes() {
  return remote::Encode(MessageType::kFile, remote::FileMessage{.header = {}, .file = 1, .reserved = 0, .object = 1});
}

void SendWithDescriptors(RawConnection& connection, const std::vector<std::byte>& bytes, size_t count) {
  const dev::UniqueFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  std::vector<int> descriptors(count, file.get());
  std::vector<char> control(CMSG_SPACE(count * sizeof(int)));
  iovec piece{.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(count * sizeof(int));
  std::memcpy(CMSG_DATA(rights), descriptors.data(), count * sizeof(int));
  ASSERT_GE(::sendmsg(connection.channel.fd(), &header, 0), 0);
}

Misdeed Descriptors(const char* name, std::vector<std::byte> bytes, size_t count) {
  return {name, [bytes, count](RawConnection& connection, const RawConnection::TakenRequest& /*request*/) {
            SendWithDescriptors(connection, bytes, count);
          }};
}

remote::OperationMessage Lend(uint64_t id, uint64_t object) {
  remote::OperationMessage message{};
  message.id = id;
  message.object = object;
  message.kind = remote::OperationKind::kLend;
  message.length = kPageSize;
  return message;
}

std::vector<Misdeed> Misdeeds() {
  return {BadAnswer("SlotOutOfRange", [](AnswerEntry& entry) { entry.slot = remote::kSlotCount; }),
          BadAnswer("SlotWithoutRequest", [](AnswerEntry& entry) { entry.slot ^= 1; }),
          BadAnswer("OtherId", [](AnswerEntry& entry) { entry.id += 1; }),
          BadAnswer("StatusThatDoesNotExist", [](AnswerEntry& entry) { entry.status = 1; }),
          BadAnswer("SuccessWithoutData", [](AnswerEntry& entry) { entry.kind = AnswerKind::kStatus; }),
          BadAnswer("DataWithFailure", [](AnswerEntry& entry) { entry.status = ZX_ERR_IO; }),
          BadAnswer("UnknownKind", [](AnswerEntry& entry) { entry.kind = AnswerKind{9}; }),
          BadAnswer("FileThatNobodyIntroduced",
                    [](AnswerEntry& entry) {
                      entry.kind = AnswerKind::kFileRange;
                      entry.file = 3;
                    }),
          BadFileAnswer("FileRangeLongerThanTheRequest", [](AnswerEntry& entry) { entry.file_length = kPageSize + 1; }),
          BadFileAnswer("FileRangeThatWraps", [](AnswerEntry& entry) { entry.file_offset = UINT64_MAX - 10; }),
          BadFileAnswer("FileOffsetBeyondAnyFile", [](AnswerEntry& entry) { entry.file_offset = INT64_MAX; }),
          {"MoreAnswersThanFit",
           [](RawConnection& connection, const RawConnection::TakenRequest& /*request*/) {
             std::atomic_ref(*connection.region->answers().produced).store(remote::kSlotCount + 1);
             connection.Send(remote::EncodePlain(MessageType::kKick));
           }},
          BadMessage("MessageShorterThanAHeader", WithSize({}, 4)),
          BadMessage("MessageOfAnotherSize", WithSize(remote::EncodePlain(MessageType::kKick), 12)),
          BadMessage("MessageTooLong", WithSize(remote::EncodePlain(MessageType::kKick), remote::kMaxMessage + 1)),
          BadMessage("UnknownMessage", remote::EncodePlain(MessageType{99})),
          BadMessage("MessageOfTheMonitor", remote::EncodeObject(MessageType::kClose, 1)),
          BadMessage("ReadyTwice", remote::EncodePlain(MessageType::kReady)),
          BadMessage("RefusedTooLate", remote::EncodeRefused("I have changed my mind")),
          BadMessage("OpenedUnasked",
                     remote::EncodeOpened({.object = 4711, .status = ZX_OK, .existing = 0, .info = kInfo})),
          BadMessage("OpenedTwice", remote::EncodeOpened({.object = 1, .status = ZX_OK, .existing = 0, .info = kInfo})),
          BadMessage("ListedUnasked", remote::EncodeListFailure(4711, ZX_ERR_IO)),
          BadMessage("FileWithoutDescriptor", FileMessageBytes()),
          Descriptors("FileWithTwoDescriptors", FileMessageBytes(), 2),
          Descriptors("FileWithManyDescriptors", FileMessageBytes(), 200),
          Descriptors("KickWithDescriptor", remote::EncodePlain(MessageType::kKick), 1),
          {"FileThatIsASocket",
           [](RawConnection& connection, const RawConnection::TakenRequest& /*request*/) {
             connection.Send(FileMessageBytes(), connection.channel.fd());
           }},
          {"TooManyFiles",
           [](RawConnection& connection, const RawConnection::TakenRequest& request) {
             for (uint32_t file = 0; file <= remote::kMaxFiles; ++file) {
               const remote::FileMessage message{
                   .header = {}, .file = file, .reserved = 0, .object = request.record.object};
               SendWithDescriptors(connection, remote::Encode(MessageType::kFile, message), 1);
             }
           }},
          {"OperationOutsideTheArea",
           [](RawConnection& connection, const RawConnection::TakenRequest& request) {
             remote::OperationMessage message = Lend(1, request.record.object);
             message.area_offset = remote::kAreaSize;
             connection.Send(remote::Encode(MessageType::kOperation, message));
           }},
          {"Disconnect", [](RawConnection& connection, const RawConnection::TakenRequest& /*request*/) {
             ::shutdown(connection.channel.fd(), SHUT_RDWR);
           }}};
}

class HostilePager : public RemotePagerTest, public testing::WithParamInterface<Misdeed> {};

TEST_P(HostilePager, IsDisconnectedAndItsSuccessorAnswers) {
  Connect();
  test::PageBuffer buffer(1);
  test::AwaitedAnswer answer;
  Read(5, buffer, answer);
  const auto request = connection_->TakeRequest();
  GetParam().act(*connection_, request);
  connection_->WaitForClose();
  EXPECT_FALSE(answer.answered());

  Replace();
  const auto again = connection_->TakeRequest();
  EXPECT_EQ(again.record.id, request.record.id);
  EXPECT_EQ(again.record.offset, 5 * kPageSize);
  connection_->AnswerWith(again, 'x');
  EXPECT_EQ(answer.Wait(), ZX_OK);
  EXPECT_EQ(buffer.text(), std::string(kPageSize, 'x'));
  EXPECT_EQ(answer.count(), 1);
  const bool rude = std::string(GetParam().name) != "Disconnect";
  EXPECT_EQ(monitor_->counters().violations, rude ? 1u : 0u);
  EXPECT_EQ(reports_.lines().front().find("lost the pager"), 0u) << reports_.lines().front();
}

INSTANTIATE_TEST_SUITE_P(Misdeeds, HostilePager, testing::ValuesIn(Misdeeds()),
                         [](const auto& misdeed) { return std::string(misdeed.param.name); });

TEST_F(RemotePagerTest, SecondAnswerEndsTheConnectionAndChangesNothing) {
  Connect();
  test::PageBuffer buffer(1);
  test::AwaitedAnswer answer;
  Read(0, buffer, answer);
  const auto request = connection_->TakeRequest();
  connection_->AnswerWith(request, 'a');
  EXPECT_EQ(answer.Wait(), ZX_OK);
  connection_->AnswerWith(request, 'b');
  EXPECT_TRUE(connection_->WaitForClose());
  EXPECT_EQ(buffer.text(), std::string(kPageSize, 'a'));
  EXPECT_EQ(answer.count(), 1);
}

TEST_F(RemotePagerTest, AnswersBeforeTheEndCountAndOnlyTheRestIsAskedAgain) {
  Connect();
  test::PageBuffer first(1);
  test::PageBuffer second(1);
  test::AwaitedAnswer first_answer;
  test::AwaitedAnswer second_answer;
  Read(1, first, first_answer);
  Read(2, second, second_answer);
  const auto one = connection_->TakeRequest();
  const auto two = connection_->TakeRequest();
  connection_->AnswerWith(one, '1');
  connection_ = nullptr;
  EXPECT_EQ(first_answer.Wait(), ZX_OK);
  Replace();
  const auto again = connection_->TakeRequest();
  EXPECT_EQ(again.record.id, two.record.id);
  EXPECT_EQ(*connection_->requests->Available(), 0u) << "nothing else is asked again";
  connection_->AnswerWith(again, '2');
  EXPECT_EQ(second_answer.Wait(), ZX_OK);
  EXPECT_EQ(first.text() + second.text(), std::string(kPageSize, '1') + std::string(kPageSize, '2'));
}

TEST_F(RemotePagerTest, WithoutASuccessorRequestsFailOnceThePatienceIsOver) {
  Connect(std::chrono::milliseconds(50));
  test::PageBuffer buffer(1);
  test::AwaitedAnswer waiting;
  Read(0, buffer, waiting);
  connection_->TakeRequest();
  listener_ = nullptr;
  connection_ = nullptr;
  EXPECT_EQ(waiting.Wait(), ZX_ERR_IO);
  test::AwaitedAnswer late;
  Read(1, buffer, late);
  EXPECT_EQ(late.Wait(), ZX_ERR_IO);
  EXPECT_EQ(buffer.text(), std::string(kPageSize, '\xee')) << "no page was made up";

  // One that comes later is used all the same.
  listener_ = std::make_unique<test::RawPager>(path_);
  Replace();
  reports_.WaitFor("connected again");
  test::AwaitedAnswer healed;
  Read(2, buffer, healed);
  connection_->AnswerWith(connection_->TakeRequest(), 'y');
  EXPECT_EQ(healed.Wait(), ZX_OK);
}

TEST_F(RemotePagerTest, PagerThatAlwaysMakesTheSameMistakeGetsNoNewTime) {
  Connect(std::chrono::milliseconds(100));
  test::PageBuffer buffer(1);
  test::AwaitedAnswer answer;
  Read(0, buffer, answer);
  while (!answer.answered()) {
    connection_->Send(remote::EncodePlain(MessageType::kReady));
    connection_->WaitForClose();
    if (!answer.answered()) {
      Replace();
    }
  }
  EXPECT_EQ(answer.Wait(), ZX_ERR_IO);
}

TEST_F(RemotePagerTest, VersionOfTheContentIsWhatThePagerSaysWithTheObject) {
  Connect();
  auto opening = std::async(std::launch::async, [&] { return monitor_->Open("other"); });
  const auto open = connection_->Expect<remote::Open>();
  connection_->Send(remote::EncodeOpened(
      {.object = open.object, .status = ZX_OK, .existing = 0, .info = kInfo, .version = "of Tuesday"}));
  EXPECT_EQ(opening.get().value()->content_version(), "of Tuesday");
  EXPECT_EQ(remote::EncodeOpened({.object = 1, .status = ZX_OK, .existing = 0, .info = kInfo, .version = "x"}).size(),
            sizeof(remote::OpenedMessage) + 1);
  const std::string too_long(remote::kMaxText + 1, 'x');
  EXPECT_EQ(
      remote::EncodeOpened({.object = 1, .status = ZX_OK, .existing = 0, .info = kInfo, .version = too_long}).size(),
      sizeof(remote::OpenedMessage))
      << "half a version could be that of two contents";
}

TEST_F(RemotePagerTest, ObjectThatTheSuccessorHasNotFailsAndTheOthersGoOn) {
  Connect();
  auto opening = std::async(std::launch::async, [&] { return monitor_->Open("other"); });
  const uint64_t other_object = connection_->Open(kInfo);
  const auto other = opening.get().value();
  test::PageBuffer buffer(2);
  test::AwaitedAnswer lost;
  test::AwaitedAnswer kept;
  Read(0, buffer, lost);
  test::PageBuffer other_buffer(1);
  other->Read({0, other_buffer.Pieces({1}), kept.Promise()});
  connection_ = nullptr;
  connection_ = listener_->Accept();
  connection_->Welcome();
  for (int i = 0; i < 2; ++i) {
    const auto open = connection_->Expect<remote::Open>();
    const pager::ObjectInfo info = open.object == other_object ? kInfo : pager::ObjectInfo{.size = 0};
    connection_->Send(remote::EncodeOpened({.object = open.object, .status = ZX_OK, .existing = 0, .info = info}));
  }
  EXPECT_EQ(lost.Wait(), ZX_ERR_IO);
  connection_->AnswerWith(connection_->TakeRequest(), 'o');
  EXPECT_EQ(kept.Wait(), ZX_OK);
  test::AwaitedAnswer hopeless;
  Read(1, buffer, hopeless);
  EXPECT_EQ(hopeless.Wait(), ZX_ERR_IO);
}

TEST_F(RemotePagerTest, ClosedObjectAnswersAtOnceAndItsSlotIsNotUsedBeforeThePagerIsDone) {
  Connect();
  auto opening = std::async(std::launch::async, [&] { return monitor_->Open("other"); });
  connection_->Open(kInfo);
  const auto other = opening.get().value();
  test::PageBuffer buffer(1);
  test::AwaitedAnswer cancelled;
  Read(0, buffer, cancelled);
  const auto request = connection_->TakeRequest();
  source_ = nullptr;
  EXPECT_EQ(cancelled.Wait(), ZX_ERR_BAD_STATE);
  EXPECT_EQ(connection_->Expect<remote::Close>().object, object_);
  test::PageBuffer other_buffer(1);
  test::AwaitedAnswer answer;
  other->Read({0, other_buffer.Pieces({1}), answer.Promise()});
  const auto next = connection_->TakeRequest();
  EXPECT_NE(next.slot, request.slot);
  connection_->AnswerWith(request, 'z');
  connection_->AnswerWith(next, 'n');
  EXPECT_EQ(answer.Wait(), ZX_OK);
  EXPECT_EQ(buffer.text(), std::string(kPageSize, '\xee')) << "too late: the page may be somebody else's by now";
  EXPECT_EQ(monitor_->counters().violations, 0u);
}

TEST_F(RemotePagerTest, OpenThatIsNotAnsweredFailsAndALateAnswerIsTakenBack) {
  Connect(std::chrono::milliseconds(50));
  EXPECT_EQ(monitor_->Open("slow").error(), ZX_ERR_IO);
  EXPECT_EQ(monitor_->List("slow").error(), ZX_ERR_IO);
  const uint64_t late = connection_->Open(kInfo);
  const auto list = connection_->Expect<remote::List>();
  connection_->Send(remote::EncodeListFailure(list.id, ZX_ERR_NOT_FOUND));
  EXPECT_EQ(connection_->Expect<remote::Close>().object, late);
  EXPECT_EQ(monitor_->counters().violations, 0u);
}

TEST_F(RemotePagerTest, OpenThatWaitsForANewPagerDoesNotHoldUpItsCaller) {
  Connect();
  connection_ = nullptr;
  std::promise<zx_status_t> opened;
  monitor_->StartOpen("other", [&opened](auto result) { opened.set_value(result.ok() ? ZX_OK : result.error()); });
  connection_ = listener_->Accept();
  connection_->Welcome();
  for (int i = 0; i < 2; ++i) {
    connection_->Open(kInfo);  // the old object, and the new one
  }
  EXPECT_EQ(opened.get_future().get(), ZX_OK);
}

TEST_F(RemotePagerTest, OtherVersionIsRefusedInWords) {
  auto created = std::async(std::launch::async, [&] {
    return remote::RemotePager::Create({.path = path_, .patience = {}, .report = reports_.handler()});
  });
  const auto connection = listener_->Accept();
  connection->Expect<remote::Hello>();
  connection->Send(remote::EncodeRefused("I speak version 7"));
  const auto result = std::move(created).get();
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("I speak version 7"), std::string::npos) << result.error().message;
}

TEST_F(RemotePagerTest, DroppingTheMonitorAnswersWhatIsLeft) {
  Connect();
  test::PageBuffer buffer(1);
  test::AwaitedAnswer answer;
  Read(0, buffer, answer);
  monitor_ = nullptr;
  EXPECT_EQ(answer.Wait(), ZX_ERR_BAD_STATE);
  test::AwaitedAnswer late;
  Read(0, buffer, late);
  EXPECT_EQ(late.Wait(), ZX_ERR_IO);
}

}  // namespace
