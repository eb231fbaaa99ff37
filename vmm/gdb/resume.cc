#include "vmm/gdb/resume.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "vmm/gdb/threads.h"

namespace vmm::gdb {

namespace {

using Kind = ResumeAction::Kind;

// One action of a vCont. Thread 0: for all that no action before it is for.
std::optional<ResumeAction> TakeRange(TextCursor& text) {
  const auto start = text.TakeHex();
  const auto end = start && text.Skip(",") ? text.TakeHex() : std::nullopt;
  if (!end) {
    return std::nullopt;
  }
  return ResumeAction{.thread = 0, .kind = Kind::kStepRange, .range_start = *start, .range_end = *end};
}

std::optional<ResumeAction> TakeWithSignal(TextCursor& text, Kind kind) {
  const auto signal = text.TakeHex();
  if (!signal || *signal > std::numeric_limits<uint8_t>::max()) {
    return std::nullopt;
  }
  return ResumeAction{.thread = 0, .kind = kind, .signal = static_cast<Signal>(*signal)};
}

std::optional<ResumeAction> TakeKind(TextCursor& text) {
  if (text.Skip("c")) {
    return ResumeAction{.thread = 0, .kind = Kind::kContinue};
  }
  if (text.Skip("s")) {
    return ResumeAction{.thread = 0, .kind = Kind::kStep};
  }
  if (text.Skip("t")) {
    return ResumeAction{.thread = 0, .kind = Kind::kStay};
  }
  if (text.Skip("r")) {
    return TakeRange(text);
  }
  if (text.Skip("C")) {
    return TakeWithSignal(text, Kind::kContinue);
  }
  if (text.Skip("S")) {
    return TakeWithSignal(text, Kind::kStep);
  }
  return std::nullopt;
}

std::optional<ResumeAction> ParseAction(std::string_view part) {
  TextCursor text(part);
  auto action = TakeKind(text);
  if (action && text.Skip(":")) {
    const auto thread = TakeThread(text);
    if (!thread) {
      return std::nullopt;
    }
    action->thread = *thread;
  }
  return text.empty() ? action : std::nullopt;
}

// The leftmost action that is for a thread is that thread's; one without an action stays.
std::vector<ResumeAction> Resolve(std::span<const ResumeAction> wanted, std::span<const ThreadInfo> threads) {
  std::vector<ResumeAction> actions;
  for (const ThreadInfo& thread : threads) {
    const auto match = std::find_if(wanted.begin(), wanted.end(), [&](const ResumeAction& action) {
      return action.thread == 0 || action.thread == thread.id;
    });
    if (match != wanted.end() && match->kind != Kind::kStay) {
      actions.push_back(*match);
      actions.back().thread = thread.id;
    }
  }
  return actions;
}

}  // namespace

Outcome<std::vector<ResumeAction>> ParseVCont(std::string_view text, std::span<const ThreadInfo> threads) {
  TextCursor rest(text);
  if (!rest.Skip(";")) {
    return Fail(ErrorCode::kInvalid);
  }
  std::vector<ResumeAction> wanted;
  do {
    const auto action = ParseAction(rest.TakeUntil(';'));
    if (!action) {
      return Fail(ErrorCode::kInvalid);
    }
    if (action->thread != 0 && FindThread(threads, action->thread) == nullptr) {
      return Fail(ErrorCode::kNoSuchThread);
    }
    wanted.push_back(*action);
  } while (!rest.empty());
  auto actions = Resolve(wanted, threads);
  if (actions.empty()) {
    return Fail(ErrorCode::kInvalid);
  }
  return actions;
}

Outcome<LegacyResume> ParseLegacyResume(std::string_view packet, const SessionContext& context,
                                        std::span<const ThreadInfo> threads) {
  TextCursor text(packet);
  const auto action = TakeKind(text);
  if (!action || action->kind == Kind::kStay || action->kind == Kind::kStepRange) {
    return Fail(ErrorCode::kInvalid);
  }
  const bool with_signal = packet.front() == 'C' || packet.front() == 'S';
  std::optional<uint64_t> address;
  if (!text.empty()) {
    address = !with_signal || text.Skip(";") ? text.TakeHex() : std::nullopt;
    if (!address || !text.empty()) {
      return Fail(ErrorCode::kInvalid);
    }
  }
  const ThreadId thread = context.resume_thread != 0 ? context.resume_thread : context.SelectedThread();
  if (FindThread(threads, thread) == nullptr) {
    return Fail(ErrorCode::kNoSuchThread);
  }
  // The action is one thread's; the others go on, unless the client has chosen that one to run.
  std::vector<ResumeAction> wanted{*action};
  wanted.front().thread = thread;
  if (context.resume_thread == 0) {
    wanted.push_back({.thread = 0, .kind = Kind::kContinue});
  }
  return LegacyResume{.actions = Resolve(wanted, threads), .thread = thread, .address = address};
}

std::vector<ResumeAction> ContinueAll(std::span<const ThreadInfo> threads) {
  const ResumeAction all{.thread = 0, .kind = Kind::kContinue};
  return Resolve({&all, 1}, threads);
}

}  // namespace vmm::gdb
