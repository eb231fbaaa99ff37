#include "devices/port/port_overdue.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "devices/core/printable.h"
#include "devices/port/port_request.h"

namespace dev {

namespace {

// "READ of [0x1000, 0x3000)"
std::string RequestText(const PortHeldRequest& request) {
  const std::string_view kind = NameOf(request.kind);
  return request.length == 0
             ? std::string(kind)
             : fmt::format("{} of [{:#x}, {:#x})", kind, request.offset, request.offset + request.length);
}

}  // namespace

std::string Describe(const PortOverdueRequest& overdue) {
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(overdue.age);
  std::string text =
      fmt::format("the pager of '{}' has not answered a {}", Printable(overdue.name), RequestText(overdue.request));
  text += fmt::format(" for {:.1f} s", static_cast<double>(age.count()) / 1000);
  if (!overdue.failed) {
    return text;
  }
  return text + (IsWriteBack(overdue.request.kind)
                     ? " and does nothing; the guest waits no longer, what was not written back is lost"
                     : "; who waits for it fails with ZX_ERR_TIMED_OUT");
}

std::string Describe(const PortUnfitAnswer& unfit) {
  return fmt::format(
      "the pager of '{}' answered a {} with status {}, which is no answer to it; the guest gets ZX_ERR_IO (what "
      "follows "
      "of this kind is not reported)",
      Printable(unfit.name), RequestText(unfit.request), unfit.status);
}

}  // namespace dev
