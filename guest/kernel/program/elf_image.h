// What an ELF64 file says about the program in it, checked so completely that loading it needs no more thought.
//
// A pure function over bytes: no memory is allocated, nothing is mapped.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <array>
#include <span>

#include "guest/kernel/arch/types.h"
#include "shared/base/result.h"

namespace gk::program {

// Something to have in memory: `file_size` bytes of the file, then zeroes.
struct ElfSegment {
  VirtualAddress address;
  uint64_t memory_size;  // bytes, not 0
  uint64_t file_offset;
  uint64_t file_size;  // bytes, at most memory_size; the range lies inside the file
  Access access;       // always read; never both write and execute

  // The whole pages that the segment touches. Those of two segments never overlap.
  [[nodiscard]] VirtualAddress first_page() const;
  [[nodiscard]] uint64_t pages_size() const;  // bytes
};

struct ElfImage {
  static constexpr size_t kMaxSegments = 16;

  VirtualAddress entry;  // inside an executable segment
  std::array<ElfSegment, kMaxSegments> segment_storage;
  size_t segment_count;

  [[nodiscard]] std::span<const ElfSegment> segments() const { return {segment_storage.data(), segment_count}; }
};

enum class ElfDefect {
  kNotElf,
  kNotElf64,
  kWrongMachine,
  kNotExecutable,
  kNeedsInterpreter,
  kBadProgramHeaders,
  kTooManySegments,
  kNoSegments,
  kSegmentOutsideFile,
  kSegmentOutsideUserSpace,
  kSegmentsOverlap,
  kWritableAndExecutable,
  kEntryOutside,
};

// What is wrong, to be put behind the file's name.
[[nodiscard]] const char* Describe(ElfDefect defect);

// `file`: the whole file.
[[nodiscard]] base::Result<ElfImage, ElfDefect> ParseElf(std::span<const uint8_t> file);

}  // namespace gk::program
