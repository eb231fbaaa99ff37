#include "guest/kernel/program/machine_platform.h"

#include "guest/kernel/arch/user_root.h"
#include "guest/kernel/drivers/drivers.h"
#include "guest/kernel/object/random.h"
#include "guest/kernel/vm/page_source.h"
#include "guest/kernel/vm/vmo.h"

namespace gk::program {
namespace {

class DriverPlatform final : public Platform {
 public:
  void WriteConsole(std::span<const char> text) override { drivers::console().Write(text); }

  Result<size_t> ReadConsole(std::span<char> into, zx_time_t deadline) override {
    return drivers::console().input().Read(into, deadline);
  }

  Result<HostObject> OpenHostObject(std::span<const char> name) override {
    drivers::PortClient* port = drivers::port();
    if (port == nullptr) {
      return Error(ZX_ERR_NOT_SUPPORTED);
    }
    PAGODA_TRY_ASSIGN(const RefPtr<drivers::PortObject> object, port->Open(name));
    RefPtr<PageSource> source = PageSource::Create(object);
    if (!source) {
      return Error(ZX_ERR_NO_MEMORY);
    }
    PAGODA_TRY_ASSIGN(RefPtr<Vmo> vmo, Vmo::CreatePagerBacked(std::move(source), object->size(), {}));
    vmo->SetContentSize(object->content_size());
    return HostObject{.vmo = std::move(vmo), .read_only = object->read_only()};
  }

  void ExitMachine(uint8_t code) override { drivers::system_control().Exit(code); }

  Result<RefPtr<AddressSpace>> CreateAddressSpace() override {
    return AddressSpace::Create(arch::UserRootEntry(), RandomNumber());
  }
};

constinit DriverPlatform driver_platform;

}  // namespace

Platform& MachinePlatform() { return driver_platform; }

}  // namespace gk::program
