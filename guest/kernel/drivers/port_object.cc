#include "guest/kernel/drivers/port_object.h"

#include "guest/kernel/drivers/port_client.h"

namespace gk::drivers {
namespace {

// Whether the sizes are what the contract says: whole pages, of which the content reaches into the last.
bool IsSensible(const abi::PortReply& reply) {
  return reply.object != 0 && base::IsPageAligned(reply.size) && reply.content_size <= reply.size &&
         reply.size - reply.content_size < kPageSize;
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
  if (ticket_->object != 0) {
    client_.Close(ticket_);
  } else {
    delete ticket_;
  }
}

Result<> PortObject::Send(SourceRequest& request) {
  client_.SubmitRead(request, ticket_->object);
  return {};
}
void PortObject::Withdraw(SourceRequest& /*request*/) { Panic("a read that the device has was withdrawn"); }
void PortObject::PollCompletions() { client_.Poll(); }
void PortObject::PrepareToBlock() { client_.PrepareToBlock(); }

void PortObject::OnOpenAnswer(Status status, const abi::PortReply& reply) {
  if (status.ok()) {
    // Also when the rest makes no sense: the host has it open, so it is to be closed.
    ticket_->object = reply.object;
    status = IsSensible(reply) ? status : Status(ZX_ERR_IO_DATA_INTEGRITY);
    size_ = reply.size;
    content_size_ = reply.content_size;
    read_only_ = (reply.flags & abi::kPortObjectReadOnly) != 0;
  }
  status_ = status;
  state_ = status.ok() ? State::kOpen : State::kFailed;
  wait_for_answer_.WakeAll(Status(ZX_OK));
}

}  // namespace gk::drivers
