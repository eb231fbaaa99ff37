// GoogleTest's filter language: patterns with * and ?, joined by ':', those behind a '-' excluded.
#pragma once

#include <string_view>

namespace zxtest::internal {

// Whether the test called "Suite.Case" is selected. An empty positive part selects everything.
bool FilterSelects(std::string_view filter, std::string_view name);

}  // namespace zxtest::internal
