// The registers of one CPU as a debugger sees them. Plain values; which of them go into which packet, and in which
// order and width, is decided in register_map.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace vmm::gdb {

// The order of gdb's org.gnu.gdb.i386.core, not that of the instruction encoding.
enum class General : uint8_t {
  kRax,
  kRbx,
  kRcx,
  kRdx,
  kRsi,
  kRdi,
  kRbp,
  kRsp,
  kR8,
  kR9,
  kR10,
  kR11,
  kR12,
  kR13,
  kR14,
  kR15
};
constexpr size_t kGeneralCount = 16;

enum class Segment : uint8_t { kCs, kSs, kDs, kEs, kFs, kGs };
constexpr size_t kSegmentCount = 6;

struct Registers {
  std::array<uint64_t, kGeneralCount> general{};  // by General
  uint64_t rip = 0;
  uint64_t rflags = 0;

  std::array<uint16_t, kSegmentCount> selectors{};  // by Segment
  uint64_t fs_base = 0;
  uint64_t gs_base = 0;
  uint64_t kernel_gs_base = 0;  // what `swapgs` would bring

  uint64_t cr0 = 0;
  uint64_t cr2 = 0;
  uint64_t cr3 = 0;
  uint64_t cr4 = 0;
  uint64_t cr8 = 0;
  uint64_t efer = 0;

  // x87 and SSE as FXSAVE64 stores them (SDM volume 1, 10.5.1), and kvm_fpu has them: the pointers are those of 64
  // bits, the tag word is the abridged one.
  std::array<std::array<uint8_t, 10>, 8> st{};  // st(0) first
  uint16_t fcw = 0x37f;
  uint16_t fsw = 0;
  uint8_t ftw = 0;  // bit N: *physical* register N is not empty
  uint16_t fop = 0;
  uint64_t fpu_ip = 0;
  uint64_t fpu_dp = 0;
  std::array<std::array<uint8_t, 16>, 16> xmm{};
  uint32_t mxcsr = 0x1f80;

  uint64_t& operator[](General which) { return general[static_cast<size_t>(which)]; }
  uint64_t operator[](General which) const { return general[static_cast<size_t>(which)]; }
  uint16_t& operator[](Segment which) { return selectors[static_cast<size_t>(which)]; }
  uint16_t operator[](Segment which) const { return selectors[static_cast<size_t>(which)]; }

  bool operator==(const Registers&) const = default;
};

}  // namespace vmm::gdb
