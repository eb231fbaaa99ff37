#include "vmm/gdb/register_map.h"

#include <algorithm>
#include <cstring>

#include "vmm/gdb/tag_word.h"
#include "vmm/gdb/text.h"

namespace vmm::gdb {

namespace {

// Registers of at most 64 bits; wider or narrower ones in Registers are extended with zeros, or cut.
template <typename Get, typename Set>
RegisterEntry Integer(const std::string& name, uint32_t bits, const std::string& type, RegisterFeature feature, Get get,
                      Set set) {
  return {.name = name,
          .bits = bits,
          .type = type,
          .feature = feature,
          .load =
              [get](const Registers& registers, std::span<std::byte> into) {
                const uint64_t value = get(registers);
                std::memcpy(into.data(), &value, into.size());
              },
          .store =
              [set](Registers& registers, std::span<const std::byte> from) {
                uint64_t value = 0;
                std::memcpy(&value, from.data(), from.size());
                set(registers, value);
              }};
}

// One that is a member of Registers as it is.
template <auto kMember>
RegisterEntry Member(const std::string& name, uint32_t bits, const std::string& type, RegisterFeature feature) {
  return Integer(
      name, bits, type, feature, [](const Registers& registers) -> uint64_t { return registers.*kMember; },
      [](Registers& registers, uint64_t value) {
        auto& member = registers.*kMember;
        member = static_cast<std::remove_reference_t<decltype(member)>>(value);
      });
}

template <auto kArray>
RegisterEntry Element(const std::string& name, uint32_t bits, const std::string& type, size_t index) {
  return Integer(
      name, bits, type, RegisterFeature::kCore,
      [index](const Registers& registers) -> uint64_t { return (registers.*kArray)[index]; },
      [index](Registers& registers, uint64_t value) {
        auto& element = (registers.*kArray)[index];
        element = static_cast<std::remove_reference_t<decltype(element)>>(value);
      });
}

template <auto kArray>
RegisterEntry Bytes(const std::string& name, uint32_t bits, const std::string& type, RegisterFeature feature,
                    size_t index) {
  return {.name = name,
          .bits = bits,
          .type = type,
          .feature = feature,
          .load =
              [index](const Registers& registers, std::span<std::byte> into) {
                std::memcpy(into.data(), (registers.*kArray)[index].data(), into.size());
              },
          .store =
              [index](Registers& registers, std::span<const std::byte> from) {
                std::memcpy((registers.*kArray)[index].data(), from.data(), from.size());
              }};
}

// gdb names the halves of a 64-bit pointer as if they were segment and offset.
template <auto kMember>
RegisterEntry Half(const std::string& name, bool upper) {
  const uint32_t shift = upper ? 32 : 0;
  return Integer(
      name, 32, "int", RegisterFeature::kCore,
      [shift](const Registers& registers) -> uint64_t { return registers.*kMember >> shift; },
      [shift](Registers& registers, uint64_t value) {
        const uint64_t mask = uint64_t{UINT32_MAX} << shift;
        registers.*kMember = (registers.*kMember & ~mask) | value << shift;
      });
}

RegisterEntry TagWord() {
  return Integer(
      "ftag", 32, "int", RegisterFeature::kCore,
      [](const Registers& registers) -> uint64_t { return FullTagWord(registers); },
      [](Registers& registers, uint64_t value) { registers.ftw = AbridgedTagWord(static_cast<uint16_t>(value)); });
}

void AddCore(std::vector<RegisterEntry>& table) {
  using F = RegisterFeature;
  constexpr const char* kGeneralNames[] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
                                           "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
  for (size_t i = 0; i < kGeneralCount; ++i) {
    const bool points = i == kFramePointerNumber || i == kStackPointerNumber;
    table.push_back(Element<&Registers::general>(kGeneralNames[i], 64, points ? "data_ptr" : "int64", i));
  }
  table.push_back(Member<&Registers::rip>("rip", 64, "code_ptr", F::kCore));
  table.push_back(Member<&Registers::rflags>("eflags", 32, "i386_eflags", F::kCore));
  constexpr const char* kSegmentNames[] = {"cs", "ss", "ds", "es", "fs", "gs"};
  for (size_t i = 0; i < kSegmentCount; ++i) {
    table.push_back(Element<&Registers::selectors>(kSegmentNames[i], 32, "int32", i));
  }
  for (size_t i = 0; i < 8; ++i) {
    table.push_back(Bytes<&Registers::st>("st" + std::to_string(i), 80, "i387_ext", F::kCore, i));
  }
  table.push_back(Member<&Registers::fcw>("fctrl", 32, "int", F::kCore));
  table.push_back(Member<&Registers::fsw>("fstat", 32, "int", F::kCore));
  table.push_back(TagWord());
  table.push_back(Half<&Registers::fpu_ip>("fiseg", true));
  table.push_back(Half<&Registers::fpu_ip>("fioff", false));
  table.push_back(Half<&Registers::fpu_dp>("foseg", true));
  table.push_back(Half<&Registers::fpu_dp>("fooff", false));
  table.push_back(Member<&Registers::fop>("fop", 32, "int", F::kCore));
}

void AddSse(std::vector<RegisterEntry>& table) {
  for (size_t i = 0; i < 16; ++i) {
    table.push_back(Bytes<&Registers::xmm>("xmm" + std::to_string(i), 128, "vec128", RegisterFeature::kSse, i));
  }
  table.push_back(Member<&Registers::mxcsr>("mxcsr", 32, "i386_mxcsr", RegisterFeature::kSse));
}

void AddSystem(std::vector<RegisterEntry>& table) {
  using F = RegisterFeature;
  table.push_back(Member<&Registers::fs_base>("fs_base", 64, "int64", F::kSegments));
  table.push_back(Member<&Registers::gs_base>("gs_base", 64, "int64", F::kSegments));
  table.push_back(Member<&Registers::kernel_gs_base>("k_gs_base", 64, "int64", F::kSystem));
  table.push_back(Member<&Registers::cr0>("cr0", 64, "x64_cr0", F::kSystem));
  table.push_back(Member<&Registers::cr2>("cr2", 64, "data_ptr", F::kSystem));
  table.push_back(Member<&Registers::cr3>("cr3", 64, "int64", F::kSystem));
  table.push_back(Member<&Registers::cr4>("cr4", 64, "x64_cr4", F::kSystem));
  table.push_back(Member<&Registers::cr8>("cr8", 64, "int64", F::kSystem));
  table.push_back(Member<&Registers::efer>("efer", 64, "x64_efer", F::kSystem));
}

// The widest is an SSE register.
constexpr size_t kMaxRegisterSize = 16;

}  // namespace

const std::vector<RegisterEntry>& RegisterTable() {
  static const std::vector<RegisterEntry> kTable = [] {
    std::vector<RegisterEntry> entries;
    AddCore(entries);
    AddSse(entries);
    AddSystem(entries);
    return entries;
  }();
  return kTable;
}

std::string RegisterText(const Registers& registers, size_t number) {
  const RegisterEntry& entry = RegisterTable()[number];
  std::byte bytes[kMaxRegisterSize] = {};
  const std::span<std::byte> value = std::span(bytes).first(entry.size());
  entry.load(registers, value);
  return HexBytes(value);
}

std::string AllRegistersText(const Registers& registers) {
  std::string text;
  for (size_t number = 0; number < RegisterTable().size(); ++number) {
    text += RegisterText(registers, number);
  }
  return text;
}

bool SetRegister(Registers& registers, size_t number, std::string_view text) {
  const RegisterEntry& entry = RegisterTable()[number];
  const auto bytes = BytesOfHex(text);
  if (!bytes || bytes->size() != entry.size()) {
    return false;
  }
  entry.store(registers, *bytes);
  return true;
}

bool SetAllRegisters(Registers& registers, std::string_view text) {
  Registers changed = registers;
  for (size_t number = 0; number < RegisterTable().size(); ++number) {
    const size_t digits = std::min(text.size(), 2 * RegisterTable()[number].size());
    if (!SetRegister(changed, number, text.substr(0, digits))) {
      return false;
    }
    text.remove_prefix(digits);
  }
  if (!text.empty()) {
    return false;
  }
  registers = changed;
  return true;
}

}  // namespace vmm::gdb
