#include "devices/core/values.h"

#include <charconv>

namespace dev {

namespace {

struct NumberAndUnit {
  uint64_t number;
  std::string_view unit;
};

std::optional<NumberAndUnit> Split(std::string_view text) {
  NumberAndUnit result = {};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result.number);
  if (error != std::errc()) {
    return std::nullopt;
  }
  result.unit = text.substr(static_cast<size_t>(end - text.data()));
  return result;
}

// The power of two that a unit multiplies with.
std::optional<unsigned> SizeShift(std::string_view unit) {
  if (unit.empty()) {
    return 0;
  }
  if (unit == "K" || unit == "k") {
    return 10;
  }
  if (unit == "M" || unit == "m") {
    return 20;
  }
  if (unit == "G" || unit == "g") {
    return 30;
  }
  return std::nullopt;
}

std::optional<uint64_t> MillisecondsOf(std::string_view unit) {
  if (unit == "ms") {
    return 1;
  }
  if (unit.empty() || unit == "s") {
    return 1000;
  }
  if (unit == "m") {
    return 60'000;
  }
  return std::nullopt;
}

}  // namespace

std::optional<uint64_t> ParseSize(std::string_view text) {
  const std::optional<NumberAndUnit> parts = Split(text);
  const std::optional<unsigned> shift = parts ? SizeShift(parts->unit) : std::nullopt;
  if (!shift || parts->number > UINT64_MAX >> *shift) {
    return std::nullopt;
  }
  return parts->number << *shift;
}

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  constexpr uint64_t kYear = uint64_t{365} * 24 * 60 * 60 * 1000;
  const std::optional<NumberAndUnit> parts = Split(text);
  const std::optional<uint64_t> unit = parts ? MillisecondsOf(parts->unit) : std::nullopt;
  if (!unit || parts->number > kYear / *unit) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(parts->number * *unit);
}

}  // namespace dev
