// Assertions: how values are printed and what a failed one says.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <zircon/status.h>
#include <zxtest/assertions.h>

#include <algorithm>

namespace zxtest::internal {
namespace {

Outcome Failed(std::string text) { return {.ok = false, .text = std::move(text)}; }

std::string PrintText(const Text& text) { return text.null ? "nullptr" : PrintString(text.view); }

size_t FirstDifference(const void* a, const void* b, size_t size) {
  const auto* left = static_cast<const unsigned char*>(a);
  return static_cast<size_t>(std::mismatch(left, left + size, static_cast<const unsigned char*>(b)).first - left);
}

std::string PrintBytes(const void* bytes, size_t offset, size_t size) {
  std::string text;
  for (size_t i = offset; i < std::min(offset + 16, size); ++i) {
    char hex[4];
    snprintf(hex, sizeof(hex), " %02x", static_cast<const unsigned char*>(bytes)[i]);
    text += hex;
  }
  return text;
}

}  // namespace

std::string FormatMessage() { return {}; }

std::string FormatMessage(const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  return text;
}

std::string PrintInteger(unsigned long long magnitude, bool negative) {
  char text[64];
  const char* sign = negative ? "-" : "";
  // Large numbers here are mostly addresses, sizes and bit sets.
  if (magnitude < 1024) {
    snprintf(text, sizeof(text), "%s%llu", sign, magnitude);
  } else {
    snprintf(text, sizeof(text), "%s%llu (%s%#llx)", sign, magnitude, sign, magnitude);
  }
  return text;
}

std::string PrintFloating(double value) {
  char text[64];
  snprintf(text, sizeof(text), "%.17g", value);
  return text;
}

std::string PrintPointer(const void* value) {
  char text[32];
  snprintf(text, sizeof(text), "%p", value);
  return value != nullptr ? text : "nullptr";
}

std::string PrintString(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    char escaped[8] = {c, '\0'};
    if (c == '\n') {
      strcpy(escaped, "\\n");
    } else if (c == '"' || c == '\\') {
      snprintf(escaped, sizeof(escaped), "\\%c", c);
    } else if (c < 0x20 || c == 0x7f) {
      snprintf(escaped, sizeof(escaped), "\\x%02x", static_cast<unsigned char>(c));
    }
    quoted += escaped;
  }
  return quoted + "\"";
}

std::string PrintStatus(zx_status_t status) {
  char text[64];
  snprintf(text, sizeof(text), "%s (%d)", zx_status_get_string(status), status);
  return text;
}

Outcome ComparisonFailed(const char* op, const char* a_text, const char* b_text, const std::string& a,
                         const std::string& b) {
  return Failed(std::string("expected: ") + a_text + " " + op + " " + b_text + "\n  left:  " + a + "\n  right: " + b);
}

Outcome IsTrue(const char* text, bool value) {
  return value ? Outcome{} : Failed(std::string("expected to be true: ") + text);
}
Outcome IsFalse(const char* text, bool value) {
  return value ? Failed(std::string("expected to be false: ") + text) : Outcome{};
}

Outcome JudgeOk(const char* text, zx_status_t status, bool want_ok) {
  if ((status == ZX_OK) == want_ok) {
    return {};
  }
  return Failed(std::string(want_ok ? "expected ZX_OK: " : "expected a failure: ") + text +
                "\n  was:   " + PrintStatus(status));
}

Outcome JudgeStatus(const char* a_text, const char* b_text, zx_status_t a, zx_status_t b) {
  return a == b ? Outcome{} : ComparisonFailed("==", a_text, b_text, PrintStatus(a), PrintStatus(b));
}

Outcome StringsEqual(const char* a_text, const char* b_text, Text a, Text b) {
  return a == b ? Outcome{} : ComparisonFailed("==", a_text, b_text, PrintText(a), PrintText(b));
}
Outcome StringsDiffer(const char* a_text, const char* b_text, Text a, Text b) {
  return a == b ? ComparisonFailed("!=", a_text, b_text, PrintText(a), PrintText(b)) : Outcome{};
}
Outcome HasSubstring(const char* a_text, const char* b_text, Text a, Text b) {
  if (!a.null && !b.null && a.view.find(b.view) != std::string_view::npos) {
    return {};
  }
  return ComparisonFailed("contains", a_text, b_text, PrintText(a), PrintText(b));
}

Outcome BytesEqual(const char* a_text, const char* b_text, const void* a, const void* b, size_t size) {
  const size_t first = FirstDifference(a, b, size);
  if (first == size) {
    return {};
  }
  char where[96];
  snprintf(where, sizeof(where), "equal bytes (first difference at byte %zu of %zu)", first, size);
  return Failed(std::string("expected ") + where + ": " + a_text + ", " + b_text +
                "\n  left: " + PrintBytes(a, first, size) + "\n  right:" + PrintBytes(b, first, size));
}
Outcome BytesDiffer(const char* a_text, const char* b_text, const void* a, const void* b, size_t size) {
  if (FirstDifference(a, b, size) != size) {
    return {};
  }
  return Failed(std::string("expected different bytes: ") + a_text + ", " + b_text);
}

}  // namespace zxtest::internal
