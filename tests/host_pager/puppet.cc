// A guest program that does to an object of the host what lines on its console tell it, so that a test on the host
// holds both ends: the pager and the program that touches its pages.
//
//   <id> open NAME | close | read PAGE PAGES | write PAGE PAGES WORD | load PAGE | store PAGE WORD
//        | commit PAGE PAGES | zero PAGE PAGES | resize PAGES | exit
//
// Each line is carried out on a thread of its own, because it may wait for the pager, but for open, close and exit.
// When it has ended, one line "=<id> STATUS VALUE" is printed; VALUE is the first word of the first page of a read or
// load and of the size after an open, else 0.
#include <pagoda/object.h>
#include <pagoda/thread.h>
#include <stdio.h>
#include <stdlib.h>
#include <zircon/status.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "tests/conformance/support.h"

namespace {

using conformance::kPageSize;

struct Outcome {
  zx_status_t status;
  uint64_t value = 0;
};

class Puppet {
 public:
  // False: the line was the last one.
  bool Obey(const std::string& line);

 private:
  struct Command {
    std::string id;
    std::string verb;
    std::vector<uint64_t> numbers;
    std::string name;
  };

  static Command Parse(const std::string& line);
  static void Report(const std::string& id, Outcome outcome);
  Outcome Open(const std::string& name);
  void Close();
  Outcome Touch(const Command& command);
  Outcome Read(uint64_t page, uint64_t pages) const;
  Outcome Write(uint64_t page, uint64_t pages, uint64_t word) const;
  Outcome Load(uint64_t page) const;
  Outcome Store(uint64_t page, uint64_t word) const;

  zx::vmo vmo_;
  std::unique_ptr<conformance::Mapping> mapping_;
  std::deque<pagoda::Thread> threads_;
};

Puppet::Command Puppet::Parse(const std::string& line) {
  std::vector<std::string> words(1);
  for (const char c : line) {
    if (c != ' ') {
      words.back() += c;
    } else {
      words.emplace_back();
    }
  }
  words.resize(words.size() < 2 ? 2 : words.size());
  Command command = {.id = words[0], .verb = words[1], .numbers = {}, .name = words.size() > 2 ? words[2] : ""};
  for (size_t i = 2; i < words.size(); ++i) {
    command.numbers.push_back(strtoull(words[i].c_str(), nullptr, 0));
  }
  command.numbers.resize(3);
  return command;
}

void Puppet::Report(const std::string& id, Outcome outcome) {
  printf("=%s %s %#lx\n", id.c_str(), zx_status_get_string(outcome.status), outcome.value);
}

bool Puppet::Obey(const std::string& line) {
  const Command command = Parse(line);
  if (command.verb == "exit") {
    return false;
  }
  if (command.verb == "open") {
    Report(command.id, Open(command.name));
  } else if (command.verb == "close") {
    Close();
    Report(command.id, {ZX_OK});
  } else {
    const zx_status_t status =
        threads_.emplace_back().Start("puppet", [this, command] { Report(command.id, Touch(command)); });
    if (status != ZX_OK) {
      Report(command.id, {status});
    }
  }
  return true;
}

Outcome Puppet::Open(const std::string& name) {
  pagoda::ObjectSizes sizes = {};
  const zx_status_t status = pagoda::OpenObject(name, &vmo_, &sizes);
  if (status != ZX_OK) {
    return {status};
  }
  zx_info_vmo_t info = {};
  zx_object_get_info(vmo_.get(), ZX_INFO_VMO, &info, sizeof(info), nullptr, nullptr);
  const zx_vm_option_t options =
      (info.handle_rights & ZX_RIGHT_WRITE) != 0 ? conformance::kReadWrite : conformance::kRead;
  mapping_ = std::make_unique<conformance::Mapping>(vmo_, options | ZX_VM_ALLOW_FAULTS, sizes.size);
  return {mapping_->status(), sizes.size};
}

void Puppet::Close() {
  mapping_.reset();
  vmo_.reset();
}

Outcome Puppet::Touch(const Command& command) {
  const auto [first, second, third] = std::tie(command.numbers[0], command.numbers[1], command.numbers[2]);
  if (command.verb == "read") {
    return Read(first, second);
  }
  if (command.verb == "write") {
    return Write(first, second, third);
  }
  if (command.verb == "load") {
    return Load(first);
  }
  if (command.verb == "store") {
    return Store(first, second);
  }
  if (command.verb == "commit") {
    return {conformance::OpRange(vmo_, ZX_VMO_OP_COMMIT, first * kPageSize, second * kPageSize)};
  }
  if (command.verb == "zero") {
    return {conformance::OpRange(vmo_, ZX_VMO_OP_ZERO, first * kPageSize, second * kPageSize)};
  }
  if (command.verb == "resize") {
    return {vmo_.set_size(first * kPageSize)};
  }
  return {ZX_ERR_NOT_SUPPORTED};
}

Outcome Puppet::Read(uint64_t page, uint64_t pages) const {
  std::vector<uint64_t> words(pages * kPageSize / sizeof(uint64_t));
  const zx_status_t status = vmo_.read(words.data(), page * kPageSize, pages * kPageSize);
  return {status, status == ZX_OK ? words[0] : 0};
}

Outcome Puppet::Write(uint64_t page, uint64_t pages, uint64_t word) const {
  const std::vector<uint64_t> words(pages * kPageSize / sizeof(uint64_t), word);
  return {vmo_.write(words.data(), page * kPageSize, pages * kPageSize)};
}

Outcome Puppet::Load(uint64_t page) const {
  const uintptr_t address = mapping_->address() + page * kPageSize;
  const zx_status_t status = conformance::ProbeRead(address);
  return {status, status == ZX_OK ? *conformance::AtAddress<volatile uint64_t>(address) : 0};
}

Outcome Puppet::Store(uint64_t page, uint64_t word) const {
  const uintptr_t address = mapping_->address() + page * kPageSize;
  const zx_status_t status = conformance::ProbeWrite(address);
  if (status == ZX_OK) {
    *conformance::AtAddress<volatile uint64_t>(address) = word;
  }
  return {status};
}

}  // namespace

int main() {
  Puppet puppet;
  std::string line;
  printf("=ready ZX_OK 0\n");
  while (true) {
    char characters[64];
    size_t count = 0;
    if (zx_pagoda_console_read(characters, sizeof(characters), ZX_TIME_INFINITE, &count) != ZX_OK) {
      return 1;
    }
    for (size_t i = 0; i < count; ++i) {
      if (characters[i] != '\n') {
        line += characters[i];
      } else if (!puppet.Obey(line)) {
        zx_process_exit(0);  // what waits for the pager need not end
      } else {
        line.clear();
      }
    }
  }
}
