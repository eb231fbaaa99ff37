// The transport between one VMO and a pager that is a program: requests for its pages become packets of a port, answers
// come by system calls, which go to the VMO and not through here.
//
//                 Send                     received
//   SourceRequest ----> packet in the port ---------> the program knows of it
//        ^                     |                          |
//        +----- Withdraw ------+--------------------------+
//
// Every request has a packet of its own, so any number of them can be in the port; one that is not wanted any more
// leaves it unseen. After the VMO's last request there is one packet more (COMPLETE), which was allocated with the VMO
// and outlives it. When the pager is closed nothing of all this is left in the port.
//
// A port without handles takes no packets: requests then wait until the pager answers them unasked, detaches the VMO or
// goes.
#pragma once

#include "guest/kernel/object/pager_dispatcher.h"
#include "guest/kernel/object/port_dispatcher.h"
#include "guest/kernel/vm/page_provider.h"
#include "guest/kernel/vm/page_source.h"

namespace gk {

class PagerPackets final : public PageProvider, public PagerClient {
 public:
  // For a source of `pager`, which is to be bound next. Null when there is no memory.
  static RefPtr<PagerPackets> Create(PagerDispatcher& pager, RefPtr<PortDispatcher> port, uint64_t key);
  ~PagerPackets() override;

  // `source` is the one that holds this provider, and so lives as long.
  void Bind(PageSource& source) { source_ = &source; }

  // Of PageProvider.
  [[nodiscard]] PagerIdentity identity() const override;
  [[nodiscard]] bool fills_pages() const override { return false; }
  [[nodiscard]] size_t max_read_ahead_pages() const override { return 1; }
  Result<> Send(SourceRequest& request) override;
  void Withdraw(SourceRequest& request) override;
  void OnComplete() override;
  [[nodiscard]] bool has_answers() const override { return false; }
  void PollCompletions() override {}
  void PrepareToBlock() override {}

  // Of PagerClient.
  void OnPagerClosed() override;

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  class RequestPacket;
  class CompletePacket;

  PagerPackets(PagerDispatcher& pager, RefPtr<PortDispatcher> port, CompletePacket* complete);

  static RequestPacket* PacketOf(const SourceRequest& request);
  void DropComplete();

  PagerDispatcher* pager_;  // null: closed
  PageSource* source_ = nullptr;
  const RefPtr<PortDispatcher> port_;
  const uint64_t key_;
  CompletePacket* complete_;  // owned; null: sent, or there will be none
};

}  // namespace gk
