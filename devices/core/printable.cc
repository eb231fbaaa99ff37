#include "devices/core/printable.h"

#include <algorithm>

namespace dev {

std::string Printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

}  // namespace dev
