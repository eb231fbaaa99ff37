// A pager: what a program makes VMOs with whose pages it supplies itself.
//
// The pager hears of missing pages through packets of a port (pager_packets.h) and answers by system calls that name
// it, the VMO and a range. Which pager made a VMO is a note on the VMO's dispatcher.
//
//            CreateVmo                          last handle closed
//   pager -------------> its VMOs and packets ---------------------> every source is closed, no packet is left queued
#pragma once

#include "guest/kernel/object/dispatcher.h"
#include "guest/kernel/object/port_dispatcher.h"
#include "guest/kernel/vm/vmo.h"
#include "shared/base/intrusive_list.h"

namespace gk {

// What a pager has made and has to end when it is closed. Leaves the pager's list when it is destroyed.
class PagerClient : public base::ListNode<PagerClient> {
 public:
  // No program can name the pager any more. The client has left the list, and may be destroyed here.
  virtual void OnPagerClosed() = 0;

 protected:
  PagerClient() = default;
  ~PagerClient() {
    if (is_linked()) {
      Unlink();
    }
  }
};

class PagerDispatcher final : public Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_PAGER;

  // Null when there is no memory.
  static RefPtr<PagerDispatcher> Create() { return MakeRefCounted<PagerDispatcher>(); }
  ~PagerDispatcher() override;

  // A VMO whose pages are asked for at `port`, in packets with `key`. Errors of Vmo::CreatePagerBacked.
  // Precondition: there is a handle to the pager.
  Result<RefPtr<Vmo>> CreateVmo(RefPtr<PortDispatcher> port, uint64_t key, uint64_t size,
                                const PagerVmoOptions& options);

  // `client` hears of the pager's end.
  void AddClient(PagerClient& client) { clients_.PushBack(client); }

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  PagerDispatcher() : Dispatcher(kType, ZX_SIGNAL_NONE) {}

  void OnZeroHandles() override;

  base::IntrusiveList<PagerClient> clients_;
};

}  // namespace gk
