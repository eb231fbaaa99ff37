// What an inspection says: whole lines in a buffer of bounded size, with a number by which the next call goes on.
//
//   for each thing:  if (report.SkipsNext()) continue;     given by an earlier call
//                    Row row(columns); row.Koid(…)…;
//                    if (!report.Add(row)) return;         no room: the next call begins with this line
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <array>
#include <span>

#include "guest/kernel/lib/object_name.h"
#include "guest/kernel/lib/text_writer.h"

namespace gk::inspect {

enum class Align : uint8_t { kLeft, kRight };

struct Column {
  const char* head;
  size_t width;
  Align align = Align::kRight;
};

// One line, cell by cell. A cell that is too wide pushes the others; a line that is too long is cut.
class Row {
 public:
  static constexpr size_t kMost = 240;

  // Without columns: cells are separated by a tab and not aligned.
  explicit Row(std::span<const Column> columns = {}) : columns_(columns) {}

  Row& Text(const char* text);
  // An empty name is "-" where there are columns.
  Row& Name(const ObjectName& name);
  // The same, `depth` steps to the right.
  Row& IndentedName(const ObjectName& name, size_t depth);
  Row& Unsigned(uint64_t value);
  // 0 is "-".
  Row& Koid(uint64_t koid);
  // With a prefix where there are columns, without in records.
  Row& Hexadecimal(uint64_t value);
  // Bytes: in KiB, MiB, … where that is exact; what would be long is rounded down, behind a "~".
  Row& Size(uint64_t bytes);
  // Something made of several parts.
  template <typename Write>
  Row& Composed(Write write) {
    write(cell_);
    return EndCell();
  }

  [[nodiscard]] std::span<const char> text() const { return line_.text(); }

 private:
  Row& EndCell();

  const std::span<const Column> columns_;
  size_t cells_ = 0;
  std::array<char, 80> cell_room_;
  std::array<char, kMost> line_room_;
  TextWriter cell_{cell_room_};
  TextWriter line_{line_room_};
};

class Report {
 public:
  // `buffer` has room for a line at least; `cursor`: what an earlier report about the same said, or 0.
  Report(std::span<char> buffer, uint64_t cursor) : buffer_(buffer), first_(cursor) {}

  // The line with the columns' heads.
  void AddHead(std::span<const Column> columns);
  // True: an earlier report had the next line, which is passed over.
  [[nodiscard]] bool SkipsNext();
  // False: there is no room for it, nor for any later line.
  bool Add(const Row& row) { return AddLine(row.text()); }
  bool AddNote(const char* text);

  [[nodiscard]] bool full() const { return full_; }
  [[nodiscard]] size_t size() const { return size_; }
  // For the next report; 0: there is nothing left to say.
  [[nodiscard]] uint64_t cursor() const { return full_ ? next_ : 0; }
  // The cursor was not one of ours: nothing was left to say. To be asked at the end.
  [[nodiscard]] bool had_bad_cursor() const { return first_ != 0 && next_ <= first_ && !full_; }

 private:
  bool AddLine(std::span<const char> text);

  const std::span<char> buffer_;
  const uint64_t first_;
  uint64_t next_ = 0;  // number of the next line
  size_t size_ = 0;    // bytes used
  bool full_ = false;
};

}  // namespace gk::inspect
