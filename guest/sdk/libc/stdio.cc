// Standard output and standard error: both are the machine's console.
//
// Output is collected in a buffer and handed to the kernel up to the last complete line at the end of each call, so a
// printf of one line is one system call and at most one doorbell, however many pieces it was formatted from. setvbuf
// changes that: _IOFBF collects until the buffer is full, _IONBF writes at the end of every call.
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <mutex>

#include "guest/sdk/include/pagoda/mutex.h"
#include "guest/sdk/libc/format.h"

namespace {

class ConsoleStream final : public pagoda::libc::FormatSink {
 public:
  constexpr explicit ConsoleStream(int mode) : mode_(mode) {}

  // All of these need the lock.
  void Append(const char* text, size_t length) override {
    while (length > 0) {
      const size_t piece = std::min(length, sizeof(buffer_) - used_);
      memcpy(buffer_ + used_, text, piece);
      used_ += piece;
      text += piece;
      length -= piece;
      if (used_ == sizeof(buffer_)) {
        Write(used_);
      }
    }
  }
  // Ends a call: writes what the mode does not allow to stay.
  void EndCall() {
    if (mode_ == _IONBF) {
      Write(used_);
    } else if (mode_ == _IOLBF) {
      const void* last = memrchr(buffer_, '\n', used_);
      Write(last != nullptr ? static_cast<size_t>(static_cast<const char*>(last) + 1 - buffer_) : 0);
    }
  }
  void Flush() { Write(used_); }
  void set_mode(int mode) { mode_ = mode; }
  [[nodiscard]] bool failed() const { return failed_; }
  pagoda::Mutex& lock() { return lock_; }

 private:
  void Write(size_t length) {
    if (length == 0) {
      return;
    }
    failed_ |= zx_pagoda_console_write(buffer_, length) != ZX_OK;
    used_ -= length;
    memmove(buffer_, buffer_ + length, used_);
  }

  pagoda::Mutex lock_;
  int mode_;
  bool failed_ = false;
  size_t used_ = 0;
  char buffer_[1024] = {};
};

// The C headers declare FILE as a structure of their own, of which only the addresses are used here.
FILE g_output_file;
FILE g_error_file;
FILE g_input_file;
constinit ConsoleStream g_output(_IOLBF);
constinit ConsoleStream g_error(_IONBF);

ConsoleStream& StreamOf(FILE* file) { return file == &g_error_file ? g_error : g_output; }

// Runs `action` on the stream as one call. What the program printed before an error message appears before it.
template <typename Action>
int Call(FILE* file, Action action) {
  if (file == &g_input_file) {
    errno = EBADF;
    return EOF;
  }
  ConsoleStream& stream = StreamOf(file);
  if (&stream == &g_error) {
    std::lock_guard guard(g_output.lock());
    g_output.Flush();
  }
  std::lock_guard guard(stream.lock());
  const int result = action(stream);
  stream.EndCall();
  return stream.failed() ? EOF : result;
}

}  // namespace

#undef putc
#undef putchar

extern "C" {

FILE* stdin = &g_input_file;
FILE* stdout = &g_output_file;
FILE* stderr = &g_error_file;

int vfprintf(FILE* __restrict file, const char* __restrict format, va_list arguments) {
  va_list copy;
  va_copy(copy, arguments);
  const int result =
      Call(file, [&](ConsoleStream& stream) { return static_cast<int>(pagoda::libc::Format(stream, format, copy)); });
  va_end(copy);
  return result;
}

int vprintf(const char* __restrict format, va_list arguments) { return vfprintf(stdout, format, arguments); }

int printf(const char* __restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int result = vfprintf(stdout, format, arguments);
  va_end(arguments);
  return result;
}

int fprintf(FILE* __restrict file, const char* __restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int result = vfprintf(file, format, arguments);
  va_end(arguments);
  return result;
}

size_t fwrite(const void* __restrict data, size_t size, size_t count, FILE* __restrict file) {
  const int result = Call(file, [&](ConsoleStream& stream) {
    stream.Append(static_cast<const char*>(data), size * count);
    return 0;
  });
  return result == 0 ? count : 0;
}

int fputs(const char* __restrict text, FILE* __restrict file) {
  return fwrite(text, strlen(text), 1, file) == 1 ? 0 : EOF;
}

int puts(const char* text) {
  return Call(stdout, [&](ConsoleStream& stream) {
    stream.Append(text, strlen(text));
    stream.Append("\n", 1);
    return 0;
  });
}

int fputc(int c, FILE* file) {
  const char byte = static_cast<char>(c);
  return fwrite(&byte, 1, 1, file) == 1 ? static_cast<unsigned char>(byte) : EOF;
}
int putc(int c, FILE* file) { return fputc(c, file); }
int putchar(int c) { return fputc(c, stdout); }

int fflush(FILE* file) {
  if (file == nullptr) {
    return fflush(stdout) | fflush(stderr);
  }
  return Call(file, [](ConsoleStream& stream) {
    stream.Flush();
    return 0;
  });
}

// The buffer is always the stream's own.
int setvbuf(FILE* __restrict file, char* __restrict /*buffer*/, int mode, size_t /*size*/) {
  if (mode != _IOFBF && mode != _IOLBF && mode != _IONBF) {
    return EOF;
  }
  return Call(file, [mode](ConsoleStream& stream) {
    stream.set_mode(mode);
    return 0;
  });
}

int fileno(FILE* file) { return file == &g_input_file ? 0 : file == &g_error_file ? 2 : 1; }
int ferror(FILE* file) { return StreamOf(file).failed() ? 1 : 0; }

}  // extern "C"
