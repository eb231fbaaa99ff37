// memcpy and its family.
//
// Short blocks are moved with two loads that overlap in the middle, which needs no loop and no branch on the exact
// size; long ones with the string instructions, which move whole cache lines on every processor of the last ten years.
#include <emmintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/sdk/libc/names.h"

namespace {

// From here on `rep movsb` is faster than a loop of 16-byte moves.
constexpr size_t kStringInstructionMinimum = 512;

template <typename T>
T Load(const char* from) {
  T value;
  __builtin_memcpy(&value, from, sizeof(T));
  return value;
}

template <typename T>
void Store(char* to, T value) {
  __builtin_memcpy(to, &value, sizeof(T));
}

__m128i Load16(const char* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i_u*>(from)); }
void Store16(char* to, __m128i value) { _mm_storeu_si128(reinterpret_cast<__m128i_u*>(to), value); }

// Both ends are loaded before either is stored, so the blocks may overlap in any way. sizeof(T) <= size <= 2 *
// sizeof(T).
template <typename T>
void MoveEnds(char* to, const char* from, size_t size) {
  const T head = Load<T>(from);
  const T tail = Load<T>(from + size - sizeof(T));
  Store(to, head);
  Store(to + size - sizeof(T), tail);
}

// size <= 32; the blocks may overlap.
void MoveShort(char* to, const char* from, size_t size) {
  if (size >= 16) {
    const __m128i head = Load16(from);
    const __m128i tail = Load16(from + size - 16);
    Store16(to, head);
    Store16(to + size - 16, tail);
  } else if (size >= 8) {
    MoveEnds<uint64_t>(to, from, size);
  } else if (size >= 4) {
    MoveEnds<uint32_t>(to, from, size);
  } else if (size >= 2) {
    MoveEnds<uint16_t>(to, from, size);
  } else if (size == 1) {
    *to = *from;
  }
}

// size > 32, and `to` lies below `from` where the blocks overlap: no store reaches what has yet to be loaded.
void MoveForward(char* to, const char* from, size_t size) {
  const __m128i tail = Load16(from + size - 16);
  for (size_t i = 0; i < size - 16; i += 16) {
    Store16(to + i, Load16(from + i));
  }
  Store16(to + size - 16, tail);
}

// The mirror image, for `to` above `from`.
void MoveBackward(char* to, const char* from, size_t size) {
  const __m128i head = Load16(from);
  for (size_t i = size; i > 16; i -= 16) {
    Store16(to + i - 16, Load16(from + i - 16));
  }
  Store16(to, head);
}

}  // namespace

extern "C" {

void* LIBC(memcpy)(void* __restrict to, const void* __restrict from, size_t size) {
  if (size <= 32) {
    MoveShort(static_cast<char*>(to), static_cast<const char*>(from), size);
  } else if (size < kStringInstructionMinimum) {
    MoveForward(static_cast<char*>(to), static_cast<const char*>(from), size);
  } else {
    void* destination = to;
    // SAFETY: moves exactly `size` bytes between the caller's blocks; the direction flag is clear by the C ABI.
    asm volatile("rep movsb" : "+D"(destination), "+S"(from), "+c"(size) : : "memory");
  }
  return to;
}

void* LIBC(mempcpy)(void* __restrict to, const void* __restrict from, size_t size) {
  return static_cast<char*>(LIBC(memcpy)(to, from, size)) + size;
}

void* LIBC(memmove)(void* to, const void* from, size_t size) {
  auto* destination = static_cast<char*>(to);
  const auto* source = static_cast<const char*>(from);
  if (size <= 32) {
    MoveShort(destination, source, size);
  } else if (reinterpret_cast<uintptr_t>(destination) - reinterpret_cast<uintptr_t>(source) >= size) {
    // Apart, or the destination is below: the difference, taken as unsigned, covers both.
    MoveForward(destination, source, size);
  } else {
    MoveBackward(destination, source, size);
  }
  return to;
}

void* LIBC(memset)(void* to, int value, size_t size) {
  auto* destination = static_cast<char*>(to);
  const __m128i pattern = _mm_set1_epi8(static_cast<char>(value));
  if (size >= kStringInstructionMinimum) {
    void* cursor = to;
    // SAFETY: stores exactly `size` bytes into the caller's block.
    asm volatile("rep stosb" : "+D"(cursor), "+c"(size) : "a"(value) : "memory");
  } else if (size >= 16) {
    for (size_t i = 0; i < size - 16; i += 16) {
      Store16(destination + i, pattern);
    }
    Store16(destination + size - 16, pattern);
  } else {
    for (size_t i = 0; i < size; ++i) {
      // The volatile store keeps the compiler from seeing a memset here and calling this function again.
      static_cast<volatile char*>(destination)[i] = static_cast<char>(value);
    }
  }
  return to;
}

int LIBC(memcmp)(const void* left, const void* right, size_t size) {
  const auto* a = static_cast<const char*>(left);
  const auto* b = static_cast<const char*>(right);
  size_t i = 0;
  while (i + 16 <= size && _mm_movemask_epi8(_mm_cmpeq_epi8(Load16(a + i), Load16(b + i))) == 0xffff) {
    i += 16;
  }
  for (; i < size; ++i) {
    if (a[i] != b[i]) {
      return static_cast<unsigned char>(a[i]) - static_cast<unsigned char>(b[i]);
    }
  }
  return 0;
}

int LIBC(bcmp)(const void* left, const void* right, size_t size) { return LIBC(memcmp)(left, right, size); }

void* LIBC(memchr)(const void* block, int value, size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(block);
  for (size_t i = 0; i < size; ++i) {
    if (bytes[i] == static_cast<unsigned char>(value)) {
      return const_cast<unsigned char*>(bytes + i);
    }
  }
  return nullptr;
}

void* LIBC(memrchr)(const void* block, int value, size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(block);
  for (size_t i = size; i > 0; --i) {
    if (bytes[i - 1] == static_cast<unsigned char>(value)) {
      return const_cast<unsigned char*>(bytes + i - 1);
    }
  }
  return nullptr;
}

}  // extern "C"
