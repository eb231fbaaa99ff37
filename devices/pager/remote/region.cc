#include "devices/pager/remote/region.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "shared/base/range.h"

namespace pager::remote {

namespace {

constexpr uint32_t kMaxSlots = 1024;
constexpr uint32_t kMaxSlotSize = 16U << 20;
constexpr uint64_t kCacheLine = 64;
constexpr uint64_t kMaxAreaSize = uint64_t{1} << 30;
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

base::Failure<dev::Error> Failed(std::string_view what) {
  return base::Failure{dev::Error{std::string(what) + ": " + std::strerror(errno)}};
}

bool IsAllowed(const Geometry& geometry) {
  return base::IsPowerOfTwo(geometry.slot_count) && geometry.slot_count <= kMaxSlots && geometry.slot_size > 0 &&
         geometry.slot_size <= kMaxSlotSize && geometry.area_size <= kMaxAreaSize &&
         base::IsPageAligned(geometry.slot_size | geometry.area_size);
}

}  // namespace

std::optional<RegionLayout> RegionLayout::Of(const Geometry& geometry) {
  if (!IsAllowed(geometry)) {
    return std::nullopt;
  }
  const uint64_t slots = geometry.slot_count;
  RegionLayout layout{};
  layout.ring = base::kPageSize;
  layout.record = base::AlignUp(layout.ring + slots * sizeof(uint64_t), kCacheLine);
  layout.answers = layout.record + slots * sizeof(RequestSlot);
  layout.arena = base::AlignUp(layout.answers + slots * sizeof(AnswerEntry), base::kPageSize);
  layout.area = layout.arena + slots * geometry.slot_size;
  layout.size = layout.area + geometry.area_size;
  return layout;
}

base::Result<std::shared_ptr<Region>, dev::Error> Region::Create(const Geometry& geometry) {
  const RegionLayout layout = *RegionLayout::Of(geometry);
  dev::UniqueFd file(::memfd_create("pagoda-pager", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid() || ::ftruncate(file.get(), static_cast<off_t>(layout.size)) != 0 ||
      ::fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) {
    return Failed("cannot make memory to share");
  }
  return Map(std::move(file), geometry, layout);
}

base::Result<std::shared_ptr<Region>, dev::Error> Region::Adopt(dev::UniqueFd file, const Geometry& geometry,
                                                                uint64_t size) {
  const auto layout = RegionLayout::Of(geometry);
  if (!layout || layout->size != size) {
    return base::Failure{dev::Error{"the shared region has a shape that may not be"}};
  }
  struct stat status;
  if (::fstat(file.get(), &status) != 0 || static_cast<uint64_t>(status.st_size) != size) {
    return base::Failure{dev::Error{"the shared region is not of the size announced"}};
  }
  constexpr int kNeeded = F_SEAL_SHRINK | F_SEAL_GROW;
  const int seals = ::fcntl(file.get(), F_GET_SEALS);
  if (seals < 0 || (seals & kNeeded) != kNeeded) {
    return base::Failure{dev::Error{"the shared region is not sealed against growing and shrinking"}};
  }
  return Map(std::move(file), geometry, *layout);
}

base::Result<std::shared_ptr<Region>, dev::Error> Region::Map(dev::UniqueFd file, const Geometry& geometry,
                                                              const RegionLayout& layout) {
  void* address = ::mmap(nullptr, layout.size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (address == MAP_FAILED) {
    return Failed("cannot map the shared region");
  }
  const std::span bytes(static_cast<std::byte*>(address), layout.size);
  return std::shared_ptr<Region>(new Region(std::move(file), geometry, layout, bytes));
}

Region::~Region() { ::munmap(bytes_.data(), bytes_.size()); }

RegionHeader& Region::header() const {
  // SAFETY: the mapping begins with it and is page-aligned; its fields are only used through atomic_ref.
  return *reinterpret_cast<RegionHeader*>(bytes_.data());
}

SharedWords Region::Words(uint64_t offset, uint64_t bytes) const {
  const auto part = bytes_.subspan(offset, bytes);
  // SAFETY: all offsets of the layout are multiples of 8; the words are only used through atomic_ref.
  return {reinterpret_cast<uint64_t*>(part.data()), part.size() / sizeof(uint64_t)};
}

RingMemory Region::requests() const {
  return {.entries = Words(layout_.ring, geometry_.slot_count * sizeof(uint64_t)),
          .produced = &header().requests.produced,
          .reader_sleeps = &header().pager_sleeps.produced,
          .count = geometry_.slot_count};
}

RingMemory Region::answers() const {
  return {.entries = Words(layout_.answers, geometry_.slot_count * sizeof(AnswerEntry)),
          .produced = &header().answers.produced,
          .reader_sleeps = &header().monitor_sleeps.produced,
          .count = geometry_.slot_count};
}

void Region::SetRecord(uint32_t slot, const RequestSlot& record) const {
  StoreWords(Words(layout_.record + slot * sizeof(record), sizeof(record)), record);
}

RequestSlot Region::ReadRecord(uint32_t slot) const {
  return LoadWords<RequestSlot>(Words(layout_.record + slot * sizeof(RequestSlot), sizeof(RequestSlot)));
}

void Region::SetPieces(uint32_t slot, std::span<const PieceEntry> pieces) const {
  SharedWords words = Words(ArenaOffsetOf(slot), pieces.size_bytes());
  for (const PieceEntry& piece : pieces) {
    StoreWords(words, piece);
    words = words.subspan(sizeof(piece) / sizeof(uint64_t));
  }
}

std::vector<PieceEntry> Region::ReadPieces(uint32_t slot, uint32_t count) const {
  std::vector<PieceEntry> pieces;
  SharedWords words = Words(ArenaOffsetOf(slot), count * sizeof(PieceEntry));
  for (; !words.empty(); words = words.subspan(sizeof(PieceEntry) / sizeof(uint64_t))) {
    pieces.push_back(LoadWords<PieceEntry>(words));
  }
  return pieces;
}

uint64_t Region::ArenaOffsetOf(uint32_t slot) const { return layout_.arena + uint64_t{slot} * geometry_.slot_size; }

std::span<std::byte> Region::ArenaOf(uint32_t slot) const {
  return bytes_.subspan(ArenaOffsetOf(slot), geometry_.slot_size);
}

std::span<std::byte> Region::area() const { return bytes_.subspan(layout_.area, geometry_.area_size); }

}  // namespace pager::remote
