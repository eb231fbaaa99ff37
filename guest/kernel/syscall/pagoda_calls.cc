// Calls of our own: what Zircon's programs get from services that do not exist here.
#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/object/platform.h"
#include "guest/kernel/object/vmo_dispatcher.h"
#include "guest/kernel/sched/cpu.h"
#include "guest/kernel/sched/thread.h"
#include "guest/kernel/syscall/calls.h"

namespace gk::syscall {
namespace {

// On the kernel stack. Long enough that a line goes out in one piece.
constexpr size_t kConsoleChunk = 1024;
constexpr size_t kMaxObjectName = 255;

Result<> WriteConsole(Caller& caller, UserInBytes buffer, size_t length) {
  std::array<char, kConsoleChunk> chunk;
  for (size_t done = 0; done < length;) {
    const size_t count = length - done < chunk.size() ? length - done : chunk.size();
    PAGODA_TRY(CopyFromUser(caller.address_space(), chunk.data(), buffer.address + done, count));
    platform().WriteConsole({chunk.data(), count});
    done += count;
    if (Thread::Current()->kill_pending()) {  // a program can ask for more than anybody wants to wait for
      return Error(ZX_ERR_INTERNAL_INTR_KILLED);
    }
  }
  return {};
}

Result<> ReadConsole(Caller& caller, UserOutBytes buffer, size_t size, zx_time_t deadline, UserOut<uint64_t> actual) {
  std::array<char, kConsoleChunk> chunk;
  const std::span<char> room = std::span(chunk).first(size < chunk.size() ? size : chunk.size());
  PAGODA_TRY_ASSIGN(const size_t count, platform().ReadConsole(room, deadline));
  PAGODA_TRY(CopyToUser(caller.address_space(), buffer.address, chunk.data(), count));
  return actual.Write(caller, count);
}

Result<> OpenObject(Caller& caller, UserInBytes name, size_t length, UserOut<zx_handle_t> out) {
  if (length == 0 || length > kMaxObjectName) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  std::array<char, kMaxObjectName> copied_name;
  PAGODA_TRY(CopyFromUser(caller.address_space(), copied_name.data(), name.address, length));
  const std::span<const char> text(copied_name.data(), length);
  PAGODA_TRY_ASSIGN(HostObject object, platform().OpenHostObject(text));
  zx_rights_t rights = VmoDispatcher::DefaultRights(*object.vmo);
  if (object.read_only) {
    rights &= ~ZX_RIGHT_WRITE;
  }
  RefPtr<VmoDispatcher> dispatcher = VmoDispatcher::Create(std::move(object.vmo), ObjectName(text));
  if (!dispatcher) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  return GiveHandle(caller, out, Handle(std::move(dispatcher), rights));
}

// Copies what it gets to the program.
class NamesToUser final : public HostNameSink {
 public:
  NamesToUser(Caller& caller, UserOutBytes buffer) : caller_(caller), next_(buffer.address) {}
  Result<> OnNames(std::span<const char> piece) override {
    PAGODA_TRY(CopyToUser(caller_.address_space(), next_, piece.data(), piece.size()));
    next_ += piece.size();
    return {};
  }

 private:
  Caller& caller_;
  VirtualAddress next_;
};

Result<> ListObjects(Caller& caller, UserInBytes name, size_t length, uint64_t first, UserOutBytes buffer, size_t size,
                     UserOut<size_t> actual, UserOut<uint64_t> available) {
  if (length > kMaxObjectName || size == 0) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  std::array<char, kMaxObjectName> copied_name;
  PAGODA_TRY(CopyFromUser(caller.address_space(), copied_name.data(), name.address, length));
  NamesToUser sink(caller, buffer);
  PAGODA_TRY_ASSIGN(const HostListing listing,
                    platform().ListHostObjects({copied_name.data(), length}, first, size, sink));
  PAGODA_TRY(actual.Write(caller, listing.size));
  return available.Write(caller, listing.available);
}

}  // namespace

Status pagoda_console_write(Caller& caller, UserInBytes buffer, size_t length) {
  return StatusOf(WriteConsole(caller, buffer, length));
}

Status pagoda_console_read(Caller& caller, UserOutBytes buffer, size_t size, zx_time_t deadline,
                           UserOut<uint64_t> actual) {
  return StatusOf(ReadConsole(caller, buffer, size, deadline, actual));
}

Status pagoda_object_open(Caller& caller, UserInBytes name, size_t length, UserOut<zx_handle_t> out) {
  return StatusOf(OpenObject(caller, name, length, out));
}

Status pagoda_object_list(Caller& caller, UserInBytes name, size_t length, uint64_t first, UserOutBytes buffer,
                          size_t size, UserOut<size_t> actual, UserOut<uint64_t> available) {
  return StatusOf(ListObjects(caller, name, length, first, buffer, size, actual, available));
}

// As committing is: who may only read has nothing to make durable.
Status pagoda_object_sync(Caller& caller, zx_handle_t handle) {
  const Result<RefPtr<VmoDispatcher>> vmo = caller.handles().Get<VmoDispatcher>(handle, ZX_RIGHT_WRITE);
  return vmo.ok() ? StatusOf(vmo.value()->vmo().Sync()) : vmo.error();
}

uint32_t pagoda_cpu_index(Caller& /*caller*/) { return arch::CurrentCpu().index; }

}  // namespace gk::syscall
