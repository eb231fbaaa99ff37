// The checksum of a boot image, on its own because the reader, the writer and tests that forge images all need it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace vmm {

// What the header's checksum field must hold. Precondition: `image` is at least a header long.
[[nodiscard]] uint32_t BootfsChecksum(std::span<const std::byte> image);

}  // namespace vmm
