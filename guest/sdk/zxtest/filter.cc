#include "guest/sdk/zxtest/filter.h"

namespace zxtest::internal {
namespace {

// On a mismatch, the last '*' takes one character more and matching goes on behind it.
bool Matches(std::string_view pattern, std::string_view name) {
  size_t p = 0;
  size_t n = 0;
  size_t star = std::string_view::npos;
  size_t star_end = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_end = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_end;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool AnyMatches(std::string_view patterns, std::string_view name) {
  while (true) {
    const size_t colon = patterns.find(':');
    if (Matches(patterns.substr(0, colon), name)) {
      return true;
    }
    if (colon == std::string_view::npos) {
      return false;
    }
    patterns.remove_prefix(colon + 1);
  }
}

}  // namespace

bool FilterSelects(std::string_view filter, std::string_view name) {
  const size_t dash = filter.find('-');
  const std::string_view wanted = filter.substr(0, dash);
  if (!wanted.empty() && !AnyMatches(wanted, name)) {
    return false;
  }
  return dash == std::string_view::npos || !AnyMatches(filter.substr(dash + 1), name);
}

}  // namespace zxtest::internal
