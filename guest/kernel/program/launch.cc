#include "guest/kernel/program/launch.h"

#include "guest/kernel/object/job_dispatcher.h"
#include "guest/kernel/object/resource_dispatcher.h"
#include "guest/kernel/object/thread_dispatcher.h"
#include "guest/kernel/object/vmar_dispatcher.h"
#include "guest/kernel/object/vmo_dispatcher.h"
#include "guest/kernel/program/load.h"
#include "guest/kernel/program/startup_block.h"
#include "guest/kernel/program/vdso.h"
#include "guest/kernel/vm/physical_ranges.h"

namespace gk::program {
namespace {

constexpr char kVdso[] = {'v', 'd', 's', 'o'};
// Nobody but the kernel writes it.
constexpr zx_rights_t kVdsoRights =
    ZX_RIGHTS_BASIC | ZX_RIGHT_READ | ZX_RIGHT_EXECUTE | ZX_RIGHT_MAP | ZX_RIGHT_GET_PROPERTY;
constexpr char kMainThread[] = {'m', 'a', 'i', 'n'};
constexpr char kSetAside[] = {'s', 'e', 't', '-', 'a', 's', 'i', 'd', 'e'};

Result<> GiveResources(HandleTable& handles, abi::ProcessStartup& startup) {
  RefPtr<ResourceDispatcher> root = ResourceDispatcher::CreateRoot();
  if (!root) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  PAGODA_TRY_ASSIGN(startup.root_resource, handles.Add(Handle(std::move(root), ZX_DEFAULT_RESOURCE_RIGHTS)));
  const auto [base, size] = physical_ranges::Granted();
  if (size == 0) {
    return {};
  }
  PAGODA_TRY_ASSIGN(RefPtr<ResourceDispatcher> memory,
                    ResourceDispatcher::Create({ZX_RSRC_KIND_MMIO, base, size}, false, ObjectName(kSetAside)));
  PAGODA_TRY_ASSIGN(startup.mmio_resource, handles.Add(Handle(std::move(memory), ZX_DEFAULT_RESOURCE_RIGHTS)));
  return {};
}

// The handles that a program is born with go into its own table.
Result<> GiveHandles(ProcessDispatcher& process, const RefPtr<ThreadDispatcher>& thread, abi::ProcessStartup& startup) {
  RefPtr<VmarDispatcher> root = VmarDispatcher::Create(process.address_space().root_reference());
  if (!root) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  RefPtr<VmoDispatcher> vdso = VmoDispatcher::Create(process.vdso(), ObjectName(kVdso));
  if (!vdso) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  HandleTable& handles = process.handles();
  PAGODA_TRY_ASSIGN(startup.vdso_vmo, handles.Add(Handle(std::move(vdso), kVdsoRights)));
  PAGODA_TRY_ASSIGN(startup.root_job, handles.Add(Handle(process.job_reference(), ZX_DEFAULT_JOB_RIGHTS)));
  PAGODA_TRY_ASSIGN(startup.vmar_root_self, handles.Add(Handle(std::move(root), VmarDispatcher::kRootRights)));
  PAGODA_TRY_ASSIGN(startup.thread_self, handles.Add(Handle(thread, ZX_DEFAULT_THREAD_RIGHTS)));
  PAGODA_TRY_ASSIGN(startup.process_self,
                    handles.Add(Handle(RefPtr<ProcessDispatcher>(&process), ZX_DEFAULT_PROCESS_RIGHTS)));
  return GiveResources(handles, startup);
}

Result<> StartIn(const RefPtr<ProcessDispatcher>& process, const Launch& launch) {
  Vmar& root = process->address_space().root();
  PAGODA_TRY(MapSegments(root, launch.image, launch.file, ObjectName(launch.name)));
  PAGODA_TRY_ASSIGN(RefPtr<Vmo> vdso, CreateVdso());
  PAGODA_TRY_ASSIGN(const VirtualAddress vdso_code, MapVdso(root, vdso));
  PAGODA_TRY_ASSIGN(const VirtualAddress stack, MapStack(root));
  PAGODA_TRY_ASSIGN(RefPtr<ThreadDispatcher> thread, ThreadDispatcher::Create(process, ObjectName(kMainThread)));
  abi::ProcessStartup startup{};
  startup.argument_count = launch.argument_count;
  startup.cpu_count = launch.cpu_count;
  process->SetVdso(vdso);
  PAGODA_TRY(GiveHandles(*process, thread, startup));
  PAGODA_TRY_ASSIGN(const VirtualAddress block, MapStartupBlock(root, startup, launch.arguments));
  return thread->Start({.rip = launch.image.entry, .stack = stack, .argument1 = block, .argument2 = vdso_code});
}

}  // namespace

Result<RefPtr<ProcessDispatcher>> LaunchProgram(const Launch& launch) {
  PAGODA_TRY_ASSIGN(RefPtr<ProcessDispatcher> process, ProcessDispatcher::Create(ObjectName(launch.name)));
  if (Result<> started = StartIn(process, launch); !started) {
    process->Kill(0);  // handles in its own table would keep it for ever
    return Error(started.error());
  }
  return process;
}

}  // namespace gk::program
