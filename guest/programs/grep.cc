// Prints the lines of objects that match a pattern. Exit code 0: there were some; 1: there were none; 2: wrong use, or
// an object could not be read. What a pattern can be: pattern.h.
#include <stdio.h>

#include <cstdint>
#include <string>

#include "guest/programs/objects.h"
#include "guest/programs/pattern.h"

namespace {

constexpr const char* kUsage =
    "usage: grep [-Fcinv] PATTERN NAME...\n"
    "  -F  the pattern is a text, not a basic regular expression ( . [] [^] * ^ $ and \\ before one of them)\n"
    "  -c  how many lines    -i  upper case is lower case    -n  with line numbers    -v  the lines that do not match\n"
    "NAME is an object that the host serves (pagoda run --pager NAME=...)\n";

struct Search {
  programs::Pattern pattern;
  bool counted;
  bool numbered;
  bool inverted;
  bool named;  // lines are printed with the object's name
};

enum class Found { kYes, kNo, kFailed };

Found SearchObject(const Search& search, const char* name) {
  programs::ObjectReader reader;
  if (const zx_status_t status = reader.Open(name); status != ZX_OK) {
    programs::Complain("grep", name, "cannot be opened", status);
    return Found::kFailed;
  }
  programs::Output output;
  const std::string prefix = search.named ? std::string(name) + ":" : std::string();
  programs::LineReader lines(reader);
  std::string_view line;
  uint64_t number = 0;
  uint64_t found = 0;
  programs::LineReader::Got got;
  while ((got = lines.Next(&line)) == programs::LineReader::Got::kLine) {
    ++number;
    if (search.pattern.Matches(line) == search.inverted) {
      continue;
    }
    ++found;
    if (!search.counted) {
      output.Append(prefix);
      if (search.numbered) {
        output.Append(std::to_string(number) + ":");
      }
      output.Append(line);
      output.Append("\n");
    }
  }
  if (got == programs::LineReader::Got::kFailed) {
    output.Flush();
    programs::Complain("grep", name, "cannot be read after line " + std::to_string(number), lines.status());
    return Found::kFailed;
  }
  if (search.counted) {
    output.Append(prefix + std::to_string(found) + "\n");
  }
  return found != 0 ? Found::kYes : Found::kNo;
}

}  // namespace

int main(int argument_count, char** arguments) {
  const programs::Options options(argument_count, arguments, "Fcinv", kUsage);
  if (!options.good()) {
    return 2;
  }
  if (options.rest().size() < 2) {
    fputs(kUsage, stderr);
    return 2;
  }
  const std::span<char*> names = options.rest().subspan(1);
  Search search{.pattern = {},
                .counted = options.Has('c'),
                .numbered = options.Has('n'),
                .inverted = options.Has('v'),
                .named = names.size() > 1};
  const char* text = options.rest().front();
  const auto rule = options.Has('i') ? programs::CaseRule::kIgnore : programs::CaseRule::kExact;
  if (options.Has('F')) {
    search.pattern.SetFixed(text, rule);
  } else if (const char* wrong = search.pattern.ParseExpression(text, rule)) {
    fprintf(stderr, "grep: '%s' cannot be searched for: %s\n", text, wrong);
    return 2;
  }
  bool any_found = false;
  bool any_failed = false;
  for (const char* name : names) {
    const Found found = SearchObject(search, name);
    any_found |= found == Found::kYes;
    any_failed |= found == Found::kFailed;
  }
  return any_failed ? 2 : any_found ? 0 : 1;
}
