// The shared region of one connection: a sealed memfd with the two rings, the in-flight record, the arena for answers
// and the area for operations. PROTOCOL.md section 2 has the layout.
//
// The file can neither grow nor shrink, so no access to the mapping can fail, whatever the other side does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "devices/core/error.h"
#include "devices/core/unique_fd.h"
#include "devices/pager/remote/protocol.h"
#include "devices/pager/remote/ring.h"
#include "shared/base/result.h"

namespace pager::remote {

struct Geometry {
  uint32_t slot_count;  // a power of two, at most 1024
  uint32_t slot_size;   // bytes, a page multiple, 1 page to 16 MiB
  uint64_t area_size;   // bytes, a page multiple, at most 1 GiB
};

// Bytes from the start of the region.
struct RegionLayout {
  uint64_t ring;
  uint64_t record;
  uint64_t answers;
  uint64_t arena;
  uint64_t area;
  uint64_t size;  // of everything

  // nullopt when the geometry is not one that may be.
  static std::optional<RegionLayout> Of(const Geometry& geometry);
};

class Region {
 public:
  // For the monitor. Precondition: the geometry is one that may be. Fails when the host has no memory or descriptors.
  static base::Result<std::shared_ptr<Region>, dev::Error> Create(const Geometry& geometry);
  // For the pager. Fails when the geometry may not be, or `file` is not of that size or not sealed.
  static base::Result<std::shared_ptr<Region>, dev::Error> Adopt(dev::UniqueFd file, const Geometry& geometry,
                                                                 uint64_t size);
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;
  ~Region();

  [[nodiscard]] int fd() const { return file_.get(); }  // borrowed
  [[nodiscard]] const Geometry& geometry() const { return geometry_; }
  [[nodiscard]] uint64_t size() const { return layout_.size; }

  [[nodiscard]] RingMemory requests() const;
  [[nodiscard]] RingMemory answers() const;

  // Precondition of those with a slot: slot < slot_count.
  void SetRecord(uint32_t slot, const RequestSlot& record) const;
  [[nodiscard]] RequestSlot ReadRecord(uint32_t slot) const;
  // Where the pages of a request are, in place of its bytes in the arena. Precondition: they fit into the slot.
  void SetPieces(uint32_t slot, std::span<const PieceEntry> pieces) const;
  [[nodiscard]] std::vector<PieceEntry> ReadPieces(uint32_t slot, uint32_t count) const;
  // The slot's part of the arena.
  [[nodiscard]] std::span<std::byte> ArenaOf(uint32_t slot) const;
  [[nodiscard]] uint64_t ArenaOffsetOf(uint32_t slot) const;

  [[nodiscard]] std::span<std::byte> area() const;

 private:
  Region(dev::UniqueFd file, const Geometry& geometry, const RegionLayout& layout, std::span<std::byte> bytes)
      : file_(std::move(file)), geometry_(geometry), layout_(layout), bytes_(bytes) {}
  static base::Result<std::shared_ptr<Region>, dev::Error> Map(dev::UniqueFd file, const Geometry& geometry,
                                                               const RegionLayout& layout);
  [[nodiscard]] SharedWords Words(uint64_t offset, uint64_t bytes) const;
  [[nodiscard]] RegionHeader& header() const;

  dev::UniqueFd file_;
  Geometry geometry_;
  RegionLayout layout_;
  std::span<std::byte> bytes_;
};

}  // namespace pager::remote
