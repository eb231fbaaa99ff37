#include "vmm/observe/json_text.h"

#include <nlohmann/json.hpp>

namespace vmm {

std::string JsonString(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string ValidUtf8(std::string_view text) { return nlohmann::json::parse(JsonString(text)).get<std::string>(); }

}  // namespace vmm
