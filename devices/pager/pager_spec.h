// The text form of a pager, as `--pager` takes it: NAME=KIND:ARGUMENT[,OPTION...]
//
//   f=file:/usr/bin/bash,ro     the file /usr/bin/bash as object "f", read-only
//
// A comma inside the argument is written twice.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "devices/core/error.h"
#include "devices/pager/page_source.h"
#include "devices/pager/registry.h"
#include "shared/base/result.h"

namespace pager {

struct PagerSpec {
  std::string name;
  std::string kind;
  std::string argument;
  std::vector<std::string> options;
};

// Pure: looks at the text only. The error names what is wrong and what the form is.
base::Result<PagerSpec, dev::Error> ParsePagerSpec(std::string_view text);

// Makes the pager, opening what it serves. Errors: unknown kind or option, and what the kind's own Create says.
base::Result<std::unique_ptr<Pager>, dev::Error> CreatePager(const PagerSpec& spec);

// The three steps of one `--pager` option: parse, create, register.
base::Result<void, dev::Error> AddPager(std::string_view text, Registry& registry);

}  // namespace pager
