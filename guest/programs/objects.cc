#include "guest/programs/objects.h"

#include <stdio.h>
#include <string.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <utility>

namespace programs {
namespace {

constexpr size_t kOutputSize = size_t{16} << 10;
constexpr uint64_t kPageSize = 4096;
// How much an ObjectWriter leaves dirty: little enough for the smallest guest, enough for a sync to be worth it.
constexpr uint64_t kMostDirty = uint64_t{4} << 20;

const char* InWords(zx_status_t status) {
  switch (status) {
    case ZX_ERR_NOT_FOUND:
      return "the host serves no object of that name";
    case ZX_ERR_INVALID_ARGS:
      return "that is no name of an object";
    case ZX_ERR_ACCESS_DENIED:
      return "it is read-only";
    case ZX_ERR_NO_SPACE:
      return "the host has no space left for it";
    case ZX_ERR_IO:
      return "the host could not read or write it";
    case ZX_ERR_IO_DATA_INTEGRITY:
      return "what the host has of it is damaged";
    case ZX_ERR_NO_MEMORY:
      return "the guest's memory is full";
    case ZX_ERR_TIMED_OUT:
      return "its pager does not answer";
    case ZX_ERR_NOT_SUPPORTED:
      return "its pager does not do that";
    case ZX_ERR_BUFFER_TOO_SMALL:
      return "a line of it is too long";
    case ZX_ERR_OUT_OF_RANGE:
      return "that lies outside of it";
    default:
      return "it failed";
  }
}

}  // namespace

bool Complain(std::string_view program, std::string_view object, std::string_view what, zx_status_t status) {
  fprintf(stderr, "%.*s: %.*s: %.*s: %s (%s)\n", static_cast<int>(program.size()), program.data(),
          static_cast<int>(object.size()), object.data(), static_cast<int>(what.size()), what.data(), InWords(status),
          zx_status_get_string(status));
  return false;
}

// --- reading ---

zx_status_t ObjectReader::Open(std::string_view name) {
  pagoda::ObjectSizes sizes;
  if (const zx_status_t status = pagoda::OpenObject(name, &own_, &sizes); status != ZX_OK) {
    return status;
  }
  object_ = zx::unowned_vmo(own_);
  offset_ = 0;
  end_ = sizes.content_size;
  buffer_.resize(std::min<uint64_t>(kPieceSize, end_));
  return ZX_OK;
}

ObjectReader::ObjectReader(const zx::vmo& object, uint64_t begin, uint64_t end, size_t piece_size)
    : object_(object), offset_(begin), end_(end), buffer_(std::min<uint64_t>(piece_size, end - begin)) {}

zx_status_t ObjectReader::Next(std::span<const char>* piece) {
  const size_t size = std::min<uint64_t>(end_ - offset_, buffer_.size());
  *piece = std::span(buffer_).first(size);
  if (size == 0) {
    return ZX_OK;
  }
  const zx_status_t status = object_->read(buffer_.data(), offset_, size);
  offset_ = status == ZX_OK ? offset_ + size : end_;
  return status;
}

LineReader::Got LineReader::Next(std::string_view* line) {
  if (std::exchange(returned_begun_, false)) {
    begun_.clear();
  }
  for (;;) {
    const size_t length = rest_.find('\n');
    if (length != std::string_view::npos) {
      *line = rest_.substr(0, length);
      if (!begun_.empty()) {
        begun_.append(*line);
        *line = begun_;
        returned_begun_ = true;
      }
      rest_.remove_prefix(length + 1);
      return Got::kLine;
    }
    begun_.append(rest_);
    rest_ = {};
    if (begun_.size() > kLongestLine) {
      status_ = ZX_ERR_BUFFER_TOO_SMALL;
      return Got::kFailed;
    }
    std::span<const char> piece;
    status_ = reader_.Next(&piece);
    if (status_ != ZX_OK) {
      return Got::kFailed;
    }
    if (piece.empty()) {
      *line = begun_;
      returned_begun_ = true;
      return begun_.empty() ? Got::kEnd : Got::kLine;
    }
    rest_ = std::string_view(piece.data(), piece.size());
  }
}

// --- writing ---

zx_status_t SetObjectSize(const zx::vmo& object, uint64_t size) {
  uint64_t content_size = 0;
  if (const zx_status_t status = object.get_prop_content_size(&content_size); status != ZX_OK) {
    return status;
  }
  if (content_size == size) {
    return ZX_OK;
  }
  const uint64_t pages = (size + kPageSize - 1) / kPageSize * kPageSize;
  const zx_status_t status = object.set_size(pages);
  if (status != ZX_OK) {
    // Without the right to resize it is an object of fixed size.
    return status == ZX_ERR_ACCESS_DENIED || status == ZX_ERR_UNAVAILABLE ? ZX_ERR_NOT_SUPPORTED : status;
  }
  return object.set_prop_content_size(size);
}

zx_status_t CheckWritable(const zx::vmo& object) {
  zx_info_handle_basic_t info;
  const zx_status_t status = object.get_info(ZX_INFO_HANDLE_BASIC, &info, sizeof(info), nullptr, nullptr);
  return status == ZX_OK && (info.rights & ZX_RIGHT_WRITE) == 0 ? ZX_ERR_ACCESS_DENIED : status;
}

zx_status_t ObjectWriter::Open(std::string_view name) {
  if (const zx_status_t status = pagoda::OpenObject(name, &object_); status != ZX_OK) {
    return status;
  }
  offset_ = written_since_sync_ = 0;
  buffer_.clear();
  buffer_.reserve(ObjectReader::kPieceSize);
  return CheckWritable(object_);
}

zx_status_t ObjectWriter::SetSize(uint64_t size, Sizing sizing) {
  uint64_t content_size = 0;
  const zx_status_t status = object_.get_prop_content_size(&content_size);
  const bool enough = sizing == Sizing::kAtLeast && content_size >= size;
  return status != ZX_OK || enough ? status : SetObjectSize(object_, size);
}

zx_status_t ObjectWriter::Append(std::string_view data) {
  while (!data.empty()) {
    const size_t size = std::min(data.size(), ObjectReader::kPieceSize - buffer_.size());
    buffer_.append(data.substr(0, size));
    data.remove_prefix(size);
    if (buffer_.size() == ObjectReader::kPieceSize) {
      if (const zx_status_t status = WriteOut(); status != ZX_OK) {
        return status;
      }
    }
  }
  return ZX_OK;
}

zx_status_t ObjectWriter::WriteOut() {
  if (buffer_.empty()) {
    return ZX_OK;
  }
  if (const zx_status_t status = object_.write(buffer_.data(), offset_, buffer_.size()); status != ZX_OK) {
    return status;
  }
  offset_ += buffer_.size();
  written_since_sync_ += buffer_.size();
  buffer_.clear();
  return written_since_sync_ < kMostDirty ? ZX_OK : Flush();
}

zx_status_t ObjectWriter::Flush() {
  if (!buffer_.empty()) {
    if (const zx_status_t status = WriteOut(); status != ZX_OK) {
      return status;
    }
  }
  written_since_sync_ = 0;
  return pagoda::SyncObject(object_);
}

void Output::Append(std::string_view text) {
  buffer_.append(text);
  if (buffer_.size() >= kOutputSize) {
    Flush();
  }
}

void Output::Flush() {
  if (!buffer_.empty()) {
    zx_pagoda_console_write(buffer_.data(), buffer_.size());
    buffer_.clear();
  }
}

Options::Options(int argument_count, char** arguments, std::string_view known, const char* usage) {
  int next = 1;
  for (; next < argument_count && arguments[next][0] == '-' && arguments[next][1] != '\0'; ++next) {
    if (strcmp(arguments[next], "--") == 0) {
      ++next;
      break;
    }
    for (const char* letter = arguments[next] + 1; *letter != '\0'; ++letter) {
      if (known.find(*letter) == std::string_view::npos) {
        fprintf(stderr, "%s: unknown option -%c\n%s", arguments[0], *letter, usage);
        good_ = false;
        return;
      }
      given_ += *letter;
    }
  }
  rest_ = std::span(arguments + next, static_cast<size_t>(argument_count - next));
}

}  // namespace programs
