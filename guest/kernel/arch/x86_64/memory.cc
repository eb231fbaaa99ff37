// The memory functions of the C library that are not worth assembly; the others are in memory.S. Not part of hosted
// builds, whose tests see them under other names.
#include "guest/kernel/lib/memory.h"

#include <stdint.h>

// The compiler must not recognise these loops and turn each into a call of itself.
#define GK_NO_LIBRARY_CALLS __attribute__((optimize("no-tree-loop-distribute-patterns")))

extern "C" {

GK_NO_LIBRARY_CALLS void* memmove(void* destination, const void* source, size_t length) noexcept {
  auto* to = static_cast<unsigned char*>(destination);
  auto* from = static_cast<const unsigned char*>(source);
  // Forward copying is right whenever the destination does not start inside the source.
  if (reinterpret_cast<uintptr_t>(to) - reinterpret_cast<uintptr_t>(from) >= length) {
    return memcpy(destination, source, length);
  }
  while (length != 0) {
    --length;
    to[length] = from[length];
  }
  return destination;
}

GK_NO_LIBRARY_CALLS int memcmp(const void* a, const void* b, size_t length) noexcept {
  auto* left = static_cast<const unsigned char*>(a);
  auto* right = static_cast<const unsigned char*>(b);
  for (size_t i = 0; i < length; ++i) {
    if (left[i] != right[i]) {
      return left[i] < right[i] ? -1 : 1;
    }
  }
  return 0;
}

GK_NO_LIBRARY_CALLS size_t strlen(const char* text) noexcept {
  size_t length = 0;
  while (text[length] != '\0') {
    ++length;
  }
  return length;
}

}  // extern "C"
