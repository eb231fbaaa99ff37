#include "devices/pager/replay/working_set.h"

#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "shared/base/range.h"

namespace pager::replay {

namespace {

constexpr std::string_view kHeader = "pagoda working set 1";
constexpr std::string_view kKind = "pagoda working set ";
constexpr uint64_t kMaxSize = uint64_t{1} << 62;
constexpr uint64_t kMaxRead = uint64_t{1} << 30;
constexpr std::string_view kHexDigits = "0123456789ABCDEF";

bool IsPlain(char c) { return c > ' ' && c <= '~' && c != '%'; }

std::string Escape(std::string_view text) {
  if (text.empty()) {
    return "-";
  }
  std::string escaped;
  for (const char c : text) {
    if (IsPlain(c) && text != "-") {
      escaped += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      escaped += {'%', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
    }
  }
  return escaped;
}

std::optional<std::string> Unescape(std::string_view text) {
  std::string plain;
  if (text == "-") {
    return plain;
  }
  while (!text.empty()) {
    if (IsPlain(text.front())) {
      plain += text.front();
      text.remove_prefix(1);
      continue;
    }
    unsigned char byte = 0;
    const bool whole = text.size() >= 3 && text.front() == '%';
    if (!whole || std::from_chars(text.data() + 1, text.data() + 3, byte, 16).ptr != text.data() + 3) {
      return std::nullopt;
    }
    plain += static_cast<char>(byte);
    text.remove_prefix(3);
  }
  return plain;
}

template <typename T>
std::optional<T> Number(std::string_view text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// What is wrong with a line; null: nothing.
using Complaint = const char*;

class Parser {
 public:
  // `line` is without its end. Not called any more after a complaint.
  Complaint Take(std::string_view line) {
    if (ended_) {
      return "something follows the end";
    }
    if (!begun_) {
      begun_ = line == kHeader;
      return begun_                    ? nullptr
             : line.starts_with(kKind) ? "this is a working set of a version that is not known here"
                                       : "this is no working set";
    }
    std::array<std::string_view, 5> fields;
    const size_t count = Split(line, fields);
    if (fields[0] == "read" && count == 4) {
      return TakeRead(fields);
    }
    if (fields[0] == "object" && count == 5) {
      return TakeObject(fields);
    }
    if (fields[0] == "end" && count == 2) {
      ended_ = Number<uint64_t>(fields[1]) == set_.reads.size();
      return ended_ ? nullptr : "the count of reads is wrong";
    }
    return "neither 'object NUMBER SIZE VERSION NAME' nor 'read NUMBER OFFSET LENGTH' nor 'end COUNT'";
  }

  [[nodiscard]] bool ended() const { return ended_; }
  WorkingSet Result() && { return std::move(set_); }

 private:
  // At single spaces. More fields than there is room for, or an empty one, give 0.
  static size_t Split(std::string_view line, std::span<std::string_view> fields) {
    size_t count = 0;
    while (true) {
      const size_t space = line.find(' ');
      const std::string_view field = line.substr(0, space);
      if (count == fields.size() || field.empty()) {
        return 0;
      }
      fields[count++] = field;
      if (space == std::string_view::npos) {
        return count;
      }
      line.remove_prefix(space + 1);
    }
  }

  Complaint TakeObject(std::span<const std::string_view> fields) {
    if (set_.objects.size() == WorkingSet::kMaxObjects) {
      return "too many objects";
    }
    if (Number<uint64_t>(fields[1]) != set_.objects.size()) {
      return "objects are numbered 0, 1, 2, ...";
    }
    const auto size = Number<uint64_t>(fields[2]);
    if (!size || *size > kMaxSize || !base::IsPageAligned(*size)) {
      return "the size is no multiple of the page size, or too large";
    }
    auto version = Unescape(fields[3]);
    auto name = Unescape(fields[4]);
    if (!version || !name || name->empty()) {
      return "there is a '%' without two hexadecimal digits, or no name";
    }
    set_.objects.push_back({.name = std::move(*name), .size = *size, .version = std::move(*version)});
    return nullptr;
  }

  Complaint TakeRead(std::span<const std::string_view> fields) {
    if (set_.reads.size() == WorkingSet::kMaxReads) {
      return "too many reads";
    }
    const auto object = Number<uint32_t>(fields[1]);
    const auto offset = Number<uint64_t>(fields[2]);
    const auto length = Number<uint64_t>(fields[3]);
    if (!object || *object >= set_.objects.size()) {
      return "there is no object of that number";
    }
    if (!offset || !length || *length == 0 || *length > kMaxRead || !base::IsPageAligned(*offset) ||
        !base::IsPageAligned(*length) || *offset > kMaxSize) {
      return "offset and length are multiples of the page size, and not too large";
    }
    set_.reads.push_back({.object = *object, .range = {.offset = *offset, .length = *length}});
    return nullptr;
  }

  bool begun_ = false;
  bool ended_ = false;
  WorkingSet set_;
};

}  // namespace

std::string FormatWorkingSet(const WorkingSet& set) {
  std::string text = std::string(kHeader) + "\n";
  for (size_t i = 0; i < set.objects.size(); ++i) {
    const RecordedObject& object = set.objects[i];
    text += "object " + std::to_string(i) + " " + std::to_string(object.size) + " " + Escape(object.version) + " " +
            Escape(object.name) + "\n";
  }
  for (const RecordedRead& read : set.reads) {
    text += "read " + std::to_string(read.object) + " " + std::to_string(read.range.offset) + " " +
            std::to_string(read.range.length) + "\n";
  }
  return text + "end " + std::to_string(set.reads.size()) + "\n";
}

base::Result<WorkingSet, dev::Error> ParseWorkingSet(std::string_view text) {
  Parser parser;
  size_t number = 0;
  while (!text.empty()) {
    ++number;
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      return base::Failure{dev::Error{"line " + std::to_string(number) + ": has no end: the file was cut off"}};
    }
    if (const Complaint complaint = parser.Take(text.substr(0, end)); complaint != nullptr) {
      return base::Failure{dev::Error{"line " + std::to_string(number) + ": " + complaint}};
    }
    text.remove_prefix(end + 1);
  }
  if (!parser.ended()) {
    return base::Failure{dev::Error{number == 0 ? "is empty" : "has no 'end' line: the file was cut off"}};
  }
  return std::move(parser).Result();
}

}  // namespace pager::replay
