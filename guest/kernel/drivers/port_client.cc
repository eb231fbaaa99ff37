#include "guest/kernel/drivers/port_client.h"

#include <utility>

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/sched/spin.h"
#include "guest/kernel/vm/page_source.h"

namespace gk::drivers {
namespace {

// How often Open spins for its answer (sched/spin.h) before it blocks. Opening a file takes the host tens of
// microseconds, less than a sleep and an interrupt take.
constexpr uint32_t kOpenSpins = 4;

}  // namespace

PortClient::~PortClient() {
  state_ = State::kDown;
  if (reclaim::shortage_observer == this) {
    reclaim::shortage_observer = nullptr;
  }
  while (!objects_.empty()) {
    objects_.front().Close();
  }
}

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
  reclaim::shortage_observer = this;
  operations_.Begin();
  return {};
}

Result<> PortClient::SetUp() {
  constexpr uint64_t kOperations = uint64_t{1} << abi::kPortFeatureOperations;
  PAGODA_TRY(device_.Negotiate(kOperations));
  if ((device_.features() & kOperations) == 0 ||
      device_.ReadConfig(offsetof(abi::PortConfig, version)) != abi::kPortVersion) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  PAGODA_TRY(control_.SetUp(device_));
  PAGODA_TRY(requests_.SetUp(device_));
  PAGODA_TRY(operations_.SetUp(device_));
  device_.Start();
  return {};
}

// --- opening ---

Result<PortClient::Opened> PortClient::Open(std::span<const char> name) {
  if (name.empty() || name.size() > abi::kPortMaxName) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  while (true) {
    PAGODA_TRY_ASSIGN(const RefPtr<PortOpening> opening, OpenOnce(name));
    PortObject& object = *opening->object;
    if (opening->vmo) {
      return Opened{.vmo = std::move(opening->vmo), .read_only = object.read_only()};
    }
    // The host has been told that nobody has it; it is opened anew when that is over.
    PAGODA_TRY(WaitUntil([&] { return object.vmo() == nullptr; }, object.wait_for_close()));
  }
}

Result<RefPtr<PortOpening>> PortClient::OpenOnce(std::span<const char> name) {
  Poll();  // in kFailed: lets go of what has ended
  RefPtr<PortOpening> opening = PortOpening::Create(*this, name);
  if (!opening) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  PAGODA_TRY(WaitForSlot());
  control_.StartOpen(name, opening);
  PAGODA_TRY(WaitUntil([&opening] { return opening->wait.answered(); }, opening->wait.queue()));
  if (!opening->wait.status().ok()) {
    return Error(opening->wait.status());
  }
  return opening;
}

Result<RefPtr<PortListing>> PortClient::List(std::span<const char> name, uint64_t first, size_t room) {
  if (name.size() > abi::kPortMaxName || room == 0) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  RefPtr<PortListing> listing = PortListing::Create(room);
  if (!listing) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  PAGODA_TRY(WaitForSlot());
  control_.StartList(name, first, listing);
  PAGODA_TRY(WaitUntil([&listing] { return listing->wait.answered(); }, listing->wait.queue()));
  if (!listing->wait.status().ok()) {
    return Error(listing->wait.status());
  }
  return listing;
}

Result<> PortClient::WaitForSlot() {
  PAGODA_TRY(WaitUntil([this] { return state_ != State::kRunning || control_.has_slot(); }, control_.wait_for_slot()));
  return state_ == State::kRunning ? Result<>() : Error(ZX_ERR_IO);
}

Result<> PortClient::Sync(PortObject& object) {
  if (state_ != State::kRunning) {
    return Error(ZX_ERR_IO);
  }
  const RefPtr<PortSync> sync = MakeRefCounted<PortSync>();
  if (!sync) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  SendErrand(object, *RefPtr<PortSync>(sync).Release());
  PAGODA_TRY(WaitUntil([&sync] { return sync->wait.answered(); }, sync->wait.queue()));
  return sync->wait.status().ok() ? Result<>() : Error(sync->wait.status());
}

template <typename Done>
Result<> PortClient::WaitUntil(Done done, WaitQueue& queue) {
  for (uint32_t left = kOpenSpins; left != 0 && !done();) {
    if (SpinUnlocked([this] { return has_answers(); })) {
      Poll();
    } else {
      --left;
    }
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

void PortClient::OnOpenAnswer(PortOpening& opening, Status status, const abi::PortReply& reply) {
  if (status.ok()) {
    status = MakeObject(opening, reply);
  }
  opening.fresh.reset();
  opening.wait.Answer(status);
}

// The object that the reply names, and a reference to its VMO for the opener. Whatever goes wrong, what the host has
// opened is accounted for.
Status PortClient::MakeObject(PortOpening& opening, const abi::PortReply& reply) {
  if (PortObject* known = Find(reply.object)) {
    known->CountOpen();
    opening.object = RefPtr<PortObject>(known);
    if (known->ends_soon()) {
      return Status(ZX_OK);
    }
  } else {
    opening.object = opening.fresh;
    objects_.PushBack(*RefPtr<PortObject>(opening.fresh).Release());
    if (const Result<> made = opening.fresh->OnOpened(reply); !made.ok()) {
      opening.fresh->Close();
      return made.error();
    }
    opening.object->vmo()->set_name(opening.name);
  }
  Result<RefPtr<Vmo>> vmo = opening.object->MakeReference();
  if (vmo.ok()) {
    opening.vmo = std::move(vmo).value();
  } else if (opening.object->vmo()->child_count() == 0) {
    opening.object->BeginToComplete();
  }
  return StatusOf(vmo);
}

PortObject* PortClient::Find(uint64_t number) {
  for (PortObject& object : objects_) {
    if (object.number() == number) {
      return &object;
    }
  }
  return nullptr;
}

// --- closing ---

void PortClient::CloseObject(PortObject& object, CloseTicket* ticket) {
  static_cast<base::ListNode<PortObject>&>(object).Unlink();
  const RefPtr<PortObject> let_go = AdoptRef(&object);
  if (state_ == State::kRunning && ticket->object != 0) {
    control_.Close(ticket);
  } else {
    delete ticket;
  }
  if (objects_.empty() && write_back_observer_ != nullptr) {
    std::exchange(write_back_observer_, nullptr)->OnAllWrittenBack();
  }
}

void PortClient::WriteAllBack(WriteBackObserver& observer) {
  if (state_ != State::kRunning || objects_.empty()) {
    observer.OnAllWrittenBack();
    return;
  }
  write_back_observer_ = &observer;
  for (PortObject& object : objects_) {
    object.BeginToComplete();
  }
}

// --- queues ---

// Operations last: those that the device has sent before the reply to an open are carried out before whoever opened
// goes on, so that he finds the pages that they bring on their way. By different queues they may still come first.
PollOutcome PortClient::PollQueues() {
  const PollOutcome requests = requests_.Poll();
  const PollOutcome control = control_.Poll();
  if (control == PollOutcome::kProgress) {
    operations_.CarryOutEarly();
  }
  const PollOutcome operations = operations_.Poll();
  if (requests == PollOutcome::kBroken || control == PollOutcome::kBroken || operations == PollOutcome::kBroken) {
    return PollOutcome::kBroken;
  }
  const bool progress =
      requests == PollOutcome::kProgress || control == PollOutcome::kProgress || operations == PollOutcome::kProgress;
  return progress ? PollOutcome::kProgress : PollOutcome::kNothing;
}

void PortClient::Poll() {
  if (state_ == State::kFailed) {
    CloseEnded();
  } else if (state_ == State::kRunning && PollQueues() == PollOutcome::kBroken) {
    Fail();
  }
}

void PortClient::OnShortage() {
  if (state_ == State::kRunning && requests_.Poll() == PollOutcome::kBroken) {
    Fail();
  }
}

void PortClient::PrepareToBlock() {
  requests_.RequestInterrupts();
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
  operations_.Abandon();
  requests_.FailAll(Status(ZX_ERR_IO));
  control_.FailAll(Status(ZX_ERR_IO));
  CloseEnded();
  if (write_back_observer_ != nullptr) {
    std::exchange(write_back_observer_, nullptr)->OnAllWrittenBack();
  }
}

// In kFailed, where nothing is answered any more.
void PortClient::CloseEnded() {
  for (auto i = objects_.begin(); i != objects_.end();) {
    PortObject& object = *i;
    ++i;
    if (object.ends_soon()) {
      object.Close();
    }
  }
}

void PortClient::SendQuestion(PortObject& object, SourceRequest& question) {
  if (state_ == State::kRunning) {
    requests_.Submit(object, question);
    return;
  }
  const RefPtr<PageSource> source = question.source;
  source->OnRequestDone(question, Status(ZX_ERR_IO));
}

void PortClient::WithdrawQuestion(PortObject& object, SourceRequest& question) { requests_.Withdraw(object, question); }

// In kFailed nothing is sent: CloseEnded does what the answer would have done.
void PortClient::SendErrand(PortObject& object, PortErrand& errand) {
  if (state_ == State::kRunning) {
    requests_.Submit(object, errand);
  }
}

}  // namespace gk::drivers
