#include "vmm/cli/blob_command.h"

#include <fmt/format.h>
#include <unistd.h>
#include <zircon/errors.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "devices/pager/blob/blob_file.h"
#include "devices/pager/blob/blob_writer.h"
#include "vmm/base/error.h"
#include "vmm/base/temporary_file.h"
#include "vmm/cli/exit_codes.h"
#include "vmm/cli/values.h"
#include "vmm/loader/input_file.h"

namespace vmm {
namespace {

namespace blob = pager::blob;

// What the parser fills in; lives as long as the application whose callbacks share it.
struct CreateOptions {
  std::string source;
  std::string destination;
  std::string chunk = "32K";
  int level = 3;
};
struct ReadOptions {
  std::string file;
  std::string root;
};

void PrintSummary(const blob::Layout& layout, uint64_t file_size, const blob::Hash& digest) {
  const uint64_t content = layout.content_size();
  fmt::print("content {} bytes\nstored  {} bytes", content, file_size);
  if (content > 0) {
    fmt::print(", {:.1f} %", 100.0 * static_cast<double>(file_size) / static_cast<double>(content));
  }
  fmt::print("\nchunks  {} of {} bytes\nroot    {}\n", layout.chunks(), layout.chunk_size(), blob::ToHex(digest));
}

Result<> FlushOutput() {
  if (std::fflush(stdout) != 0) {
    return HostFailure(errno, "standard output");
  }
  return {};
}

Result<blob::Layout> ChooseLayout(const CreateOptions& options, const InputFile& source) {
  PAGODA_TRY_ASSIGN(const uint64_t chunk_size, WithContext("--chunk", ParseSize(options.chunk)));
  const std::optional<blob::Layout> layout = blob::Layout::Create(source.size(), chunk_size);
  if (layout) {
    return *layout;
  }
  if (!blob::Layout::Create(0, chunk_size)) {
    return BadInput("--chunk: '{}' is no power of two from {}K to {}K", options.chunk, blob::kMinChunkSize >> 10,
                    blob::kMaxChunkSize >> 10);
  }
  if (source.size() <= blob::kMaxContentSize) {
    return BadInput("{}: is too large for chunks of this size; give a larger --chunk", source.path());
  }
  return BadInput("{}: is too large: a blob holds up to {} bytes", source.path(), blob::kMaxContentSize);
}

// What is in `destination` must not be what is read.
Result<> CheckDestination(const CreateOptions& options) {
  std::error_code ignored;
  if (std::filesystem::equivalent(options.source, options.destination, ignored)) {
    return BadInput("{}: is the source itself, and a blob in its place would be all that is left of it",
                    options.destination);
  }
  return {};
}

Result<> Written(const blob::BlobWriter::WriteResult& result, const std::string& destination) {
  if (!result.ok()) {
    return HostFailure(result.error(), destination);
  }
  return {};
}

Result<> Create(const CreateOptions& options) {
  if (options.level < blob::kMinLevel || options.level > blob::kMaxLevel) {
    return BadInput("--level: {} is not from {} to {}", options.level, blob::kMinLevel, blob::kMaxLevel);
  }
  PAGODA_TRY_ASSIGN(const InputFile source, InputFile::Open(options.source));
  PAGODA_TRY_ASSIGN(const blob::Layout layout, ChooseLayout(options, source));
  PAGODA_TRY(CheckDestination(options));
  PAGODA_TRY_ASSIGN(ReplacementFile destination, ReplacementFile::Create(options.destination));
  blob::BlobWriter writer(destination.fd(), layout, options.level);
  std::vector<std::byte> content;
  for (uint64_t chunk = 0; chunk < layout.chunks(); ++chunk) {
    content.resize(layout.ChunkContent(chunk));
    PAGODA_TRY(source.ReadAt(chunk * layout.chunk_size(), content));
    PAGODA_TRY(Written(writer.Add(content), options.destination));
  }
  PAGODA_TRY(Written(writer.Finish(), options.destination));
  PAGODA_TRY(destination.Commit());
  PrintSummary(layout, writer.file_size(), writer.digest());
  return FlushOutput();
}

Result<blob::BlobFile> Open(const ReadOptions& options) {
  std::optional<blob::Hash> root;
  if (!options.root.empty()) {
    root = blob::ParseHash(options.root);
    if (!root) {
      return BadInput("--root: '{}' is no root; that is the 64 digits that `pagoda blob create` prints", options.root);
    }
  }
  auto file = blob::BlobFile::Open(options.file, root);
  if (!file.ok()) {
    return BadInput("{}", file.error().message);
  }
  return std::move(file).value();
}

// Fills `chunk` with verified content; nullopt: that is damaged, or cannot be read.
std::optional<std::span<const std::byte>> LoadVerified(const blob::BlobFile& file, uint64_t index, blob::Chunk& chunk) {
  if (file.Load(index, chunk) != ZX_OK) {
    return std::nullopt;
  }
  return chunk.Verified(0, file.layout().ChunkContent(index));
}

Result<> Verify(const ReadOptions& options) {
  PAGODA_TRY_ASSIGN(const blob::BlobFile file, Open(options));
  const blob::Layout& layout = file.layout();
  std::vector<uint64_t> damaged;
  blob::Chunk chunk;
  for (uint64_t index = 0; index < layout.chunks(); ++index) {
    if (!LoadVerified(file, index, chunk)) {
      damaged.push_back(index);
    }
  }
  if (!damaged.empty()) {
    return BadInput("{}: {} of {} chunks are damaged; the first is that of content bytes {} to {}", options.file,
                    damaged.size(), layout.chunks(), damaged.front() * layout.chunk_size(),
                    damaged.front() * layout.chunk_size() + layout.ChunkContent(damaged.front()) - 1);
  }
  PrintSummary(layout, file.file_size(), file.digest());
  return FlushOutput();
}

Result<> Cat(const ReadOptions& options) {
  PAGODA_TRY_ASSIGN(const blob::BlobFile file, Open(options));
  blob::Chunk chunk;
  for (uint64_t index = 0; index < file.layout().chunks(); ++index) {
    const auto content = LoadVerified(file, index, chunk);
    if (!content) {
      return BadInput("{}: is damaged from content byte {} on; all before has been printed", options.file,
                      index * file.layout().chunk_size());
    }
    PAGODA_TRY(WriteAll(STDOUT_FILENO, *content, "standard output"));
  }
  return {};
}

// The exit code of the process for `result`; a failure is printed.
int Finish(const Result<>& result) {
  if (result.ok()) {
    return kExitSuccess;
  }
  fmt::print(stderr, "pagoda: {}\n", result.error().message());
  return result.error().exit_code();
}

void AddCreate(CLI::App& parent, int& exit_code) {
  auto options = std::make_shared<CreateOptions>();
  CLI::App* command = parent.add_subcommand("create", "Make a blob of a file, and print its sizes and its root");
  command->add_option("SRC", options->source, "The file, which must not change meanwhile")->required();
  command->add_option("DST", options->destination, "The blob; one that exists is replaced in one step")->required();
  command
      ->add_option("--chunk", options->chunk,
                   "How much is compressed in one piece, a power of two from 4K to 1M: larger is smaller on disk, and "
                   "more work for a page read at random")
      ->type_name("SIZE")
      ->capture_default_str();
  command->add_option("--level", options->level, "zstd's level, 1 to 19: higher is smaller and slower to make")
      ->type_name("N")
      ->capture_default_str();
  command->callback([options, &exit_code] { exit_code = Finish(Create(*options)); });
}

CLI::App* AddReader(CLI::App& parent, const std::string& name, const std::string& description,
                    const std::shared_ptr<ReadOptions>& options) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->add_option("FILE", options->file, "The blob")->required();
  command->add_option("--root", options->root, "Refuse a blob that has another root")->type_name("HEX");
  return command;
}

}  // namespace

void AddBlobCommand(CLI::App& app, int& exit_code) {
  CLI::App* parent = app.add_subcommand(
      "blob",
      "Make, verify and read blobs: files compressed in chunks, of which every page is verified before it is used.\n"
      "`pagoda run --pager NAME=blob:FILE[,root=HEX]` serves one. Its root is what `fsverity digest` prints for its "
      "content");
  parent->require_subcommand(1);
  AddCreate(*parent, exit_code);
  auto verified = std::make_shared<ReadOptions>();
  AddReader(*parent, "verify", "Read all of a blob; exit code 2 when any of it is damaged", verified)
      ->callback([verified, &exit_code] { exit_code = Finish(Verify(*verified)); });
  auto printed = std::make_shared<ReadOptions>();
  AddReader(*parent, "cat", "Print the content of a blob, as far as it is what it was", printed)
      ->callback([printed, &exit_code] {
        // As cat does it: who does not want more ends it, quietly, also where a parent had the signal ignored.
        std::signal(SIGPIPE, SIG_DFL);
        exit_code = Finish(Cat(*printed));
      });
}

}  // namespace vmm
