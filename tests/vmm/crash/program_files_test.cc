#include "vmm/crash/program_files.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace vmm {
namespace {

constexpr uint64_t kAddress = 0x10'000'000;

// Memory in one piece.
class Piece final : public MemoryReader {
 public:
  explicit Piece(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  size_t Read(uint64_t address, std::span<std::byte> into) const override {
    if (address < kAddress || address - kAddress >= bytes_.size()) {
      return 0;
    }
    const size_t size = std::min<size_t>(into.size(), bytes_.size() - (address - kAddress));
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(address - kAddress), size, into.begin());
    return size;
  }
  std::vector<std::byte> bytes_;
};

std::vector<std::byte> Code(uint8_t seed) {
  std::vector<std::byte> code(3 * 4096);
  for (size_t index = 0; index < code.size(); ++index) {
    code[index] = static_cast<std::byte>(index * 7 + seed);
  }
  return code;
}

std::vector<std::byte> Program(const std::vector<std::byte>& code) {
  Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_phoff = sizeof(header);
  header.e_phnum = 1;
  Elf64_Phdr segment = {};
  segment.p_type = PT_LOAD;
  segment.p_flags = PF_R | PF_X;
  segment.p_offset = sizeof(header) + sizeof(segment);
  segment.p_vaddr = kAddress;
  segment.p_filesz = code.size();
  std::vector<std::byte> file(segment.p_offset + code.size());
  std::memcpy(file.data(), &header, sizeof(header));
  std::memcpy(file.data() + sizeof(header), &segment, sizeof(segment));
  std::copy(code.begin(), code.end(), file.begin() + static_cast<std::ptrdiff_t>(segment.p_offset));
  return file;
}

TEST(CompareCode, FindsTheProgramThatTheMemoryShows) {
  const Piece memory(Code(1));
  EXPECT_TRUE(CompareCode(Program(Code(1)), memory).good());
  EXPECT_FALSE(CompareCode(Program(Code(2)), memory).good());
}

TEST(CompareCode, ToleratesBreakpointsButNotAnEmptyPage) {
  Piece memory(Code(1));
  memory.bytes_[100] = std::byte{0xcc};
  EXPECT_TRUE(CompareCode(Program(Code(1)), memory).good());
  EXPECT_FALSE(CompareCode(Program(Code(1)), Piece(std::vector<std::byte>(4096))).good());
  EXPECT_FALSE(CompareCode(Program(Code(1)), Piece({})).good()) << "nothing is mapped, so nothing is shown";
}

TEST(CompareCode, TakesNoHarmFromFilesThatAreNone) {
  const Piece memory(Code(1));
  EXPECT_FALSE(CompareCode({}, memory).good());
  std::vector<std::byte> file = Program(Code(1));
  for (size_t cut = 0; cut < file.size(); cut += 13) {
    static_cast<void>(CompareCode(std::span(file).first(cut), memory));
  }
  Elf64_Ehdr header = {};
  std::memcpy(&header, file.data(), sizeof(header));
  header.e_phoff = ~uint64_t{0} - 8;
  std::memcpy(file.data(), &header, sizeof(header));
  EXPECT_FALSE(CompareCode(file, memory).good());
}

TEST(HaveSameCode, IsAboutTheInstructionsAlone) {
  std::vector<std::byte> with_more = Program(Code(1));
  with_more.resize(with_more.size() + 1000);  // as debugging information behind the segments would be
  EXPECT_TRUE(HaveSameCode(with_more, Program(Code(1))));
  EXPECT_FALSE(HaveSameCode(Program(Code(1)), Program(Code(2))));
  EXPECT_FALSE(HaveSameCode({}, {}));
}

TEST(ProgramFiles, SaysInWordsWhatIsMissing) {
  const ProgramFiles files("/nonexistent/kernel", "/nonexistent/image");
  const FoundSymbols found = files.ForProgram(Piece({}), "prog");
  ASSERT_EQ(found.notes.size(), 2u);
  EXPECT_EQ(found.notes[0], "no symbols of the kernel: /nonexistent/kernel: No such file or directory");
  EXPECT_EQ(found.notes[1].find("no symbols of programs: /nonexistent/image: "), 0u);
  EXPECT_EQ(ProgramFiles("", "").ForProgram(Piece({}), "").notes[1], "no symbols of programs: there is no boot image");
}

}  // namespace
}  // namespace vmm
