// zx_object_get_info: from a topic's number to the function that answers it, and the two counts.
#include <zircon/syscalls/object.h>

#include "guest/kernel/syscall/calls.h"
#include "guest/kernel/syscall/info_topics.h"

namespace gk::syscall {
namespace {

struct Topic {
  zx_object_info_topic_t number;
  Result<> (*function)(Caller& caller, zx_handle_t handle, InfoSink& sink);
};

// One line for each topic and version; order means nothing.
constexpr Topic kTopics[] = {
    {ZX_INFO_HANDLE_VALID, &InfoHandleValid},
    {ZX_INFO_HANDLE_BASIC, &InfoHandleBasic},
    {ZX_INFO_HANDLE_COUNT, &InfoHandleCount},
    {ZX_INFO_VMO, &InfoVmo},
    {ZX_INFO_VMO_V1, &InfoVmoV1},
    {ZX_INFO_VMO_V2, &InfoVmoV2},
    {ZX_INFO_VMO_V3, &InfoVmoV3},
    {ZX_INFO_BTI, &InfoBti},
    {ZX_INFO_RESOURCE, &InfoResource},
    {ZX_INFO_TIMER, &InfoTimer},
    {ZX_INFO_KMEM_STATS, &InfoKmemStats},
    {ZX_INFO_KMEM_STATS_EXTENDED, &InfoKmemStatsExtended},
    {ZX_INFO_PROCESS, &InfoProcess},
    {ZX_INFO_PROCESS_THREADS, &InfoProcessThreads},
    {ZX_INFO_PROCESS_HANDLE_STATS, &InfoProcessHandleStats},
    {ZX_INFO_TASK_STATS, &InfoTaskStats},
    {ZX_INFO_THREAD, &InfoThread},
    {ZX_INFO_THREAD_EXCEPTION_REPORT, &InfoThreadExceptionReport},
    {ZX_INFO_THREAD_EXCEPTION_REPORT_V1, &InfoThreadExceptionReportV1},
    {ZX_INFO_JOB, &InfoJob},
    {ZX_INFO_JOB_CHILDREN, &InfoJobChildren},
    {ZX_INFO_JOB_PROCESSES, &InfoJobProcesses},
    {ZX_INFO_VMAR, &InfoVmar},
    {ZX_INFO_VMAR_MAPS, &InfoVmarMaps},
    {ZX_INFO_PROCESS_MAPS, &InfoProcessMaps},
    {ZX_INFO_PROCESS_MAPS_V1, &InfoProcessMapsV1},
    {ZX_INFO_PROCESS_VMOS, &InfoProcessVmos},
    {ZX_INFO_PROCESS_VMOS_V1, &InfoProcessVmosV1},
    {ZX_INFO_PROCESS_VMOS_V2, &InfoProcessVmosV2},
    {ZX_INFO_PROCESS_VMOS_V3, &InfoProcessVmosV3},
};

const Topic* FindTopic(zx_object_info_topic_t number) {
  for (const Topic& topic : kTopics) {
    if (topic.number == number) {
      return &topic;
    }
  }
  return nullptr;
}

Result<> WriteIfWanted(Caller& caller, UserOut<size_t> out, size_t value) {
  return out.is_null() ? Result<>() : out.Write(caller, value);
}

}  // namespace

Status object_get_info(Caller& caller, zx_handle_t handle, uint32_t number, UserOutBytes buffer, size_t buffer_size,
                       UserOut<size_t> actual, UserOut<size_t> available) {
  const Topic* topic = FindTopic(number);
  if (topic == nullptr) {
    return Status(ZX_ERR_NOT_SUPPORTED);
  }
  InfoSink sink(caller, buffer, buffer_size);
  const Status answered = StatusOf(topic->function(caller, handle, sink));
  if (!answered.ok() && answered != Status(ZX_ERR_BUFFER_TOO_SMALL)) {
    return answered;
  }
  const Status counted = StatusOf(WriteIfWanted(caller, actual, sink.actual()));
  const Status both = counted.ok() ? StatusOf(WriteIfWanted(caller, available, sink.available())) : counted;
  return both.ok() ? answered : both;
}

}  // namespace gk::syscall
