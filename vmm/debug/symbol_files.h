// The ELF files that a debugger may read from us: the kernel's, and the programs of the boot image. Nothing else of the
// host can be named.
//
// A program's file is taken from beside the boot image where its build left one with debug information; else from the
// image itself.
//
// Threads: the client's.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/base/error.h"
#include "vmm/gdb/target.h"
#include "vmm/symbols/symbol_set.h"

namespace vmm {

class SymbolFiles {
 public:
  // `bootfs`: may be empty.
  SymbolFiles(std::string kernel, std::string bootfs);

  [[nodiscard]] const std::string& kernel_path() const { return kernel_; }
  // What Open takes for the program `name` of the boot image; nullopt when there is no such program.
  [[nodiscard]] std::optional<std::string> PathOf(const std::string& name);
  // Adds the symbols of the program `name`, which lies at `base`, if there are any.
  void AddTo(SymbolSet& symbols, const std::string& name, uint64_t base);
  gdb::Outcome<std::unique_ptr<gdb::RemoteFile>> Open(const std::string& path);

 private:
  struct Program {
    std::string path;  // empty: no file beside the image
    std::vector<std::byte> contents;
  };
  void LoadImage();

  const std::string kernel_;
  const std::string bootfs_;
  bool is_loaded_ = false;
  std::map<std::string, Program, std::less<>> programs_;
};

}  // namespace vmm
