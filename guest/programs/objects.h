// What programs share that work on objects of the host's: reading and writing one from its start to its end, lines, and
// saying in one line what went wrong.
//
// Bytes are moved by zx_vmo_read and zx_vmo_write rather than through a mapping: where the host cannot give a page, a
// call returns the reason, while an access would end the program.
#pragma once

#include <lib/zx/vmo.h>
#include <pagoda/object.h>
#include <zircon/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace programs {

// Prints "PROGRAM: OBJECT: WHAT: STATUS IN WORDS (ZX_ERR_...)" to standard error. Returns false, for `return
// Complain(...)`.
bool Complain(std::string_view program, std::string_view object, std::string_view what, zx_status_t status);

// Reads an object in pieces.
class ObjectReader {
 public:
  static constexpr size_t kPieceSize = size_t{256} << 10;

  // Errors of pagoda::OpenObject.
  [[nodiscard]] zx_status_t Open(std::string_view name);
  // A part of an object that is open already. It outlives the reader.
  ObjectReader(const zx::vmo& object, uint64_t begin, uint64_t end, size_t piece_size);
  ObjectReader() = default;

  // The next piece; empty at the end. Valid until the next call. After an error (the host's) there is nothing more.
  [[nodiscard]] zx_status_t Next(std::span<const char>* piece);

  [[nodiscard]] uint64_t size() const { return end_; }  // bytes, of a whole object

 private:
  zx::vmo own_;
  zx::unowned_vmo object_;
  uint64_t offset_ = 0;
  uint64_t end_ = 0;
  std::vector<char> buffer_;
};

// The lines of what a reader gives.
class LineReader {
 public:
  static constexpr size_t kLongestLine = size_t{1} << 20;

  explicit LineReader(ObjectReader& reader) : reader_(reader) {}

  enum class Got {
    kLine,
    kEnd,
    kFailed,  // status() says why: the reader's, or ZX_ERR_BUFFER_TOO_SMALL for a line that is too long
  };
  // The next line without its end; the last one may have none. Valid until the next call.
  [[nodiscard]] Got Next(std::string_view* line);
  [[nodiscard]] zx_status_t status() const { return status_; }

 private:
  ObjectReader& reader_;
  std::string_view rest_;  // of the reader's piece
  std::string begun_;      // a line that goes on in the next piece
  bool returned_begun_ = false;
  zx_status_t status_ = ZX_OK;
};

// Writes an object from its start on. What is written becomes clean meanwhile, so that an object may be larger than the
// guest's memory.
class ObjectWriter {
 public:
  // Changes nothing yet. ZX_ERR_ACCESS_DENIED: read-only; errors of pagoda::OpenObject.
  [[nodiscard]] zx_status_t Open(std::string_view name);
  // Makes the object `size` bytes long, or with kAtLeast leaves a longer one as it is. ZX_ERR_NOT_SUPPORTED: it cannot
  // be resized; the host's errors.
  enum class Sizing { kExactly, kAtLeast };
  [[nodiscard]] zx_status_t SetSize(uint64_t size, Sizing sizing);

  // Precondition: not more in all than the size. After an error the object holds some part of what was written.
  [[nodiscard]] zx_status_t Append(std::string_view data);
  [[nodiscard]] const zx::vmo& object() const { return object_; }
  [[nodiscard]] uint64_t offset() const { return offset_ + buffer_.size(); }  // where the next byte goes

  // What has been appended so far is durable, can be read from the object, and its pages can go. Errors as Append's.
  [[nodiscard]] zx_status_t Flush();

 private:
  [[nodiscard]] zx_status_t WriteOut();

  zx::vmo object_;
  uint64_t offset_ = 0;
  uint64_t written_since_sync_ = 0;
  std::string buffer_;
};

// Makes the object `size` bytes long. ZX_ERR_NOT_SUPPORTED: it has another size, and cannot be resized.
[[nodiscard]] zx_status_t SetObjectSize(const zx::vmo& object, uint64_t size);
// ZX_ERR_ACCESS_DENIED where it cannot be written to.
[[nodiscard]] zx_status_t CheckWritable(const zx::vmo& object);

// Standard output for much text: goes out in large pieces, and when it is destroyed.
class Output {
 public:
  ~Output() { Flush(); }
  void Append(std::string_view text);
  void Flush();

 private:
  std::string buffer_;
};

// The options of a command line: letters behind a '-', before the first other argument or "--".
class Options {
 public:
  // `known`: the letters that there are. Prints "PROGRAM: unknown option -x" and `usage` where it is none of them.
  Options(int argument_count, char** arguments, std::string_view known, const char* usage);
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool Has(char letter) const { return given_.find(letter) != std::string::npos; }
  // What follows.
  [[nodiscard]] std::span<char*> rest() const { return rest_; }

 private:
  std::string given_;
  std::span<char*> rest_;
  bool good_ = true;
};

}  // namespace programs
