// What a pager process says to the monitor: read from the connection and taken to whoever waits for it.
#include <zircon/errors.h>

#include <type_traits>
#include <utility>

#include "devices/pager/remote/link.h"

namespace pager::remote {

template <typename T>
Link::Violation Link::On(const T& /*other*/) {
  if constexpr (std::is_same_v<T, Kick>) {
    return std::nullopt;
  } else {
    return "it sent a message at the wrong time";
  }
}

Link::Violation Link::ReadMessages(bool& worked, bool& closed) {
  while (true) {
    auto received = session_->channel.Receive();
    if (std::holds_alternative<NothingThere>(received)) {
      return std::nullopt;
    }
    if (std::holds_alternative<ChannelClosed>(received)) {
      closed = true;
      return std::nullopt;
    }
    if (const auto* broken = std::get_if<ChannelBroken>(&received)) {
      return broken->reason;
    }
    auto message = ParseToMonitor(std::get<Packet>(std::move(received)));
    if (!message.ok()) {
      return "it sent " + message.error();
    }
    if (Violation violation = std::visit([this](auto& each) { return On(each); }, message.value())) {
      return violation;
    }
    worked = true;
  }
}

std::optional<Link::Call> Link::TakeCallLocked(uint64_t id, MessageType type) {
  const auto found = calls_.find(id);
  if (found == calls_.end() || found->second.type != type) {
    return std::nullopt;
  }
  Call call = std::move(found->second);
  calls_.erase(found);
  return call;
}

Link::Violation Link::On(const Opened& opened) {
  const std::lock_guard lock(mutex_);
  const bool made = opened.status == ZX_OK && opened.existing == 0;
  if (const auto call = TakeCallLocked(opened.object, MessageType::kOpen)) {
    if (made) {
      objects_.emplace(opened.object,
                       Object{.phase = Object::Phase::kOpen, .path = call->path, .info = opened.info, .vmo = nullptr});
      in_flight_.Release(opened.object);
    }
    replies_.push_back([done = call->done, opened] { done(Reply(opened)); });
    return std::nullopt;
  }
  const auto object = objects_.find(opened.object);
  if (object != objects_.end() && object->second.phase == Object::Phase::kOpening) {
    OpenedAgainLocked(opened.object, object->second, opened);
    return std::nullopt;
  }
  if (abandoned_.erase(opened.object) == 0) {
    return "it opened what it was not asked to open";
  }
  if (made) {
    SendLocked(EncodeObject(MessageType::kClose, opened.object));
  }
  return std::nullopt;
}

Link::Violation Link::On(const Listed& listed) {
  const std::lock_guard lock(mutex_);
  if (const auto call = TakeCallLocked(listed.id, MessageType::kList)) {
    replies_.push_back([done = call->done, listed] { done(Reply(listed)); });
    return std::nullopt;
  }
  return abandoned_.erase(listed.id) == 1 ? std::nullopt : Violation("it listed what it was not asked to list");
}

void Link::ForgetFilesLocked() {
  for (const uint64_t object : std::exchange(closed_objects_, {})) {
    std::erase_if(session_->files, [object](const auto& entry) { return entry.second.object == object; });
  }
}

Link::Violation Link::On(File& file) {
  const std::lock_guard lock(mutex_);
  ForgetFilesLocked();
  if ((session_->features & kFeatureFileRange) == 0 || session_->files.size() >= kMaxFiles ||
      session_->files.contains(file.file)) {
    return "it introduced a file that it may not introduce";
  }
  // One for an object that has been closed meanwhile is of no use.
  if (objects_.contains(file.object)) {
    session_->files.emplace(file.file,
                            ClientSession::OpenFile{.object = file.object, .descriptor = std::move(file.descriptor)});
  }
  return std::nullopt;
}

}  // namespace pager::remote
