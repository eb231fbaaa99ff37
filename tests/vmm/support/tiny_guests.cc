#include "tests/vmm/support/tiny_guests.h"

namespace vmm_test {
namespace {

struct Entry {
  const char* name;
  const std::byte* start;
  const std::byte* end;
};

extern "C" const Entry tiny_guest_table[];

}  // namespace

std::span<const std::byte> TinyGuest(std::string_view name) {
  for (const Entry* entry = tiny_guest_table; entry->name != nullptr; ++entry) {
    if (entry->name == name) {
      return {entry->start, entry->end};
    }
  }
  return {};
}

}  // namespace vmm_test
