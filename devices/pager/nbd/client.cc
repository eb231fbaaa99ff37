#include "devices/pager/nbd/client.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <future>
#include <utility>

#include "devices/core/poll.h"

namespace pager::nbd {

namespace {

using std::chrono::milliseconds;

// Between two attempts to connect: while tasks wait, and once nobody waits any more.
constexpr milliseconds kEager(10);
constexpr milliseconds kPatient(200);
// However impatient somebody is, a server may take that long to introduce itself.
constexpr milliseconds kLeastForHandshake(500);
// Between lines that say the same again: a server that comes and goes must not fill the log.
constexpr milliseconds kBetweenLines(1000);
// Of one command to zero: bounded, because a server may have to write it all.
constexpr uint64_t kMaxZero = 64 << 20;
// What is written for a server that cannot zero. Only read.
constexpr size_t kZeroBytes = 64 * 1024;
std::array<std::byte, kZeroBytes> zeros{};

// An error that says only that this connection is of no use any more.
bool IsOfTheConnection(int error) { return error == ENOTCONN || error == ESHUTDOWN; }

std::string Seconds(milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s" : std::to_string(time.count()) + " ms";
}

std::string Requests(size_t count) { return std::to_string(count) + (count == 1 ? " request" : " requests"); }

}  // namespace

base::Result<std::unique_ptr<Client>, dev::Error> Client::Create(ClientOptions options) {
  PAGODA_TRY_ASSIGN(dev::EventFd wake, dev::EventFd::Create());
  PAGODA_TRY_ASSIGN(dev::EventFd stop, dev::EventFd::Create());
  std::unique_ptr<Client> client(new Client(std::move(options), std::move(wake), std::move(stop)));
  // Also the first time on the service thread, which no signal of a closed socket can end.
  std::promise<base::Result<void, dev::Error>> connected;
  auto body = [raw = client.get(), &connected] {
    auto result = raw->Connect(raw->HandshakeDeadline());
    const bool ok = result.ok();
    connected.set_value(std::move(result));
    if (ok) {
      raw->Run();
    }
  };
  PAGODA_TRY_ASSIGN(client->thread_, dev::ServiceThread::Start("pager-nbd", std::move(body)));
  if (auto result = connected.get_future().get(); !result.ok()) {
    return base::Failure{dev::Error{client->options_.uri + ": " + result.error().message}};
  }
  return client;
}

Client::~Client() { Stop(); }

void Client::Stop() {
  stop_.Signal();
  thread_.Join();
}

void Client::Submit(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (!given_up_) {
      waiting_.push_back(std::move(task));
      wake_.Signal();
      return;
    }
  }
  task.done({.error = ENOTCONN, .connection = 0});
}

void Client::OnGuestEnded() {
  const std::lock_guard lock(mutex_);
  guest_ended_ = true;
  wake_.Signal();
}

void Client::Run() {
  while (!dev::IsReady(stop_.fd(), POLLIN)) {
    connection_ ? Serve() : Reconnect();
  }
  Retract();
  {
    const std::lock_guard lock(mutex_);
    given_up_ = true;
  }
  FailWaiting();
}

// ---- With a connection.

void Client::Serve() {
  SendWaiting();
  if (!connection_->ended()) {
    std::array<pollfd, 3> descriptors = {pollfd{.fd = connection_->fd(), .events = connection_->events(), .revents = 0},
                                         pollfd{.fd = wake_.fd(), .events = POLLIN, .revents = 0},
                                         pollfd{.fd = stop_.fd(), .events = POLLIN, .revents = 0}};
    dev::WaitUntilReady(descriptors);
    wake_.Drain();
    connection_->Advance(descriptors[0].revents);
  }
  if (!TakeAnswers()) {
    Lose();
  }
}

void Client::SendWaiting() {
  std::deque<Task> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(waiting_);
  }
  for (Task& task : tasks) {
    Send(std::move(task));
  }
}

void Client::Send(Task task) {
  const auto sent = std::make_shared<Sent>(Sent{.task = std::move(task)});
  if (sent->task.operation == Operation::kFlush && !connection_->exported().can_flush) {
    OnDone(sent, 0);
    return;
  }
  ++sent->commands;  // this loop, so that it ends before the task does
  uint64_t from = 0;
  do {
    const Command command = CommandAt(sent->task, from);
    const auto id = connection_->Start(command);
    if (id.ok()) {
      ++sent->commands;
      sent_.emplace(id.value(), sent);
    } else {
      sent->error = id.error();
    }
    from += command.length;
  } while (from < sent->task.length && sent->error == 0);
  OnDone(sent, 0);
}

Command Client::CommandAt(const Task& task, uint64_t from) const {
  const Export& exported = connection_->exported();
  Command command{.operation = task.operation,
                  .offset = task.offset + from,
                  .length = task.length - from,
                  .data = task.data == nullptr ? nullptr : task.data + from};
  if (command.operation == Operation::kZero && !exported.can_zero) {
    command.operation = Operation::kWrite;
    command.length = std::min<uint64_t>(command.length, kZeroBytes);
    command.data = zeros.data();
  }
  command.length =
      std::min<uint64_t>(command.length, command.operation == Operation::kZero ? kMaxZero : exported.maximum_block);
  return command;
}

// False: this connection is of no use any more.
bool Client::TakeAnswers() {
  bool useful = true;
  while (const auto done = connection_->TakeDone()) {
    useful = useful && !IsOfTheConnection(done->error);
    const auto found = sent_.find(done->id);
    if (found != sent_.end()) {
      const std::shared_ptr<Sent> sent = std::move(found->second);
      sent_.erase(found);
      OnDone(sent, done->error);
    }
  }
  return useful && !connection_->ended();
}

// One part of what has been sent.
void Client::OnDone(const std::shared_ptr<Sent>& sent, int error) {
  sent->error = sent->error == 0 ? error : sent->error;
  if (sent->commands > 1) {
    --sent->commands;
    return;
  }
  sent->commands = 0;
  if (sent->error != 0 && (IsOfTheConnection(sent->error) || connection_->ended())) {
    const std::lock_guard lock(mutex_);
    waiting_.push_front(std::move(sent->task));
    return;
  }
  lost_since_.reset();
  sent->task.done({.error = sent->error, .connection = number_});
}

// What was sent and not done waits again.
void Client::Retract() {
  connection_.reset();  // from here on nobody but us touches the memory of tasks
  const std::lock_guard lock(mutex_);
  for (const auto& [id, sent] : std::exchange(sent_, {})) {
    if (std::exchange(sent->commands, 0) > 0) {  // its first command that comes by
      waiting_.push_front(std::move(sent->task));
    }
  }
}

void Client::Lose() {
  reason_ = connection_->reason();
  Retract();
  const size_t unanswered = CurrentState().waiting;
  if (!lost_since_ || unanswered == 0) {
    const Clock::time_point now = Clock::now();
    lost_since_ = now;
    told_ = !told_at_ || now - *told_at_ >= kBetweenLines;
    if (told_) {
      told_at_ = now;
      options_.report("lost the server: " + reason_ + "; waiting " + Seconds(options_.patience) + " for it, with " +
                      Requests(unanswered) + " unanswered");
    }
  }
}

// ---- Without one.

void Client::Reconnect() {
  State state = CurrentState();
  if (state.guest_ended) {
    FailWaiting();
  }
  Pause(state.given_up ? kPatient : kEager);
  if (!state.given_up && Clock::now() >= *lost_since_ + options_.patience) {
    GiveUp();
    state.given_up = true;
  }
  const auto connected = Connect(state.given_up ? HandshakeDeadline() : *lost_since_ + options_.patience);
  if (!connected.ok()) {
    reason_ = connected.error().message;
  } else if (std::exchange(told_, false)) {
    options_.report("connected again");
  }
}

base::Result<void, dev::Error> Client::Connect(Clock::time_point deadline) {
  PAGODA_TRY_ASSIGN(std::unique_ptr<Connection> connection,
                    Connection::Create(options_.uri, deadline, options_.patience, stop_.fd()));
  if (number_ == 0) {
    export_ = connection->exported();
  }
  if (auto same = CheckStillTheSame(connection->exported()); !same.ok()) {
    if (std::exchange(refused_, same.error().message) != same.error().message) {
      options_.report("the server that is there is not used: " + refused_);
    }
    return same;
  }
  refused_.clear();
  connection_ = std::move(connection);
  ++number_;
  const std::lock_guard lock(mutex_);
  given_up_ = false;
  if (waiting_.empty()) {
    lost_since_.reset();
  }
  return {};
}

base::Result<void, dev::Error> Client::CheckStillTheSame(const Export& found) const {
  if (found.size != export_.size) {
    return base::Failure{dev::Error{"the export has " + std::to_string(found.size) + " bytes now, and had " +
                                    std::to_string(export_.size)}};
  }
  if (found.minimum_block > export_.minimum_block) {
    return base::Failure{dev::Error{"the server takes no blocks smaller than " + std::to_string(found.minimum_block) +
                                    " bytes now, and took " + std::to_string(export_.minimum_block)}};
  }
  if (found.read_only && !export_.read_only) {
    return base::Failure{dev::Error{"the export is read-only now"}};
  }
  return {};
}

void Client::GiveUp() {
  {
    const std::lock_guard lock(mutex_);
    given_up_ = true;
  }
  told_ = true;
  options_.report("no server came back within " + Seconds(options_.patience) + " (" + reason_ + "): " +
                  Requests(CurrentState().waiting) + " failed with ZX_ERR_IO, and so will all until there is one");
  FailWaiting();
}

void Client::FailWaiting() {
  std::deque<Task> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(waiting_);
  }
  for (const Task& task : tasks) {
    task.done({.error = ENOTCONN, .connection = 0});
  }
}

Client::Clock::time_point Client::HandshakeDeadline() const {
  return Clock::now() + std::max(options_.patience, kLeastForHandshake);
}

void Client::Pause(milliseconds time) const {
  std::array<pollfd, 1> descriptors = {pollfd{.fd = stop_.fd(), .events = POLLIN, .revents = 0}};
  dev::WaitUntilReady(descriptors, time);
}

Client::State Client::CurrentState() {
  const std::lock_guard lock(mutex_);
  return {.given_up = given_up_, .guest_ended = guest_ended_, .waiting = waiting_.size()};
}

}  // namespace pager::nbd
