// What a handle refers to: the face that every kernel object shows to the system calls.
//
// A dispatcher has an identity (koid), a type, and signals: bits that programs can wait for. It adds nothing to what
// the object does: VmoDispatcher, for example, is the handle-side face of a Vmo, which knows nothing of handles.
//
// Life. References keep a dispatcher in memory; handles keep it in use. When the last handle goes, OnZeroHandles tells
// the object that no program can name it any more; memory goes with the last reference.
#pragma once

#include <zircon/types.h>

#include "guest/kernel/lib/object_name.h"
#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "shared/base/intrusive_list.h"

namespace gk {

class HandleTable;

// Through which handle an observer watches: closing that handle cancels it.
struct HandleKey {
  const HandleTable* table = nullptr;
  zx_handle_t value = ZX_HANDLE_INVALID;
  bool operator==(const HandleKey&) const = default;
};

// Somebody who wants to hear, once, that one of some signals is active. What wait_one, wait_many and wait_async are
// made of. An observer hears exactly one of the two calls and has then left the object's list; it may also leave by
// itself.
class SignalObserver : public base::ListNode<SignalObserver> {
 public:
  // `signals`: all that are active, at least one of them watched for. Must not touch the object's other observers.
  virtual void OnMatch(zx_signals_t signals) = 0;
  // The handle was closed. `signals`: all that are active, and ZX_SIGNAL_HANDLE_CLOSED.
  virtual void OnCancel(zx_signals_t signals) = 0;

  // Stops watching. Does nothing when the observer has heard already.
  void StopObserving() {
    if (is_linked()) {
      Unlink();
    }
  }

  // Set by Dispatcher::AddObserver.
  struct Watch {
    zx_signals_t signals = 0;
    HandleKey key;
  };
  [[nodiscard]] const Watch& watch() const { return watch_; }
  void set_watch(const Watch& watch) { watch_ = watch; }

 protected:
  ~SignalObserver() { StopObserving(); }

 private:
  Watch watch_;
};

class Dispatcher : public RefCounted<Dispatcher> {
 public:
  // Precondition: no observer is left.
  virtual ~Dispatcher() = default;
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  [[nodiscard]] zx_obj_type_t type() const { return type_; }
  [[nodiscard]] zx_koid_t koid() const { return koid_; }
  [[nodiscard]] zx_signals_t signals() const { return signals_; }

  // For people who read reports; null for types without a name.
  [[nodiscard]] virtual const ObjectName* name() const { return nullptr; }

  // ZX_ERR_WRONG_TYPE for types without a name.
  virtual Status SetName(const ObjectName& /*name*/) { return Status(ZX_ERR_WRONG_TYPE); }

  // Clears, then sets, and tells the observers of signals that became active, the newest first.
  void UpdateSignals(zx_signals_t clear, zx_signals_t set);

  // The signals that programs may set and clear on this object.
  [[nodiscard]] virtual zx_signals_t user_signals() const { return ZX_USER_SIGNAL_ALL; }

  // The other one of two objects that were made together. ZX_ERR_NOT_SUPPORTED: this kind of object comes alone;
  // ZX_ERR_PEER_CLOSED: the peer has no handles any more.
  [[nodiscard]] virtual Result<RefPtr<Dispatcher>> Peer() const { return Error(ZX_ERR_NOT_SUPPORTED); }
  // What ZX_INFO_HANDLE_BASIC calls related: the peer's koid, even after its end, or the parent's of a task. Invalid:
  // none.
  [[nodiscard]] virtual zx_koid_t related_koid() const { return ZX_KOID_INVALID; }

  // Watches for a change of one of `watched` from inactive to active; those that are active already do not count. The
  // observer watches nothing yet, and must stop, or hear, before it or the object is destroyed.
  void AddObserver(SignalObserver& observer, zx_signals_t watched, HandleKey key);
  // Cancels the observers that watch through the handle `key`.
  void CancelObservers(HandleKey key);

  // Handles come and go: called by Handle.
  void OnHandleCreated() { ++handle_count_; }
  void OnHandleDestroyed();
  [[nodiscard]] uint32_t handle_count() const { return handle_count_; }

 protected:
  Dispatcher(zx_obj_type_t type, zx_signals_t signals);

  // No handle refers to the object any more, and none will unless the kernel makes one.
  virtual void OnZeroHandles() {}

 private:
  const zx_obj_type_t type_;
  const zx_koid_t koid_;
  zx_signals_t signals_;
  uint32_t handle_count_ = 0;
  base::IntrusiveList<SignalObserver> observers_;
};

// `T` has a constant kType. Null when the object is of another type.
template <typename T>
[[nodiscard]] RefPtr<T> DownCast(const RefPtr<Dispatcher>& object) {
  if (object->type() != T::kType) {
    return nullptr;
  }
  return RefPtr<T>(static_cast<T*>(object.get()));
}

}  // namespace gk
