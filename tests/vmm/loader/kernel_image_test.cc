#include "vmm/loader/kernel_image.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "shared/abi/boot_info.h"
#include "tests/vmm/support/elf_file.h"
#include "tests/vmm/support/temporary_file.h"

namespace vmm {
namespace {

using vmm_test::CorrectElfFile;
using vmm_test::ElfFile;

constexpr uint64_t kMemorySize = 0x40'0000;

Result<KernelImage> Read(const std::vector<std::byte>& bytes, uint64_t memory_size = kMemorySize) {
  const vmm_test::TemporaryFile file(bytes);
  auto input = InputFile::Open(file.path());
  return ReadKernelImage(input.value(), memory_size);
}

// The reason for which the file is refused, without the file's name; empty when it is not.
std::string Refusal(const ElfFile& elf, uint64_t memory_size = kMemorySize) {
  const auto image = Read(elf.Bytes(), memory_size);
  if (image.ok()) {
    return "";
  }
  EXPECT_EQ(image.error().exit_code(), kExitBadInput);
  const std::string& message = image.error().message();
  return message.substr(message.find(": ") + 2);
}

TEST(KernelImage, CorrectFileGivesItsSegments) {
  const auto image = Read(CorrectElfFile().Bytes());

  ASSERT_TRUE(image.ok()) << image.error().message();
  EXPECT_EQ(image.value().entry, vmm_test::kElfCodeVirtual);
  EXPECT_EQ(image.value().end, 0x20'5000u);
  ASSERT_EQ(image.value().segments.size(), 2u);
  EXPECT_TRUE(image.value().segments[0].executable);
  EXPECT_FALSE(image.value().segments[0].writable);
  EXPECT_TRUE(image.value().segments[1].writable);
}

TEST(KernelImage, LoadingCopiesWhatTheFileHasAndNothingElse) {
  const std::vector<std::byte> bytes = CorrectElfFile().Bytes();
  const vmm_test::TemporaryFile file(bytes);
  const auto input = InputFile::Open(file.path());
  std::vector<std::byte> memory(kMemorySize);
  const auto image = ReadKernelImage(input.value(), memory.size());
  ASSERT_TRUE(image.ok());

  ASSERT_TRUE(LoadKernelImage(input.value(), image.value(), memory).ok());

  EXPECT_TRUE(std::equal(bytes.begin() + 0x1000, bytes.begin() + 0x2800, memory.begin() + 0x20'0000));
  EXPECT_TRUE(std::equal(bytes.begin() + 0x3000, bytes.end(), memory.begin() + 0x20'2000));
  const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
  EXPECT_TRUE(std::all_of(memory.begin(), memory.begin() + 0x20'0000, is_zero));
  EXPECT_TRUE(std::all_of(memory.begin() + 0x20'1800, memory.begin() + 0x20'2000, is_zero));
  EXPECT_TRUE(std::all_of(memory.begin() + 0x20'2100, memory.end(), is_zero));
}

TEST(KernelImage, SegmentsThatDoNotLoadAreIgnored) {
  ElfFile elf = CorrectElfFile();
  Elf64_Phdr other = {};
  other.p_type = PT_GNU_STACK;
  other.p_flags = PF_R | PF_W | PF_X;
  other.p_offset = other.p_paddr = ~0ull;
  Elf64_Phdr empty = other;
  empty.p_type = PT_LOAD;
  elf.program_headers.insert(elf.program_headers.end(), {other, empty});
  elf.header.e_phnum = 4;

  const auto image = Read(elf.Bytes());

  ASSERT_TRUE(image.ok()) << image.error().message();
  EXPECT_EQ(image.value().segments.size(), 2u);
}

TEST(KernelImage, RefusesWhatIsNoElfFile) {
  const std::vector<std::byte> text(100, std::byte{'x'});
  EXPECT_NE(Read(text).error().message().find("not an ELF file"), std::string::npos);
  EXPECT_NE(Read({}).error().message().find("not an ELF file, or truncated: 0 bytes"), std::string::npos);
}

TEST(KernelImage, RefusesOtherMachinesAndKinds) {
  ElfFile elf = CorrectElfFile();
  elf.header.e_machine = EM_AARCH64;
  EXPECT_EQ(Refusal(elf), "made for another machine (ELF machine 183, x86-64 is 62)");
  elf = CorrectElfFile();
  elf.header.e_ident[EI_CLASS] = ELFCLASS32;
  EXPECT_EQ(Refusal(elf), "not a 64-bit little-endian ELF file");
  elf = CorrectElfFile();
  elf.header.e_ident[EI_DATA] = ELFDATA2MSB;
  EXPECT_EQ(Refusal(elf), "not a 64-bit little-endian ELF file");
  elf = CorrectElfFile();
  elf.header.e_type = ET_DYN;
  EXPECT_EQ(Refusal(elf), "not an executable (ELF type 3, wanted 2: linked to fixed addresses)");
}

TEST(KernelImage, EveryTruncationIsRefused) {
  const ElfFile elf = CorrectElfFile();
  for (const size_t size : {1u, 63u, 64u, 175u, 0x1000u, 0x27ffu, 0x30ffu}) {
    ElfFile shorter = elf;
    shorter.size = size;
    EXPECT_NE(Refusal(shorter).find("truncated"), std::string::npos) << size;
  }
}

TEST(KernelImage, RefusesProgramHeadersItCannotUse) {
  ElfFile elf = CorrectElfFile();
  elf.header.e_phentsize = 55;
  EXPECT_EQ(Refusal(elf), "program headers of 55 bytes, wanted 56");
  elf = CorrectElfFile();
  elf.header.e_phnum = 0;
  EXPECT_EQ(Refusal(elf), "0 program headers, wanted 1 to 64");
  elf.header.e_phnum = 0xffff;
  EXPECT_EQ(Refusal(elf), "65535 program headers, wanted 1 to 64");
  elf = CorrectElfFile();
  elf.header.e_phoff = ~0ull;
  EXPECT_NE(Refusal(elf).find("program headers lie beyond"), std::string::npos);
  elf = CorrectElfFile();
  elf.program_headers[0].p_type = elf.program_headers[1].p_type = PT_NOTE;
  EXPECT_EQ(Refusal(elf), "has no segment to load");
}

TEST(KernelImage, RefusesSegmentsOutsideTheFile) {
  ElfFile elf = CorrectElfFile();
  elf.program_headers[1].p_offset = ~0ull - 0x10;
  EXPECT_NE(Refusal(elf).find("segment 1: truncated"), std::string::npos);
  elf = CorrectElfFile();
  elf.program_headers[1].p_filesz = 0x2101;
  EXPECT_EQ(Refusal(elf), "segment 1: has more bytes in the file (8449) than in memory (8448)");
}

TEST(KernelImage, RefusesSegmentsOutsideMemory) {
  ElfFile elf = CorrectElfFile();
  EXPECT_EQ(Refusal(elf, 0x20'4100), "");
  EXPECT_EQ(Refusal(elf, 0x20'40ff),
            "segment 1: 8448 bytes at 0x202000 do not fit into the 2113791 bytes of guest memory");
  elf.program_headers[1].p_paddr = 0xffff'ffff'ffff'f000;
  EXPECT_NE(Refusal(elf).find("segment 1: 8448 bytes at 0xfffffffffffff000 do not fit"), std::string::npos);
}

TEST(KernelImage, RefusesAddressesThatCannotBeMapped) {
  for (const uint64_t address : {uint64_t{0x0000'8000'0000'0000}, uint64_t{0xffff'7fff'ffff'f000},
                                 uint64_t{0x0000'7fff'ffff'f000}, abi::kPhysmapBase, uint64_t{0xffff'ffff'ffff'f000}}) {
    ElfFile elf = CorrectElfFile();
    elf.program_headers[1].p_vaddr = address;
    EXPECT_NE(Refusal(elf).find("cannot be mapped"), std::string::npos) << std::hex << address;
  }
}

TEST(KernelImage, RefusesUnalignedAddresses) {
  ElfFile elf = CorrectElfFile();
  elf.program_headers[1].p_paddr += 16;
  EXPECT_NE(Refusal(elf).find("not page-aligned"), std::string::npos);
  elf = CorrectElfFile();
  elf.program_headers[1].p_vaddr += 16;
  EXPECT_NE(Refusal(elf).find("not page-aligned"), std::string::npos);
}

TEST(KernelImage, RefusesWritableCode) {
  ElfFile elf = CorrectElfFile();
  elf.program_headers[0].p_flags = PF_R | PF_W | PF_X;
  EXPECT_EQ(Refusal(elf), "segment 0: is both writable and executable");
}

TEST(KernelImage, RefusesSegmentsThatShareAPage) {
  ElfFile elf = CorrectElfFile();
  elf.program_headers[1].p_paddr = vmm_test::kElfCodePhysical + 0x1000;
  EXPECT_EQ(Refusal(elf), "the segments at 0xffffffff80200000 and 0xffffffff80202000 overlap");
  elf = CorrectElfFile();
  elf.program_headers[1].p_vaddr = vmm_test::kElfCodeVirtual + 0x1000;
  EXPECT_NE(Refusal(elf).find("overlap"), std::string::npos);
  elf = CorrectElfFile();
  elf.program_headers[1].p_vaddr = vmm_test::kElfCodeVirtual - 0x2000;
  EXPECT_NE(Refusal(elf).find("overlap"), std::string::npos);
}

TEST(KernelImage, RefusesAnEntryOutsideTheCode) {
  for (const uint64_t entry :
       {uint64_t{0}, vmm_test::kElfCodeVirtual - 1, vmm_test::kElfCodeVirtual + 0x1800, vmm_test::kElfDataVirtual}) {
    ElfFile elf = CorrectElfFile();
    elf.header.e_entry = entry;
    EXPECT_NE(Refusal(elf).find("is in no executable segment"), std::string::npos) << std::hex << entry;
  }
}

TEST(KernelImage, ErrorsNameTheFile) {
  const vmm_test::TemporaryFile file({});
  const auto input = InputFile::Open(file.path());

  const auto image = ReadKernelImage(input.value(), kMemorySize);

  ASSERT_FALSE(image.ok());
  EXPECT_TRUE(image.error().message().starts_with(file.path() + ": "));
}

}  // namespace
}  // namespace vmm
