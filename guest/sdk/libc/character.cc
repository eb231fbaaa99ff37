// Character classes of the "C" locale, as functions and as the tables that the C headers' inline versions read.
#include <ctype.h>
#include <stddef.h>
#include <stdint.h>

#include <array>

#include "guest/sdk/libc/names.h"

namespace {

constexpr bool IsBetween(int c, int first, int last) { return c >= first && c <= last; }
constexpr bool IsUpper(int c) { return IsBetween(c, 'A', 'Z'); }
constexpr bool IsLower(int c) { return IsBetween(c, 'a', 'z'); }
constexpr bool IsAlpha(int c) { return IsUpper(c) || IsLower(c); }
constexpr bool IsDigit(int c) { return IsBetween(c, '0', '9'); }
constexpr bool IsAlnum(int c) { return IsAlpha(c) || IsDigit(c); }
constexpr bool IsHexDigit(int c) { return IsDigit(c) || IsBetween(c, 'a', 'f') || IsBetween(c, 'A', 'F'); }
constexpr bool IsBlank(int c) { return c == ' ' || c == '\t'; }
constexpr bool IsSpace(int c) { return c == ' ' || IsBetween(c, '\t', '\r'); }
constexpr bool IsControl(int c) { return IsBetween(c, 0, 0x1f) || c == 0x7f; }
constexpr bool IsPrint(int c) { return IsBetween(c, 0x20, 0x7e); }
constexpr bool IsGraph(int c) { return IsBetween(c, 0x21, 0x7e); }
constexpr bool IsPunct(int c) { return IsGraph(c) && !IsAlnum(c); }
constexpr int ToUpper(int c) { return IsLower(c) ? c - 'a' + 'A' : c; }
constexpr int ToLower(int c) { return IsUpper(c) ? c - 'A' + 'a' : c; }

#if !defined(PAGODA_LIBC_HOSTED_TEST)
// The tables are indexed by -128..255: a plain char that is negative finds its entry too.
constexpr int kFirst = -128;
constexpr size_t kEntries = 384;

constexpr uint16_t ClassBits(int c) {
  int bits = 0;
  bits |= IsUpper(c) ? _ISupper : 0;
  bits |= IsLower(c) ? _ISlower : 0;
  bits |= IsAlpha(c) ? _ISalpha : 0;
  bits |= IsDigit(c) ? _ISdigit : 0;
  bits |= IsHexDigit(c) ? _ISxdigit : 0;
  bits |= IsSpace(c) ? _ISspace : 0;
  bits |= IsPrint(c) ? _ISprint : 0;
  bits |= IsGraph(c) ? _ISgraph : 0;
  bits |= IsBlank(c) ? _ISblank : 0;
  bits |= IsControl(c) ? _IScntrl : 0;
  bits |= IsPunct(c) ? _ISpunct : 0;
  bits |= IsAlnum(c) ? _ISalnum : 0;
  return static_cast<uint16_t>(bits);
}

template <typename T, typename Function>
constexpr std::array<T, kEntries> MakeTable(Function function) {
  std::array<T, kEntries> table{};
  for (size_t i = 0; i < kEntries; ++i) {
    table[i] = static_cast<T>(function(static_cast<int>(i) + kFirst));
  }
  return table;
}

constexpr auto kClassTable = MakeTable<uint16_t>(ClassBits);
constexpr auto kUpperTable = MakeTable<int32_t>(ToUpper);
constexpr auto kLowerTable = MakeTable<int32_t>(ToLower);
const uint16_t* const kClassOrigin = kClassTable.data() - kFirst;
const int32_t* const kUpperOrigin = kUpperTable.data() - kFirst;
const int32_t* const kLowerOrigin = kLowerTable.data() - kFirst;
#endif

}  // namespace

// The headers may define these names as macros.
#undef isalnum
#undef isalpha
#undef isblank
#undef iscntrl
#undef isdigit
#undef isgraph
#undef islower
#undef isprint
#undef ispunct
#undef isspace
#undef isupper
#undef isxdigit
#undef tolower
#undef toupper

extern "C" {

int LIBC(isalnum)(int c) { return IsAlnum(c); }
int LIBC(isalpha)(int c) { return IsAlpha(c); }
int LIBC(isblank)(int c) { return IsBlank(c); }
int LIBC(iscntrl)(int c) { return IsControl(c); }
int LIBC(isdigit)(int c) { return IsDigit(c); }
int LIBC(isgraph)(int c) { return IsGraph(c); }
int LIBC(islower)(int c) { return IsLower(c); }
int LIBC(isprint)(int c) { return IsPrint(c); }
int LIBC(ispunct)(int c) { return IsPunct(c); }
int LIBC(isspace)(int c) { return IsSpace(c); }
int LIBC(isupper)(int c) { return IsUpper(c); }
int LIBC(isxdigit)(int c) { return IsHexDigit(c); }
int LIBC(tolower)(int c) { return ToLower(c); }
int LIBC(toupper)(int c) { return ToUpper(c); }

#if !defined(PAGODA_LIBC_HOSTED_TEST)
const unsigned short** __ctype_b_loc() { return const_cast<const unsigned short**>(&kClassOrigin); }
const int32_t** __ctype_toupper_loc() { return const_cast<const int32_t**>(&kUpperOrigin); }
const int32_t** __ctype_tolower_loc() { return const_cast<const int32_t**>(&kLowerOrigin); }
#endif

}  // extern "C"
