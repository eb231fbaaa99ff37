// Lists what the host serves: the names in directories of its pagers, or without an argument the pagers themselves.
#include <pagoda/object.h>
#include <stdio.h>
#include <zircon/status.h>

#include <string>
#include <vector>

namespace {

bool List(const char* name) {
  std::vector<std::string> names;
  if (const zx_status_t status = pagoda::ListObjects(name, &names); status != ZX_OK) {
    fprintf(stderr, "ls: %s: %s\n", name, zx_status_get_string(status));
    return false;
  }
  for (const std::string& entry : names) {
    printf("%s\n", entry.c_str());
  }
  return true;
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count < 2) {
    return List("") ? 0 : 1;
  }
  bool all_listed = true;
  for (int i = 1; i < argument_count; ++i) {
    all_listed &= List(arguments[i]);
  }
  return all_listed ? 0 : 1;
}
