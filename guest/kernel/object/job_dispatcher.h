// A job: processes and further jobs, ended together and ruled by one policy.
//
//              Kill                    the last child has ended
//   kReady ------------> kKilling ------------------------------> kDead
//      |                                                            ^
//      +---- the last handle goes, or the last child after it ------+
//
//   kReady    takes children
//   kKilling  every child has been told to end; takes none
//   kDead     no children; ZX_JOB_TERMINATED
//
// Children hold references to their job, never the other way round: a job lists its children and they leave the list
// when they end.
#pragma once

#include <stdint.h>
#include <zircon/types.h>

#include "guest/kernel/object/dispatcher.h"
#include "guest/kernel/object/exceptionate.h"
#include "guest/kernel/object/policy.h"
#include "guest/kernel/object/process_dispatcher.h"
#include "shared/base/intrusive_list.h"

namespace gk {

struct JobChildrenTag;

class JobDispatcher final : public Dispatcher, public base::ListNode<JobChildrenTag> {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_JOB;
  enum class State : uint8_t { kReady, kKilling, kDead };
  // How many generations of jobs there can be, the root included.
  static constexpr uint32_t kMaxDepth = 32;

  // A job without parent. ZX_ERR_NO_MEMORY.
  static Result<RefPtr<JobDispatcher>> CreateRoot(ObjectName name);
  // ZX_ERR_NO_MEMORY; ZX_ERR_BAD_STATE: `parent` takes no children any more; ZX_ERR_OUT_OF_RANGE: it is too deep.
  static Result<RefPtr<JobDispatcher>> CreateChild(RefPtr<JobDispatcher> parent);
  ~JobDispatcher() override;

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] int64_t return_code() const { return return_code_; }
  [[nodiscard]] const ObjectName* name() const override { return &name_; }
  Status SetName(const ObjectName& name) override {
    name_ = name;
    return Status(ZX_OK);
  }
  [[nodiscard]] JobDispatcher* parent() const { return parent_.get(); }
  [[nodiscard]] const JobPolicy& policy() const { return policy_; }
  [[nodiscard]] zx_koid_t related_koid() const override { return parent_ ? parent_->koid() : ZX_KOID_INVALID; }
  // Who handles the exceptions of the processes below, and who hears of new ones.
  [[nodiscard]] Exceptionate& exceptionate() { return exceptionate_; }
  [[nodiscard]] Exceptionate& debug_exceptionate() { return debug_exceptionate_; }
  // True for this job and all below it.
  [[nodiscard]] bool IsAncestorOf(const JobDispatcher& other) const;

  // ZX_ERR_BAD_STATE: the job has children, or takes none any more; and the errors of JobPolicy::Apply.
  Result<> SetPolicy(PolicyMode mode, std::span<const zx_policy_basic_v2_t> rules);

  // Ends all processes and jobs below. The first call decides the return code.
  void Kill(int64_t return_code);

  // Children, in no particular order, one after the other: `visit` returns false to stop, and must not change anything.
  template <typename Visit>
  void ForEachProcess(Visit visit);
  template <typename Visit>
  void ForEachJob(Visit visit);

  // --- for ProcessDispatcher ---

  // ZX_ERR_BAD_STATE: the job takes no children any more.
  Result<> AddProcess(ProcessDispatcher& process);
  // The process has ended.
  void RemoveProcess(ProcessDispatcher& process);

 private:
  using Jobs = base::IntrusiveList<JobDispatcher, JobChildrenTag>;
  using Processes = base::IntrusiveList<ProcessDispatcher, JobProcessesTag>;

  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  JobDispatcher(RefPtr<JobDispatcher> parent, const ObjectName& name);

  void OnZeroHandles() override;
  void RemoveJob(JobDispatcher& job);
  void EndIfOver();
  [[nodiscard]] bool has_jobs() const { return !jobs_.empty() || !dying_jobs_.empty(); }
  [[nodiscard]] bool has_processes() const { return !processes_.empty() || !dying_processes_.empty(); }

  const RefPtr<JobDispatcher> parent_;
  ObjectName name_;
  const uint32_t depth_;
  JobPolicy policy_;
  Exceptionate exceptionate_{ZX_EXCEPTION_CHANNEL_TYPE_JOB};
  Exceptionate debug_exceptionate_{ZX_EXCEPTION_CHANNEL_TYPE_JOB_DEBUGGER};
  State state_ = State::kReady;
  int64_t return_code_ = 0;
  // Children that Kill has reached are moved, so that it never meets one twice whatever leaves the lists meanwhile.
  Jobs jobs_, dying_jobs_;
  Processes processes_, dying_processes_;
};

template <typename Visit>
void JobDispatcher::ForEachProcess(Visit visit) {
  for (Processes* list : {&processes_, &dying_processes_}) {
    for (ProcessDispatcher& process : *list) {
      if (!visit(process)) {
        return;
      }
    }
  }
}

template <typename Visit>
void JobDispatcher::ForEachJob(Visit visit) {
  for (Jobs* list : {&jobs_, &dying_jobs_}) {
    for (JobDispatcher& job : *list) {
      if (!visit(job)) {
        return;
      }
    }
  }
}

}  // namespace gk
