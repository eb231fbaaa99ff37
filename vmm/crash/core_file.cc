#include "vmm/crash/core_file.h"

#include <elf.h>
#include <sys/procfs.h>
#include <sys/user.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "shared/base/range.h"
#include "vmm/debug/guest_view.h"
#include "vmm/debug/mapped_ranges.h"

namespace vmm {
namespace {

using gdb::General;
using gdb::Segment;

struct Load {
  uint64_t root;
  MappedRange range;
};

// --- What there is to write

bool IsTaken(const std::vector<Load>& loads, const MappedRange& range) {
  return std::any_of(loads.begin(), loads.end(), [&range](const Load& load) {
    // By distance: a range may end with the address space.
    return range.address >= load.range.address ? range.address - load.range.address < load.range.size
                                               : load.range.address - range.address < range.size;
  });
}

std::vector<Load> LoadsOf(const CoreContent& content, const dev::GuestMemory& memory) {
  std::vector<Load> loads;
  for (const uint64_t root : content.roots) {
    std::vector<Load> added;
    for (const MappedRange& range : FindMappedRanges(memory, root).ranges) {
      if ((content.memory == CoreMemory::kAll || range.user) && !IsTaken(loads, range)) {
        added.push_back({.root = root, .range = range});
      }
    }
    loads.insert(loads.end(), added.begin(), added.end());
  }
  // A program header's number has 16 bits, and a value of its own for more.
  loads.resize(std::min<size_t>(loads.size(), PN_XNUM - 2));
  return loads;
}

// --- Notes

template <typename T>
std::span<const std::byte> BytesOf(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

void AppendNote(std::vector<std::byte>& notes, uint32_t type, std::span<const std::byte> content) {
  constexpr std::array<char, 8> kOwner = {'C', 'O', 'R', 'E'};  // padded
  const Elf64_Nhdr header = {.n_namesz = 5, .n_descsz = static_cast<Elf64_Word>(content.size()), .n_type = type};
  for (const std::span<const std::byte> part : {BytesOf(header), BytesOf(kOwner), content}) {
    notes.insert(notes.end(), part.begin(), part.end());
  }
  notes.resize(base::AlignUp(notes.size(), 4));
}

user_regs_struct LinuxRegisters(const gdb::Registers& r) {
  user_regs_struct regs = {};
  regs.r15 = r[General::kR15];
  regs.r14 = r[General::kR14];
  regs.r13 = r[General::kR13];
  regs.r12 = r[General::kR12];
  regs.rbp = r[General::kRbp];
  regs.rbx = r[General::kRbx];
  regs.r11 = r[General::kR11];
  regs.r10 = r[General::kR10];
  regs.r9 = r[General::kR9];
  regs.r8 = r[General::kR8];
  regs.rax = r[General::kRax];
  regs.rcx = r[General::kRcx];
  regs.rdx = r[General::kRdx];
  regs.rsi = r[General::kRsi];
  regs.rdi = r[General::kRdi];
  regs.rsp = r[General::kRsp];
  regs.orig_rax = ~0ull;  // in no system call of Linux
  regs.rip = r.rip;
  regs.eflags = r.rflags;
  regs.cs = r[Segment::kCs];
  regs.ss = r[Segment::kSs];
  regs.ds = r[Segment::kDs];
  regs.es = r[Segment::kEs];
  regs.fs = r[Segment::kFs];
  regs.gs = r[Segment::kGs];
  regs.fs_base = r.fs_base;
  regs.gs_base = r.gs_base;
  return regs;
}

user_fpregs_struct LinuxFpu(const gdb::Registers& r) {
  user_fpregs_struct fpu = {};
  fpu.cwd = r.fcw;
  fpu.swd = r.fsw;
  fpu.ftw = r.ftw;
  fpu.fop = r.fop;
  fpu.rip = r.fpu_ip;
  fpu.rdp = r.fpu_dp;
  fpu.mxcsr = r.mxcsr;
  fpu.mxcr_mask = 0xffff;
  for (size_t index = 0; index < r.st.size(); ++index) {
    std::memcpy(reinterpret_cast<std::byte*>(fpu.st_space) + 16 * index, r.st[index].data(), r.st[index].size());
  }
  std::memcpy(fpu.xmm_space, r.xmm.data(), sizeof(fpu.xmm_space));
  return fpu;
}

std::vector<std::byte> NotesOf(const CoreContent& content) {
  std::vector<std::byte> notes;
  for (const CoreThread& thread : content.threads) {
    elf_prstatus status = {};
    status.pr_info.si_signo = thread.signal;
    status.pr_cursig = static_cast<short>(thread.signal);
    status.pr_pid = thread.id;
    status.pr_fpvalid = 1;
    const user_regs_struct registers = LinuxRegisters(thread.registers);
    static_assert(sizeof(status.pr_reg) == sizeof(registers));
    std::memcpy(&status.pr_reg, &registers, sizeof(registers));
    AppendNote(notes, NT_PRSTATUS, BytesOf(status));
    if (&thread == &content.threads.front()) {
      elf_prpsinfo info = {};
      info.pr_pid = thread.id;
      std::copy_n(content.program.data(), std::min(content.program.size(), sizeof(info.pr_fname) - 1), info.pr_fname);
      std::copy_n(content.program.data(), std::min(content.program.size(), sizeof(info.pr_psargs) - 1), info.pr_psargs);
      AppendNote(notes, NT_PRPSINFO, BytesOf(info));
    }
    AppendNote(notes, NT_FPREGSET, BytesOf(LinuxFpu(thread.registers)));
  }
  return notes;
}

// --- The file

Result<> WriteAt(int file, std::span<const std::byte> bytes, uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return HostFailure(written < 0 ? errno : ENOSPC, "write");
    }
    bytes = bytes.subspan(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
  return {};
}

bool IsZero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

Result<> WriteMemory(int file, const Load& load, uint64_t offset, const dev::GuestMemory& memory) {
  const GuestView view(memory, load.root);
  std::array<std::byte, base::kPageSize> page;
  for (uint64_t done = 0; done < load.range.size; done += page.size()) {
    // The guest may still run on other CPUs: a page that has gone meanwhile is a hole.
    const size_t size = view.Read(load.range.address + done, page);
    const std::span<const std::byte> bytes = std::span<const std::byte>(page).first(size);
    if (!IsZero(bytes)) {
      PAGODA_TRY(WriteAt(file, bytes, offset + done));
    }
  }
  return {};
}

Elf64_Phdr LoadHeader(const MappedRange& range, uint64_t offset) {
  Elf64_Phdr header = {};
  header.p_type = PT_LOAD;
  header.p_flags = static_cast<Elf64_Word>(PF_R | (range.writable ? PF_W : 0) | (range.executable ? PF_X : 0));
  header.p_offset = offset;
  header.p_vaddr = range.address;
  header.p_filesz = range.size;
  header.p_memsz = range.size;
  header.p_align = base::kPageSize;
  return header;
}

Elf64_Ehdr FileHeader(size_t program_headers) {
  Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_CORE;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_phoff = sizeof(Elf64_Ehdr);
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = static_cast<Elf64_Half>(program_headers);
  return header;
}

Result<> WriteContent(int file, const CoreContent& content, const dev::GuestMemory& memory) {
  const std::vector<Load> loads = LoadsOf(content, memory);
  const std::vector<std::byte> notes = NotesOf(content);
  const Elf64_Ehdr header = FileHeader(loads.size() + 1);
  Elf64_Phdr note_header = {};
  note_header.p_type = PT_NOTE;
  note_header.p_offset = sizeof(Elf64_Ehdr) + header.e_phnum * sizeof(Elf64_Phdr);
  note_header.p_filesz = notes.size();
  note_header.p_align = 4;
  std::vector<Elf64_Phdr> headers = {note_header};
  uint64_t offset = base::AlignUp(note_header.p_offset + notes.size(), base::kPageSize);
  for (const Load& load : loads) {
    headers.push_back(LoadHeader(load.range, offset));
    PAGODA_TRY(WriteMemory(file, load, offset, memory));
    offset += load.range.size;
  }
  PAGODA_TRY(WriteAt(file, BytesOf(header), 0));
  PAGODA_TRY(WriteAt(file, std::as_bytes(std::span(headers)), sizeof(header)));
  PAGODA_TRY(WriteAt(file, notes, note_header.p_offset));
  if (ftruncate(file, static_cast<off_t>(offset)) != 0) {
    return HostFailure(errno, "ftruncate");
  }
  return {};
}

}  // namespace

Result<ReplacementFile> CreateCore(const std::filesystem::path& path) {
  return ReplacementFile::Create(path, ReplacementFile::kForItsOwner);
}

Result<> WriteCore(ReplacementFile file, const CoreContent& content, const dev::GuestMemory& memory) {
  Result<> written = WriteContent(file.fd(), content, memory);
  if (written.ok()) {
    written = file.Commit();
  }
  return WithContext(fmt::format("core file {}", file.shown_as()), std::move(written));
}

}  // namespace vmm
