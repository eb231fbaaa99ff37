#include "devices/pager/pager_spec.h"

#include <utility>

#include "devices/pager/file/file_pager.h"

namespace pager {

namespace {

constexpr std::string_view kForm = "the form is NAME=file:PATH[,ro]";

base::Failure<dev::Error> Bad(std::string_view text, std::string_view reason) {
  return base::Failure{dev::Error{"pager '" + std::string(text) + "': " + std::string(reason)}};
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

base::Result<std::unique_ptr<Pager>, dev::Error> CreateFilePager(const PagerSpec& spec) {
  FileAccess access = FileAccess::kReadWrite;
  for (const std::string& option : spec.options) {
    if (option != "ro") {
      return Bad(spec.name,
                 "unknown option '" + option + "'; a file pager knows 'ro' (a comma in a path is written ',,')");
    }
    access = FileAccess::kReadOnly;
  }
  auto created = FilePager::Create(spec.argument, access);
  if (!created.ok()) {
    return Bad(spec.name, created.error().message);
  }
  return std::unique_ptr<Pager>(std::move(created).value());
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
  const std::string_view rest = text.substr(equals + 1);
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

base::Result<std::unique_ptr<Pager>, dev::Error> CreatePager(const PagerSpec& spec) {
  if (spec.kind == "file") {
    return CreateFilePager(spec);
  }
  return Bad(spec.name, "unknown kind '" + spec.kind + "'; there is 'file'");
}

base::Result<void, dev::Error> AddPager(std::string_view text, Registry& registry) {
  PAGODA_TRY_ASSIGN(const PagerSpec spec, ParsePagerSpec(text));
  PAGODA_TRY_ASSIGN(std::unique_ptr<Pager> pager, CreatePager(spec));
  return registry.Register(spec.name, std::move(pager));
}

}  // namespace pager
