#include "vmm/observe/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "shared/base/range.h"
#include "vmm/crash/cause.h"

namespace vmm {
namespace {

using std::chrono::milliseconds;

constexpr double kMebibyte = 1 << 20;
// To the start of the line, and nothing right of it (ECMA-48: EL).
constexpr std::string_view kErase = "\r\x1b[K";

uint64_t PagesIn(const RunReport& report, std::string_view name) {
  const auto found =
      std::find_if(report.objects.begin(), report.objects.end(), [name](const auto& it) { return it.name == name; });
  return found == report.objects.end() ? 0 : found->pages_in;
}

// The object that most came in of since `before`; the first of all where nothing did.
const ObjectStatistics* Busiest(const RunReport& before, const RunReport& now) {
  const ObjectStatistics* busiest = nullptr;
  uint64_t most = 0;
  for (const ObjectStatistics& object : now.objects) {
    const uint64_t pages = object.pages_in - PagesIn(before, object.name);
    if (busiest == nullptr || pages > most) {
      busiest = &object;
      most = pages;
    }
  }
  return busiest;
}

}  // namespace

std::string ProgressLine(const RunReport& before, const RunReport& now, size_t width) {
  const ObjectStatistics* object = Busiest(before, now);
  if (object == nullptr) {
    return "pagoda: nothing was asked of a pager yet";
  }
  const uint64_t pages = now.total().pages_in - before.total().pages_in;
  const std::string numbers = fmt::format(
      ": {:.1f} MiB in, of {:.1f}; {:.1f} MB/s{}{}",
      static_cast<double>(object->pages_in * base::kPageSize) / kMebibyte,
      static_cast<double>(object->size) / kMebibyte, MegabytesPerSecond(pages, now.elapsed - before.elapsed),
      now.guest ? fmt::format("; {} pages evicted", now.guest->evicted_pages) : "",
      now.objects.size() > 1 ? fmt::format("; {} objects", now.objects.size()) : "");
  constexpr std::string_view kStart = "pagoda: ";
  std::string name = Printable(object->name);
  const size_t room = std::max<size_t>(width, kStart.size() + numbers.size() + 8) - kStart.size() - numbers.size();
  if (name.size() > room) {
    name = "..." + name.substr(name.size() - (room - 3));
  }
  std::string line = std::string(kStart) + name + numbers;
  return line.substr(0, width);
}

milliseconds Progress::PeriodOf(ProgressStyle style) {
  return milliseconds(style == ProgressStyle::kRedrawn ? 200 : 5000);
}

void Progress::Tick(const RunReport& now) {
  const std::string line = ProgressLine(before_, now, style_ == ProgressStyle::kRedrawn ? width_ : SIZE_MAX);
  before_ = now;
  const std::lock_guard lock(mutex_);
  if (finished_ || inside_a_line_) {
    return;
  }
  if (style_ == ProgressStyle::kLines) {
    write_(line + "\n");
    return;
  }
  write_(std::string(kErase) + line);
  drawn_ = true;
}

void Progress::EraseLocked() {
  if (drawn_) {
    write_(kErase);
    drawn_ = false;
  }
}

void Progress::Print(std::string_view text) {
  const std::lock_guard lock(mutex_);
  EraseLocked();
  write_(text);
}

void Progress::Finish(const RunReport& now) {
  if (style_ == ProgressStyle::kLines) {
    Tick(now);
  }
  const std::lock_guard lock(mutex_);
  EraseLocked();
  finished_ = true;
}

// The mutex stays locked over the write of the output: nothing is drawn into it.
void Progress::BeforeOutput() {
  if (shares_terminal_) {
    mutex_.lock();
    EraseLocked();
  }
}

void Progress::AfterOutput(char last) {
  if (shares_terminal_) {
    inside_a_line_ = last != '\n';
    mutex_.unlock();
  }
}

}  // namespace vmm
