// What a person gets wrong: each case is one line that names the file and the reason, exit code 2, and nothing started.
#include <elf.h>

#include <cstddef>
#include <cstring>
#include <functional>
#include <string>

#include "shared/abi/bootfs.h"
#include "tests/integration/fixture.h"
#include "vmm/cli/exit_codes.h"

namespace integration {
namespace {

void ExpectRefused(const Ending& ending, const std::string& subject, const std::string& reason) {
  EXPECT_EQ(ending.code, vmm::kExitBadInput) << ending.err;
  EXPECT_NE(ending.err.find(subject), std::string::npos) << ending.err;
  EXPECT_NE(ending.err.find(reason), std::string::npos) << ending.err;
  EXPECT_EQ(ending.err.find('\n'), ending.err.size() - 1) << "not one line: " << ending.err;
  EXPECT_EQ(ending.out, "");
}

// --- Kernels
// -----------------------------------------------------------------------------------------------------------

Elf64_Ehdr& ElfHeader(std::string& elf) { return *reinterpret_cast<Elf64_Ehdr*>(elf.data()); }

// The `index`-th segment that is loaded.
Elf64_Phdr& LoadSegment(std::string& elf, int index) {
  const Elf64_Ehdr& header = ElfHeader(elf);
  auto* segments = reinterpret_cast<Elf64_Phdr*>(elf.data() + header.e_phoff);
  for (int number = 0; number < header.e_phnum; ++number) {
    if (segments[number].p_type == PT_LOAD && index-- == 0) {
      return segments[number];
    }
  }
  ADD_FAILURE() << "the kernel has too few segments for this test";
  return segments[0];
}

struct BadFile {
  const char* name;
  std::function<void(std::string&)> spoil;
  const char* reason;
};

class BadKernel : public GuestTest, public testing::WithParamInterface<BadFile> {};

TEST_P(BadKernel, IsRefusedWithItsNameAndTheReason) {
  std::string kernel = ReadFile(KernelPath());
  ASSERT_GT(kernel.size(), sizeof(Elf64_Ehdr));
  GetParam().spoil(kernel);
  const auto path = files_.Write("spoiled.elf", kernel);
  ExpectRefused(Execute(RunCommand({"--kernel", path}, {"hello"})), "spoiled.elf", GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(
    Each, BadKernel,
    testing::Values(
        BadFile{"Empty", [](std::string& elf) { elf.clear(); }, "not an ELF file"},
        BadFile{"Text", [](std::string& elf) { elf.assign(8192, 'x'); }, "not an ELF file"},
        BadFile{"OtherMachine", [](std::string& elf) { ElfHeader(elf).e_machine = EM_AARCH64; }, "another machine"},
        BadFile{"TruncatedHeader", [](std::string& elf) { elf.resize(40); }, "truncated"},
        BadFile{"TruncatedSegments",
                [](std::string& elf) { elf.resize(LoadSegment(elf, 0).p_offset + LoadSegment(elf, 0).p_filesz / 2); },
                "truncated"},
        BadFile{"OverlappingSegments",
                [](std::string& elf) {
                  LoadSegment(elf, 1).p_vaddr = LoadSegment(elf, 0).p_vaddr;
                  LoadSegment(elf, 1).p_paddr = LoadSegment(elf, 0).p_paddr;
                },
                "overlap"},
        BadFile{"SegmentBeyondMemory", [](std::string& elf) { LoadSegment(elf, 0).p_paddr = 1ULL << 40; },
                "guest memory"},
        BadFile{"SegmentWrapsAround", [](std::string& elf) { LoadSegment(elf, 0).p_memsz = ~0ULL - 4096; }, ""},
        BadFile{"EntryOutside", [](std::string& elf) { ElfHeader(elf).e_entry = 0x1234; }, "entry"}),
    NameOfParameter());

// --- Boot images
// -------------------------------------------------------------------------------------------------------

class BadBootImage : public GuestTest, public testing::WithParamInterface<BadFile> {};

TEST_P(BadBootImage, IsRefusedWithItsNameAndTheReason) {
  std::string image = ReadFile(BootImagePath());
  ASSERT_GT(image.size(), sizeof(pagoda::abi::BootfsHeader));
  GetParam().spoil(image);
  const auto path = files_.Write("spoiled.bootfs", image);
  ExpectRefused(Execute(RunCommand({"--bootfs", path}, {"hello"})), "spoiled.bootfs", GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(
    Each, BadBootImage,
    testing::Values(BadFile{"Empty", [](std::string& image) { image.clear(); }, "boot image"},
                    BadFile{"Text", [](std::string& image) { image.assign(8192, 'x'); }, "not a boot image"},
                    BadFile{"Truncated", [](std::string& image) { image.resize(image.size() / 2); }, "truncated"},
                    BadFile{"FlippedBit",
                            [](std::string& image) { image[image.size() / 2] = char(image[image.size() / 2] ^ 1); },
                            "checksum"},
                    BadFile{"TrailingBytes", [](std::string& image) { image.append(4096, '\0'); }, "corrupt"}),
    NameOfParameter());

// --- Arguments
// ---------------------------------------------------------------------------------------------------------

struct BadArguments {
  const char* name;
  std::vector<std::string> options;
  const char* program;
  const char* subject;
};

class BadRun : public GuestTest, public testing::WithParamInterface<BadArguments> {};

TEST_P(BadRun, IsRefusedAndNothingStarts) {
  const Ending ending = Execute(RunCommand(GetParam().options, {GetParam().program}));
  EXPECT_EQ(ending.code, vmm::kExitBadInput) << ending.err;
  EXPECT_NE(ending.err.find(GetParam().subject), std::string::npos) << ending.err;
  EXPECT_EQ(ending.out, "");
}

INSTANTIATE_TEST_SUITE_P(
    Each, BadRun,
    testing::Values(BadArguments{"NoCpus", {"--cpus", "0"}, "hello", "--cpus"},
                    BadArguments{"NineCpus", {"--cpus", "9"}, "hello", "--cpus"},
                    BadArguments{"CpusAreNoNumber", {"--cpus", "two"}, "hello", "--cpus"},
                    BadArguments{"MemoryTooSmall", {"--memory", "4K"}, "hello", "memory"},
                    BadArguments{"MemoryNotPageSized", {"--memory", "67108865"}, "hello", "memory"},
                    BadArguments{"ImageLargerThanMemory", {"--memory", "2M"}, "hello", "memory"},
                    BadArguments{"NoSuchKernel", {"--kernel", "/nowhere/kernel.elf"}, "hello", "/nowhere/kernel.elf"},
                    BadArguments{"KernelIsAFolder", {"--kernel", "/"}, "hello", "not a regular file"},
                    BadArguments{"NoSuchImage", {"--bootfs", "/nowhere/image"}, "hello", "/nowhere/image"},
                    BadArguments{"UnknownProgram", {}, "no-such-program", "no-such-program"},
                    BadArguments{"PagerWithoutFile", {"--pager", "f=file:/nowhere/file,ro"}, "hello", "/nowhere/file"},
                    BadArguments{"PagerOfUnknownKind", {"--pager", "f=tape:/dev/st0"}, "hello", "tape"},
                    BadArguments{"PagerWithoutName", {"--pager", "file:/etc/hostname"}, "hello", "--pager"},
                    BadArguments{"UnknownOption", {"--warp-speed"}, "hello", "--warp-speed"}),
    NameOfParameter());

TEST_F(GuestTest, APackedImageWithANameTwiceIsRefused) {
  const auto file = files_.Write("one", "1");
  const auto image = files_.path("twice.bootfs");
  const Ending ending = Execute({PagodaPath(), "image", "pack", image, "one=" + file.string(), "one=" + file.string()});
  EXPECT_EQ(ending.code, vmm::kExitBadInput) << ending.err;
  EXPECT_NE(ending.err.find("one"), std::string::npos) << ending.err;
  EXPECT_FALSE(std::filesystem::exists(image));
}

}  // namespace
}  // namespace integration
