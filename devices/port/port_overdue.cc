#include "devices/port/port_overdue.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace dev {

namespace {

using Kind = abi::PortRequestKind;

std::string_view NameOf(Kind kind) {
  switch (kind) {
    case Kind::kRead:
      return "READ";
    case Kind::kDirty:
      return "DIRTY";
    case Kind::kComplete:
      return "COMPLETE";
    default:
      return "loan";
  }
}

// The name comes from the guest: any bytes.
std::string Printable(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return name;
}

}  // namespace

std::string Describe(const PortOverdueRequest& overdue) {
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(overdue.age);
  std::string text =
      fmt::format("the pager of '{}' has not answered a {}", Printable(overdue.name), NameOf(overdue.request.kind));
  if (overdue.request.length != 0) {
    text += fmt::format(" of [{:#x}, {:#x})", overdue.request.offset, overdue.request.offset + overdue.request.length);
  }
  text += fmt::format(" for {:.1f} s", static_cast<double>(age.count()) / 1000);
  return text + (overdue.failed ? "; who waits for it fails with ZX_ERR_TIMED_OUT" : "");
}

}  // namespace dev
