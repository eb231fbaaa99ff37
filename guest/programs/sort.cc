// Sorts the lines of an object that may be larger than the guest's memory: a merge sort whose runs are in another
// object, the scratch.
//
//   input ──▶ as many lines as fit ──▶ sorted ──▶ a run in the scratch ─┐
//                        ⋮                               ⋮              ├─▶ merged ──▶ output
//   input ──▶ the rest             ──▶ sorted ──▶ a run in the scratch ─┘
//
// What fits into memory needs no scratch. The input has been read to its end before the output is touched, so they may
// be the same object.
#include <stdio.h>
#include <string.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "guest/programs/line_batch.h"
#include "guest/programs/line_order.h"
#include "guest/programs/objects.h"

namespace {

constexpr const char* kUsage =
    "usage: sort [-nru] NAME [SCRATCH [OUTPUT]]\n"
    "  -n  by the number at the start of a line    -r  backwards    -u  equal lines once\n"
    "All three are objects that the host serves. SCRATCH (- for none) takes what does not fit into memory and is as "
    "large\n"
    "as NAME, or can be resized; it is overwritten. Without OUTPUT the lines are printed.\n";

using programs::LineBatch;
using programs::LineOrder;
using programs::LineReader;
using programs::ObjectReader;
using programs::ObjectWriter;

// Where sorted lines go: an object, or the console. Knows which line was last, for -u.
class Sink {
 public:
  explicit Sink(const LineOrder& order) : order_(order) {}
  void UseObject(ObjectWriter& writer) { writer_ = &writer; }

  [[nodiscard]] zx_status_t Take(std::string_view line) {
    if (order_.unique && last_ && order_.Compare(*last_, line) == 0) {
      return ZX_OK;
    }
    if (order_.unique) {
      last_ = line;
    }
    if (writer_ == nullptr) {
      output_.Append(line);
      output_.Append("\n");
      return ZX_OK;
    }
    const zx_status_t status = writer_->Append(line);
    return status == ZX_OK ? writer_->Append("\n") : status;
  }

 private:
  const LineOrder& order_;
  ObjectWriter* writer_ = nullptr;
  programs::Output output_;
  std::optional<std::string> last_;
};

// A sorted part of the scratch while it is merged with the others.
class Run {
 public:
  Run(const zx::vmo& scratch, uint64_t begin, uint64_t end, size_t piece_size)
      : reader_(scratch, begin, end, piece_size), lines_(reader_) {}
  [[nodiscard]] LineReader::Got Advance() { return lines_.Next(&line_); }
  [[nodiscard]] std::string_view line() const { return line_; }
  [[nodiscard]] zx_status_t status() const { return lines_.status(); }

 private:
  ObjectReader reader_;
  LineReader lines_;
  std::string_view line_;
};

class Sorter {
 public:
  Sorter(const char* input, const char* scratch, const char* output, const LineOrder& order)
      : input_(input), scratch_(scratch), output_(output), order_(order), batch_(budget_) {}

  bool Sort() {
    if (!Open() || !ReadInput()) {
      return false;
    }
    if (ends_.empty()) {
      batch_.Sort(order_);
      return PrepareOutput() && Written(GiveBatchTo(sink_)) && FinishOutput();
    }
    return SpillBatch() && PrepareOutput() && Merge() && FinishOutput();
  }

 private:
  static bool Complain(const char* object, std::string_view what, zx_status_t status) {
    return programs::Complain("sort", object, what, status);
  }
  bool Written(zx_status_t status) const {
    return status == ZX_OK || Complain(output_ != nullptr ? output_ : "(console)", "cannot be written", status);
  }

  // Whatever can be known to be wrong is said before anything is changed.
  bool Open() {
    if (const zx_status_t status = reader_.Open(input_); status != ZX_OK) {
      return Complain(input_, "cannot be opened", status);
    }
    if (output_ != nullptr) {
      if (const zx_status_t status = writer_.Open(output_); status != ZX_OK) {
        return Complain(output_, "cannot be written to", status);
      }
      sink_.UseObject(writer_);
    }
    if (scratch_ != nullptr) {
      if (const zx_status_t status = runs_.Open(scratch_); status != ZX_OK) {
        return Complain(scratch_, "cannot be written to", status);
      }
    }
    return true;
  }

  bool ReadInput() {
    LineReader lines(reader_);
    std::string_view line;
    LineReader::Got got;
    while ((got = lines.Next(&line)) == LineReader::Got::kLine) {
      total_ += line.size() + 1;
      if (!batch_.Add(line) && (!SpillBatch() || !batch_.Add(line))) {
        return false;
      }
    }
    return got == LineReader::Got::kEnd || Complain(input_, "cannot be read", lines.status());
  }

  [[nodiscard]] zx_status_t GiveBatchTo(Sink& sink) const {
    return batch_.ForEach([&sink](std::string_view line) { return sink.Take(line); });
  }

  // The batch becomes a run.
  bool SpillBatch() {
    if (scratch_ == nullptr) {
      fprintf(stderr, "sort: %s: does not fit into the guest's memory; give a SCRATCH object\n", input_);
      return false;
    }
    if (ends_.empty()) {
      // All lines with their ends; the last one may have had none.
      if (const zx_status_t status = runs_.SetSize(reader_.size() + 1, ObjectWriter::Sizing::kAtLeast);
          status != ZX_OK) {
        return Complain(scratch_, "cannot be made " + std::to_string(reader_.size() + 1) + " bytes long", status);
      }
    }
    batch_.Sort(order_);
    Sink run(order_);
    run.UseObject(runs_);
    if (zx_status_t status = GiveBatchTo(run); status != ZX_OK || (status = runs_.Flush()) != ZX_OK) {
      return Complain(scratch_, "cannot be written", status);
    }
    ends_.push_back(runs_.offset());
    batch_.Clear();
    return true;
  }

  bool PrepareOutput() {
    if (output_ == nullptr) {
      return true;
    }
    const zx_status_t status = writer_.SetSize(total_, ObjectWriter::Sizing::kExactly);
    return status == ZX_OK || Complain(output_, "cannot be made " + std::to_string(total_) + " bytes long", status);
  }

  bool Merge() {
    const size_t piece_size = std::clamp<size_t>(budget_ / ends_.size(), 4096, 65536);
    std::vector<std::unique_ptr<Run>> runs;
    // The run whose line comes first is on top; of equal ones the one that was read first.
    const auto later = [&](size_t a, size_t b) {
      const int order = order_.Compare(runs[a]->line(), runs[b]->line());
      return order != 0 ? order > 0 : a > b;
    };
    std::priority_queue<size_t, std::vector<size_t>, decltype(later)> next(later);
    uint64_t begin = 0;
    for (const uint64_t end : ends_) {
      runs.push_back(std::make_unique<Run>(runs_.object(), begin, end, piece_size));
      begin = end;
      if (!Advance(*runs.back(), [&] { next.push(runs.size() - 1); })) {
        return false;
      }
    }
    while (!next.empty()) {
      const size_t first = next.top();
      next.pop();
      if (!Written(sink_.Take(runs[first]->line())) || !Advance(*runs[first], [&] { next.push(first); })) {
        return false;
      }
    }
    return true;
  }

  template <typename OnLine>
  bool Advance(Run& run, OnLine on_line) const {
    switch (run.Advance()) {
      case LineReader::Got::kLine:
        on_line();
        return true;
      case LineReader::Got::kEnd:
        return true;
      case LineReader::Got::kFailed:
        break;
    }
    return Complain(scratch_, "cannot be read", run.status());
  }

  bool FinishOutput() {
    if (output_ == nullptr) {
      return true;
    }
    const uint64_t size = writer_.offset();  // with -u it may be less than was prepared for
    const zx_status_t sized = writer_.SetSize(size, ObjectWriter::Sizing::kExactly);
    if (sized != ZX_OK) {
      return Complain(output_, "cannot be made " + std::to_string(size) + " bytes long", sized);
    }
    return Written(writer_.Flush());
  }

  const char* const input_;
  const char* const scratch_;  // null: none
  const char* const output_;   // null: the console
  const LineOrder order_;
  const uint64_t budget_ = zx_system_get_physmem() / 8;
  LineBatch batch_;
  Sink sink_{order_};
  ObjectReader reader_;
  ObjectWriter runs_;
  ObjectWriter writer_;
  uint64_t total_ = 0;          // bytes of all lines with their ends
  std::vector<uint64_t> ends_;  // of the runs, in the scratch
};

}  // namespace

int main(int argument_count, char** arguments) {
  const programs::Options options(argument_count, arguments, "nru", kUsage);
  if (!options.good()) {
    return 2;
  }
  const std::span<char*> names = options.rest();
  if (names.empty() || names.size() > 3) {
    fputs(kUsage, stderr);
    return 2;
  }
  const char* scratch = names.size() > 1 && strcmp(names[1], "-") != 0 ? names[1] : nullptr;
  const char* output = names.size() > 2 ? names[2] : nullptr;
  if (scratch != nullptr && (strcmp(scratch, names[0]) == 0 || (output != nullptr && strcmp(scratch, output) == 0))) {
    fprintf(stderr, "sort: %s: the scratch must be an object of its own\n", scratch);
    return 2;
  }
  const LineOrder order{.numeric = options.Has('n'), .reversed = options.Has('r'), .unique = options.Has('u')};
  return Sorter(names[0], scratch, output, order).Sort() ? 0 : 1;
}
