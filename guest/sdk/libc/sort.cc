// qsort and bsearch. C++ programs use std::sort; these are for code that was written in C.
#include <stddef.h>

#include "guest/sdk/libc/names.h"

namespace {

using Compare = int (*)(const void*, const void*);

// A C array whose elements are only known by their size.
class Elements {
 public:
  Elements(void* base, size_t size, Compare compare)
      : base_(static_cast<char*>(base)), size_(size), compare_(compare) {}

  [[nodiscard]] bool Less(size_t a, size_t b) const { return compare_(At(a), At(b)) < 0; }
  void Swap(size_t a, size_t b) {
    char* left = At(a);
    char* right = At(b);
    for (size_t i = 0; i < size_; ++i) {
      const char byte = left[i];
      left[i] = right[i];
      right[i] = byte;
    }
  }

  // Restores the heap order of [0, count) below `root`.
  void SiftDown(size_t root, size_t count) {
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
      if (child + 1 < count && Less(child, child + 1)) {
        ++child;
      }
      if (!Less(root, child)) {
        return;
      }
      Swap(root, child);
    }
  }

 private:
  [[nodiscard]] char* At(size_t index) const { return base_ + index * size_; }
  char* base_;
  size_t size_;
  Compare compare_;
};

}  // namespace

extern "C" {

// Heap sort: no recursion, no memory, and no input that makes it slow.
void LIBC(qsort)(void* base, size_t count, size_t size, Compare compare) {
  Elements elements(base, size, compare);
  for (size_t root = count / 2; root > 0; --root) {
    elements.SiftDown(root - 1, count);
  }
  for (size_t end = count; end > 1; --end) {
    elements.Swap(0, end - 1);
    elements.SiftDown(0, end - 1);
  }
}

void* LIBC(bsearch)(const void* key, const void* base, size_t count, size_t size, Compare compare) {
  const auto* first = static_cast<const char*>(base);
  while (count > 0) {
    const char* middle = first + (count / 2) * size;
    const int order = compare(key, middle);
    if (order == 0) {
      return const_cast<char*>(middle);
    }
    if (order > 0) {
      first = middle + size;
      count -= count / 2 + 1;
    } else {
      count /= 2;
    }
  }
  return nullptr;
}

}  // extern "C"
