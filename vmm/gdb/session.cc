#include "vmm/gdb/session.h"

#include <utility>
#include <variant>
#include <vector>

#include "vmm/gdb/commands.h"
#include "vmm/gdb/monitor.h"
#include "vmm/gdb/resume.h"
#include "vmm/gdb/stop_reply.h"

namespace vmm::gdb {

void Session::Work() {
  while (!link_.has_output() && state_ != State::kAttaching && state_ != State::kFinished) {
    auto request = link_.Next();
    if (!request) {
      return;
    }
    Handle(std::move(*request));
  }
}

void Session::Handle(Request request) {
  switch (request.kind) {
    case Request::Kind::kPacket:
      return HandlePacket(std::move(request.payload));
    case Request::Kind::kInterrupt:
      // A stop may be on its way already; then there is nothing left to interrupt, and that stop is the answer.
      if (state_ == State::kRunning) {
        target_.Interrupt();
      }
      return;
    case Request::Kind::kUnusable:
      return link_.Send(ErrorNumber(ErrorCode::kInvalid));
    case Request::Kind::kNothing:
      return;
  }
}

void Session::HandlePacket(std::string packet) {
  switch (state_) {
    case State::kSilent:
      return HandleFirst(std::move(packet));
    case State::kRunning:
      return HandleWhileRunning(packet);
    case State::kStopped:
      return HandleStopped(packet);
    case State::kAttaching:
    case State::kFinished:
      return;  // Work takes no packet then
  }
}

void Session::HandleFirst(std::string packet) {
  target_.OnClientAttached();
  state_ = State::kAttaching;
  first_packet_ = std::move(packet);
  if (!target_.stop()) {
    target_.Interrupt();
  }
  OnWakeUp();
}

void Session::OnWakeUp() {
  if ((state_ != State::kAttaching && state_ != State::kRunning) || !target_.stop()) {
    return;
  }
  if (std::exchange(state_, State::kStopped) == State::kAttaching) {
    HandleStopped(*std::exchange(first_packet_, std::nullopt));
  } else {
    ReportStop();
  }
}

void Session::ReportStop() {
  context_.general_thread = 0;  // gdb assumes that the thread of the stop is selected
  if (const auto event = target_.stop()) {
    link_.Send(StopReply(context_, *event));
  }
}

void Session::HandleWhileRunning(const std::string& packet) {
  if (!HandleEnd(packet)) {
    link_.Send(ErrorNumber(ErrorCode::kNotStopped));
  }
}

void Session::HandleStopped(const std::string& packet) {
  if (HandleEnd(packet) || HandleControl(packet)) {
    return;
  }
  link_.Send(RunCommand(context_, packet).value_or(std::string()));
}

bool Session::HandleEnd(const std::string& packet) {
  if (packet == "D" || packet.starts_with("D;")) {
    Detach();
    link_.Send(OkReply());
    return true;
  }
  if (packet == "k") {
    Kill();
    if (context_.is_lldb) {
      link_.Send(StopReply(context_, GuestTerminated{Signal::kKill}));
    }  // for gdb it has no answer
    return true;
  }
  if (packet.starts_with("vKill")) {
    Kill();
    link_.Send(OkReply());
    return true;
  }
  return false;
}

bool Session::HandleControl(const std::string& packet) {
  constexpr std::string_view kMonitor = "qRcmd,";
  constexpr std::string_view kVCont = "vCont";
  const std::string_view text = packet;
  if (text == "?") {
    ReportStop();
  } else if (text == "QStartNoAckMode") {
    link_.Send(OkReply());
    link_.StopAcks();
  } else if (text.starts_with("vCont;")) {
    Resume(ParseVCont(text.substr(kVCont.size()), target_.Threads()));
  } else if (!text.empty() && std::string_view("cCsS").find(text.front()) != std::string_view::npos) {
    ResumeLegacy(text);
  } else if (text.starts_with(kMonitor)) {
    RunMonitor(text.substr(kMonitor.size()));
  } else {
    return false;
  }
  return true;
}

void Session::Resume(const Outcome<std::vector<ResumeAction>>& actions) {
  if (!actions.ok()) {
    return link_.Send(context_.ErrorReply(actions.error()));
  }
  const auto resumed = target_.Resume(*actions);
  if (!resumed.ok()) {
    return link_.Send(context_.ErrorReply(resumed.error()));
  }
  context_.documents.clear();
  state_ = State::kRunning;  // the answer is the next stop
  OnWakeUp();
}

void Session::ResumeLegacy(std::string_view packet) {
  auto wanted = ParseLegacyResume(packet, context_, target_.Threads());
  if (!wanted.ok()) {
    return link_.Send(context_.ErrorReply(wanted.error()));
  }
  if (wanted->address) {
    auto registers = target_.ReadRegisters(wanted->thread);
    if (!registers.ok()) {
      return link_.Send(context_.ErrorReply(registers.error()));
    }
    registers->rip = *wanted->address;
    const auto written = target_.WriteRegisters(wanted->thread, *registers);
    if (!written.ok()) {
      return link_.Send(context_.ErrorReply(written.error()));
    }
  }
  Resume(std::move(wanted->actions));
}

void Session::RunMonitor(std::string_view hex) {
  const auto line = BytesOfHex(hex);
  if (!line) {
    return link_.Send(ErrorNumber(ErrorCode::kInvalid));
  }
  // SAFETY: the same bytes as characters.
  RunMonitorLine(context_, link_, {reinterpret_cast<const char*>(line->data()), line->size()});
}

void Session::Detach() {
  target_.RemoveAllPoints();
  if (state_ == State::kStopped && std::holds_alternative<ThreadStop>(target_.stop().value_or(GuestExited{}))) {
    // If it cannot, there is nobody left who could do something about it.
    static_cast<void>(target_.Resume(ContinueAll(target_.Threads())));
  }
  target_.OnClientGone();
  state_ = State::kFinished;
}

void Session::Kill() {
  target_.Kill();
  target_.OnClientGone();
  state_ = State::kFinished;
}

void Session::End() {
  if (state_ == State::kSilent || state_ == State::kFinished) {
    return;
  }
  target_.RemoveAllPoints();
  target_.OnClientGone();
  state_ = State::kFinished;
}

}  // namespace vmm::gdb
