// Byte strings and wide strings, a byte and a character at a time: programs here are not limited by these.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "guest/sdk/libc/names.h"

namespace {

int LowerCase(unsigned char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; }

}  // namespace

extern "C" {

size_t LIBC(strlen)(const char* text) {
  size_t length = 0;
  // The barrier keeps the compiler from seeing a strlen here and calling this function again.
  while (text[length] != '\0') {
    ++length;
    asm("" : "+r"(length));
  }
  return length;
}

size_t LIBC(strnlen)(const char* text, size_t limit) {
  size_t length = 0;
  while (length < limit && text[length] != '\0') {
    ++length;
  }
  return length;
}

int LIBC(strncmp)(const char* left, const char* right, size_t limit) {
  for (size_t i = 0; i < limit; ++i) {
    const auto a = static_cast<unsigned char>(left[i]);
    const auto b = static_cast<unsigned char>(right[i]);
    if (a != b || a == 0) {
      return a - b;
    }
  }
  return 0;
}

int LIBC(strcmp)(const char* left, const char* right) { return LIBC(strncmp)(left, right, SIZE_MAX); }
int LIBC(strcoll)(const char* left, const char* right) { return LIBC(strncmp)(left, right, SIZE_MAX); }

int LIBC(strncasecmp)(const char* left, const char* right, size_t limit) {
  for (size_t i = 0; i < limit; ++i) {
    const int a = LowerCase(static_cast<unsigned char>(left[i]));
    const int b = LowerCase(static_cast<unsigned char>(right[i]));
    if (a != b || a == 0) {
      return a - b;
    }
  }
  return 0;
}

int LIBC(strcasecmp)(const char* left, const char* right) { return LIBC(strncasecmp)(left, right, SIZE_MAX); }

char* LIBC(stpcpy)(char* __restrict to, const char* __restrict from) {
  while ((*to = *from) != '\0') {
    ++to;
    ++from;
  }
  return to;
}

char* LIBC(strcpy)(char* __restrict to, const char* __restrict from) {
  LIBC(stpcpy)(to, from);
  return to;
}

char* LIBC(strncpy)(char* __restrict to, const char* __restrict from, size_t size) {
  size_t i = 0;
  for (; i < size && from[i] != '\0'; ++i) {
    to[i] = from[i];
  }
  for (; i < size; ++i) {
    to[i] = '\0';
  }
  return to;
}

char* LIBC(strcat)(char* __restrict to, const char* __restrict from) {
  LIBC(stpcpy)(to + LIBC(strlen)(to), from);
  return to;
}

char* LIBC(strncat)(char* __restrict to, const char* __restrict from, size_t limit) {
  char* end = to + LIBC(strlen)(to);
  for (size_t i = 0; i < limit && from[i] != '\0'; ++i) {
    *end++ = from[i];
  }
  *end = '\0';
  return to;
}

char* LIBC(strchr)(const char* text, int wanted) {
  for (;; ++text) {
    if (*text == static_cast<char>(wanted)) {
      return const_cast<char*>(text);
    }
    if (*text == '\0') {
      return nullptr;
    }
  }
}

char* LIBC(strrchr)(const char* text, int wanted) {
  const char* last = nullptr;
  for (;; ++text) {
    if (*text == static_cast<char>(wanted)) {
      last = text;
    }
    if (*text == '\0') {
      return const_cast<char*>(last);
    }
  }
}

size_t LIBC(strspn)(const char* text, const char* accepted) {
  size_t length = 0;
  while (text[length] != '\0' && LIBC(strchr)(accepted, text[length]) != nullptr) {
    ++length;
  }
  return length;
}

size_t LIBC(strcspn)(const char* text, const char* rejected) {
  size_t length = 0;
  while (text[length] != '\0' && LIBC(strchr)(rejected, text[length]) == nullptr) {
    ++length;
  }
  return length;
}

char* LIBC(strpbrk)(const char* text, const char* wanted) {
  text += LIBC(strcspn)(text, wanted);
  return *text != '\0' ? const_cast<char*>(text) : nullptr;
}

char* LIBC(strstr)(const char* text, const char* wanted) {
  const size_t length = LIBC(strlen)(wanted);
  for (;; ++text) {
    if (LIBC(strncmp)(text, wanted, length) == 0) {
      return const_cast<char*>(text);
    }
    if (*text == '\0') {
      return nullptr;
    }
  }
}

char* LIBC(strtok_r)(char* __restrict text, const char* __restrict separators, char** __restrict rest) {
  char* token = text != nullptr ? text : *rest;
  token += LIBC(strspn)(token, separators);
  char* end = token + LIBC(strcspn)(token, separators);
  *rest = *end != '\0' ? end + 1 : end;
  *end = '\0';
  return end != token ? token : nullptr;
}

char* LIBC(strdup)(const char* text) {
  const size_t size = LIBC(strlen)(text) + 1;
  auto* copy = static_cast<char*>(malloc(size));
  if (copy != nullptr) {
    __builtin_memcpy(copy, text, size);
  }
  return copy;
}

// ---- Wide characters: what std::wstring needs
// ------------------------------------------------------------------------

size_t LIBC(wcslen)(const wchar_t* text) {
  size_t length = 0;
  while (text[length] != L'\0') {
    ++length;
    asm("" : "+r"(length));
  }
  return length;
}

wchar_t* LIBC(wmemcpy)(wchar_t* __restrict to, const wchar_t* __restrict from, size_t count) {
  __builtin_memcpy(to, from, count * sizeof(wchar_t));
  return to;
}

wchar_t* LIBC(wmemmove)(wchar_t* to, const wchar_t* from, size_t count) {
  __builtin_memmove(to, from, count * sizeof(wchar_t));
  return to;
}

wchar_t* LIBC(wmemset)(wchar_t* to, wchar_t value, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    to[i] = value;
  }
  return to;
}

int LIBC(wmemcmp)(const wchar_t* left, const wchar_t* right, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (left[i] != right[i]) {
      return left[i] < right[i] ? -1 : 1;
    }
  }
  return 0;
}

wchar_t* LIBC(wmemchr)(const wchar_t* block, wchar_t wanted, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (block[i] == wanted) {
      return const_cast<wchar_t*>(block + i);
    }
  }
  return nullptr;
}

}  // extern "C"
