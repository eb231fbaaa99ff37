#include "guest/kernel/drivers/port_object.h"

#include <utility>

#include "guest/kernel/drivers/port_client.h"
#include "guest/kernel/vm/page_source.h"

namespace gk::drivers {
namespace {

bool IsSensible(const abi::PortReply& reply) {
  constexpr uint32_t kKnownFlags = abi::kPortObjectReadOnly | abi::kPortObjectResizable | abi::kPortObjectTrapDirty;
  return reply.object != 0 && base::IsPageAligned(reply.size) && reply.size <= Vmo::kMaxSize &&
         reply.content_size <= reply.size && (reply.flags & ~kKnownFlags) == 0;
}

}  // namespace

RefPtr<PortObject> PortObject::Create(PortClient& client) {
  auto* ticket = new (std::nothrow) CloseTicket;
  if (ticket == nullptr) {
    return nullptr;
  }
  RefPtr<PortObject> object = MakeRefCounted<PortObject>(client, ticket);
  if (!object) {
    delete ticket;
  }
  return object;
}

PortObject::~PortObject() {
  GK_ASSERT(!vmo_ && backlog_.empty());
  delete ticket_;
}

Result<> PortObject::OnOpened(const abi::PortReply& reply) {
  // Also when the rest makes no sense: the host has it open, so it is to be closed.
  number_ = reply.object;
  ticket_->object = reply.object;
  ticket_->opens = 1;
  if (!IsSensible(reply)) {
    return Error(ZX_ERR_IO_DATA_INTEGRITY);
  }
  RefPtr<PageSource> source = PageSource::Create(RefPtr<PageProvider>(RefPtr<PortObject>(this)));
  if (!source) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  const bool resizable = (reply.flags & abi::kPortObjectResizable) != 0;
  PAGODA_TRY_ASSIGN(vmo_,
                    Vmo::CreatePagerBacked(std::move(source), reply.size,
                                           {.resizability = resizable ? Resizability::kResizable : Resizability::kFixed,
                                            .trap_dirty = (reply.flags & abi::kPortObjectTrapDirty) != 0}));
  vmo_->SetContentSize(reply.content_size);
  vmo_->SetChildObserver(*this);
  read_only_ = (reply.flags & abi::kPortObjectReadOnly) != 0;
  return {};
}

Result<RefPtr<Vmo>> PortObject::MakeReference() {
  if (state_ != State::kOpen) {
    return Error(ZX_ERR_BAD_STATE);
  }
  return vmo_->CreateChild(ChildKind::kReference, 0, 0,
                           vmo_->resizable() ? Resizability::kResizable : Resizability::kFixed);
}

Result<> PortObject::Send(SourceRequest& request) {
  client_.SendQuestion(*this, request);
  return {};
}

void PortObject::Withdraw(SourceRequest& request) { client_.WithdrawQuestion(*this, request); }
bool PortObject::has_answers() const { return client_.has_answers(); }
void PortObject::PollCompletions() { client_.Poll(); }
void PortObject::PrepareToBlock() { client_.PrepareToBlock(); }

// Also called when a VMO goes that could not be made, or that Close gives up.
void PortObject::OnComplete() {
  if (state_ == State::kOpen && vmo_) {
    SendComplete(State::kDetaching);
  }
}

Result<> PortObject::Sync() {
  if (state_ != State::kOpen) {
    return Error(ZX_ERR_BAD_STATE);
  }
  return client_.Sync(*this);
}

void PortObject::OnZeroChildren() { BeginToComplete(); }

void PortObject::BeginToComplete() {
  if (state_ == State::kDetaching) {
    state_ = State::kLastDetaching;
  } else if (state_ == State::kOpen || state_ == State::kDetached) {
    SendComplete(State::kCompleting);
  }
}

void PortObject::SendComplete(State state) {
  state_ = state;
  client_.SendErrand(*this, complete_);
}

void PortObject::OnCompleteAnswered() {
  switch (state_) {
    case State::kDetaching:
      state_ = State::kDetached;
      return;
    case State::kLastDetaching:
      SendComplete(State::kCompleting);
      return;
    case State::kCompleting:
      Close();
      return;
    case State::kOpen:
    case State::kDetached:
    case State::kClosed:
      return;
  }
}

// The VMO goes with its last reference, which programs may have when the machine is being stopped.
void PortObject::Close() {
  const RefPtr<PortObject> keep_alive(this);
  state_ = State::kClosed;
  if (vmo_) {
    vmo_->RemoveChildObserver(*this);
    vmo_.reset();
  }
  client_.CloseObject(*this, std::exchange(ticket_, nullptr));
  wait_for_close_.WakeAll(Status(ZX_OK));
}

}  // namespace gk::drivers
