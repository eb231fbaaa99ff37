// A machine around the object layer that remembers what it was asked to do.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "guest/kernel/object/platform.h"
#include "guest/kernel/vm/vmo.h"

namespace gk::test {

class FakePlatform final : public Platform {
 public:
  FakePlatform() { SetPlatform(*this); }

  void WriteConsole(std::span<const char> text) override {
    console.append(text.data(), text.size());
    ++console_writes;
  }

  void ReportFault(const abi::FaultReport& report) override { faults.push_back(report); }

  Result<size_t> ReadConsole(std::span<char> into, zx_time_t /*deadline*/) override {
    const size_t count = std::min(into.size(), typed.size());
    std::copy_n(typed.begin(), count, into.begin());
    typed.erase(0, count);
    return count != 0 ? Result<size_t>(count) : Error(ZX_ERR_TIMED_OUT);
  }

  Result<HostObject> OpenHostObject(std::span<const char> name) override {
    const auto found = objects.find(std::string(name.data(), name.size()));
    if (found == objects.end()) {
      return Error(ZX_ERR_NOT_FOUND);
    }
    const std::string& content = found->second.content;
    PAGODA_TRY_ASSIGN(RefPtr<Vmo> vmo, Vmo::Create(content.size(), Resizability::kFixed));
    PAGODA_TRY(vmo->Write(content.data(), 0, content.size()));
    return HostObject{.vmo = std::move(vmo), .read_only = found->second.read_only};
  }

  // One directory, called "dir".
  Result<HostListing> ListHostObjects(std::span<const char> name, uint64_t first, size_t room,
                                      HostNameSink& sink) override {
    if (std::string(name.data(), name.size()) != "dir") {
      return Error(ZX_ERR_NOT_FOUND);
    }
    std::string text;
    for (uint64_t i = first; i < directory.size() && text.size() + directory[i].size() + 1 <= room; ++i) {
      text.append(directory[i]).push_back('\0');
    }
    PAGODA_TRY(sink.OnNames(std::span(text).first(text.size() / 2)));
    PAGODA_TRY(sink.OnNames(std::span(text).subspan(text.size() / 2)));
    return HostListing{.size = text.size(), .available = directory.size()};
  }

  void ExitMachine(uint8_t code) override { exit_codes.push_back(code); }

  Result<RefPtr<AddressSpace>> CreateAddressSpace() override { return AddressSpace::Create(0, 1234); }

  struct Object {
    std::string content;
    bool read_only;
  };
  std::map<std::string, Object> objects;
  std::vector<std::string> directory;
  std::string console;
  std::string typed;  // what ReadConsole will give
  int console_writes = 0;
  std::vector<int> exit_codes;
  std::vector<abi::FaultReport> faults;
};

}  // namespace gk::test
