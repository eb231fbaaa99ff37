// Memory in pieces is one run of bytes.
#include "devices/pager/pieces.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

// "abc", "defg", "h": three pieces, to be written to.
class PiecesTest : public testing::Test {
 protected:
  static std::string TextOf(const std::vector<iovec>& pieces) {
    std::string text;
    for (const iovec& piece : pieces) {
      text += std::string_view(static_cast<const char*>(piece.iov_base), piece.iov_len);
    }
    return text;
  }
  [[nodiscard]] std::string Slice(uint64_t from, uint64_t length) const {
    return TextOf(pager::Slice(pieces_, from, length));
  }

  std::string first_ = "abc";
  std::string second_ = "defg";
  std::string third_ = "h";
  std::vector<iovec> pieces_ = {{.iov_base = first_.data(), .iov_len = first_.size()},
                                {.iov_base = second_.data(), .iov_len = second_.size()},
                                {.iov_base = third_.data(), .iov_len = third_.size()}};
};

TEST_F(PiecesTest, SlicesHaveTheBytesAskedFor) {
  const std::string whole = "abcdefgh";
  for (size_t from = 0; from <= whole.size(); ++from) {
    for (size_t length = 0; from + length <= whole.size(); ++length) {
      EXPECT_EQ(Slice(from, length), whole.substr(from, length)) << from << " " << length;
    }
  }
  EXPECT_EQ(pager::Slice(pieces_, 3, 4).size(), 1u) << "no empty pieces";
}

TEST_F(PiecesTest, CopyingInStopsAtTheEndOfTheBytes) {
  pager::CopyInto(pieces_, std::as_bytes(std::span(std::string_view("12345"))));
  EXPECT_EQ(TextOf(pieces_), "12345fgh");
}

TEST_F(PiecesTest, CopyingOutStopsAtTheEndOfTheRoom) {
  std::string room(6, '.');
  pager::CopyOutOf(pieces_, std::as_writable_bytes(std::span(room).first(5)));
  EXPECT_EQ(room, "abcde.");
}

TEST_F(PiecesTest, ZeroingBeginsWhereItIsTold) {
  pager::ZeroFrom(pieces_, 5);
  EXPECT_EQ(TextOf(pieces_), std::string("abcde\0\0\0", 8));
}

}  // namespace
