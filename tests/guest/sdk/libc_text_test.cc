// Strings, character classes, numbers and sorting of the guest's C library, against the host's.
#include <cctype>
#include <cerrno>
#include <climits>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/guest/sdk/hosted_libc.h"

namespace {

int Sign(int value) { return (value > 0) - (value < 0); }

TEST(LibcStrings, LengthsAndComparisonsAgreeWithTheHost) {
  const char* const texts[] = {"", "a", "ab", "abc", "abd", "ABC", "\xff", "a longer text than the others"};
  for (const char* a : texts) {
    EXPECT_EQ(pagoda_libc_strlen(a), strlen(a));
    EXPECT_EQ(pagoda_libc_strnlen(a, 2), strnlen(a, 2));
    for (const char* b : texts) {
      EXPECT_EQ(Sign(pagoda_libc_strcmp(a, b)), Sign(strcmp(a, b))) << a << ", " << b;
      EXPECT_EQ(Sign(pagoda_libc_strncmp(a, b, 2)), Sign(strncmp(a, b, 2))) << a << ", " << b;
      EXPECT_EQ(Sign(pagoda_libc_strcasecmp(a, b)), Sign(strcasecmp(a, b))) << a << ", " << b;
    }
  }
}

TEST(LibcStrings, SearchesAgreeWithTheHost) {
  const char text[] = "one two two three";
  for (const int c : {'o', 't', 'x', '\0'}) {
    EXPECT_EQ(pagoda_libc_strchr(text, c), strchr(text, c));
    EXPECT_EQ(pagoda_libc_strrchr(text, c), strrchr(text, c));
  }
  for (const char* wanted : {"two", "three", "", "threes", "e t"}) {
    EXPECT_EQ(pagoda_libc_strstr(text, wanted), strstr(text, wanted)) << wanted;
    EXPECT_EQ(pagoda_libc_strspn(text, wanted), strspn(text, wanted)) << wanted;
    EXPECT_EQ(pagoda_libc_strcspn(text, wanted), strcspn(text, wanted)) << wanted;
    EXPECT_EQ(pagoda_libc_strpbrk(text, wanted), strpbrk(text, wanted)) << wanted;
  }
}

TEST(LibcStrings, CopiesEndWhereTheyShould) {
  char buffer[8];
  memset(buffer, 'x', sizeof(buffer));
  EXPECT_EQ(pagoda_libc_stpcpy(buffer, "abc"), buffer + 3);
  EXPECT_STREQ(buffer, "abc");
  pagoda_libc_strncat(buffer, "defgh", 2);
  EXPECT_STREQ(buffer, "abcde");
  pagoda_libc_strncpy(buffer, "yz", 5);
  EXPECT_EQ(memcmp(buffer, "yz\0\0\0", 5), 0) << "padded with zeros";
}

TEST(LibcStrings, TokensLeaveNothingOut) {
  char text[] = "  alpha,beta,, gamma";
  char* rest = nullptr;
  std::string joined;
  for (char* token = pagoda_libc_strtok_r(text, " ,", &rest); token != nullptr;
       token = pagoda_libc_strtok_r(nullptr, " ,", &rest)) {
    joined += token;
    joined += ';';
  }
  EXPECT_EQ(joined, "alpha;beta;gamma;");
}

TEST(LibcCharacter, ClassesAreThoseOfTheCLocale) {
  for (int c = -1; c < 256; ++c) {
    EXPECT_EQ(pagoda_libc_isalnum(c) != 0, isalnum(c) != 0) << c;
    EXPECT_EQ(pagoda_libc_isspace(c) != 0, isspace(c) != 0) << c;
    EXPECT_EQ(pagoda_libc_ispunct(c) != 0, ispunct(c) != 0) << c;
    EXPECT_EQ(pagoda_libc_isprint(c) != 0, isprint(c) != 0) << c;
    EXPECT_EQ(pagoda_libc_isxdigit(c) != 0, isxdigit(c) != 0) << c;
    EXPECT_EQ(pagoda_libc_iscntrl(c) != 0, iscntrl(c) != 0) << c;
    EXPECT_EQ(pagoda_libc_tolower(c), tolower(c));
    EXPECT_EQ(pagoda_libc_toupper(c), toupper(c));
  }
}

class LibcInteger : public testing::TestWithParam<const char*> {};

TEST_P(LibcInteger, ReadsLikeTheHost) {
  for (const int base : {0, 2, 8, 10, 16, 36, 1}) {
    SCOPED_TRACE(std::string(GetParam()) + " in base " + std::to_string(base));
    char* ours = nullptr;
    char* theirs = nullptr;
    errno = 0;
    const long expected = strtol(GetParam(), &theirs, base);
    const int expected_error = errno;
    errno = 0;
    EXPECT_EQ(pagoda_libc_strtol(GetParam(), &ours, base), expected);
    EXPECT_EQ(errno, expected_error);
    if (base != 1) {
      EXPECT_EQ(ours, theirs);
      EXPECT_EQ(pagoda_libc_strtoul(GetParam(), nullptr, base), strtoul(GetParam(), nullptr, base));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Texts, LibcInteger,
                         testing::Values("0", "42", "-42", "+7", "  12x", "0x1f", "0x", "0xg", "077", "z", "", "-",
                                         "+-1", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
                                         "-9223372036854775809", "18446744073709551615", "18446744073709551616",
                                         "99999999999999999999999", "1010"));

class LibcFloating : public testing::TestWithParam<const char*> {};

TEST_P(LibcFloating, ReadsLikeTheHost) {
  char* ours = nullptr;
  char* theirs = nullptr;
  const double expected = strtod(GetParam(), &theirs);
  const double read = pagoda_libc_strtod(GetParam(), &ours);
  EXPECT_EQ(ours, theirs);
  EXPECT_EQ(std::isnan(read), std::isnan(expected));
  if (!std::isnan(expected)) {
    EXPECT_EQ(read, expected);
    EXPECT_EQ(std::signbit(read), std::signbit(expected));
  }
}

INSTANTIATE_TEST_SUITE_P(Texts, LibcFloating,
                         testing::Values("0", "-0", "1.5", " +2.25e3x", "1e", ".5", "5.", "x", "", "0x1.8p1", "0x",
                                         "inf", "-infinity", "nan", "--1", "1e400", "-1e400", "4.9e-324",
                                         "1.7976931348623157e308", "123456789012345678901234567890"));

int CompareInts(const void* a, const void* b) {
  const int left = *static_cast<const int*>(a);
  const int right = *static_cast<const int*>(b);
  return (left > right) - (left < right);
}

TEST(LibcSort, SortsAndFindsWhateverTheOrderWas) {
  std::mt19937 random(7);
  for (const size_t count : {size_t{0}, size_t{1}, size_t{2}, size_t{3}, size_t{100}, size_t{1000}}) {
    std::vector<int> numbers(count);
    for (int& number : numbers) {
      number = static_cast<int>(random() % 200) - 100;
    }
    std::vector<int> expected = numbers;
    std::sort(expected.begin(), expected.end());
    pagoda_libc_qsort(numbers.data(), count, sizeof(int), CompareInts);
    EXPECT_EQ(numbers, expected);
    for (const int number : expected) {
      const auto* found =
          static_cast<int*>(pagoda_libc_bsearch(&number, numbers.data(), count, sizeof(int), CompareInts));
      ASSERT_NE(found, nullptr);
      EXPECT_EQ(*found, number);
    }
    const int absent = 1000;
    EXPECT_EQ(pagoda_libc_bsearch(&absent, numbers.data(), count, sizeof(int), CompareInts), nullptr);
  }
}

}  // namespace
