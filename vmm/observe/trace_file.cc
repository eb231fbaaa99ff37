#include "vmm/observe/trace_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "vmm/observe/json_text.h"

namespace vmm {
namespace {

constexpr size_t kMaxObjects = 65535;
constexpr size_t kFlushBytes = size_t{1} << 16;
constexpr std::string_view kOthers = "(others)";

bool IsEnd(TracePhase phase) { return phase == TracePhase::kEnd || phase == TracePhase::kAsyncEnd; }
bool IsAsync(TracePhase phase) { return phase == TracePhase::kAsyncBegin || phase == TracePhase::kAsyncEnd; }

}  // namespace

Result<std::unique_ptr<TraceFile>> TraceFile::Create(const std::string& path) {
  PAGODA_TRY_ASSIGN(OutputFile file, OutputFile::Open(path));
  std::unique_ptr<TraceFile> trace(new TraceFile(std::move(file)));
  trace->added_.reserve(kCapacity);
  return trace;
}

uint32_t TraceFile::Intern(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = object_numbers_.find(name);
  if (found != object_numbers_.end()) {
    return found->second;
  }
  if (objects_.size() >= kMaxObjects) {
    name = kOthers;
  }
  const auto [entry, is_new] = object_numbers_.try_emplace(std::string(name), static_cast<uint32_t>(objects_.size()));
  if (is_new) {
    objects_.push_back(JsonString(name));
  }
  return entry->second;
}

void TraceFile::NameTrack(TraceTrack track, std::string name) {
  const std::lock_guard lock(mutex_);
  track_names_.try_emplace(track, std::move(name));
}

// A begin is dropped before its end would have to be: of what has begun there are never more ends to come than the
// capacity, because only begins that were taken can be ended.
void TraceFile::Add(const TraceEvent& event) {
  const std::lock_guard lock(mutex_);
  if (added_.size() >= kCapacity && !IsEnd(event.phase)) {
    ++dropped_;
    return;
  }
  added_.push_back(event);
}

uint64_t TraceFile::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

void TraceFile::Write() {
  std::vector<TraceEvent> events;
  events.reserve(kCapacity);
  {
    const std::lock_guard lock(mutex_);
    events.swap(added_);
  }
  for (const TraceEvent& event : events) {
    Append(event);
  }
  FlushText();
}

int64_t TraceFile::Monotonic(TraceTrack track, TraceEvent::Clock::time_point time) {
  int64_t& last = last_time_[track];
  last = std::max(last, std::chrono::duration_cast<std::chrono::nanoseconds>(time - start_).count());
  return last;
}

// Ends of what was dropped, or has been ended, are left out.
void TraceFile::NoteBegun(const TraceEvent& event) {
  switch (event.phase) {
    case TracePhase::kBegin:
      nested_[event.track].push_back(event.name);
      break;
    case TracePhase::kEnd:
      nested_[event.track].pop_back();
      break;
    case TracePhase::kAsyncBegin:
      asynchronous_.emplace(std::pair(event.name, event.id), event.track);
      break;
    case TracePhase::kAsyncEnd:
      asynchronous_.erase({event.name, event.id});
      break;
    default:
      break;
  }
}

void TraceFile::Append(const TraceEvent& event) {
  if ((event.phase == TracePhase::kEnd && nested_[event.track].empty()) ||
      (event.phase == TracePhase::kAsyncEnd && !asynchronous_.contains({event.name, event.id}))) {
    return;
  }
  AppendTrackName(event.track);
  NoteBegun(event);
  const int64_t ns = Monotonic(event.track, event.time);
  auto out = std::back_inserter(text_);
  fmt::format_to(out, R"({}{{"name":"{}","ph":"{}","pid":1,"tid":{},"ts":{}.{:03})", first_ ? "[\n" : ",\n", event.name,
                 static_cast<char>(event.phase), event.track.number, ns / 1000, ns % 1000);
  first_ = false;
  if (event.phase == TracePhase::kComplete) {
    const int64_t duration = std::max<int64_t>(event.duration.count(), 0);
    fmt::format_to(out, R"(,"dur":{}.{:03})", duration / 1000, duration % 1000);
  } else if (event.phase == TracePhase::kInstant) {
    fmt::format_to(out, R"(,"s":"t")");
  } else if (IsAsync(event.phase)) {
    fmt::format_to(out, R"(,"cat":"port","id":{})", event.id);
  }
  if (event.object != TraceEvent::kNoObject) {
    const std::lock_guard lock(mutex_);
    fmt::format_to(out, R"(,"args":{{"object":{},"offset":{},"length":{}}})", objects_[event.object], event.offset,
                   event.length);
  } else if (event.phase == TracePhase::kCounter) {
    fmt::format_to(out, R"(,"args":{{"value":{}}})", event.value);
  } else if (event.phase == TracePhase::kAsyncEnd) {
    fmt::format_to(out, R"(,"args":{{"status":{}}})", event.status);
  }
  text_ += '}';
  if (text_.size() >= kFlushBytes) {
    FlushText();
  }
}

void TraceFile::AppendTrackName(TraceTrack track) {
  if (last_time_.contains(track)) {
    return;
  }
  last_time_[track] = 0;
  const std::lock_guard lock(mutex_);
  const auto name = track_names_.find(track);
  if (name != track_names_.end()) {
    fmt::format_to(std::back_inserter(text_),
                   R"({}{{"name":"thread_name","ph":"M","pid":1,"tid":{},"args":{{"name":{}}}}})",
                   first_ ? "[\n" : ",\n", track.number, JsonString(name->second));
    first_ = false;
  }
}

void TraceFile::FlushText() {
  written_ = file_.Write(text_);
  text_.clear();
}

void TraceFile::EndAll() {
  const auto now = TraceEvent::Clock::now();
  const auto nested = nested_;
  for (const auto& [track, names] : nested) {
    for (auto name = names.rbegin(); name != names.rend(); ++name) {
      Append({.phase = TracePhase::kEnd, .name = *name, .track = track, .time = now});
    }
  }
  const auto asynchronous = asynchronous_;
  for (const auto& [key, track] : asynchronous) {
    Append({.phase = TracePhase::kAsyncEnd, .name = key.first, .track = track, .time = now, .id = key.second});
  }
}

Result<> TraceFile::Finish() {
  Write();
  EndAll();
  const std::string_view start = first_ ? "[" : ",";
  fmt::format_to(std::back_inserter(text_),
                 "{}\n{{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"args\":{{\"name\":\"pagoda\","
                 "\"dropped_events\":{}}}}}\n]\n",
                 start, dropped());
  FlushText();
  return written_;
}

}  // namespace vmm
