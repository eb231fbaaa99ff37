#include "vmm/base/error.h"

#include <system_error>

namespace vmm {

void Error::AddContext(std::string_view context) { message_ = fmt::format("{}: {}", context, message_); }

base::Failure<Error> HostFailure(int error_number, std::string_view what) {
  return {Error(kExitHostFailure, fmt::format("{}: {}", what, std::generic_category().message(error_number)))};
}

base::Failure<Error> HostCannotRun(std::string message) { return {Error(kExitHostCannotRun, std::move(message))}; }

}  // namespace vmm
