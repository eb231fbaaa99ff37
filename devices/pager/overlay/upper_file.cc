#include "devices/pager/overlay/upper_file.h"

#include <fcntl.h>
#include <libdeflate.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zircon/errors.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "devices/pager/pieces.h"
#include "shared/base/range.h"

namespace pager::overlay {

namespace {

constexpr std::array<char, 8> kMagic = {'P', 'a', 'g', 'O', 'v', 'e', 'r', '\n'};
constexpr uint32_t kVersion = 1;
constexpr uint64_t kRecordOffset = base::kPageSize;  // the header has a page
constexpr uint64_t kPagesPerRecordBlock = 8 * PageRecord::kBlockSize;
// Of a lower: the record is kept in memory, 512 MiB of it for that.
constexpr uint64_t kMaxContentSize = uint64_t{1} << 44;

// Little-endian, as the host is.
struct Header {
  std::array<char, 8> magic;
  uint32_t version;
  LowerIdentity::Kind kind;
  uint64_t content_size;
  std::array<std::byte, 32> mark;
  uint32_t reserved;
  uint32_t checksum;  // CRC-32 of what is before it
};
static_assert(sizeof(Header) == 64);

using HeaderPage = std::array<std::byte, base::kPageSize>;

base::Failure<dev::Error> Bad(const std::string& path, std::string_view reason) {
  return base::Failure{dev::Error{path + ": " + std::string(reason)}};
}

uint32_t ChecksumOf(const Header& header) { return ::libdeflate_crc32(0, &header, offsetof(Header, checksum)); }

uint64_t PagesIn(uint64_t content_size) { return base::AlignUp(content_size, base::kPageSize) / base::kPageSize; }

uint64_t PagesOffset(uint64_t content_size) {
  return kRecordOffset + base::AlignUp(PagesIn(content_size), kPagesPerRecordBlock) / 8;
}

bool LockAgainstOthers(int file) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return ::fcntl(file, F_OFD_SETLK, &lock) == 0;
}

// Its name survives a loss of power, where the file system can be told to.
void SyncFolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const dev::UniqueFd descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.valid()) {
    ::fsync(descriptor.get());
  }
}

// The header first, and all of it: a file that ends behind it has no pages yet, so Check lets whoever is killed in
// between go on from there.
base::Result<void, dev::Error> Make(int file, const std::string& path, const LowerIdentity& identity) {
  Header header{.magic = kMagic,
                .version = kVersion,
                .kind = identity.kind,
                .content_size = identity.content_size,
                .mark = identity.mark,
                .reserved = 0,
                .checksum = 0};
  header.checksum = ChecksumOf(header);
  HeaderPage page{};
  std::memcpy(page.data(), &header, sizeof(header));
  if (::pwrite(file, page.data(), page.size(), 0) != static_cast<ssize_t>(page.size()) || ::fsync(file) != 0) {
    return Bad(path, std::strerror(errno));
  }
  SyncFolderOf(path);
  return {};
}

// The size that it has, if it is one of these.
base::Result<uint64_t, dev::Error> Check(int file, const std::string& path, const LowerIdentity& identity) {
  struct stat status;
  Header header;
  if (::fstat(file, &status) != 0 ||
      ::pread(file, &header, sizeof(header), 0) != static_cast<ssize_t>(sizeof(header)) || header.magic != kMagic) {
    return Bad(path, "exists and is no upper of an overlay; name a new file for what is written");
  }
  if (header.checksum != ChecksumOf(header) || header.version != kVersion) {
    return Bad(path, header.version != kVersion ? "is an upper of a version that is not known here"
                                                : "the header of this upper is damaged");
  }
  const LowerIdentity made_for{.kind = header.kind, .content_size = header.content_size, .mark = header.mark};
  if (made_for != identity) {
    return Bad(path, "belongs to " + Describe(made_for) + ", and the lower is " + Describe(identity));
  }
  return static_cast<uint64_t>(status.st_size);
}

base::Result<void, dev::Error> CheckOrMake(int file, const std::string& path, const LowerIdentity& identity) {
  struct stat status;
  if (::fstat(file, &status) != 0) {
    return Bad(path, std::strerror(errno));
  }
  if (status.st_size == 0) {
    PAGODA_TRY(Make(file, path, identity));
  }
  PAGODA_TRY_ASSIGN(const uint64_t size, Check(file, path, identity));
  const uint64_t wanted = PagesOffset(identity.content_size) + identity.content_size;
  if (size == kRecordOffset && size < wanted && ::ftruncate(file, static_cast<off_t>(wanted)) != 0) {
    return Bad(path, std::strerror(errno));
  }
  if (size != kRecordOffset && size < wanted) {
    return Bad(path, "is cut short");
  }
  return {};
}

}  // namespace

base::Result<std::unique_ptr<UpperFile>, dev::Error> UpperFile::Open(const std::string& path, const Lower& lower) {
  if (lower.identity.content_size > kMaxContentSize) {
    return Bad(path, "the lower is too large for an overlay");
  }
  dev::UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666));
  struct stat status;
  if (!file.valid() || ::fstat(file.get(), &status) != 0) {
    return Bad(path, std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return Bad(path, "is not a regular file");
  }
  if (status.st_dev == lower.device && status.st_ino == lower.inode) {
    return Bad(path, "is upper and lower; what is written needs a file of its own");
  }
  if (!LockAgainstOthers(file.get())) {
    return Bad(path, "is in use by another overlay");
  }
  PAGODA_TRY(CheckOrMake(file.get(), path, lower.identity));
  std::unique_ptr<UpperFile> upper(new UpperFile(std::move(file), path, lower.identity.content_size));
  PAGODA_TRY(upper->LoadRecord(path));
  return upper;
}

UpperFile::UpperFile(dev::UniqueFd file, const std::string& path, uint64_t content_size)
    : pages_offset_(PagesOffset(content_size)),
      file_(std::move(file), path, pages_offset_ + content_size, FileAccess::kReadWrite),
      record_(PagesIn(content_size)) {}

base::Result<void, dev::Error> UpperFile::LoadRecord(const std::string& path) {
  PageRecord::Block words;
  const iovec piece{.iov_base = words.data(), .iov_len = sizeof(words)};
  for (uint64_t block = 0; block < record_.blocks(); ++block) {
    if (file_.Read(kRecordOffset + block * PageRecord::kBlockSize, std::span(&piece, 1)) != ZX_OK) {
      return Bad(path, "its record of pages cannot be read");
    }
    record_.Load(block, words);
  }
  return {};
}

FileRange UpperFile::RangeOf(uint64_t offset, uint64_t length) const {
  return *file_.RangeOf(pages_offset_ + offset, length);
}

zx_status_t UpperFile::Read(uint64_t offset, std::span<const iovec> pages) {
  return file_.Read(pages_offset_ + offset, pages);
}

zx_status_t UpperFile::ReadNow(uint64_t offset, std::span<const iovec> pages) {
  return file_.ReadNow(pages_offset_ + offset, pages);
}

zx_status_t UpperFile::Write(uint64_t offset, std::span<const iovec> data) {
  const zx_status_t status = file_.Write(pages_offset_ + offset, data);
  if (status == ZX_OK) {
    record_.Add(offset / base::kPageSize, PagesIn(LengthOf(data)));
  }
  return status;
}

zx_status_t UpperFile::Zero(uint64_t offset, uint64_t length) {
  const zx_status_t status = file_.Zero(pages_offset_ + offset, length);
  if (status == ZX_OK) {
    record_.Add(offset / base::kPageSize, PagesIn(length));
  }
  return status;
}

zx_status_t UpperFile::Sync() {
  const zx_status_t status = file_.Sync();
  return status == ZX_OK && !record_.changed().empty() ? SaveRecord() : status;
}

// What cannot be saved stays changed, for the next time.
zx_status_t UpperFile::SaveRecord() {
  for (const uint64_t block : record_.changed()) {
    PageRecord::Block words = record_.Copy(block);
    const iovec piece{.iov_base = words.data(), .iov_len = sizeof(words)};
    const zx_status_t status = file_.Write(kRecordOffset + block * PageRecord::kBlockSize, std::span(&piece, 1));
    if (status != ZX_OK) {
      return status;
    }
  }
  const zx_status_t status = file_.Sync();
  if (status == ZX_OK) {
    record_.Saved();
  }
  return status;
}

}  // namespace pager::overlay
