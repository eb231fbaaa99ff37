// Prints objects that the host serves, one after the other.
#include <stdio.h>

#include "guest/programs/objects.h"

namespace {

bool Print(const char* name) {
  programs::ObjectReader reader;
  if (const zx_status_t status = reader.Open(name); status != ZX_OK) {
    return programs::Complain("cat", name, "cannot be opened", status);
  }
  programs::Output output;
  std::span<const char> piece;
  do {
    if (const zx_status_t status = reader.Next(&piece); status != ZX_OK) {
      return programs::Complain("cat", name, "cannot be read", status);
    }
    output.Append({piece.data(), piece.size()});
  } while (!piece.empty());
  return true;
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count < 2) {
    fprintf(stderr, "usage: cat NAME...\nNAME is an object that the host serves (pagoda run --pager NAME=...)\n");
    return 2;
  }
  bool all_printed = true;
  for (int i = 1; i < argument_count; ++i) {
    all_printed &= Print(arguments[i]);
  }
  return all_printed ? 0 : 1;
}
