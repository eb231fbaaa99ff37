// The operation queue of one session: what the guest has been asked to do, and what it answers.
//
//   free chain --Send--> operation with the guest --Accept--> answered; the chain is free again
//
// A supply is answered in two steps: the guest reads (kRead with the operation's id) what it lacks of the range, and
// then says that it is done. So is a loan: the guest lends (kLend with the id) and then says so; the handler hears of
// the first. An answer to nothing, or a second one, changes nothing.
//
// Service thread only. Handlers are called from within.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "devices/port/port_answer.h"
#include "devices/port/port_counters.h"
#include "devices/port/port_operations.h"
#include "devices/port/port_request.h"

namespace dev {

class PortObserver;

class PortOperationRing {
 public:
  PortOperationRing(std::shared_ptr<PortOperations> waiting, PortCounters& counters,
                    const std::vector<PortObserver*>& observers)
      : waiting_(std::move(waiting)), counters_(&counters), observers_(&observers) {}

  // A chain that the guest has made available: takes its answer, and keeps it for an operation to come. False when it
  // has no room for one, which breaks the queue.
  [[nodiscard]] bool Accept(const DescriptorChain& chain);

  [[nodiscard]] bool has_free_chain() const { return !free_.empty(); }

  // Puts operations that wait into free chains and gives them to `ring`, which is to be published. True when there were
  // any.
  [[nodiscard]] bool Send(SplitQueue& ring);

  // The guest asks for pages of a supply: who fills them; null when it has nothing to do with one. Valid until the next
  // Accept.
  [[nodiscard]] const pager::VmoControl::Filler* FindFiller(const PortRead& read) const;

  // The guest lends pages: hands them on. `give_back` is called when they are no longer needed, on any thread; never
  // when this returns an error, ZX_ERR_INVALID_ARGS for pages that were not asked for.
  [[nodiscard]] zx_status_t TakeLent(const PortLend& lend, std::function<void()> give_back);

  // Calls the handlers of all operations that are with the guest with ZX_ERR_PEER_CLOSED.
  void FailAll();

 private:
  struct FreeChain {
    uint16_t head;
    GuestBuffer room;
  };

  // The operation that `id` names if it is one of that kind and on that object; null otherwise.
  [[nodiscard]] const PortPendingOperation* Find(uint64_t id, abi::PortOperationKind kind, uint64_t object) const;
  void OnAnswer(const PortAnswered& answered);
  void ObserveAnswer(const PortPendingOperation& operation, zx_status_t status) const;
  // True when the operation is over.
  [[nodiscard]] bool Finish(PortPendingOperation& operation, const PortAnswered& answered);

  std::shared_ptr<PortOperations> waiting_;
  PortCounters* counters_;
  const std::vector<PortObserver*>* observers_;
  std::vector<FreeChain> free_;
  std::unordered_map<uint64_t, PortPendingOperation> with_guest_;  // by id
  uint64_t next_id_ = 1;
};

}  // namespace dev
