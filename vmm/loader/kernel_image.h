// The guest kernel's ELF64 file: what of it goes where.
//
// A KernelImage exists only for a file whose headers are right in every respect that loading depends on, so loading it
// can fail only where the file can no longer be read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vmm/base/error.h"
#include "vmm/loader/input_file.h"

namespace vmm {

// One PT_LOAD segment that occupies memory. Addresses are page-aligned; `memory_size` >= `file_size`, in bytes.
struct KernelSegment {
  uint64_t file_offset;
  uint64_t file_size;
  uint64_t physical_address;
  uint64_t virtual_address;
  uint64_t memory_size;
  bool writable;
  bool executable;
};

struct KernelImage {
  uint64_t entry;  // virtual; inside an executable segment
  uint64_t end;    // guest-physical, page-aligned: the first page above all segments
  std::vector<KernelSegment> segments;
};

// Reads and checks the headers of `file` for a guest with `memory_size` bytes of RAM from address 0. Errors name the
// file and the reason.
Result<KernelImage> ReadKernelImage(const InputFile& file, uint64_t memory_size);

// Copies the segments to their physical addresses. `memory` is the RAM that ReadKernelImage was told of, from address
// 0, and still all zeros: the parts of segments that the file does not give are not written.
Result<> LoadKernelImage(const InputFile& file, const KernelImage& image, std::span<std::byte> memory);

}  // namespace vmm
