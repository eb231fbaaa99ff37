#include "guest/kernel/program/startup_block.h"

#include "guest/kernel/vm/vmo.h"
#include "shared/base/range.h"

namespace gk::program {
namespace {

constexpr char kStartup[] = {'s', 't', 'a', 'r', 't', 'u', 'p'};

}  // namespace

Result<VirtualAddress> MapStartupBlock(Vmar& root, abi::ProcessStartup startup, std::span<const char> arguments) {
  const uint64_t size = base::AlignUp(sizeof(startup) + arguments.size(), base::kPageSize);
  PAGODA_TRY_ASSIGN(RefPtr<Vmo> vmo, Vmo::Create(size, Resizability::kFixed));
  vmo->set_name(ObjectName(kStartup));
  PAGODA_TRY(vmo->Write(arguments.data(), sizeof(startup), arguments.size()));
  // The block contains its own address: its first page must be there before it is mapped to be mapped with it.
  PAGODA_TRY(vmo->Commit(0, sizeof(startup)));
  MapRequest request{.vmo = vmo, .length = size};
  request.options = ZX_VM_PERM_READ | ZX_VM_MAP_RANGE;
  request.vmo_rights = {.read = true, .write = false, .execute = false};
  PAGODA_TRY_ASSIGN(const VirtualAddress address, root.Map(request));

  startup.magic = abi::kProcessStartupMagic;
  startup.version = abi::kProcessStartupVersion;
  startup.arguments = address + sizeof(startup);
  startup.arguments_size = arguments.size();
  PAGODA_TRY(vmo->Write(&startup, 0, sizeof(startup)));
  return address;
}

bool IsStringList(std::span<const char> text, size_t count) {
  size_t terminators = 0;
  for (char c : text) {
    terminators += c == '\0' ? 1 : 0;
  }
  return count != 0 && terminators == count && text.back() == '\0';
}

std::span<const char> FirstString(std::span<const char> list) {
  size_t length = 0;
  while (length < list.size() && list[length] != '\0') {
    ++length;
  }
  return list.first(length);
}

}  // namespace gk::program
