#include "guest/kernel/object/job_dispatcher.h"

#include "guest/kernel/lib/panic.h"

namespace gk {

Result<RefPtr<JobDispatcher>> JobDispatcher::CreateRoot(ObjectName name) {
  RefPtr<JobDispatcher> job = MakeRefCounted<JobDispatcher>(nullptr, name);
  if (!job) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  return job;
}

Result<RefPtr<JobDispatcher>> JobDispatcher::CreateChild(RefPtr<JobDispatcher> parent) {
  if (parent->state_ != State::kReady) {
    return Error(ZX_ERR_BAD_STATE);
  }
  if (parent->depth_ == kMaxDepth) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  RefPtr<JobDispatcher> job = MakeRefCounted<JobDispatcher>(parent, ObjectName());
  if (!job) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  parent->jobs_.PushBack(*job);
  parent->UpdateSignals(ZX_JOB_NO_JOBS, 0);
  return job;
}

JobDispatcher::JobDispatcher(RefPtr<JobDispatcher> parent, const ObjectName& name)
    : Dispatcher(kType, ZX_JOB_NO_JOBS | ZX_JOB_NO_PROCESSES),
      parent_(std::move(parent)),
      name_(name),
      depth_(parent_ ? parent_->depth_ + 1 : 1),
      policy_(parent_ ? parent_->policy_ : JobPolicy()) {}

JobDispatcher::~JobDispatcher() {
  GK_ASSERT(!has_jobs() && !has_processes());
  if (is_linked()) {  // no handle ever referred to it
    parent_->RemoveJob(*this);
  }
}

bool JobDispatcher::IsAncestorOf(const JobDispatcher& other) const {
  const JobDispatcher* job = &other;
  while (job != nullptr && job != this) {
    job = job->parent_.get();
  }
  return job == this;
}

Result<> JobDispatcher::SetPolicy(PolicyMode mode, std::span<const zx_policy_basic_v2_t> rules) {
  if (state_ != State::kReady || has_jobs() || has_processes()) {
    return Error(ZX_ERR_BAD_STATE);
  }
  return policy_.Apply(mode, rules);
}

void JobDispatcher::Kill(int64_t return_code) {
  if (state_ != State::kReady) {
    return;
  }
  const RefPtr<JobDispatcher> keep_alive(this);
  state_ = State::kKilling;
  return_code_ = return_code;
  // Recursion is bounded by kMaxDepth.
  while (JobDispatcher* child = jobs_.PopFront()) {
    dying_jobs_.PushBack(*child);
    const RefPtr<JobDispatcher> job(child);
    job->Kill(return_code);
  }
  while (ProcessDispatcher* child = processes_.PopFront()) {
    dying_processes_.PushBack(*child);
    const RefPtr<ProcessDispatcher> process(child);
    process->Kill(return_code);
  }
  EndIfOver();
}

Result<> JobDispatcher::AddProcess(ProcessDispatcher& process) {
  if (state_ != State::kReady) {
    return Error(ZX_ERR_BAD_STATE);
  }
  processes_.PushBack(process);
  UpdateSignals(ZX_JOB_NO_PROCESSES, 0);
  return {};
}

void JobDispatcher::RemoveProcess(ProcessDispatcher& process) {
  static_cast<base::ListNode<JobProcessesTag>&>(process).Unlink();
  if (!has_processes()) {
    UpdateSignals(0, ZX_JOB_NO_PROCESSES);
    EndIfOver();
  }
}

void JobDispatcher::RemoveJob(JobDispatcher& job) {
  job.Unlink();
  if (!has_jobs()) {
    UpdateSignals(0, ZX_JOB_NO_JOBS);
    EndIfOver();
  }
}

void JobDispatcher::OnZeroHandles() { EndIfOver(); }

void JobDispatcher::EndIfOver() {
  const bool nobody_can_use_it = state_ == State::kKilling || handle_count() == 0;
  if (state_ == State::kDead || !nobody_can_use_it || has_jobs() || has_processes()) {
    return;
  }
  state_ = State::kDead;
  exceptionate_.Shutdown();
  debug_exceptionate_.Shutdown();
  UpdateSignals(0, ZX_JOB_TERMINATED);
  if (parent_) {
    parent_->RemoveJob(*this);
  }
}

}  // namespace gk
