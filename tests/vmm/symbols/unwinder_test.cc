#include "vmm/symbols/unwinder.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "shared/abi/nucleus_area.h"
#include "tests/vmm/symbols/explained_code.h"
#include "tests/vmm/symbols/own_memory.h"
#include "vmm/symbols/nucleus.h"
#include "vmm/symbols/vdso.h"

namespace vmm {
namespace {

using Kind = StackFrame::Kind;

// Words at addresses; everything else cannot be read.
class FakeMemory final : public MemoryReader {
 public:
  FakeMemory(uint64_t base, std::vector<uint64_t> words) : base_(base), words_(std::move(words)) {}

  size_t Read(uint64_t address, std::span<std::byte> into) const override {
    const std::span<const std::byte> bytes = std::as_bytes(std::span(words_));
    if (address < base_ || address - base_ >= bytes.size()) {
      return 0;
    }
    const auto from = bytes.subspan(address - base_, std::min(into.size(), bytes.size() - (address - base_)));
    std::memcpy(into.data(), from.data(), from.size());
    return from.size();
  }

 private:
  uint64_t base_;
  std::vector<uint64_t> words_;
};

struct Seen {
  std::vector<StackFrame> frames;
  std::vector<StackFrame> after_wild_call;
};

void Look(const explained::Moment& moment, void* argument) {
  Seen& seen = *static_cast<Seen*>(argument);
  const SymbolSet symbols = OwnSymbols();
  seen.frames = Unwind(moment.registers, OwnMemory(), symbols);
  // As if the code had called an address where nothing is.
  const uint64_t return_address = moment.registers.rip;
  gdb::Registers wild = moment.registers;
  wild.rip = 0x123;
  const uint64_t stack = wild[gdb::General::kRsp] - 8;
  const std::vector<uint64_t> top = {return_address};
  class WithTop final : public MemoryReader {
   public:
    WithTop(uint64_t address, uint64_t word) : address_(address), word_(word) {}
    size_t Read(uint64_t address, std::span<std::byte> into) const override {
      if (address == address_ && into.size() == sizeof(word_)) {
        std::memcpy(into.data(), &word_, sizeof(word_));
        return sizeof(word_);
      }
      return OwnMemory().Read(address, into);
    }

   private:
    uint64_t address_;
    uint64_t word_;
  };
  wild[gdb::General::kRsp] = stack;
  seen.after_wild_call = Unwind(wild, WithTop(stack, return_address), symbols);
}

std::vector<std::string> Functions(const std::vector<StackFrame>& frames, size_t count) {
  const SymbolSet symbols = OwnSymbols();
  std::vector<std::string> functions;
  for (const StackFrame& frame : frames) {
    for (const CodeLocation& location : symbols.Locate(frame.LookUpAddress())) {
      functions.push_back(location.function + (location.inlined ? " (inlined)" : ""));
    }
  }
  functions.resize(std::min(functions.size(), count));
  return functions;
}

class Unwinder : public testing::Test {
 protected:
  Unwinder() {
    explained::Moment moment = {.registers = {}, .look = Look, .argument = &seen_};
    explained::Outer(moment);
  }
  Seen seen_;
};

const std::vector<std::string> kExpected = {"explained::Capture", "explained::Inlined (inlined)", "explained::Middle",
                                            "explained::Outer"};

TEST_F(Unwinder, ShowsCallersAndWhatWasInlinedIntoThem) {
  EXPECT_EQ(Functions(seen_.frames, 4), kExpected);
  EXPECT_EQ(seen_.frames[0].kind, Kind::kStopped);
  EXPECT_EQ(seen_.frames[1].kind, Kind::kCall);
}

TEST_F(Unwinder, LinesAreThoseOfTheCalls) {
  const std::vector<CodeLocation> locations = OwnSymbols().Locate(seen_.frames.at(1).LookUpAddress());
  ASSERT_EQ(locations.size(), 2u);
  EXPECT_EQ(locations[0].line, explained::kInlinedLine);
  EXPECT_EQ(locations[1].line, explained::kMiddleLine);
  EXPECT_EQ(locations[1].file, "tests/vmm/symbols/explained_code.cc");
}

TEST_F(Unwinder, CallOfAnAddressWithoutCodeShowsItsCaller) {
  ASSERT_GE(seen_.after_wild_call.size(), 2u);
  EXPECT_EQ(seen_.after_wild_call[0].address, 0x123u);
  EXPECT_EQ(Functions(seen_.after_wild_call, 4), kExpected);
}

TEST(UnwinderWithoutSymbols, FollowsFramePointers) {
  const FakeMemory stack(0x7000, {0x7010, 0x401000, 0x7020, 0x402000, 0, 0x403000});
  gdb::Registers registers;
  registers.rip = 0x400000;
  registers[gdb::General::kRbp] = 0x7000;

  const std::vector<StackFrame> frames = Unwind(registers, stack, SymbolSet());

  ASSERT_EQ(frames.size(), 4u);
  EXPECT_EQ(frames[0].address, 0x400000u);
  EXPECT_EQ(frames[3].address, 0x403000u);
}

TEST(UnwinderWithoutSymbols, EndsWithALoopInTheStack) {
  const FakeMemory stack(0x7000, {0x7000, 0x401000});
  gdb::Registers registers;
  registers[gdb::General::kRbp] = 0x7000;
  EXPECT_EQ(Unwind(registers, stack, SymbolSet()).size(), 2u);
}

TEST(UnwinderWithoutSymbols, IsBoundedInDepth) {
  std::vector<uint64_t> words;
  for (uint64_t index = 0; index < 1000; ++index) {
    words.insert(words.end(), {0x7000 + (index + 1) * 16, 0x401000});
  }
  gdb::Registers registers;
  registers[gdb::General::kRbp] = 0x7000;
  EXPECT_EQ(Unwind(registers, FakeMemory(0x7000, words), SymbolSet()).size(), kMaxFrames);
}

TEST(UnwinderWithoutSymbols, WildRegistersGiveOneFrame) {
  gdb::Registers registers;
  registers.rip = 0xdead'beef'dead'beef;
  registers[gdb::General::kRsp] = ~uint64_t{0};
  registers[gdb::General::kRbp] = ~uint64_t{0} - 3;
  EXPECT_EQ(Unwind(registers, FakeMemory(0, {}), SymbolSet()).size(), 1u);
  EXPECT_EQ(Unwind(registers, OwnMemory(), OwnSymbols()).size(), 1u);
}

// --- The nucleus

constexpr uint64_t kArea = NUCLEUS_BASE + 2 * NUCLEUS_STRIDE;
constexpr uint64_t kFrame = kArea + NUCLEUS_DATA + TRAP_RIP;

TEST(Nucleus, GoesOnWithWhatTheTrapInterrupted) {
  const FakeMemory frame(kFrame, {0x400123, 0x33, 0x202, 0x8000, 0x2b});
  gdb::Registers registers;
  registers.rip = kArea + NUCLEUS_STUBS + 14 * STUB_SIZE;

  const std::vector<StackFrame> frames = Unwind(registers, frame, SymbolSet());

  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].address, registers.rip);
  EXPECT_EQ(frames[1].address, 0x400123u);
  EXPECT_EQ(frames[1].kind, Kind::kTrapped);
  EXPECT_EQ(InterruptedByNucleus(registers, frame)->general[7], 0x8000u);
}

TEST(Nucleus, StackSaysWhichCpuRunsCodeThatAllShare) {
  // An idle CPU halts at the address in CPU 0's area.
  const FakeMemory frames(NUCLEUS_BASE + NUCLEUS_DATA, [] {
    std::vector<uint64_t> words(3 * NUCLEUS_STRIDE / 8);
    const auto put = [&words](uint64_t cpu, uint64_t rip) {
      const uint64_t at = (cpu * NUCLEUS_STRIDE + TRAP_RIP) / 8;
      words[at] = rip;
      words[at + 1] = 0x33;
    };
    put(0, 0x400100);
    put(2, 0x400200);
    return words;
  }());
  gdb::Registers registers;
  registers.rip = NUCLEUS_BASE + NUCLEUS_STUBS + 0x8c2;
  registers[gdb::General::kRsp] = kFrame;
  EXPECT_EQ(InterruptedByNucleus(registers, frames)->rip, 0x400200u);
  registers[gdb::General::kRsp] = kArea + NUCLEUS_DATA + 0x1000;
  EXPECT_EQ(InterruptedByNucleus(registers, frames)->rip, 0x400200u) << "an empty stack";
  registers[gdb::General::kRsp] = 0x7000;
  EXPECT_EQ(InterruptedByNucleus(registers, frames)->rip, 0x400100u) << "a system call that has no stack yet";
}

TEST(Nucleus, FrameThatIsNoneEndsTheWalk) {
  gdb::Registers registers;
  registers.rip = kArea + NUCLEUS_STUBS;
  EXPECT_EQ(Unwind(registers, FakeMemory(kFrame, {0x400123, 0x10, 2, 0x8000, 0x18}), SymbolSet()).size(), 1u);
  EXPECT_EQ(Unwind(registers, FakeMemory(0, {}), SymbolSet()).size(), 1u);
}

TEST(Nucleus, IsFoundInEveryCpusAreaAndNowhereElse) {
  EXPECT_EQ(FindInNucleus(kArea + NUCLEUS_STUBS + 5)->cpu, 2u);
  EXPECT_EQ(FindInNucleus(kArea + NUCLEUS_STUBS + 5)->offset, 5u);
  EXPECT_FALSE(FindInNucleus(kArea));
  EXPECT_FALSE(FindInNucleus(kArea + NUCLEUS_DATA));
  EXPECT_FALSE(FindInNucleus(NUCLEUS_BASE + 8 * NUCLEUS_STRIDE + NUCLEUS_STUBS));
  EXPECT_FALSE(FindInNucleus(0));
}

TEST(Nucleus, StubsAreNamedByViewAndVector) {
  const uint64_t stub = kArea + NUCLEUS_STUBS;
  const FakeMemory user(stub, {0x8748});
  const FakeMemory kernel(stub, {0});
  EXPECT_EQ(DescribeNucleus(stub + 14 * STUB_SIZE, user, SymbolSet()), "nucleus_user_stubs+0x1c0 (vector 14)");
  EXPECT_EQ(DescribeNucleus(stub + 0x8c1, kernel, SymbolSet()), "nucleus_kernel_stubs+0x8c1");
  EXPECT_EQ(DescribeNucleus(0x400000, user, SymbolSet()), "");
}

// --- The vDSO

// Slots as the vDSO has them, as far as they are looked at: only the first two begin with what tells it.
class FakeVdso final : public MemoryReader {
 public:
  size_t Read(uint64_t address, std::span<std::byte> into) const override {
    if (address < kBase || address >= kBase + 0x1000) {
      return 0;
    }
    const uint64_t slot = (address - kBase) / 32;
    const std::array<uint8_t, 5> code = {0xb8, static_cast<uint8_t>(slot), 0, 0, 0};
    const size_t size = std::min(into.size(), code.size());
    std::memcpy(into.data(), code.data(), size);
    return size;
  }
  static constexpr uint64_t kBase = 0x7000'0000;
};

TEST(Vdso, IsRecognisedByItsCodeAndNamesTheSystemCall) {
  const auto first = FindInVdso(FakeVdso::kBase + 7, FakeVdso());
  ASSERT_TRUE(first);
  EXPECT_EQ(first->function, "zx_handle_close");
  EXPECT_EQ(first->offset, 7u);
  EXPECT_EQ(first->pushed, 0u);
  const auto map = FindInVdso(FakeVdso::kBase + 15 * 32 + 12, FakeVdso());
  ASSERT_TRUE(map);
  EXPECT_EQ(map->function, "zx_vmar_map");
  EXPECT_EQ(map->pushed, 1u) << "its seventh argument comes in a register that is saved";
}

TEST(Vdso, IsNotSeenElsewhere) {
  EXPECT_FALSE(FindInVdso(FakeVdso::kBase + 0x3000, FakeVdso()));
  EXPECT_FALSE(FindInVdso(0, FakeVdso()));
  EXPECT_FALSE(FindInVdso(~uint64_t{0}, OwnMemory()));
  EXPECT_FALSE(FindInVdso(reinterpret_cast<uint64_t>(explained_jump), OwnMemory()));
}

}  // namespace
}  // namespace vmm
