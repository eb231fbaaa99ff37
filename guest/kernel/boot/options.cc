#include "guest/kernel/boot/options.h"

#include <string_view>

namespace gk {
namespace {

// What stands before and behind the first `separator`. string_view's own find and substr need library functions and a
// way to throw, which the kernel does not have.
struct Parts {
  std::string_view before;
  std::string_view behind;
};
std::optional<Parts> SplitAt(std::string_view text, char separator) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == separator) {
      return Parts{{text.data(), i}, {text.data() + i + 1, text.size() - i - 1}};
    }
  }
  return std::nullopt;
}

std::optional<CrashKind> ParseCrashKind(std::string_view value) {
  constexpr struct {
    std::string_view name;
    CrashKind kind;
  } kKinds[] = {{"panic", CrashKind::kPanic},
                {"page-fault", CrashKind::kPageFault},
                {"stack-overflow", CrashKind::kStackOverflow},
                {"triple-fault", CrashKind::kTripleFault},
                {"hang", CrashKind::kHang}};
  for (const auto& entry : kKinds) {
    if (entry.name == value) {
      return entry.kind;
    }
  }
  return std::nullopt;
}

std::optional<uint64_t> ParseNumber(std::string_view value) {
  if (value.empty()) {
    return std::nullopt;
  }
  uint64_t number = 0;
  for (const char digit : value) {
    if (digit < '0' || digit > '9' || __builtin_mul_overflow(number, uint64_t{10}, &number) ||
        __builtin_add_overflow(number, static_cast<uint64_t>(digit - '0'), &number)) {
      return std::nullopt;
    }
  }
  return number;
}

constexpr uint64_t kMostPagesSetAside = 65536;

// False: `option` is not one.
bool Apply(std::string_view option, KernelOptions& options) {
  const std::optional<Parts> parts = SplitAt(option, '=');
  if (!parts) {
    return false;
  }
  const auto [key, value] = *parts;
  if (key == "compat" && value == "zircon") {
    options.api_policy = ApiPolicy::kZircon;
    return true;
  }
  if (key == "seed") {
    options.seed = ParseNumber(value);
    return options.seed.has_value();
  }
  if (key == "set-aside") {
    const std::optional<uint64_t> pages = ParseNumber(value);
    options.set_aside_pages = pages.value_or(0);
    return pages.has_value() && *pages <= kMostPagesSetAside;
  }
  if (key == "pages-go-every") {
    const std::optional<uint64_t> safe_points = ParseNumber(value);
    options.pages_go_every = safe_points.value_or(0);
    return options.pages_go_every != 0;
  }
  if (key == "enable-debugging-syscalls") {
    options.debugging_syscalls = value == "true";
    return value == "true" || value == "false";
  }
  if (key == "crash") {
    options.crash = ParseCrashKind(value);
    return options.crash.has_value();
  }
  return false;
}

}  // namespace

base::Result<KernelOptions, BadOption> ParseOptions(std::span<const char> strings, uint32_t count) {
  KernelOptions options;
  std::string_view rest(strings.data(), strings.size());
  for (uint32_t i = 0; i < count; ++i) {
    const std::optional<Parts> parts = SplitAt(rest, '\0');
    if (!parts) {
      return base::Failure{BadOption{strings}};
    }
    if (!Apply(parts->before, options)) {
      return base::Failure{BadOption{std::span(parts->before)}};
    }
    rest = parts->behind;
  }
  return options;
}

}  // namespace gk
