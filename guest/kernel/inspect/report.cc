#include "guest/kernel/inspect/report.h"

#include "guest/kernel/lib/min_max.h"

namespace gk::inspect {

Row& Row::EndCell() {
  const size_t index = cells_++;
  if (index != 0) {
    line_.Append(columns_.empty() ? '\t' : ' ');
  }
  const bool aligned = index < columns_.size();
  const size_t width = aligned ? columns_[index].width : 0;
  const size_t padding = width - Min(width, cell_.length());
  const bool right = aligned && columns_[index].align == Align::kRight;
  line_.AppendRepeated(' ', right ? padding : 0);
  line_.AppendName(cell_.text());
  // Nothing behind the last cell.
  line_.AppendRepeated(' ', !right && cells_ < columns_.size() ? padding : 0);
  cell_.Clear();
  return *this;
}

Row& Row::Text(const char* text) {
  cell_.Append(text);
  return EndCell();
}

Row& Row::Name(const ObjectName& name) { return IndentedName(name, 0); }

Row& Row::IndentedName(const ObjectName& name, size_t depth) {
  constexpr size_t kMostIndentation = 32;
  cell_.AppendRepeated(' ', Min(2 * depth, kMostIndentation));
  const std::span<const char> text = name.text().first(Min(name.text().size(), size_t{ZX_MAX_NAME_LEN}));
  cell_.AppendName(text);
  cell_.Append(text.empty() && !columns_.empty() ? "-" : "");
  return EndCell();
}

Row& Row::Unsigned(uint64_t value) {
  cell_.AppendUnsigned(value);
  return EndCell();
}

Row& Row::Koid(uint64_t koid) { return koid == 0 ? Text("-") : Unsigned(koid); }

Row& Row::Hexadecimal(uint64_t value) {
  cell_.Append(columns_.empty() ? "" : "0x");
  cell_.AppendHexadecimal(value, 1);
  return EndCell();
}

Row& Row::Size(uint64_t bytes) {
  constexpr const char* kUnits[] = {"", "K", "M", "G", "T", "P", "E"};
  constexpr uint64_t kWide = 100'000;
  size_t unit = 0;
  bool exact = true;
  while (bytes != 0 && (bytes % 1024 == 0 || bytes >= kWide)) {
    exact = exact && bytes % 1024 == 0;
    bytes /= 1024;
    ++unit;
  }
  cell_.Append(exact ? "" : "~");
  cell_.AppendUnsigned(bytes);
  cell_.Append(kUnits[unit]);
  return EndCell();
}

void Report::AddHead(std::span<const Column> columns) {
  if (SkipsNext()) {
    return;
  }
  Row row(columns);
  for (const Column& column : columns) {
    row.Text(column.head);
  }
  Add(row);
}

bool Report::SkipsNext() {
  const bool skips = next_ < first_;
  next_ += skips ? 1 : 0;
  return skips;
}

bool Report::AddNote(const char* text) {
  if (SkipsNext()) {
    return true;
  }
  size_t length = 0;
  while (text[length] != '\0') {
    ++length;
  }
  return AddLine({text, length});
}

// A buffer without room for the line and its end takes a part of the line: the reader must get on.
bool Report::AddLine(std::span<const char> text) {
  if (full_ || (size_ != 0 && buffer_.size() - size_ < text.size() + 1)) {
    full_ = true;
    return false;
  }
  const size_t length = Min(text.size(), buffer_.size() - size_ - 1);
  __builtin_memcpy(buffer_.data() + size_, text.data(), length);
  size_ += length;
  buffer_[size_++] = '\n';
  ++next_;
  return true;
}

}  // namespace gk::inspect
