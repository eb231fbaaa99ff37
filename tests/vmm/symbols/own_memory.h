// This process, as something to explain: its memory and its own file.
#pragma once

#include <gtest/gtest.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vmm/debug/memory_reader.h"
#include "vmm/symbols/symbol_set.h"

extern "C" const char __executable_start[];

namespace vmm {

class OwnMemory final : public MemoryReader {
 public:
  // By a system call, so that addresses of nothing fail instead of crashing.
  size_t Read(uint64_t address, std::span<std::byte> into) const override {
    const iovec local = {.iov_base = into.data(), .iov_len = into.size()};
    const iovec remote = {.iov_base = reinterpret_cast<void*>(address), .iov_len = into.size()};
    const ssize_t size = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
    return size < 0 ? 0 : static_cast<size_t>(size);
  }
};

inline SymbolSet OwnSymbols() {
  SymbolSet symbols;
  EXPECT_TRUE(symbols.AddFile("self", "/proc/self/exe", reinterpret_cast<uint64_t>(__executable_start)).ok());
  return symbols;
}

}  // namespace vmm
