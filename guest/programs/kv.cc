// Keys and values in an object of the host's, which survive any crash once they are committed (kv_store.h).
//
// Exit code 0: done; 1: the key is not there, or an error, with one line that says which; 2: wrong use.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <optional>
#include <string>
#include <string_view>

#include "guest/programs/kv-bench.h"
#include "guest/programs/kv_store.h"
#include "guest/programs/objects.h"

namespace {

constexpr const char* kUsage =
    "usage: kv OBJECT get KEY | put KEY VALUE | del KEY | list | run | bench COUNT\n"
    "  put, del  are committed when the program has ended with code 0\n"
    "  run       reads lines of commands from the console: those above, `commit` and `quit`\n"
    "  bench     commits COUNT transactions and says so for each\n"
    "OBJECT is an object that the host serves: pagoda run --pager NAME=file:PATH,resizable -- kv NAME ...\n";

class Session {
 public:
  explicit Session(const char* object) : object_(object) {}

  bool Open() {
    const programs::KvError error = store_.Open(object_);
    return error.status == ZX_OK || Complain(error.what, error.status);
  }

  bool Get(const std::string& key) {
    std::optional<std::string> value;
    if (const zx_status_t status = store_.Get(key, &value); status != ZX_OK) {
      return Complain("cannot be read", status);
    }
    if (!value) {
      fprintf(stderr, "kv: %s: no key '%s'\n", object_, key.c_str());
      return false;
    }
    programs::Output output;
    output.Append(*value + "\n");
    return true;
  }

  bool Change(const std::string& key, std::optional<std::string> value) {
    if (store_.Change(key, std::move(value)) == ZX_OK) {
      return true;
    }
    fprintf(stderr, "kv: %s: a key has 1 to %zu bytes, a transaction at most %zu\n", object_,
            programs::KvStore::kLongestKey, programs::KvStore::kLargestTransaction);
    return false;
  }

  bool Commit() {
    const zx_status_t status = store_.Commit();
    return status == ZX_OK || Complain("cannot be committed", status);
  }

  bool List() {
    programs::Output output;
    const zx_status_t status = store_.ForEach(
        [&output](const std::string& key, const std::string& value) { output.Append(key + " " + value + "\n"); });
    output.Flush();
    return status == ZX_OK || Complain("cannot be read", status);
  }

  bool Bench(uint64_t count) {
    std::optional<std::string> counter;
    if (const zx_status_t status = store_.Get(programs::kKvBenchCounter, &counter); status != ZX_OK) {
      return Complain("cannot be read", status);
    }
    uint64_t number = counter ? strtoull(counter->c_str(), nullptr, 10) : 0;
    const zx_time_t begin = zx_clock_get_monotonic();
    for (const uint64_t last = number + count; number < last;) {
      ++number;
      for (const programs::KvChange& change : programs::KvBenchTransaction(number)) {
        if (!Change(change.key, change.value)) {
          return false;
        }
      }
      if (!Commit()) {
        return false;
      }
      printf("committed %lu\n", number);
    }
    const uint64_t microseconds = static_cast<uint64_t>(zx_clock_get_monotonic() - begin) / 1000;
    printf("kv: %lu transactions, %lu us each\n", count, count != 0 ? microseconds / count : 0);
    return true;
  }

  // Until `quit`.
  bool Run();

 private:
  bool Complain(std::string_view what, zx_status_t status) const {
    return programs::Complain("kv", object_, what, status);
  }
  bool Execute(std::string_view line);

  const char* const object_;
  programs::KvStore store_;
};

std::string TakeWord(std::string_view* line) {
  const size_t end = std::min(line->find(' '), line->size());
  const std::string word(line->substr(0, end));
  line->remove_prefix(std::min(end + 1, line->size()));
  return word;
}

bool Session::Execute(std::string_view line) {
  const std::string command = TakeWord(&line);
  if (command == "get") {
    return Get(std::string(line));
  }
  if (command == "del") {
    return Change(std::string(line), std::nullopt);
  }
  if (command == "list") {
    return List();
  }
  if (command == "put") {
    const std::string key = TakeWord(&line);
    return Change(key, std::string(line));
  }
  if (command == "commit") {
    if (!Commit()) {
      return false;
    }
    printf("committed\n");
    return true;
  }
  fprintf(stderr, "kv: there is no command '%s'; there are: get put del list commit quit\n", command.c_str());
  return false;
}

bool Session::Run() {
  bool good = true;
  std::string text;
  for (;;) {
    size_t end;
    while ((end = text.find('\n')) == std::string::npos) {
      char buffer[256];
      size_t size = 0;
      if (const zx_status_t status = zx_pagoda_console_read(buffer, sizeof(buffer), ZX_TIME_INFINITE, &size);
          status != ZX_OK) {
        fprintf(stderr, "kv: the console cannot be read: %s\n", zx_status_get_string(status));
        return false;
      }
      text.append(buffer, size);
    }
    const std::string line = text.substr(0, end);
    text.erase(0, end + 1);
    if (line == "quit") {
      break;
    }
    if (!line.empty()) {
      good &= Execute(line);
    }
  }
  if (store_.uncommitted() != 0) {
    fprintf(stderr, "kv: %s: %zu changes were not committed and are gone\n", object_, store_.uncommitted());
    return false;
  }
  return good;
}

}  // namespace

int main(int argument_count, char** arguments) {
  const std::string_view command = argument_count > 2 ? arguments[2] : "";
  const auto is = [&](std::string_view name, int count) { return command == name && argument_count == 3 + count; };
  const bool known = is("get", 1) || is("put", 2) || is("del", 1) || is("list", 0) || is("run", 0) || is("bench", 1);
  if (!known) {
    fputs(kUsage, stderr);
    return 2;
  }
  Session session(arguments[1]);
  bool good = session.Open();
  if (!good) {
    return 1;
  }
  if (command == "get") {
    good = session.Get(arguments[3]);
  } else if (command == "put") {
    good = session.Change(arguments[3], std::string(arguments[4])) && session.Commit();
  } else if (command == "del") {
    good = session.Change(arguments[3], std::nullopt) && session.Commit();
  } else if (command == "list") {
    good = session.List();
  } else if (command == "run") {
    good = session.Run();
  } else {
    good = session.Bench(strtoull(arguments[3], nullptr, 10));
  }
  return good ? 0 : 1;
}
