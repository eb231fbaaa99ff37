#include "guest/kernel/object/fault_report.h"

#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/vm/address_space.h"
#include "guest/kernel/vm/mapping.h"

namespace gk {
namespace {

static_assert(abi::kFaultReportNameSize == ZX_MAX_NAME_LEN);

// In the image, so that their guest-physical address is known; guarded by the kernel lock.
constinit abi::FaultThread other_threads[abi::kFaultReportMostThreads] = {};

void SetRegisters(abi::FaultRegisters& report, const UserRegisters& registers) {
  report.rip = registers.rip;
  report.rsp = registers.rsp;
  report.rflags = registers.rflags;
  CopyGeneralRegisters(registers, report);
}

void SetMapping(abi::FaultReport& report, const Mapping& mapping) {
  report.code_base = mapping.base();
  report.code_size = mapping.size();
  report.code_vmo_offset = mapping.vmo_offset();
  report.code_vmo_koid = mapping.vmo().koid();
  mapping.vmo().name().CopyTo(report.code_vmo_name);
}

void SetOtherThreads(abi::FaultReport& report, const ThreadDispatcher& thread) {
  uint32_t count = 0;
  thread.process().ForEachThread([&](ThreadDispatcher& other) {
    if (&other != &thread && other.thread() != nullptr) {
      abi::FaultThread& record = other_threads[count++];
      SetRegisters(record.registers, other.thread()->registers());
      record.koid = other.koid();
      other.name()->CopyTo(record.name);
    }
    return count < abi::kFaultReportMostThreads;
  });
  report.other_count = count;
  report.others = arch::ImagePhysicalAddress(other_threads);
}

// All but the cause.
abi::FaultReport Describe(const ThreadDispatcher& thread, const UserRegisters& registers) {
  abi::FaultReport report{};
  SetRegisters(report.registers, registers);
  SetOtherThreads(report, thread);
  AddressSpace& space = thread.process().address_space();
  report.page_table_root = space.page_table_root();
  report.process_koid = thread.process().koid();
  report.thread_koid = thread.koid();
  thread.process().name()->CopyTo(report.process_name);
  thread.name()->CopyTo(report.thread_name);
  if (const Mapping* mapping = space.root().FindMapping(registers.rip); mapping != nullptr) {
    SetMapping(report, *mapping);
  }
  return report;
}

}  // namespace

abi::FaultReport FaultReportOf(const ThreadDispatcher& thread, const UserRegisters& registers,
                               const UserException& exception) {
  abi::FaultReport report = Describe(thread, registers);
  report.vector = exception.vector;
  report.error_code = exception.error_code;
  report.fault_address = exception.fault_address;
  report.fault_status = exception.fault_status;
  return report;
}

abi::FaultReport FaultReportOf(const ThreadDispatcher& thread, const UserRegisters& registers,
                               const PolicyViolation& violation) {
  abi::FaultReport report = Describe(thread, registers);
  report.vector = abi::kFaultReportPolicy;
  report.error_code = violation.condition;
  return report;
}

}  // namespace gk
