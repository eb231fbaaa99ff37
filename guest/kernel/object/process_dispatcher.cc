#include "guest/kernel/object/process_dispatcher.h"

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/object/job_dispatcher.h"
#include "guest/kernel/object/platform.h"
#include "guest/kernel/object/random.h"
#include "guest/kernel/object/thread_dispatcher.h"
#include "guest/kernel/sched/clock.h"
#include "guest/kernel/vm/mapping.h"
#include "shared/abi/syscalls.h"
#include "shared/base/immortal.h"
#include "shared/base/range.h"

namespace gk {
namespace {

constinit base::Immortal<ProcessDispatcher::All> all_processes;

}  // namespace

ProcessDispatcher::All& ProcessDispatcher::all() { return *all_processes; }

Result<RefPtr<ProcessDispatcher>> ProcessDispatcher::Create(RefPtr<JobDispatcher> job, ObjectName name) {
  PAGODA_TRY_ASSIGN(RefPtr<AddressSpace> address_space, platform().CreateAddressSpace());
  RefPtr<ProcessDispatcher> process = MakeRefCounted<ProcessDispatcher>(job, std::move(address_space), name);
  if (!process) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  PAGODA_TRY(job->AddProcess(*process));
  return process;
}

Result<RefPtr<ProcessDispatcher>> ProcessDispatcher::Create(ObjectName name) {
  constexpr char kRootJob[] = {'r', 'o', 'o', 't'};
  PAGODA_TRY_ASSIGN(RefPtr<JobDispatcher> job, JobDispatcher::CreateRoot(ObjectName(kRootJob)));
  return Create(std::move(job), name);
}

ProcessDispatcher::ProcessDispatcher(RefPtr<JobDispatcher> job, RefPtr<AddressSpace> address_space,
                                     const ObjectName& name)
    : Dispatcher(kType, ZX_SIGNAL_NONE),
      name_(name),
      job_(std::move(job)),
      address_space_(std::move(address_space)),
      handles_(RandomNumber()) {
  all_processes->PushBack(*this);
}

ProcessDispatcher::~ProcessDispatcher() {
  GK_ASSERT(threads_.empty());
  LeaveJob();
  static_cast<base::ListNode<AllProcessesTag>&>(*this).Unlink();
}

RefPtr<JobDispatcher> ProcessDispatcher::job_reference() const { return job_; }

zx_koid_t ProcessDispatcher::related_koid() const { return job_->koid(); }

void ProcessDispatcher::Kill(int64_t return_code) {
  if (state_ == State::kDying || state_ == State::kDead) {
    return;
  }
  return_code_ = return_code;
  if (state_ == State::kInitial) {
    Finish();
    return;
  }
  state_ = State::kDying;
  // A thread that runs, here or elsewhere, leaves the list when it reaches the boundary, never within its Kill.
  for (ThreadDispatcher& thread : threads_) {
    thread.Kill();
  }
}

Result<> ProcessDispatcher::SetCriticalTo(RefPtr<JobDispatcher> job, bool only_failure) {
  if (!job->IsAncestorOf(*job_)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if (critical_to_) {
    return Error(ZX_ERR_ALREADY_BOUND);
  }
  critical_to_ = std::move(job);
  critical_only_failure_ = only_failure;
  return {};
}

bool ProcessDispatcher::IsVdsoCode(VirtualAddress address) {
  constexpr uint64_t kCodeSize = abi::kVdsoCodePages * base::kPageSize;
  if (vdso_code_ != 0 && address >= vdso_code_ && address - vdso_code_ < kCodeSize) {
    return true;
  }
  Vmar& root = address_space_->root();
  const Mapping* mapping = vdso_ && root.alive() ? root.FindMapping(address) : nullptr;
  if (mapping == nullptr || &mapping->vmo() != vdso_.get() || !mapping->access().execute) {
    return false;
  }
  const uint64_t offset = mapping->vmo_offset() + (address - mapping->base());
  if (offset < abi::kVdsoCodeOffset || offset - abi::kVdsoCodeOffset >= kCodeSize) {
    return false;
  }
  vdso_code_ = address - (offset - abi::kVdsoCodeOffset);
  return true;
}

Result<> ProcessDispatcher::Suspend() {
  if (state_ == State::kDying || state_ == State::kDead) {
    return Error(ZX_ERR_BAD_STATE);
  }
  if (++suspend_count_ == 1) {
    for (ThreadDispatcher& thread : threads_) {
      thread.UpdateSuspension();
    }
  }
  return {};
}

void ProcessDispatcher::Resume() {
  GK_ASSERT(suspend_count_ > 0);
  if (--suspend_count_ == 0) {
    for (ThreadDispatcher& thread : threads_) {
      thread.UpdateSuspension();
    }
  }
}

Result<> ProcessDispatcher::AddThread(ThreadDispatcher& thread) {
  if (state_ == State::kDying || state_ == State::kDead) {
    return Error(ZX_ERR_BAD_STATE);
  }
  if (state_ == State::kInitial) {
    state_ = State::kRunning;
    start_time_ = CurrentTime();
  }
  threads_.PushBack(thread);
  return {};
}

void ProcessDispatcher::RemoveThread(ThreadDispatcher& thread) {
  static_cast<base::ListNode<ProcessThreadsTag>&>(thread).Unlink();
  if (threads_.empty()) {
    Finish();
  }
}

void ProcessDispatcher::OnZeroHandles() {
  // Nobody can start it any more. A process with threads lives on: they need no handle.
  if (state_ == State::kInitial) {
    Finish();
  }
}

void ProcessDispatcher::Finish() {
  const RefPtr<ProcessDispatcher> keep_alive(this);  // its own handle may be the last reference
  state_ = State::kDead;
  handles_.Clear();
  address_space_->Destroy();
  exceptionate_.Shutdown();
  debug_exceptionate_.Shutdown();
  UpdateSignals(0, ZX_PROCESS_TERMINATED);
  const RefPtr<JobDispatcher> critical_to = std::move(critical_to_);
  LeaveJob();
  if (critical_to && (return_code_ != 0 || !critical_only_failure_)) {
    critical_to->Kill(ZX_TASK_RETCODE_CRITICAL_PROCESS_KILL);
  }
}

void ProcessDispatcher::LeaveJob() {
  if (base::ListNode<JobProcessesTag>::is_linked()) {
    job_->RemoveProcess(*this);
  }
}

}  // namespace gk
