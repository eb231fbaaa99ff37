#include "devices/port/port_objects.h"

#include <utility>

#include "shared/base/range.h"

namespace dev {

namespace {

// Keeps sums of an offset and a length, rounded up to pages, far from wrapping around.
constexpr uint64_t kMaxSize = uint64_t{1} << 62;

}  // namespace

bool PortOpenObject::Contains(uint64_t offset, uint64_t length) const {
  return base::RangeFits(offset, length, info.resizable ? kMaxSize : info.size);
}

PortObjects::Opened PortObjects::Open(std::string_view name, std::shared_ptr<pager::PageSource> source) {
  const auto [number, is_new] = numbers_.try_emplace(source.get(), next_id_);
  if (is_new) {
    ++next_id_;
    const pager::ObjectInfo info = source->info();
    objects_.emplace(number->second,
                     PortOpenObject{.name = std::string(name), .source = std::move(source), .info = info, .opens = 0});
  }
  PortOpenObject& object = objects_.at(number->second);
  ++object.opens;
  return {.id = number->second, .object = &object, .is_new = is_new};
}

PortObjects::Close PortObjects::TakeBack(uint64_t id, uint64_t opens) {
  const auto found = objects_.find(id);
  if (found == objects_.end() || opens > found->second.opens) {
    return Close::kRefused;
  }
  found->second.opens -= opens;
  if (found->second.opens != 0) {
    return Close::kOpenedAgain;
  }
  numbers_.erase(found->second.source.get());
  objects_.erase(found);
  return Close::kGone;
}

const PortOpenObject* PortObjects::Find(uint64_t id) const {
  const auto found = objects_.find(id);
  return found == objects_.end() ? nullptr : &found->second;
}

void PortObjects::CloseAll() {
  numbers_.clear();
  objects_.clear();
}

}  // namespace dev
