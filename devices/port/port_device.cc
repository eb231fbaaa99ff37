#include "devices/port/port_device.h"

#include <poll.h>

#include <array>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "devices/core/adaptive_poll.h"
#include "devices/core/company_watch.h"
#include "devices/core/poll.h"

namespace dev {

namespace {

using Clock = PortClock;

// A READ of kPortMaxPages scattered pages takes that many descriptors and two more.
constexpr std::array<uint16_t, abi::kPortQueueCount> kQueueSizes = {64, 1024, 64};
static_assert(kQueueSizes[abi::kPortRequestQueue] >= abi::kPortMaxPages + 2);

constexpr abi::PortConfig kConfig{.version = abi::kPortVersion, .max_pages = abi::kPortMaxPages};

}  // namespace

base::Result<std::unique_ptr<PortDevice>, Error> PortDevice::Create(const pager::Registry& registry,
                                                                    PortOptions options) {
  PAGODA_TRY_ASSIGN(EventFd wake, EventFd::Create());
  std::unique_ptr<PortDevice> device(new PortDevice(registry, std::move(options), std::move(wake)));
  PAGODA_TRY_ASSIGN(device->thread_, ServiceThread::Start("port", [raw = device.get()] { raw->Serve(); }));
  return device;
}

PortDevice::~PortDevice() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.Signal();
}

std::span<const uint16_t> PortDevice::queue_sizes() const { return kQueueSizes; }

void PortDevice::ReadConfig(uint64_t offset, std::span<std::byte> data) {
  ReadConfigBytes(std::as_bytes(std::span(&kConfig, 1)), offset, data);
}

void PortDevice::WriteConfig(uint64_t /*offset*/, std::span<const std::byte> /*data*/) {}

void PortDevice::Activate(Activation activation) {
  {
    const std::lock_guard lock(mutex_);
    state_.emplace<PortSession>(std::move(activation), PortSurroundings{.registry = registry_,
                                                                        .options = options_,
                                                                        .completions = completions_,
                                                                        .counters = counters_,
                                                                        .wake = wake_});
  }
  wake_.Signal();
}

Activation PortDevice::Reset() { return TakeSession().End(); }

// With the session taken out the service thread leaves queues and answers alone, and the wait for the page sources
// needs no lock that they or it could want.
PortSession PortDevice::TakeSession() {
  const std::lock_guard lock(mutex_);
  auto* broken = std::get_if<Broken>(&state_);
  PortSession session = std::move(broken != nullptr ? broken->session : std::get<PortSession>(state_));
  state_.emplace<Inactive>();
  return session;
}

PortCounters PortDevice::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void PortDevice::Serve() {
  AdaptivePoll adaptive;
  CompanyWatch company;
  Clock::time_point now = Clock::now();
  Clock::time_point last_work = now;
  while (true) {
    const Pass pass = ServePass(now);
    if (pass == Pass::kStopped) {
      return;
    }
    now = Clock::now();
    if (pass == Pass::kWorked) {
      last_work = now;
    } else if (now - last_work < adaptive.window()) {
      __builtin_ia32_pause();  // between two looks: leaves the core's other thread something
    } else if (Sleep()) {
      now = Clock::now();
      adaptive.OnSlept(now - last_work, company.Look());
      last_work = now;
    }
  }
}

PortDevice::Pass PortDevice::ServePass(PortClock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (stopping_) {
    return Pass::kStopped;
  }
  auto* session = std::get_if<PortSession>(&state_);
  if (session == nullptr) {
    return Pass::kIdle;
  }
  switch (session->Serve(now)) {
    case PortSession::Progress::kIdle:
      return Pass::kIdle;
    case PortSession::Progress::kWorked:
      return Pass::kWorked;
    case PortSession::Progress::kBroken:
      session->interrupt().NotifyNeedsReset();
      PortSession last = std::move(*session);
      state_.emplace<Broken>(Broken{.session = std::move(last)});
  }
  return Pass::kIdle;
}

bool PortDevice::Sleep() {
  std::vector<pollfd> descriptors = {{.fd = wake_.fd(), .events = POLLIN, .revents = 0}};
  std::optional<Clock::time_point> due;
  {
    const std::lock_guard lock(mutex_);
    auto* session = std::get_if<PortSession>(&state_);
    // Answers are collected only by a session, so without one they are no reason to stay awake.
    if (session != nullptr && (!session->PrepareToSleep(descriptors) || !completions_.PrepareToSleep())) {
      session->WakeUp();
      return false;
    }
    due = session == nullptr ? std::nullopt : session->next_due();
    ++counters_.sleeps;
  }
  WaitUntilReady(descriptors, due ? std::optional(*due - Clock::now()) : std::nullopt);
  wake_.Drain();  // before the state is looked at again: who changes it signals afterwards
  completions_.WokeUp();
  const std::lock_guard lock(mutex_);
  if (auto* session = std::get_if<PortSession>(&state_)) {
    session->WakeUp();
  }
  return true;
}

}  // namespace dev
