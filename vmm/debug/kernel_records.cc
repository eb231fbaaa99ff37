#include "vmm/debug/kernel_records.h"

#include <charconv>
#include <optional>

namespace vmm {
namespace {

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(end + 1);
  }
}

std::optional<std::vector<uint64_t>> ParseHex(const std::vector<std::string_view>& fields, size_t count) {
  std::vector<uint64_t> numbers(count);
  for (size_t index = 0; index < count; ++index) {
    const std::string_view field = fields[index];
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), numbers[index], 16);
    if (error != std::errc() || end != field.data() + field.size()) {
      return std::nullopt;
    }
  }
  return numbers;
}

}  // namespace

std::vector<ModuleRecord> ParseModuleRecords(std::string_view text) {
  std::vector<ModuleRecord> records;
  for (const std::string_view line : Split(text, '\n')) {
    const std::vector<std::string_view> fields = Split(line, '\t');
    if (fields.size() != 7) {
      continue;
    }
    if (const auto numbers = ParseHex(fields, 5)) {
      records.push_back({.process = (*numbers)[0],
                         .root = (*numbers)[1],
                         .bias = (*numbers)[2],
                         .base = (*numbers)[3],
                         .end = (*numbers)[4],
                         .process_name = std::string(fields[5]),
                         .name = std::string(fields[6])});
    }
  }
  return records;
}

std::vector<CpuRecord> ParseCpuRecords(std::string_view text) {
  std::vector<CpuRecord> records;
  for (const std::string_view line : Split(text, '\n')) {
    const std::vector<std::string_view> fields = Split(line, '\t');
    if (fields.size() != 5) {
      continue;
    }
    if (const auto numbers = ParseHex(fields, 3)) {
      records.push_back({.cpu = (*numbers)[0],
                         .process = (*numbers)[1],
                         .thread = (*numbers)[2],
                         .process_name = std::string(fields[3]),
                         .thread_name = std::string(fields[4])});
    }
  }
  return records;
}

}  // namespace vmm
