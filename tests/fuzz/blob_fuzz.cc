// The blob reader against changed files: bytes anywhere, fields of header and table with checks that agree, frames, cut
// or longer ends. While the root is what it was, every page that is given out holds the content that it had.
#include <libdeflate.h>
#include <zircon/errors.h>

#include <cstring>
#include <string>

#include "tests/devices/pager/blob/blob_bytes.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using pager::blob::BlobFile;
using pager::blob::Chunk;
using pager::blob::ChunkEntry;
using pager::blob::Hash;
using pager::blob::Header;
using test::FuzzInput;
using test::Require;

constexpr uint64_t kChunkSize = 2 * base::kPageSize;

struct Original {
  explicit Original(uint64_t size) : content(test::Pattern(size)) {}

  std::string content;
  std::string bytes = test::MakeBlob(content, kChunkSize);
  Hash digest = test::OpenBlob(bytes).value().digest();
  uint64_t chunks = test::OpenBlob(bytes).value().layout().chunks();
  uint64_t data = test::OpenBlob(bytes).value().layout().data_offset();
};

class Fuzzer {
 public:
  Fuzzer(const Original& original, FuzzInput input) : original_(original), bytes_(original.bytes), input_(input) {}

  void Run() {
    while (!input_.empty()) {
      Change();
    }
    Check(test::OpenBlob(bytes_, original_.digest));
    // Without a pin it may be another content; it must only do no harm.
    if (const auto file = test::OpenBlob(bytes_); file.ok()) {
      Read(file.value(), [](uint64_t /*index*/, std::span<const std::byte> /*page*/) {});
    }
  }

 private:
  void Change() {
    switch (input_.Below(6)) {
      case 0:
        ChangeByte(input_.Take<uint32_t>() % bytes_.size(), input_.Take<uint8_t>());
        break;
      case 1:  // a field of the header
        ChangeByte(8 + input_.Below(48), input_.Take<uint8_t>());
        test::Reseal(bytes_);
        break;
      case 2:  // an entry of the table
        ChangeByte(sizeof(Header) + input_.Below(static_cast<uint32_t>(original_.chunks * sizeof(ChunkEntry))),
                   input_.Take<uint8_t>());
        test::Reseal(bytes_);
        break;
      case 3:  // a frame, with a checksum that agrees
        ForgeFirstFrame();
        break;
      case 4:
        bytes_.resize(
            std::max<size_t>(sizeof(Header), bytes_.size() - std::min<size_t>(input_.Below(5000), bytes_.size())));
        break;
      default:
        bytes_.append(input_.Below(100), 'x');
    }
  }

  void ChangeByte(size_t at, uint8_t value) {
    if (at < bytes_.size()) {
      bytes_[at] = static_cast<char>(value);
    }
  }

  void ForgeFirstFrame() {
    ChunkEntry entry;
    std::memcpy(&entry, original_.bytes.data() + sizeof(Header), sizeof(entry));
    for (uint32_t count = input_.Below(8); count > 0; --count) {
      ChangeByte(original_.data + input_.Below(entry.stored_size), input_.Take<uint8_t>());
    }
    if (bytes_.size() < original_.data + entry.stored_size) {
      return;
    }
    entry.checksum = static_cast<uint32_t>(::libdeflate_crc32(0, bytes_.data() + original_.data, entry.stored_size));
    std::memcpy(bytes_.data() + sizeof(Header), &entry, sizeof(entry));
    test::Reseal(bytes_);
  }

  template <typename See>
  static void Read(const BlobFile& file, See see) {
    Chunk chunk;
    for (uint64_t index = 0; index < std::min<uint64_t>(file.layout().chunks(), 200); ++index) {
      const zx_status_t status = file.Load(index, chunk);
      Require(status == ZX_OK || status == ZX_ERR_IO || status == ZX_ERR_IO_DATA_INTEGRITY);
      for (uint64_t page = 0; status == ZX_OK && page < chunk.pages(); ++page) {
        if (const auto bytes = chunk.Verified(page * base::kPageSize, base::kPageSize)) {
          see(index * file.layout().chunk_size() / base::kPageSize + page, *bytes);
        }
      }
    }
  }

  void Check(const base::Result<BlobFile, dev::Error>& file) {
    if (!file.ok()) {
      return;
    }
    Read(file.value(), [this](uint64_t page, std::span<const std::byte> bytes) {
      std::string expected = original_.content.substr(page * base::kPageSize, base::kPageSize);
      expected.resize(base::kPageSize, '\0');
      Require(std::memcmp(bytes.data(), expected.data(), bytes.size()) == 0);
    });
  }

  const Original& original_;
  std::string bytes_;
  FuzzInput input_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Small, and now and then with a tree above its leaves.
  static const Original small(5 * base::kPageSize + 77);
  static const Original large(140 * base::kPageSize);
  FuzzInput input(data, size);
  Fuzzer(input.Below(32) == 0 ? large : small, input).Run();
  return 0;
}
