// Which pages of which objects a run asked for, in order, and its text form.
//
//   pagoda working set 1
//   object 0 1073741824 file%20inode=5%20size=1073741824%20mtime=1.5 data/a%20file
//   read 0 0 262144
//   read 0 262144 262144
//   end 2
//
// `object NUMBER SIZE VERSION NAME` comes before the first `read NUMBER OFFSET LENGTH` of it; `end` counts the reads,
// so that a file that was cut off is noticed. Sizes are bytes. In texts, bytes that are not graphic ASCII, and '%', are
// '%' and two hexadecimal digits; an empty text is "-", and "-" is "%2D".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "devices/core/error.h"
#include "shared/base/result.h"

namespace pager::replay {

// Bytes, page multiples; not empty.
struct ReadRange {
  uint64_t offset;
  uint64_t length;
  friend bool operator==(const ReadRange&, const ReadRange&) = default;
};

struct RecordedObject {
  std::string name;     // as the guest opened it: any bytes
  uint64_t size = 0;    // bytes, when it was opened
  std::string version;  // PageSource::content_version
  friend bool operator==(const RecordedObject&, const RecordedObject&) = default;
};

struct RecordedRead {
  uint32_t object;  // index in WorkingSet::objects
  ReadRange range;
  friend bool operator==(const RecordedRead&, const RecordedRead&) = default;
};

struct WorkingSet {
  // More than these is refused: a file may come from anybody.
  static constexpr size_t kMaxObjects = 1 << 16;
  static constexpr size_t kMaxReads = 1 << 22;

  std::vector<RecordedObject> objects;
  std::vector<RecordedRead> reads;
  friend bool operator==(const WorkingSet&, const WorkingSet&) = default;
};

// Precondition: what ParseWorkingSet checks.
[[nodiscard]] std::string FormatWorkingSet(const WorkingSet& set);

// Checks everything: numbers, alignment, that reads lie in objects that are there. The error names the line.
[[nodiscard]] base::Result<WorkingSet, dev::Error> ParseWorkingSet(std::string_view text);

}  // namespace pager::replay
