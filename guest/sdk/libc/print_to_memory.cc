// The printf functions that write to memory.
#include <stdarg.h>
#include <stdio.h>

#include <algorithm>

#include "guest/sdk/libc/format.h"
#include "guest/sdk/libc/names.h"

namespace {

// Keeps what fits and always leaves room for the terminator.
class MemorySink final : public pagoda::libc::FormatSink {
 public:
  MemorySink(char* buffer, size_t size) : cursor_(buffer), room_(size > 0 ? size - 1 : 0), terminate_(size > 0) {}
  void Append(const char* text, size_t length) override {
    const size_t kept = std::min(length, room_);
    cursor_ = std::copy_n(text, kept, cursor_);
    room_ -= kept;
  }
  void Finish() {
    if (terminate_) {
      *cursor_ = '\0';
    }
  }

 private:
  char* cursor_;
  size_t room_;
  bool terminate_;
};

}  // namespace

extern "C" {

int LIBC(vsnprintf)(char* __restrict buffer, size_t size, const char* __restrict format, va_list arguments) {
  MemorySink sink(buffer, size);
  const size_t length = pagoda::libc::Format(sink, format, arguments);
  sink.Finish();
  return static_cast<int>(length);
}

int LIBC(snprintf)(char* __restrict buffer, size_t size, const char* __restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int length = LIBC(vsnprintf)(buffer, size, format, arguments);
  va_end(arguments);
  return length;
}

int LIBC(vsprintf)(char* __restrict buffer, const char* __restrict format, va_list arguments) {
  // An end of memory is not known: the largest size for which the buffer's end can be represented.
  return LIBC(vsnprintf)(buffer, static_cast<size_t>(-1) >> 1, format, arguments);
}

int LIBC(sprintf)(char* __restrict buffer, const char* __restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int length = LIBC(vsprintf)(buffer, format, arguments);
  va_end(arguments);
  return length;
}

}  // extern "C"
