// Objects that are nothing but their signals: an event, and two events that signal each other.
#pragma once

#include <zircon/types.h>

#include "guest/kernel/object/dispatcher.h"
#include "guest/kernel/object/peered.h"

namespace gk {

class EventDispatcher final : public Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_EVENT;

  // Null when there is no memory.
  static RefPtr<EventDispatcher> Create() { return MakeRefCounted<EventDispatcher>(); }

  [[nodiscard]] zx_signals_t user_signals() const override { return ZX_USER_SIGNAL_ALL | ZX_EVENT_SIGNALED; }

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  EventDispatcher() : Dispatcher(kType, ZX_SIGNAL_NONE) {}
};

// When the last handle to one of them goes, the other has ZX_EVENTPAIR_PEER_CLOSED for ever.
class EventPairDispatcher final : public Dispatcher, public Peered<EventPairDispatcher> {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_EVENTPAIR;
  struct Ends {
    RefPtr<EventPairDispatcher> first;
    RefPtr<EventPairDispatcher> second;
  };

  // ZX_ERR_NO_MEMORY.
  static Result<Ends> Create();

  [[nodiscard]] zx_signals_t user_signals() const override { return ZX_USER_SIGNAL_ALL | ZX_EVENTPAIR_SIGNALED; }
  [[nodiscard]] Result<RefPtr<Dispatcher>> Peer() const override;
  [[nodiscard]] zx_koid_t related_koid() const override { return peer_koid(); }

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  EventPairDispatcher() : Dispatcher(kType, ZX_SIGNAL_NONE) {}

  void OnZeroHandles() override;
};

}  // namespace gk
