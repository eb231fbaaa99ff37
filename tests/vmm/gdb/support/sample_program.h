// The program that real debuggers look at in the tests, loaded into a fake target.
#pragma once

#include <cstdint>
#include <string>

#include "tests/vmm/gdb/support/fake_target.h"

namespace gdb_test {

class SampleProgram {
 public:
  // `path`: an ELF file.
  explicit SampleProgram(const std::string& path);

  // 0 when there is no such symbol.
  [[nodiscard]] uint64_t Symbol(const std::string& name) const;
  // Puts it into memory, RIP of all threads at its start, and its file where the debugger finds it.
  void LoadInto(FakeTarget& target) const;
  // Puts it into memory from `base` on, as a module that appears later.
  void LoadModuleInto(FakeTarget& target, uint64_t base) const;

 private:
  void LoadSegments(FakeTarget& target, uint64_t base) const;

  std::string path_;
  std::string file_;
};

}  // namespace gdb_test
