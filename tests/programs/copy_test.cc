// cp copies between host files through the guest; what it says is durable is in the file.
#include "tests/programs/support.h"

namespace programs_test {
namespace {

std::string RandomBytes(size_t size) {
  std::mt19937_64 random(size);
  std::string bytes(size, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(random() >> 20);
  }
  return bytes;
}

class CopyOf : public GuestTest, public testing::WithParamInterface<size_t> {};

TEST_P(CopyOf, IsTheSameFileByteForByte) {
  const std::string content = RandomBytes(GetParam());
  const auto from = files_.Write("from", content);
  const auto to = files_.Write("to", "something longer or shorter that was there before");
  const Ending guest = RunInGuest({File("a", from, ",ro"), File("b", to, ",resizable")}, {"cp", "a", "b"}, 24);
  EXPECT_EQ(guest.code, 0) << guest.err << guest.out;
  EXPECT_TRUE(integration::ReadFile(to) == content);
  EXPECT_TRUE(integration::ReadFile(from) == content);
}

INSTANTIATE_TEST_SUITE_P(Bytes, CopyOf, testing::Values(0, 1, 4096, 4097, 300000, 30 << 20),
                         testing::PrintToStringParamName());

using CopyTest = GuestTest;

TEST_F(CopyTest, AnObjectCopiedOntoItselfUnderTwoNamesStaysWhatItIs) {
  const std::string content = RandomBytes(1 << 20);
  const auto file = files_.Write("f", content);
  const Ending guest = RunInGuest({File("a", file, ",ro"), File("b", file, ",resizable")}, {"cp", "a", "b"});
  EXPECT_EQ(guest.code, 0) << guest.err << guest.out;
  EXPECT_TRUE(integration::ReadFile(file) == content);
}

TEST_F(CopyTest, TheSizeThatCannotChangeMayBeTheRightOne) {
  const std::string content = RandomBytes(70000);
  const auto from = files_.Write("from", content);
  const auto to = files_.Write("to", std::string(70000, 'x'));
  const Ending guest = RunInGuest({File("a", from, ",ro"), File("b", to, "")}, {"cp", "a", "b"});
  EXPECT_EQ(guest.code, 0) << guest.err << guest.out;
  EXPECT_TRUE(integration::ReadFile(to) == content);
}

}  // namespace
}  // namespace programs_test
