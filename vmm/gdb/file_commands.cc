// Files on the target's side, for reading only (gdb manual, "Host I/O Packets" and "File-I/O Remote Protocol
// Extension").
#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "vmm/gdb/commands.h"
#include "vmm/gdb/packet.h"

namespace vmm::gdb {

namespace {

// The protocol's own numbers of errors, in part.
enum class FileError : uint8_t { kNotFound = 2, kBadNumber = 9, kNotAllowed = 13, kInvalid = 22, kTooMany = 24 };
constexpr uint64_t kUnknownFileError = 9999;

constexpr uint64_t kReadOnly = 0;               // FILEIO_O_RDONLY
constexpr uint32_t kRegularReadable = 0100444;  // S_IFREG and reading for all

std::string Failure(uint64_t error) { return "F-1," + HexNumber(error); }
std::string Failure(FileError error) { return Failure(static_cast<uint64_t>(error)); }
std::string Failure(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound:
      return Failure(FileError::kNotFound);
    case ErrorCode::kNotAllowed:
      return Failure(FileError::kNotAllowed);
    case ErrorCode::kInvalid:
      return Failure(FileError::kInvalid);
    default:
      return Failure(kUnknownFileError);
  }
}

// "F" with a value, and data after it.
std::string DataReply(size_t value, std::string_view escaped) {
  return "F" + HexNumber(value) + ";" + std::string(escaped);
}

std::string_view AsText(const std::vector<std::byte>& bytes) {
  // SAFETY: the same bytes as characters.
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// struct stat of the protocol: big-endian, in this order, without gaps.
class StatRecord {
 public:
  void Add(uint64_t value, size_t size) {
    for (size_t i = size; i-- > 0;) {
      bytes_.push_back(static_cast<std::byte>(value >> (8 * i)));
    }
  }
  [[nodiscard]] const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

StatRecord StatOf(const RemoteFile& file) {
  constexpr uint64_t kBlockSize = 512;
  StatRecord record;
  record.Add(0, 4);  // st_dev
  record.Add(0, 4);  // st_ino
  record.Add(kRegularReadable, 4);
  record.Add(1, 4);  // st_nlink
  record.Add(0, 4);  // st_uid
  record.Add(0, 4);  // st_gid
  record.Add(0, 4);  // st_rdev
  record.Add(file.size(), 8);
  record.Add(kBlockSize, 8);
  record.Add(file.size() / kBlockSize + (file.size() % kBlockSize != 0 ? 1 : 0), 8);
  for (int i = 0; i < 3; ++i) {
    record.Add(file.modified(), 4);  // st_atime, st_mtime, st_ctime
  }
  return record;
}

}  // namespace

// Whose view of the file system is meant: there is only one.
std::string SetFileSystem(SessionContext& /*context*/, TextCursor /*arguments*/) { return "F0"; }

// "path in hex,flags,mode"
std::string OpenRemoteFile(SessionContext& context, TextCursor arguments) {
  const auto path = BytesOfHex(arguments.TakeUntil(','));
  const auto flags = arguments.TakeHex();
  if (!path || !flags) {
    return Failure(FileError::kInvalid);
  }
  if (*flags != kReadOnly) {
    return Failure(FileError::kNotAllowed);
  }
  auto file = context.target.OpenFile(std::string(AsText(*path)));
  if (!file.ok()) {
    return Failure(file.error().code);
  }
  const auto number = context.files.Add(std::move(*file));
  return number ? "F" + HexNumber(*number) : Failure(FileError::kTooMany);
}

// "number,count,offset"
std::string ReadRemoteFile(SessionContext& context, TextCursor arguments) {
  const auto number = arguments.TakeHex();
  const auto count = arguments.Skip(",") ? arguments.TakeHex() : std::nullopt;
  const auto offset = arguments.Skip(",") ? arguments.TakeHex() : std::nullopt;
  if (!number || !count || !offset || !arguments.empty()) {
    return Failure(FileError::kInvalid);
  }
  RemoteFile* const file = context.files.Find(*number);
  if (file == nullptr) {
    return Failure(FileError::kBadNumber);
  }
  constexpr size_t kHeader = 16;
  std::vector<std::byte> bytes(std::min<uint64_t>(*count, kMaxPayload - kHeader));
  const auto read = file->Read(*offset, bytes);
  if (!read.ok()) {
    return Failure(read.error().code);
  }
  bytes.resize(std::min(*read, bytes.size()));
  const Escaped piece = EscapeBinary(AsText(bytes), kMaxPayload - kHeader);
  return DataReply(piece.consumed, piece.text);
}

std::string StatRemoteFile(SessionContext& context, TextCursor arguments) {
  const auto number = arguments.TakeHex();
  const RemoteFile* const file = number && arguments.empty() ? context.files.Find(*number) : nullptr;
  if (file == nullptr) {
    return Failure(FileError::kBadNumber);
  }
  const StatRecord record = StatOf(*file);
  return DataReply(record.bytes().size(), EscapeBinary(AsText(record.bytes()), kMaxPayload).text);
}

std::string CloseRemoteFile(SessionContext& context, TextCursor arguments) {
  const auto number = arguments.TakeHex();
  return number && arguments.empty() && context.files.Close(*number) ? "F0" : Failure(FileError::kBadNumber);
}

}  // namespace vmm::gdb
