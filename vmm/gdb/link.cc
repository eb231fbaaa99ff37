#include "vmm/gdb/link.h"

#include <utility>

namespace vmm::gdb {

namespace {

// A client that never acknowledges cannot make us keep more; beyond it the oldest can no more be sent again.
constexpr size_t kMaxUnacknowledged = 4 * kMaxPayload;

}  // namespace

std::optional<Request> Link::Next() {
  while (auto item = reader_.Next()) {
    if (auto request = Handle(std::move(*item))) {
      return request;
    }
  }
  return std::nullopt;
}

std::optional<Request> Link::Handle(PacketItem item) {
  using Kind = PacketItem::Kind;
  switch (item.kind) {
    case Kind::kAck:
      if (!unacknowledged_.empty()) {
        unacknowledged_bytes_ -= unacknowledged_.front().size();
        unacknowledged_.pop_front();
      }
      return std::nullopt;
    case Kind::kNak:
      Resend();
      return Request{.kind = Request::Kind::kNothing, .payload = {}};
    case Kind::kInterrupt:
      return Request{.kind = Request::Kind::kInterrupt, .payload = {}};
    case Kind::kDamaged:
      if (acks_) {
        output_ += '-';
        return Request{.kind = Request::Kind::kNothing, .payload = {}};
      }
      // Nobody will send it again, and whoever waits for an answer shall get one.
      return Request{.kind = Request::Kind::kUnusable, .payload = {}};
    case Kind::kPacket:
    case Kind::kUnusable:
      if (acks_) {
        output_ += '+';
      }
      return Request{.kind = item.kind == Kind::kPacket ? Request::Kind::kPacket : Request::Kind::kUnusable,
                     .payload = std::move(item.payload)};
  }
  return std::nullopt;
}

void Link::Send(std::string_view payload) {
  std::string frame = FramePacket(payload);
  output_ += frame;
  if (!acks_) {
    return;
  }
  unacknowledged_bytes_ += frame.size();
  unacknowledged_.push_back(std::move(frame));
  while (unacknowledged_bytes_ > kMaxUnacknowledged) {
    unacknowledged_bytes_ -= unacknowledged_.front().size();
    unacknowledged_.pop_front();
  }
}

void Link::Resend() {
  for (const std::string& frame : unacknowledged_) {
    output_ += frame;
  }
}

void Link::StopAcks() {
  acks_ = false;
  unacknowledged_.clear();
  unacknowledged_bytes_ = 0;
}

}  // namespace vmm::gdb
