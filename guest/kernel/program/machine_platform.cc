#include "guest/kernel/program/machine_platform.h"

#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/arch/user_root.h"
#include "guest/kernel/drivers/drivers.h"
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/object/random.h"

namespace gk::program {
namespace {

class DriverPlatform final : public Platform, private drivers::WriteBackObserver {
 public:
  void WriteConsole(std::span<const char> text) override { drivers::console().Write(text); }

  void ReportFault(const abi::FaultReport& report) override {
    static constinit abi::FaultReport shown{};  // one is enough: the kernel lock is held until the monitor has read it
    shown = report;
    drivers::system_control().ReportFault(arch::ImagePhysicalAddress(&shown));
  }

  Result<size_t> ReadConsole(std::span<char> into, zx_time_t deadline) override {
    return drivers::console().input().Read(into, deadline);
  }

  Result<HostObject> OpenHostObject(std::span<const char> name) override {
    drivers::PortClient* port = drivers::port();
    if (port == nullptr) {
      return Error(ZX_ERR_NOT_FOUND);
    }
    PAGODA_TRY_ASSIGN(drivers::PortClient::Opened opened, port->Open(name));
    return HostObject{.vmo = std::move(opened.vmo), .read_only = opened.read_only};
  }

  Result<HostListing> ListHostObjects(std::span<const char> name, uint64_t first, size_t room,
                                      HostNameSink& sink) override {
    drivers::PortClient* port = drivers::port();
    if (port == nullptr) {  // the pagers are none
      return name.empty() ? Result<HostListing>(HostListing{.size = 0, .available = 0}) : Error(ZX_ERR_NOT_FOUND);
    }
    PAGODA_TRY_ASSIGN(const RefPtr<drivers::PortListing> listing,
                      port->List(name, first, Min(room, drivers::PortListing::kMostPages * kPageSize)));
    for (size_t done = 0; done < listing->filled; done += kPageSize) {
      const size_t size = Min(listing->filled - done, size_t{kPageSize});
      PAGODA_TRY(sink.OnNames({listing->pages[done / kPageSize]->data<const char>(), size}));
    }
    return HostListing{.size = listing->filled, .available = listing->available};
  }

  void ExitMachine(uint8_t code) override {
    exit_code_ = code;
    if (drivers::PortClient* port = drivers::port()) {
      port->WriteAllBack(*this);
    } else {
      OnAllWrittenBack();
    }
  }

  Result<RefPtr<AddressSpace>> CreateAddressSpace() override {
    return AddressSpace::Create(arch::UserRootEntry(), RandomNumber());
  }

 private:
  void OnAllWrittenBack() override { drivers::system_control().Exit(exit_code_); }

  uint8_t exit_code_ = 0;
};

constinit DriverPlatform driver_platform;

}  // namespace

Platform& MachinePlatform() { return driver_platform; }

}  // namespace gk::program
