#include "vmm/cli/image_command.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "vmm/base/error.h"
#include "vmm/cli/exit_codes.h"
#include "vmm/image/bootfs.h"
#include "vmm/image/image_files.h"

namespace vmm {
namespace {

using std::filesystem::path;

// What the parser fills in; lives as long as the application whose callbacks share it.
struct PackOptions {
  std::string output;
  std::vector<std::string> files;
};
struct ListOptions {
  std::string image;
  bool json = false;
};
struct ExtractOptions {
  std::string image;
  std::string folder = ".";
  std::vector<std::string> names;
};

// "NAME=PATH", or "PATH" for a file that keeps the last component of its path as its name.
Result<BootfsInput> ReadInput(const std::string& argument) {
  const size_t equals = argument.find('=');
  const path file = equals == std::string::npos ? argument : argument.substr(equals + 1);
  const std::string name = equals == std::string::npos ? file.filename().string() : argument.substr(0, equals);
  if (file.empty()) {
    return BadInput("'{}': no path; give NAME=PATH or PATH", argument);
  }
  PAGODA_TRY_ASSIGN(FileContents contents, ReadRegularFile(file));
  return BootfsInput{name, file.string(), std::move(contents.bytes), contents.executable};
}

Result<> Pack(const PackOptions& options) {
  std::vector<BootfsInput> inputs;
  for (const std::string& argument : options.files) {
    PAGODA_TRY_ASSIGN(BootfsInput input, ReadInput(argument));
    inputs.push_back(std::move(input));
  }
  PAGODA_TRY_ASSIGN(const std::vector<std::byte> image, WithContext(options.output, BuildBootfs(inputs)));
  return ReplaceFile(options.output, image);
}

// Calls `act` with the checked image in file `name`.
template <typename Act>
Result<> WithImage(const std::string& name, Act act) {
  PAGODA_TRY_ASSIGN(const FileContents file, ReadRegularFile(name));
  PAGODA_TRY_ASSIGN(const BootfsView view, WithContext(name, BootfsView::Parse(file.bytes)));
  return act(view);
}

std::string ListForPeople(const BootfsView& view) {
  std::string text;
  for (const BootfsFile& file : view.files()) {
    text += fmt::format("{} {:>12} {}\n", file.executable ? 'x' : '-', file.contents.size(), file.name);
  }
  return text;
}

std::string ListForPrograms(const BootfsView& view) {
  auto list = nlohmann::ordered_json::array();
  for (const BootfsFile& file : view.files()) {
    list.push_back({{"name", file.name}, {"size", file.contents.size()}, {"executable", file.executable}});
  }
  // A name may be any bytes; JSON only takes UTF-8.
  return list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Result<> PrintOut(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    return HostFailure(errno, "standard output");
  }
  return {};
}

Result<> List(const ListOptions& options) {
  return WithImage(options.image, [&](const BootfsView& view) {
    return PrintOut(options.json ? ListForPrograms(view) : ListForPeople(view));
  });
}

// All names are looked up before anything is written.
Result<> Extract(const ExtractOptions& options) {
  return WithImage(options.image, [&](const BootfsView& view) -> Result<> {
    std::vector<BootfsFile> chosen;
    for (const std::string& name : options.names) {
      const BootfsFile* file = view.Find(name);
      if (file == nullptr) {
        return BadInput("{}: holds no file '{}'; `pagoda image list` shows what there is", options.image, name);
      }
      chosen.push_back(*file);
    }
    return ExtractFiles(options.names.empty() ? view.files() : std::span<const BootfsFile>(chosen), options.folder);
  });
}

// The exit code of the process for `result`; a failure is printed.
int Finish(const Result<>& result) {
  if (result.ok()) {
    return kExitSuccess;
  }
  fmt::print(stderr, "pagoda: {}\n", result.error().message());
  return result.error().exit_code();
}

void AddPack(CLI::App& image, int& exit_code) {
  auto options = std::make_shared<PackOptions>();
  CLI::App* command = image.add_subcommand("pack", "Make an image: the same files give the same bytes");
  command->add_option("OUT", options->output, "The image; one that exists is replaced in one step")->required();
  command
      ->add_option("FILES", options->files,
                   "NAME=PATH, or PATH to use its last component as the name; an executable file stays "
                   "executable")
      ->required();
  command->callback([options, &exit_code] { exit_code = Finish(Pack(*options)); });
}

void AddList(CLI::App& image, int& exit_code) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* command =
      image.add_subcommand("list", "Check an image and print what is in it: x for executable, size, name");
  command->add_option("FILE", options->image, "The image")->required();
  command->add_flag("--json", options->json, "Print for programs: an array of {name, size, executable}");
  command->callback([options, &exit_code] { exit_code = Finish(List(*options)); });
}

void AddExtract(CLI::App& image, int& exit_code) {
  auto options = std::make_shared<ExtractOptions>();
  CLI::App* command = image.add_subcommand("extract", "Write files of an image to a folder");
  command->add_option("FILE", options->image, "The image")->required();
  command->add_option("--to", options->folder, "The folder, made if it is missing")
      ->type_name("DIR")
      ->capture_default_str();
  command->add_option("NAMES", options->names, "Which files; all when none is named");
  command->callback([options, &exit_code] { exit_code = Finish(Extract(*options)); });
}

}  // namespace

void AddImageCommand(CLI::App& app, int& exit_code) {
  CLI::App* image = app.add_subcommand("image", "Make, look into and unpack boot images");
  image->require_subcommand(1);
  AddPack(*image, exit_code);
  AddList(*image, exit_code);
  AddExtract(*image, exit_code);
}

}  // namespace vmm
