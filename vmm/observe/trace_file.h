// A timeline on its way into a file, in Chrome's trace-event format (a JSON array), which Perfetto's viewer opens.
//
//   any thread ──Add──▶ buffer, bounded ──Write──▶ file
//
// Memory is bounded: what does not fit until the next Write is dropped and counted, but for the ends of what has begun,
// for which there is always room. Times of one track never go back in the file, and what was begun is ended by Finish,
// so the file is whole however the guest ended. A monitor that was killed leaves an array without its end, which the
// viewer takes too.
//
// Threads: Add and Intern from any (a mutex that is held for a copy); Write and Finish from one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vmm/base/error.h"
#include "vmm/observe/output_file.h"

namespace vmm {

// A row of the viewer.
struct TraceTrack {
  uint32_t number;
  friend auto operator<=>(const TraceTrack&, const TraceTrack&) = default;
};

enum class TracePhase : char {
  kComplete = 'X',  // something that took `duration`
  kInstant = 'i',
  kBegin = 'B',  // on one track, properly nested
  kEnd = 'E',
  kAsyncBegin = 'b',  // may overlap; `id` ties the end to it
  kAsyncEnd = 'e',
  kCounter = 'C',  // `value`
};

struct TraceEvent {
  using Clock = std::chrono::steady_clock;
  static constexpr uint32_t kNoObject = 0;

  TracePhase phase;
  const char* name;  // a literal; no character that JSON would escape
  TraceTrack track;
  Clock::time_point time;
  std::chrono::nanoseconds duration{0};
  uint64_t id = 0;
  uint32_t object = kNoObject;  // from Intern
  uint64_t offset = 0;          // bytes; with an object
  uint64_t length = 0;
  int32_t status = 0;  // kAsyncEnd
  uint64_t value = 0;  // kCounter
};

class TraceFile {
 public:
  // How many events wait at most.
  static constexpr size_t kCapacity = size_t{1} << 15;

  // Opens or creates the file, and leaves what is in it until the first Write. The error names the path.
  static Result<std::unique_ptr<TraceFile>> Create(const std::string& path);

  // A number for an object's name. After 65535 of them all others are one, "(others)".
  [[nodiscard]] uint32_t Intern(std::string_view name);

  void Add(const TraceEvent& event);
  // Before the first event of the track is written.
  void NameTrack(TraceTrack track, std::string name);

  // Writes what has been added.
  void Write();
  // Writes the rest and ends what has begun. Once. Fails, with the path, when not everything could be written.
  [[nodiscard]] Result<> Finish();

  [[nodiscard]] uint64_t dropped() const;

 private:
  explicit TraceFile(OutputFile file) : start_(TraceEvent::Clock::now()), file_(std::move(file)) {}

  void Append(const TraceEvent& event);
  void AppendTrackName(TraceTrack track);
  [[nodiscard]] int64_t Monotonic(TraceTrack track, TraceEvent::Clock::time_point time);
  void NoteBegun(const TraceEvent& event);
  void EndAll();
  void FlushText();

  const TraceEvent::Clock::time_point start_;

  mutable std::mutex mutex_;  // guards this and the next five
  std::vector<TraceEvent> added_;
  uint64_t dropped_ = 0;
  std::vector<std::string> objects_ = {""};  // as JSON strings
  std::map<std::string, uint32_t, std::less<>> object_numbers_;
  std::map<TraceTrack, std::string> track_names_;

  // Of the thread that writes.
  OutputFile file_;
  Result<> written_;  // the first failure of it
  std::string text_;
  bool first_ = true;                                      // nothing was formatted yet
  std::map<TraceTrack, int64_t> last_time_;                // ns since start_
  std::map<TraceTrack, std::vector<const char*>> nested_;  // begun, not ended
  std::map<std::pair<const char*, uint64_t>, TraceTrack> asynchronous_;
};

}  // namespace vmm
