#include "guest/kernel/drivers/port_client.h"

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/sched/kernel_lock.h"
#include "guest/kernel/vm/page_source.h"

namespace gk::drivers {
namespace {

// How often Open looks for its answer before it blocks. Opening a file takes the host tens of microseconds, about what
// a doorbell, a sleep and an interrupt take; a look takes a few tens of cycles.
constexpr uint32_t kOpenPolls = 4000;

}  // namespace

Result<> PortClient::Start(VirtioMmio device) {
  PAGODA_TRY(device.Identify(abi::kVirtioIdPort));
  device_ = device;
  Result<> result = SetUp();
  if (!result.ok()) {
    // It was given no request yet, so it does not matter whether it confirms the reset.
    [[maybe_unused]] const bool stopped = device_.GiveUp();
    return result;
  }
  state_ = State::kRunning;
  return {};
}

Result<> PortClient::SetUp() {
  PAGODA_TRY(device_.Negotiate());
  if (device_.ReadConfig(offsetof(abi::PortConfig, version)) != abi::kPortVersion) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  PAGODA_TRY(control_.SetUp(device_));
  PAGODA_TRY(reads_.SetUp(device_));
  device_.Start();
  return {};
}

Result<RefPtr<PortObject>> PortClient::Open(std::span<const char> name) {
  if (name.empty() || name.size() > abi::kPortMaxName) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  RefPtr<PortObject> object = PortObject::Create(*this);
  if (!object) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  PAGODA_TRY(WaitUntil([this] { return state_ != State::kRunning || control_.has_slot(); }, control_.wait_for_slot()));
  if (state_ != State::kRunning) {
    return Error(ZX_ERR_IO);
  }
  control_.StartOpen(name, object);
  PAGODA_TRY(WaitUntil([&object] { return object->answered(); }, object->wait_for_answer()));
  if (!object->status().ok()) {
    return Error(object->status());
  }
  return object;
}

template <typename Done>
Result<> PortClient::WaitUntil(Done done, WaitQueue& queue) {
  for (uint32_t i = 0; i < kOpenPolls && !done(); ++i) {
    kernel_lock.Relax();
    Poll();
  }
  while (!done()) {
    if (control_.ArmInterrupts()) {
      Poll();
      continue;
    }
    const Status woken = queue.Block(ZX_TIME_INFINITE);
    // Killed is the one reason to give up; why else we were woken, `done` tells.
    if (woken == Status(ZX_ERR_INTERNAL_INTR_KILLED)) {
      return Error(woken);
    }
  }
  return {};
}

PollOutcome PortClient::PollQueues() {
  const PollOutcome reads = reads_.Poll();
  const PollOutcome control = control_.Poll();
  if (reads == PollOutcome::kBroken || control == PollOutcome::kBroken) {
    return PollOutcome::kBroken;
  }
  return reads == PollOutcome::kProgress ? reads : control;
}

void PortClient::Poll() {
  if (state_ == State::kRunning && PollQueues() == PollOutcome::kBroken) {
    Fail();
  }
}

void PortClient::PrepareToBlock() {
  reads_.RequestInterrupts();
  Poll();
}

// An interrupt without an answer may say that the device needs a reset (virtio 1.2 section 2.1.2). Reading its status
// is an exit to the monitor, so it is asked only then.
void PortClient::OnInterrupt() {
  if (state_ != State::kRunning) {
    return;
  }
  const PollOutcome outcome = PollQueues();
  if (outcome == PollOutcome::kBroken || (outcome == PollOutcome::kNothing && busy() && device_.needs_reset())) {
    Fail();
  }
}

// The state changes first: what the answers set off finds the device gone.
void PortClient::Fail() {
  state_ = State::kFailed;
  if (!device_.GiveUp()) {
    // It may write to pages that are about to be given to others.
    Panic("the port device does not stop");
  }
  reads_.FailAll(Status(ZX_ERR_IO));
  control_.FailAll(Status(ZX_ERR_IO));
}

void PortClient::SubmitRead(SourceRequest& request, uint64_t object) {
  if (state_ == State::kRunning) {
    reads_.Submit(request, object);
    return;
  }
  const RefPtr<PageSource> source = request.source;
  source->OnRequestDone(request, Status(ZX_ERR_IO));
}

void PortClient::Close(CloseTicket* ticket) {
  if (state_ == State::kRunning) {
    control_.Close(ticket);
  } else {
    delete ticket;
  }
}

}  // namespace gk::drivers
