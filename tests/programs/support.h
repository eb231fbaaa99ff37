// What the tests of the guest's programs share: running one over files of the host, the host's own tool, and text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/fixture.h"

namespace programs_test {

using integration::Ending;
using integration::Execute;
using integration::GuestTest;

// A --pager option: `name` is the file, with `options` as in ",ro".
inline std::string File(const std::string& name, const std::filesystem::path& file, const std::string& options) {
  return name + "=file:" + file.string() + options;
}

// Runs `program` in a guest of `megabytes` with these pagers.
inline Ending RunInGuest(const std::vector<std::string>& pagers, const std::vector<std::string>& program,
                         int megabytes = 64) {
  std::vector<std::string> options{"--memory", std::to_string(megabytes) + "M", "--cpus", "2"};
  for (const std::string& pager : pagers) {
    options.insert(options.end(), {"--pager", pager});
  }
  return Execute(integration::RunCommand(options, program));
}

// Runs a tool of the host in the C locale.
inline Ending RunOnHost(std::vector<std::string> command) {
  command.insert(command.begin(), {"env", "LC_ALL=C"});
  return Execute(command);
}

// Lines of words and numbers, no two alike for long; the last one has an end.
inline std::string MakeText(size_t bytes, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string text;
  text.reserve(bytes + 100);
  while (text.size() < bytes) {
    uint64_t bits = random();
    if (bits % 3 == 0) {
      text += std::to_string(static_cast<int64_t>(bits >> 40) - (1 << 23)) + " ";
    }
    for (uint64_t words = 1 + bits % 7; words > 0; --words) {
      bits = bits * 6364136223846793005 + 1442695040888963407;
      for (uint64_t letters = 2 + (bits >> 60) % 8; letters > 0; --letters) {
        text += static_cast<char>('a' + (bits >> (7 * letters)) % 26);
      }
      text += words > 1 ? ' ' : '\n';
    }
  }
  return text;
}

}  // namespace programs_test
