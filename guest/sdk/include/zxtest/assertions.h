// What the EXPECT_ and ASSERT_ macros expand to. Arguments are evaluated once; values are printed only when they differ
// from what was wanted.
#pragma once

#include <zircon/types.h>
#include <zxtest/test.h>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

namespace zxtest::internal {

// Empty when the assertion holds, else what to print.
struct Outcome {
  bool ok = true;
  std::string text;
};

std::string PrintInteger(unsigned long long magnitude, bool negative);
std::string PrintFloating(double value);
std::string PrintPointer(const void* value);
std::string PrintString(std::string_view text);
std::string PrintStatus(zx_status_t status);
std::string FormatMessage() __attribute__((const));
std::string FormatMessage(const char* format, ...) __attribute__((format(printf, 1, 2)));

template <typename T>
concept StringLike = std::convertible_to<const T&, std::string_view> && !std::is_null_pointer_v<T>;
template <typename T>
concept Iterable = requires(const T& value) {
  value.begin() != value.end();
};

template <typename T>
std::string Print(const T& value) {
  if constexpr (std::same_as<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_enum_v<T>) {
    return Print(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_integral_v<T>) {
    return PrintInteger(value < 0 ? -static_cast<unsigned long long>(value) : static_cast<unsigned long long>(value),
                        value < 0);
  } else if constexpr (std::is_floating_point_v<T>) {
    return PrintFloating(static_cast<double>(value));
  } else if constexpr (std::is_null_pointer_v<T>) {
    return "nullptr";
  } else if constexpr (StringLike<T>) {
    if constexpr (std::is_pointer_v<T>) {
      if (value == nullptr) {
        return "nullptr";
      }
    }
    return PrintString(value);
  } else if constexpr (std::is_pointer_v<T>) {
    return PrintPointer(reinterpret_cast<const void*>(value));
  } else if constexpr (Iterable<T>) {
    std::string text = "{";
    for (const auto& element : value) {
      text += text.size() > 1 ? ", " : "";
      text += Print(element);
    }
    return text + "}";
  } else if constexpr (requires { value.get(); }) {
    return Print(value.get());
  } else {
    return "(" + std::to_string(sizeof(T)) + " bytes)";
  }
}

Outcome ComparisonFailed(const char* op, const char* a_text, const char* b_text, const std::string& a,
                         const std::string& b);

template <typename A, typename B>
Outcome Judge(bool ok, const char* op, const char* a_text, const char* b_text, const A& a, const B& b) {
  return ok ? Outcome{} : ComparisonFailed(op, a_text, b_text, Print(a), Print(b));
}

Outcome IsTrue(const char* text, bool value);
Outcome IsFalse(const char* text, bool value);

inline zx_status_t StatusOf(zx_status_t status) { return status; }
template <typename T>
requires requires(const T& result) { result.status_value(); }
zx_status_t StatusOf(const T& result) { return result.status_value(); }

Outcome JudgeOk(const char* text, zx_status_t status, bool want_ok);
Outcome JudgeStatus(const char* a_text, const char* b_text, zx_status_t a, zx_status_t b);
template <typename T>
Outcome IsOk(const char* text, const T& value) {
  return JudgeOk(text, StatusOf(value), true);
}
template <typename T>
Outcome IsNotOk(const char* text, const T& value) {
  return JudgeOk(text, StatusOf(value), false);
}
template <typename A, typename B>
Outcome IsStatus(const char* a_text, const char* b_text, const A& a, const B& b) {
  return JudgeStatus(a_text, b_text, StatusOf(a), StatusOf(b));
}

// A string argument: C strings may be null, which equals only null.
struct Text {
  Text(const char* text) : null(text == nullptr), view(text != nullptr ? text : "") {}  // NOLINT: converts on purpose
  Text(std::string_view text) : null(false), view(text) {}                              // NOLINT
  Text(const std::string& text) : null(false), view(text) {}                            // NOLINT
  bool operator==(const Text&) const = default;
  bool null;
  std::string_view view;
};
Outcome StringsEqual(const char* a_text, const char* b_text, Text a, Text b);
Outcome StringsDiffer(const char* a_text, const char* b_text, Text a, Text b);
Outcome HasSubstring(const char* a_text, const char* b_text, Text a, Text b);
Outcome BytesEqual(const char* a_text, const char* b_text, const void* a, const void* b, size_t size);
Outcome BytesDiffer(const char* a_text, const char* b_text, const void* a, const void* b, size_t size);

}  // namespace zxtest::internal

#define ZXTEST_MESSAGE_(...) ::zxtest::internal::FormatMessage(__VA_ARGS__)

#define ZXTEST_COMPARE_(op, a, b)                                                              \
  [&](const auto& zxtest_a, const auto& zxtest_b) {                                            \
    return ::zxtest::internal::Judge((zxtest_a op zxtest_b), #op, #a, #b, zxtest_a, zxtest_b); \
  }((a), (b))

#define ZXTEST_CHECK_(fatal, on_failure, outcome, ...)                                          \
  do {                                                                                          \
    if (const ::zxtest::internal::Outcome zxtest_outcome = (outcome); !zxtest_outcome.ok) {     \
      ::zxtest::internal::ReportFailure(fatal, __FILE__, __LINE__, zxtest_outcome.text.c_str(), \
                                        ZXTEST_MESSAGE_(__VA_ARGS__).c_str());                  \
      on_failure;                                                                               \
    }                                                                                           \
  } while (false)
#define ZXTEST_EXPECT_(outcome, ...) ZXTEST_CHECK_(false, static_cast<void>(0), outcome, __VA_ARGS__)
#define ZXTEST_ASSERT_(outcome, ...) ZXTEST_CHECK_(true, return, outcome, __VA_ARGS__)
