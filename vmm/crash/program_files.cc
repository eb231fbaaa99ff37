#include "vmm/crash/program_files.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <numeric>
#include <optional>

#include "shared/base/range.h"
#include "vmm/image/bootfs.h"

namespace vmm {
namespace {

struct CodeSegment {
  uint64_t address;
  std::span<const std::byte> bytes;

  bool operator==(const CodeSegment& other) const {
    return address == other.address && std::ranges::equal(bytes, other.bytes);
  }
};

// Programs of the guest have one; a file that claims more than this many headers is none of them.
constexpr uint16_t kMostHeaders = 64;

template <typename T>
std::optional<T> CopyAt(std::span<const std::byte> file, uint64_t offset) {
  T value;
  if (!base::RangeFits(offset, sizeof(value), file.size())) {
    return std::nullopt;
  }
  std::memcpy(&value, file.data() + offset, sizeof(value));
  return value;
}

// The executable segments; none for what is not a 64-bit ELF file.
std::vector<CodeSegment> CodeOf(std::span<const std::byte> file) {
  std::vector<CodeSegment> segments;
  const auto header = CopyAt<Elf64_Ehdr>(file, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64 ||
      header->e_phnum > kMostHeaders || !base::RangeFits(header->e_phoff, 0, file.size())) {
    return segments;
  }
  for (uint16_t index = 0; index < header->e_phnum; ++index) {
    const auto segment = CopyAt<Elf64_Phdr>(file, header->e_phoff + index * sizeof(Elf64_Phdr));
    if (segment && segment->p_type == PT_LOAD && (segment->p_flags & PF_X) != 0 && segment->p_filesz != 0 &&
        base::RangeFits(segment->p_offset, segment->p_filesz, file.size())) {
      segments.push_back({.address = segment->p_vaddr, .bytes = file.subspan(segment->p_offset, segment->p_filesz)});
    }
  }
  return segments;
}

std::vector<std::byte> ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::span<const std::byte> bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

size_t CountDifferences(std::span<const std::byte> a, std::span<const std::byte> b) {
  return static_cast<size_t>(
      std::inner_product(a.begin(), a.end(), b.begin(), size_t{0}, std::plus<>(),
                         [](std::byte left, std::byte right) { return left == right ? size_t{0} : size_t{1}; }));
}

}  // namespace

bool CodeMatch::good() const {
  constexpr size_t kLeast = 64;      // bytes
  constexpr size_t kTolerance = 64;  // one byte in so many
  return compared >= kLeast && different <= compared / kTolerance;
}

CodeMatch CompareCode(std::span<const std::byte> elf, const MemoryReader& memory) {
  CodeMatch match;
  std::array<std::byte, base::kPageSize> page;
  for (const CodeSegment& segment : CodeOf(elf)) {
    for (size_t offset = 0; offset < segment.bytes.size(); offset += page.size()) {
      const auto expected = segment.bytes.subspan(offset, std::min(page.size(), segment.bytes.size() - offset));
      const size_t size = memory.Read(segment.address + offset, std::span(page).first(expected.size()));
      match.compared += size;
      match.different += CountDifferences(std::span<const std::byte>(page).first(size), expected.first(size));
      if (match.compared != 0 && !match.good() && match.compared >= page.size()) {
        return match;  // another program's
      }
    }
  }
  return match;
}

bool HaveSameCode(std::span<const std::byte> elf, std::span<const std::byte> other) {
  const std::vector<CodeSegment> code = CodeOf(elf);
  return !code.empty() && code == CodeOf(other);
}

FoundSymbols ProgramFiles::ForKernel() const {
  FoundSymbols found;
  if (const Result<> added = found.symbols.AddFile("kernel", kernel_); !added.ok()) {
    found.notes.push_back(fmt::format("no symbols of the kernel: {}", added.error().message()));
  }
  return found;
}

std::vector<std::string> ProgramFiles::Candidates(const std::string& name) const {
  const std::filesystem::path folder = std::filesystem::path(bootfs_).parent_path();
  return {(folder / "programs" / name).string(), (folder / name).string()};
}

void ProgramFiles::AddProgram(FoundSymbols& found, const std::string& name, std::span<const std::byte> copy) const {
  const std::vector<std::string> candidates = Candidates(name);
  for (const std::string& path : candidates) {
    if (HaveSameCode(ReadAll(path), copy) && found.symbols.AddFile(name, path).ok()) {
      return;
    }
  }
  if (const Result<> added = found.symbols.AddBytes(name, copy); !added.ok()) {
    found.notes.push_back(fmt::format("no symbols of program '{}': {}", name, added.error().message()));
  } else if (const std::vector<CodeSegment> code = CodeOf(copy); !found.symbols.HasLines(code.front().address)) {
    found.notes.push_back(
        fmt::format("no lines of program '{}': the boot image has it without debugging information, and neither {} nor "
                    "{} is a file with the same code",
                    name, candidates[0], candidates[1]));
  }
}

FoundSymbols ProgramFiles::ForProgram(const MemoryReader& memory, const std::string& name) const {
  FoundSymbols found = ForKernel();
  if (bootfs_.empty()) {
    found.notes.push_back("no symbols of programs: there is no boot image");
    return found;
  }
  const std::vector<std::byte> image = ReadAll(bootfs_);
  const Result<BootfsView> view = BootfsView::Parse(image);
  if (!view.ok()) {
    found.notes.push_back(fmt::format("no symbols of programs: {}: {}", bootfs_, view.error().message()));
    return found;
  }
  const BootfsFile* best = nullptr;
  CodeMatch best_match;
  for (const BootfsFile& file : view.value().files()) {
    const CodeMatch match = CompareCode(file.contents, memory);
    const bool better = best == nullptr || match.different < best_match.different ||
                        (match.different == best_match.different && file.name == name);
    if (match.good() && better) {
      best = &file;
      best_match = match;
    }
  }
  if (best == nullptr) {
    found.notes.push_back(fmt::format("no symbols of '{}': no program of {} has its code", name, bootfs_));
    return found;
  }
  AddProgram(found, std::string(best->name), best->contents);
  return found;
}

}  // namespace vmm
