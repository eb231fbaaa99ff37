#include "vmm/crash/core_file.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/procfs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "vmm/loader/page_tables.h"

namespace vmm {
namespace {

constexpr uint64_t kTables = 0x10'0000;

class CoreFile : public testing::Test {
 protected:
  CoreFile() {
    std::string pattern = std::filesystem::temp_directory_path() / "pagoda-core-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~CoreFile() override { std::filesystem::remove_all(folder_); }

  std::string Written(const CoreContent& content) {
    const Result<> written = WriteCore(CreateCore(folder_ / "core").value(), content, memory_);
    EXPECT_TRUE(written.ok()) << written.error().message();
    std::ifstream file(folder_ / "core", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  template <typename T>
  static T At(const std::string& file, uint64_t offset) {
    T value = {};
    EXPECT_LE(offset + sizeof(value), file.size());
    std::memcpy(&value, file.data() + offset, sizeof(value));
    return value;
  }

  CoreContent OneThread() {
    gdb::Registers registers;
    registers.rip = 0x1234;
    registers[gdb::General::kR15] = 0xf15;
    return {.program = "prog",
            .threads = {{.id = 7, .signal = 11, .registers = registers}},
            .roots = {builder_.root()},
            .memory = CoreMemory::kAll};
  }

  std::filesystem::path folder_;
  std::vector<std::byte> ram_ = std::vector<std::byte>(4 << 20);
  dev::GuestMemory memory_ = dev::GuestMemory::Create({{.base = 0, .host = ram_}}).value();
  PageTableBuilder builder_ = PageTableBuilder::Create(ram_, kTables).value();
};

TEST_F(CoreFile, HasMemoryByVirtualAddressAndRegisters) {
  ASSERT_TRUE(builder_.MapSmallPages(0x40'0000, 0x5000, 0x2000, PagePermission::kReadExecute).ok());
  std::memcpy(ram_.data() + 0x6010, "pagoda", 6);

  const std::string file = Written(OneThread());

  const auto header = At<Elf64_Ehdr>(file, 0);
  EXPECT_EQ(header.e_type, ET_CORE);
  ASSERT_EQ(header.e_phnum, 2);
  const auto notes = At<Elf64_Phdr>(file, header.e_phoff);
  EXPECT_EQ(notes.p_type, static_cast<Elf64_Word>(PT_NOTE));
  const auto load = At<Elf64_Phdr>(file, header.e_phoff + sizeof(Elf64_Phdr));
  EXPECT_EQ(load.p_vaddr, 0x40'0000u);
  EXPECT_EQ(load.p_memsz, 0x2000u);
  EXPECT_EQ(load.p_flags, static_cast<Elf64_Word>(PF_R | PF_X));
  EXPECT_EQ(file.substr(load.p_offset + 0x1010, 6), "pagoda");
  const auto note = At<Elf64_Nhdr>(file, notes.p_offset);
  EXPECT_EQ(note.n_type, static_cast<Elf64_Word>(NT_PRSTATUS));
  const auto status = At<elf_prstatus>(file, notes.p_offset + sizeof(Elf64_Nhdr) + 8);
  EXPECT_EQ(status.pr_pid, 7);
  EXPECT_EQ(status.pr_cursig, 11);
  EXPECT_EQ(status.pr_reg[0], 0xf15u);    // r15
  EXPECT_EQ(status.pr_reg[16], 0x1234u);  // rip
}

TEST_F(CoreFile, PagesOfZeroesTakeNoRoomAndOnlyTheOwnerReadsIt) {
  ASSERT_TRUE(builder_.MapSmallPages(0x40'0000, 0, 1 << 20, PagePermission::kRead).ok());

  static_cast<void>(Written(OneThread()));

  struct stat status = {};
  ASSERT_EQ(stat((folder_ / "core").c_str(), &status), 0);
  EXPECT_GE(status.st_size, 1 << 20);
  EXPECT_LT(status.st_blocks * 512, 1 << 19);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(CoreFile, TheFirstOfTwoRootsDecidesWhatIsAtAnAddress) {
  ASSERT_TRUE(builder_.MapSmallPages(0x40'0000, 0x5000, 1, PagePermission::kRead).ok());
  PageTableBuilder second = PageTableBuilder::Create(ram_, 0x18'0000).value();
  ASSERT_TRUE(second.MapSmallPages(0x40'0000, 0x6000, 1, PagePermission::kRead).ok());
  ASSERT_TRUE(second.MapSmallPages(0x80'0000, 0x7000, 1, PagePermission::kRead).ok());
  std::memcpy(ram_.data() + 0x5000, "first", 5);
  CoreContent content = OneThread();
  content.roots.push_back(second.root());

  const std::string file = Written(content);

  ASSERT_EQ(At<Elf64_Ehdr>(file, 0).e_phnum, 3);
  const auto load = At<Elf64_Phdr>(file, sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr));
  EXPECT_EQ(file.substr(load.p_offset, 5), "first");
}

TEST_F(CoreFile, NeverTakesThePlaceOfAnythingButAFile) {
  std::filesystem::create_directory(folder_ / "taken");
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);

  EXPECT_EQ(CreateCore(folder_ / "taken").error().message(),
            (folder_ / "taken").string() + ": exists and is not a regular file");
  EXPECT_EQ(CreateCore(folder_ / "pipe").error().message(),
            (folder_ / "pipe").string() + ": exists and is not a regular file");
  EXPECT_EQ(CreateCore("/nonexistent/core").error().message(), "/nonexistent: No such file or directory");

  EXPECT_EQ(std::filesystem::status(folder_ / "pipe").type(), std::filesystem::file_type::fifo);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 2) << "only what was in the way";
}

TEST_F(CoreFile, ThatIsNotWrittenLeavesTheLastOneInItsPlace) {
  std::ofstream(folder_ / "core") << "the last one";

  { const ReplacementFile unused = CreateCore(folder_ / "core").value(); }

  std::ifstream file(folder_ / "core");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "the last one");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

}  // namespace
}  // namespace vmm
