// The objects that a guest has open, by the number it knows them by.
//
// A page source has one number while it is open, however often it is opened: the guest has one VMO of it. Each opening
// counts, and a close takes back as many as the guest has heard of. What is left then was opened while the close was on
// its way: the guest makes a new VMO, and the page source hears of it as of the first.
#pragma once

#include <zircon/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "devices/pager/page_source.h"

namespace dev {

struct PortOpenObject {
  std::string name;
  std::shared_ptr<pager::PageSource> source;
  pager::ObjectInfo info;  // when it was opened
  uint64_t opens;          // that were not taken back

  // Whether [offset, offset + length) can be asked for. The size of a resizable object is the guest's affair.
  [[nodiscard]] bool Contains(uint64_t offset, uint64_t length) const;
};

class PortObjects {
 public:
  struct Opened {
    uint64_t id;
    const PortOpenObject* object;
    bool is_new;
  };
  enum class Close {
    kRefused,  // there is no such object, or it was not opened so often
    kGone,
    kOpenedAgain,
  };

  [[nodiscard]] size_t size() const { return objects_.size(); }

  Opened Open(std::string_view name, std::shared_ptr<pager::PageSource> source);
  Close TakeBack(uint64_t id, uint64_t opens);
  // Null when there is none of that number.
  [[nodiscard]] const PortOpenObject* Find(uint64_t id) const;
  void CloseAll();
  template <typename Visitor>
  void ForEach(Visitor visit) const {
    for (const auto& [id, object] : objects_) {
      visit(id, object);
    }
  }

 private:
  std::unordered_map<uint64_t, PortOpenObject> objects_;
  std::unordered_map<const pager::PageSource*, uint64_t> numbers_;
  uint64_t next_id_ = 1;  // not reused within a session: a stale number names nothing
};

}  // namespace dev
