// The guest's printf against the host's: the same format and arguments give the same text and length.
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstdio>
#include <string>

#include <gtest/gtest.h>

#include "tests/guest/sdk/hosted_libc.h"

namespace {

// Formats come from tables, so the compiler cannot check them.
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

template <typename... Arguments>
void ExpectLikeHost(const char* format, Arguments... arguments) {
  char theirs[2048];
  char ours[2048];
  const int expected = snprintf(theirs, sizeof(theirs), format, arguments...);
  EXPECT_EQ(pagoda_libc_snprintf(ours, sizeof(ours), format, arguments...), expected) << format;
  EXPECT_STREQ(ours, theirs) << format;
}

TEST(LibcFormat, Integers) {
  for (const char* format :
       {"%d",  "%5d", "%-5d|", "%05d", "%+d", "% d",  "%.3d",   "%8.3d", "%-8.3d|", "%+05d", "%i",  "%x",   "%X",
        "%#x", "%#X", "%o",    "%#o",  "%u",  "%08x", "%#010x", "%.0d",  "%+.0d",   "%hhd",  "%hd", "%hhu", "%hx"}) {
    for (const int value : {0, 1, -1, 42, -42, 255, 65'536, INT_MAX, INT_MIN}) {
      ExpectLikeHost(format, value);
    }
  }
}

TEST(LibcFormat, LongIntegers) {
  for (const char* format : {"%ld", "%lu", "%lx", "%lld", "%zu", "%jd", "%td", "%20ld", "%-20lu|", "%#lx"}) {
    for (const long value : {0L, 1L, -1L, LONG_MAX, LONG_MIN}) {
      ExpectLikeHost(format, value);
    }
  }
}

TEST(LibcFormat, FloatingPoint) {
  for (const char* format :
       {"%f",   "%.0f", "%.1f", "%.10f", "%10.2f", "%-10.2f|", "%010.2f", "%+f",  "% f", "%e",
        "%.0e", "%.3E", "%g",   "%.3g",  "%G",     "%15g",     "%.17g",   "%.0g", "%F",  "%.300f"}) {
    for (const double value : {0.0, -0.0, 1.0, -1.5, 0.1, 2.5, 1e-5, 123456.789, 1e15, 1e16, 1e100, 5e-324, DBL_MAX}) {
      ExpectLikeHost(format, value);
    }
  }
}

TEST(LibcFormat, InfinitiesAndNotANumber) {
  for (const char* format : {"%f", "%010f", "%+f", "%E", "%g", "%-8g|", "%8.1F"}) {
    ExpectLikeHost(format, static_cast<double>(INFINITY));
    ExpectLikeHost(format, static_cast<double>(-INFINITY));
    ExpectLikeHost(format, static_cast<double>(NAN));
  }
}

TEST(LibcFormat, HexadecimalFloats) {
  for (const double value : {1.0, -1.5, 0.1, 4096.0}) {
    ExpectLikeHost("%a", value);
    ExpectLikeHost("%20A", value);
  }
}

TEST(LibcFormat, TextCharactersAndPointers) {
  for (const char* format : {"%s", "%8s", "%-8s|", "%.2s", "%8.2s", "%.0s", "%.20s"}) {
    ExpectLikeHost(format, "");
    ExpectLikeHost(format, "text");
    ExpectLikeHost(format, "a longer text");
  }
  ExpectLikeHost("%c%5c%-5c|", 'a', 'b', 'c');
  ExpectLikeHost("%p %20p", reinterpret_cast<void*>(0x1234), reinterpret_cast<void*>(0x1234));
}

TEST(LibcFormat, WidthsAndPrecisionsFromArguments) {
  ExpectLikeHost("%*d|%-*d|%*d", 6, 1, 6, 2, -6, 3);
  ExpectLikeHost("%.*f %.*f %*.*s", 2, 1.005, -1, 1.5, 8, 3, "abcdef");
}

TEST(LibcFormat, SeveralConversionsAndPercentSigns) {
  ExpectLikeHost("100%% of %s: %d, %.1f and %c%%", "all", 42, 1.25, 'z');
  ExpectLikeHost("plain");
  ExpectLikeHost("");
}

TEST(LibcFormat, TruncatedTextIsTerminatedAndItsFullLengthReturned) {
  char buffer[8];
  memset(buffer, 'x', sizeof(buffer));
  EXPECT_EQ(pagoda_libc_snprintf(buffer, 4, "%d", 123456), 6);
  EXPECT_STREQ(buffer, "123");
  EXPECT_EQ(buffer[4], 'x') << "and nothing behind";
  EXPECT_EQ(pagoda_libc_snprintf(nullptr, 0, "%s", "measured"), 8);
}

int FormatUnchecked(char* buffer, size_t size, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int length = pagoda_libc_vsnprintf(buffer, size, format, arguments);
  va_end(arguments);
  return length;
}

TEST(LibcFormat, WhatIsNoConversionIsPrintedAsItStands) {
  char buffer[64];
  EXPECT_EQ(FormatUnchecked(buffer, sizeof(buffer), "%n %y %"), 7);
  EXPECT_STREQ(buffer, "%n %y %");
}

TEST(LibcFormat, NullStringsAreNamed) {
  char buffer[64];
  FormatUnchecked(buffer, sizeof(buffer), "%s", nullptr);
  EXPECT_STREQ(buffer, "(null)");
}

}  // namespace
