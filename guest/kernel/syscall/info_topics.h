// The information topics of zx_object_get_info, one function each; info_calls.cc maps topics to them.
//
// A function checks handle, type and right in that order, gathers the records in kernel memory, and hands them to the
// sink. It fails with the status of those checks, ZX_ERR_NO_MEMORY, or what the sink says.
#pragma once

#include <zircon/types.h>

#include "guest/kernel/lib/status.h"
#include "guest/kernel/syscall/caller.h"
#include "guest/kernel/syscall/info_sink.h"

namespace gk::syscall {

// info_timer.cc
Result<> InfoTimer(Caller& caller, zx_handle_t handle, InfoSink& sink);

// info_handle.cc
Result<> InfoHandleValid(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoHandleBasic(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoHandleCount(Caller& caller, zx_handle_t handle, InfoSink& sink);

// info_vmo.cc: the versions differ in how much of the record they tell.
Result<> InfoVmo(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoVmoV1(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoVmoV2(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoVmoV3(Caller& caller, zx_handle_t handle, InfoSink& sink);

// info_machine.cc
Result<> InfoBti(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoResource(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoKmemStats(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoKmemStatsExtended(Caller& caller, zx_handle_t handle, InfoSink& sink);

// info_tasks.cc
Result<> InfoProcess(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoProcessThreads(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoProcessHandleStats(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoTaskStats(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoThread(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoThreadExceptionReport(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoThreadExceptionReportV1(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoJob(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoJobChildren(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoJobProcesses(Caller& caller, zx_handle_t handle, InfoSink& sink);

// info_maps.cc
Result<> InfoVmar(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoVmarMaps(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoProcessMaps(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoProcessMapsV1(Caller& caller, zx_handle_t handle, InfoSink& sink);

// info_vmos.cc
Result<> InfoProcessVmos(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoProcessVmosV1(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoProcessVmosV2(Caller& caller, zx_handle_t handle, InfoSink& sink);
Result<> InfoProcessVmosV3(Caller& caller, zx_handle_t handle, InfoSink& sink);

}  // namespace gk::syscall
