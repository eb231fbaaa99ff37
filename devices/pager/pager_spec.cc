#include "devices/pager/pager_spec.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <utility>

#include "devices/core/values.h"
#include "devices/pager/blob/blob_pager.h"
#include "devices/pager/directory/directory_pager.h"
#include "devices/pager/file/file_pager.h"
#include "devices/pager/nbd/nbd_pager.h"
#include "devices/pager/overlay/overlay_pager.h"
#include "devices/pager/remote/remote_pager.h"
#include "devices/pager/runtime.h"
#include "devices/pager/serve_options.h"
#include "devices/pager/zero/zero_pager.h"
#include "shared/base/range.h"

namespace pager {

namespace {

// More than a VMO can have.
constexpr uint64_t kMaxZeroSize = uint64_t{1} << 62;

constexpr std::string_view kForm = "the form is NAME=KIND:ARGUMENT, such as NAME=file:PATH[,ro]";

base::Failure<dev::Error> Bad(std::string_view text, std::string_view reason) {
  // A pager process has no name.
  const std::string subject = text.empty() ? "" : "pager '" + std::string(text) + "': ";
  return base::Failure{dev::Error{subject + std::string(reason)}};
}

// Splits at single commas; a double one stands for itself.
std::vector<std::string> SplitAtCommas(std::string_view text) {
  std::vector<std::string> parts(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ',') {
      parts.back() += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == ',') {
      parts.back() += ',';
      ++i;
    } else {
      parts.emplace_back();
    }
  }
  return parts;
}

using CreatedPager = base::Result<std::unique_ptr<Pager>, dev::Error>;

constexpr std::string_view kShareMemory = "share-memory";

// What pagers are made of.
struct Surroundings {
  Runtime& runtime;
  const GuestMemoryToShare& memory;
};

CreatedPager CreateFilePager(const PagerSpec& spec, const Surroundings& surroundings) {
  PAGODA_TRY_ASSIGN(const ServeOptions options, ParseServeOptions(spec.options));
  PAGODA_TRY_ASSIGN(std::unique_ptr<FilePager> pager, FilePager::Create(surroundings.runtime.executor(), spec.argument,
                                                                        options.access, options.writeback));
  return std::unique_ptr<Pager>(std::move(pager));
}

CreatedPager CreateDirectoryPager(const PagerSpec& spec, const Surroundings& surroundings) {
  PAGODA_TRY_ASSIGN(const ServeOptions options, ParseServeOptions(spec.options));
  PAGODA_TRY_ASSIGN(
      std::unique_ptr<DirectoryPager> pager,
      DirectoryPager::Create(surroundings.runtime.executor(), spec.argument, options.access, options.writeback));
  return std::unique_ptr<Pager>(std::move(pager));
}

CreatedPager CreateZeroPager(const PagerSpec& spec, const Surroundings& /*surroundings*/) {
  const auto size = dev::ParseSize(spec.argument);
  if (!size || *size > kMaxZeroSize) {
    return base::Failure{dev::Error{"'" + spec.argument + "' is not a size; write for example zero:64M"}};
  }
  if (!spec.options.empty()) {
    return base::Failure{dev::Error{"unknown option '" + spec.options.front() + "'; a zero pager has none"}};
  }
  return std::unique_ptr<Pager>(std::make_unique<ZeroPager>(base::AlignUp(*size, base::kPageSize)));
}

CreatedPager CreateBlobPager(const PagerSpec& spec, const Surroundings& surroundings) {
  return blob::CreateBlobPager(surroundings.runtime.executor(), spec.argument, spec.options);
}

CreatedPager CreateOverlayPager(const PagerSpec& spec, const Surroundings& surroundings) {
  return overlay::CreateOverlayPager(surroundings.runtime.executor(), spec.argument, spec.options);
}

// "reconnect=T"
std::optional<std::chrono::milliseconds> ParseReconnect(std::string_view option) {
  constexpr std::string_view kKey = "reconnect=";
  return option.starts_with(kKey) ? dev::ParseDuration(option.substr(kKey.size())) : std::nullopt;
}

std::function<void(const std::string&)> ReporterFor(const PagerSpec& spec) {
  return [name = spec.name](const std::string& line) {
    std::fprintf(stderr, "pagoda: pager '%s': %s\n", name.c_str(), line.c_str());
  };
}

// "//HOST/EXPORT" is short for "nbd://HOST/EXPORT".
CreatedPager CreateNbdPager(const PagerSpec& spec, const Surroundings& surroundings) {
  nbd::NbdOptions options{.uri = (spec.argument.starts_with("//") ? "nbd:" : "") + spec.argument,
                          .report = ReporterFor(spec)};
  std::vector<std::string> others;
  for (const std::string& option : spec.options) {
    if (const auto reconnect = ParseReconnect(option)) {
      options.patience = *reconnect;
    } else if (option.starts_with("reconnect=") || option == "resizable") {
      return base::Failure{dev::Error{
          "option '" + option + "': " +
          (option == "resizable" ? "an export cannot be resized" : "is not a time; write for example reconnect=30s")}};
    } else {
      others.push_back(option);
    }
  }
  PAGODA_TRY_ASSIGN(const ServeOptions serve, ParseServeOptions(others));
  options.read_only = serve.access == FileAccess::kReadOnly;
  options.writeback = serve.writeback;
  PAGODA_TRY_ASSIGN(std::unique_ptr<nbd::NbdPager> pager,
                    nbd::NbdPager::Create(surroundings.runtime.executor(), std::move(options)));
  return std::unique_ptr<Pager>(std::move(pager));
}

CreatedPager CreateRemotePager(const PagerSpec& spec, const Surroundings& surroundings) {
  remote::LinkOptions options;
  options.path = spec.argument;
  for (const std::string& option : spec.options) {
    if (option == kShareMemory) {
      continue;
    }
    const auto reconnect = ParseReconnect(option);
    if (!reconnect) {
      return base::Failure{dev::Error{"unknown option '" + option +
                                      "'; a pager at a socket knows share-memory, and reconnect=T, such as "
                                      "reconnect=30s (a comma in a path is written ',,')"}};
    }
    options.patience = *reconnect;
  }
  if (WantsGuestMemory(spec)) {
    options.grant = surroundings.memory;
    if (!options.grant) {
      return base::Failure{dev::Error{"share-memory: there is no guest memory here"}};
    }
  }
  options.report = ReporterFor(spec);
  PAGODA_TRY_ASSIGN(std::unique_ptr<remote::RemotePager> pager, remote::RemotePager::Create(std::move(options)));
  return std::unique_ptr<Pager>(std::move(pager));
}

struct Kind {
  std::string_view name;
  CreatedPager (*create)(const PagerSpec&, const Surroundings&);
};

constexpr Kind kKinds[] = {
    {.name = "file", .create = CreateFilePager},   {.name = "dir", .create = CreateDirectoryPager},
    {.name = "blob", .create = CreateBlobPager},   {.name = "overlay", .create = CreateOverlayPager},
    {.name = "zero", .create = CreateZeroPager},   {.name = "nbd", .create = CreateNbdPager},
    {.name = "unix", .create = CreateRemotePager},
};

std::string NamesOfKinds() {
  std::string names;
  for (const Kind& kind : kKinds) {
    names += (names.empty() ? "'" : ", '") + std::string(kind.name) + "'";
  }
  return names;
}

// `rest`: KIND:ARGUMENT[,OPTION...], of `text`.
base::Result<PagerSpec, dev::Error> ParseKind(std::string_view text, std::string_view name, std::string_view rest) {
  const size_t colon = rest.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return Bad(text, "no kind of pager; " + std::string(kForm));
  }
  std::vector<std::string> parts = SplitAtCommas(rest.substr(colon + 1));
  PagerSpec spec{.name = std::string(name),
                 .kind = std::string(rest.substr(0, colon)),
                 .argument = std::move(parts.front()),
                 .options = {}};
  spec.options.assign(std::make_move_iterator(parts.begin() + 1), std::make_move_iterator(parts.end()));
  return spec;
}

}  // namespace

base::Result<PagerSpec, dev::Error> ParsePagerSpec(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    return Bad(text, "no '='; " + std::string(kForm));
  }
  const std::string_view name = text.substr(0, equals);
  if (!IsValidName(name)) {
    return Bad(text, "the name must be 1 to 64 letters, digits, '.', '_' or '-'");
  }
  return ParseKind(text, name, text.substr(equals + 1));
}

base::Result<PagerSpec, dev::Error> ParseUnnamedPagerSpec(std::string_view text) { return ParseKind(text, "", text); }

bool WantsGuestMemory(const PagerSpec& spec) {
  return spec.kind == "unix" && std::find(spec.options.begin(), spec.options.end(), kShareMemory) != spec.options.end();
}

base::Result<std::unique_ptr<Pager>, dev::Error> CreatePager(const PagerSpec& spec, Runtime& runtime,
                                                             const GuestMemoryToShare& memory) {
  const auto kind = std::find_if(std::begin(kKinds), std::end(kKinds),
                                 [&spec](const Kind& candidate) { return candidate.name == spec.kind; });
  if (kind == std::end(kKinds)) {
    return Bad(spec.name, "unknown kind '" + spec.kind + "'; there are " + NamesOfKinds());
  }
  auto created = kind->create(spec, {.runtime = runtime, .memory = memory});
  if (!created.ok()) {
    return Bad(spec.name, created.error().message);
  }
  return created;
}

base::Result<void, dev::Error> AddPager(const PagerSpec& spec, Registry& registry, const GuestMemoryToShare& memory) {
  PAGODA_TRY_ASSIGN(Runtime* const runtime, registry.runtime());
  PAGODA_TRY_ASSIGN(std::unique_ptr<Pager> pager, CreatePager(spec, *runtime, memory));
  return registry.Register(spec.name, std::move(pager));
}

}  // namespace pager
