// Counts the lines, words and bytes of objects that the host serves.
//
// A word is what coreutils' wc takes for one in the C locale: it has a printable byte in it and ends at white space.
#include <stdio.h>

#include <cctype>
#include <cstdint>
#include <string>

#include "guest/programs/objects.h"

namespace {

constexpr const char* kUsage =
    "usage: wc [-lwc] NAME...\n"
    "  -l  lines    -w  words    -c  bytes    (without any of them: all three)\n"
    "NAME is an object that the host serves (pagoda run --pager NAME=...)\n";

struct Counts {
  uint64_t lines = 0;
  uint64_t words = 0;
  uint64_t bytes = 0;
};

class Counter {
 public:
  void Add(std::span<const char> text) {
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      counts_.lines += c == '\n' ? 1 : 0;
      if (isspace(byte) != 0) {
        in_word_ = false;
      } else if (isprint(byte) != 0) {
        counts_.words += in_word_ ? 0 : 1;
        in_word_ = true;
      }
    }
    counts_.bytes += text.size();
  }
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  Counts counts_;
  bool in_word_ = false;
};

void Print(const programs::Options& options, const Counts& counts, const char* name) {
  const bool all = !options.Has('l') && !options.Has('w') && !options.Has('c');
  std::string line;
  const auto add = [&](char letter, uint64_t count) {
    if (all || options.Has(letter)) {
      line += std::to_string(count) + " ";
    }
  };
  add('l', counts.lines);
  add('w', counts.words);
  add('c', counts.bytes);
  printf("%s%s\n", line.c_str(), name);
}

bool Count(const char* name, Counts* counts) {
  programs::ObjectReader reader;
  if (const zx_status_t status = reader.Open(name); status != ZX_OK) {
    return programs::Complain("wc", name, "cannot be opened", status);
  }
  Counter counter;
  std::span<const char> piece;
  do {
    if (const zx_status_t status = reader.Next(&piece); status != ZX_OK) {
      return programs::Complain("wc", name, "cannot be read", status);
    }
    counter.Add(piece);
  } while (!piece.empty());
  *counts = counter.counts();
  return true;
}

}  // namespace

int main(int argument_count, char** arguments) {
  const programs::Options options(argument_count, arguments, "lwc", kUsage);
  if (!options.good() || options.rest().empty()) {
    if (options.good()) {
      fputs(kUsage, stderr);
    }
    return 2;
  }
  Counts total;
  bool all_counted = true;
  for (const char* name : options.rest()) {
    Counts counts;
    if (!Count(name, &counts)) {
      all_counted = false;
      continue;
    }
    Print(options, counts, name);
    total = {total.lines + counts.lines, total.words + counts.words, total.bytes + counts.bytes};
  }
  if (options.rest().size() > 1) {
    Print(options, total, "total");
  }
  return all_counted ? 0 : 1;
}
