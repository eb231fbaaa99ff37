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

void VcpuThread::RequestStop() {
  // ORDER: seq_cst against Loop, which publishes its thread before it enters KVM: either this load sees the thread and
  // the signal interrupts it, or KVM sees immediate_exit.
  stop_requested_.store(true);
  vcpu_.RequestExit();
  if (has_thread_id_.load()) {
    pthread_kill(thread_id_, KickSignal());
  }
}

Result<> VcpuThread::SetStartState(const CpuStart& start) {
  PAGODA_TRY_ASSIGN(const kvm_sregs reset, vcpu_.GetSystemRegisters());
  PAGODA_TRY(vcpu_.SetSystemRegisters(StartSystemRegisters(reset, start)));
  PAGODA_TRY(vcpu_.SetRegisters(StartRegisters(start)));
  return vcpu_.SetMpState(KVM_MP_STATE_RUNNABLE);
}

void VcpuThread::Loop(const CpuStart& start) {
  AcceptKick();
  thread_id_ = pthread_self();
  has_thread_id_.store(true);
  if (const Result<> result = SetStartState(start); !result.ok()) {
    handler_.OnVcpuError(index_, result.error());
    handler_.OnVcpuFinished(index_);
    return;
  }
  while (true) {
    const int error = vcpu_.Run();
    if (error == 0) {
      if (handler_.OnVcpuExit(index_, vcpu_.run()) == VcpuHandler::Next::kFinish) {
        break;
      }
    } else if (error == EINTR || error == EAGAIN) {
      if (stop_requested_.load()) {
        break;
      }
    } else {
      handler_.OnVcpuError(index_, HostFailure(error, "KVM_RUN").error);
      break;
    }
  }
  handler_.OnVcpuFinished(index_);
}

}  // namespace vmm
