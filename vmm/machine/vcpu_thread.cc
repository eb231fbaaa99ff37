#include "vmm/machine/vcpu_thread.h"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>

namespace vmm {
namespace {

// Only interrupts KVM_RUN; a real-time signal, because nobody else has a use for it.
int KickSignal() { return SIGRTMIN; }

void IgnoreKick(int) {}

// Installing the handler again changes nothing, so any number of machines may do it.
void PrepareKick() {
  struct sigaction action = {};
  action.sa_handler = IgnoreKick;
  sigaction(KickSignal(), &action, nullptr);
}

// A vCPU's thread takes the kick and no other signal.
void AcceptKick() {
  sigset_t kick;
  sigemptyset(&kick);
  sigaddset(&kick, KickSignal());
  pthread_sigmask(SIG_UNBLOCK, &kick, nullptr);
}

}  // namespace

Result<> VcpuThread::Start(const CpuStart& start) {
  PrepareKick();
  auto thread = dev::ServiceThread::Start(fmt::format("vcpu {}", index_), [this, start] { Loop(start); });
  if (!thread.ok()) {
    return base::Failure{Error(kExitHostFailure, thread.error().message)};
  }
  thread_ = std::move(thread).value();
  return {};
}

void VcpuThread::RequestPause() {
  const std::lock_guard lock(mutex_);
  if (order_ == Order::kRun) {
    GiveOrderLocked(Order::kPause);
  }
}

void VcpuThread::RequestStop() {
  const std::lock_guard lock(mutex_);
  GiveOrderLocked(Order::kFinish);
  ++resumes_;
  resumed_.notify_one();
}

void VcpuThread::Resume() {
  const std::lock_guard lock(mutex_);
  if (order_ != Order::kFinish) {
    order_ = Order::kRun;
    vcpu_.WithdrawExit();
  }
  ++resumes_;
  resumed_.notify_one();
}

// The flag first, then the signal; Loop makes its thread known before it enters KVM.
void VcpuThread::GiveOrderLocked(Order order) {
  order_ = order;
  vcpu_.RequestExit();
  if (thread_id_) {
    pthread_kill(*thread_id_, KickSignal());
  }
}

bool VcpuThread::IsCaller() const {
  const std::lock_guard lock(mutex_);
  return thread_id_ && pthread_equal(*thread_id_, pthread_self()) != 0;
}

Result<> VcpuThread::SetStartState(const CpuStart& start) {
  PAGODA_TRY_ASSIGN(const kvm_sregs reset, vcpu_.GetSystemRegisters());
  PAGODA_TRY(vcpu_.SetSystemRegisters(StartSystemRegisters(reset, start)));
  PAGODA_TRY(vcpu_.SetRegisters(StartRegisters(start)));
  return vcpu_.SetMpState(KVM_MP_STATE_RUNNABLE);
}

void VcpuThread::Loop(const CpuStart& start) {
  AcceptKick();
  {
    const std::lock_guard lock(mutex_);
    thread_id_ = pthread_self();
  }
  if (const Result<> result = SetStartState(start); result.ok()) {
    while (RunOnce()) {
    }
  } else {
    handler_.OnVcpuError(index_, result.error());
  }
  handler_.OnVcpuFinished(index_);
}

bool VcpuThread::RunOnce() {
  const int error = vcpu_.Run();
  if (error == EINTR || error == EAGAIN) {
    return ObeyOrder();
  }
  if (error != 0) {
    handler_.OnVcpuError(index_, HostFailure(error, "KVM_RUN").error);
    return false;
  }
  switch (handler_.OnVcpuExit(index_, vcpu_.run())) {
    case VcpuHandler::Next::kFinish:
      return false;
    case VcpuHandler::Next::kPause:
      RequestPause();  // the next Run completes the access that the exit was about, and comes back
      return true;
    case VcpuHandler::Next::kRun:
      break;
  }
  return true;
}

bool VcpuThread::ObeyOrder() {
  std::unique_lock lock(mutex_);
  if (order_ == Order::kPause) {
    const uint64_t before = resumes_;
    lock.unlock();
    handler_.OnVcpuPaused(index_);
    lock.lock();
    resumed_.wait(lock, [this, before] { return resumes_ != before; });
  }
  return order_ != Order::kFinish;
}

}  // namespace vmm
