// What a monitor has asked of a pager process and not had answered: the truth behind the in-flight record.
//
// A request becomes parts that fit into a slot of the arena. A part waits (its object is not open on this connection),
// is ready, or has a slot; when the connection ends those with slots become waiting again, with their ids. So whatever
// the other side does, no request is lost, and none is answered twice.
//
// No threads and no locks: Link uses it under its own. Requests are finished by the caller, who can do so outside of
// it.
#pragma once

#include <zircon/errors.h>
#include <zircon/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "devices/pager/remote/fair_queue.h"
#include "devices/pager/remote/protocol.h"
#include "devices/pager/request.h"

namespace pager::remote {

using Request = std::variant<ReadRequest, DirtyRequest, CompleteRequest, SyncRequest>;

// A request with its answer; to be given when no lock is held.
struct Finished {
  Request request;
  zx_status_t status;

  void Answer() {
    std::visit([this](auto& each) { each.Complete(status); }, request);
  }
};

// One request in parts.
struct Job {
  Request request;
  size_t parts_left;
  zx_status_t status = ZX_OK;  // the first failure of a part
  bool wanted = true;          // false: nobody is to be asked for the rest of it
};

struct Part {
  // Where the pager puts the bytes of a READ.
  enum class Place {
    kArena,
    kGuestPages,  // while it has the part it may write there, so nobody else may have them
  };

  uint64_t id;
  uint64_t object;
  RequestKind kind;
  uint64_t offset;  // bytes, in the object
  uint64_t length;
  std::shared_ptr<Job> job;
  Place place = Place::kArena;

  // kRead: the memory to fill.
  [[nodiscard]] std::vector<iovec> Pages() const;
  // The part is done; the request when it was the last.
  [[nodiscard]] std::optional<Finished> Finish(zx_status_t status);
};

class InFlight {
 public:
  // `slot_size`: bytes that one part of a READ may have.
  InFlight(uint32_t slot_count, uint64_t slot_size) : slot_size_(slot_size), slots_(slot_count) {}

  void Add(uint64_t object, Request request);

  // The object is open on this connection: what it has may be sent.
  void Release(uint64_t object);
  // The connection has ended and nobody writes into guest memory any more: all slots are free, and everything waits
  // until Release. Returns the requests that were cancelled and had to wait for that.
  [[nodiscard]] std::vector<Finished> Hold();

  // The part whose turn it is, and the slot that it has from now on.
  struct Assigned {
    uint32_t slot;
    const Part* part;  // until the next call of anything here
  };
  std::optional<Assigned> NextToSend();
  // The part in this slot is to be filled in guest memory. Precondition: NextToSend has just given it.
  void PlaceInGuestPages(uint32_t slot);

  // The part with this id in this slot; null: there is none.
  [[nodiscard]] const Part* Find(uint32_t slot, uint64_t id) const;
  // Takes out the part that Find found; without a job if nobody waits for it any more. Its slot stays occupied until
  // FreeSlot, so that the slot's memory can be read.
  [[nodiscard]] Part TakeAnswered(uint32_t slot);
  void FreeSlot(uint32_t slot);

  // Nothing more is wanted for this object, or for any. Returns the requests that are thereby done; those that a part
  // from TakeAnswered belongs to are done when it is, and those that a pager may be filling in guest memory when it has
  // answered or gone.
  std::vector<Finished> Cancel(uint64_t object, zx_status_t status);
  std::vector<Finished> CancelAll(zx_status_t status);

  // Who may write into guest memory does not matter any more. Returns the requests that were only waiting for that.
  std::vector<Finished> OnGuestEnded();

  // Parts with a slot; parts without.
  [[nodiscard]] size_t sent() const { return sent_; }
  [[nodiscard]] size_t waiting() const { return waiting_; }

 private:
  struct Free {};
  struct Answered {};
  using Slot = std::variant<Free, Part, Answered>;

  void Enqueue(Part part);
  void CancelParts(std::deque<Part> parts, zx_status_t status, std::vector<Finished>& finished);

  enum class Guest { kRuns, kHasEnded };

  const uint64_t slot_size_;
  Guest guest_ = Guest::kRuns;
  uint64_t next_id_ = 1;
  std::vector<Slot> slots_;
  size_t sent_ = 0;
  size_t waiting_ = 0;
  std::set<uint64_t> released_;                // objects
  FairQueue<uint64_t, Part> ready_;            // of released objects
  std::map<uint64_t, std::deque<Part>> held_;  // of others, by id
};

}  // namespace pager::remote
