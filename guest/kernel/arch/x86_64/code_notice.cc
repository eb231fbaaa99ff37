#include "guest/kernel/arch/x86_64/code_notice.h"

#include "guest/kernel/arch/x86_64/nucleus.h"
#include "guest/kernel/drivers/drivers.h"
#include "guest/kernel/vm/code_observer.h"
#include "shared/abi/system_control.h"

namespace gk::arch {
namespace {

class MonitorNotices final : public CodeObserver {
 public:
  void OnCodeMapped(PhysicalAddress root, VirtualAddress address, uint64_t pages) override {
    record_ = {.root = root, .address = address, .pages = pages};
    drivers::system_control().ReportCodeMapped(ImagePhysicalAddress(&record_));
  }

 private:
  abi::CodeMapped record_ =
      {};  // in the image, so that its guest-physical address is known; guarded by the kernel lock
};

constinit MonitorNotices notices;

}  // namespace

void StartCodeNotices(const abi::BootInfo& boot) {
  if (boot.debugger != 0) {
    code_observer = &notices;
  }
}

}  // namespace gk::arch
