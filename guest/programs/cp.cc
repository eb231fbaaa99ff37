// Copies one object of the host's to another. Exit code 0: all of it is durable on the host; 1: it is not, and one line
// says why; 2: wrong use.
//
// The destination gets the source's size. It is not emptied first, so an object that is copied onto itself, perhaps
// under two names, stays what it is.
#include <stdio.h>

#include <string>

#include "guest/programs/objects.h"

namespace {

bool Copy(const char* from, const char* to) {
  programs::ObjectReader reader;
  if (const zx_status_t status = reader.Open(from); status != ZX_OK) {
    return programs::Complain("cp", from, "cannot be opened", status);
  }
  programs::ObjectWriter writer;
  if (const zx_status_t status = writer.Open(to); status != ZX_OK) {
    return programs::Complain("cp", to, "cannot be written to", status);
  }
  const uint64_t size = reader.size();
  if (const zx_status_t status = writer.SetSize(size, programs::ObjectWriter::Sizing::kExactly); status != ZX_OK) {
    return programs::Complain("cp", to, "cannot be made " + std::to_string(size) + " bytes long", status);
  }
  std::span<const char> piece;
  do {
    if (const zx_status_t status = reader.Next(&piece); status != ZX_OK) {
      return programs::Complain("cp", from, "cannot be read", status);
    }
    if (const zx_status_t status = writer.Append({piece.data(), piece.size()}); status != ZX_OK) {
      return programs::Complain("cp", to, "cannot be written", status);
    }
  } while (!piece.empty());
  if (const zx_status_t status = writer.Flush(); status != ZX_OK) {
    return programs::Complain("cp", to, "cannot be written", status);
  }
  return true;
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count != 3) {
    fprintf(stderr,
            "usage: cp SOURCE DESTINATION\n"
            "Both are objects that the host serves; give the destination a size of its own or one that can change:\n"
            "  pagoda run --pager a=file:PATH,ro --pager b=file:PATH,resizable -- cp a b\n");
    return 2;
  }
  return Copy(arguments[1], arguments[2]) ? 0 : 1;
}
