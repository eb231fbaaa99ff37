// From a message to a program's memory and handle table.
#include <optional>

#include "guest/kernel/syscall/message_copy.h"

namespace gk::syscall {
namespace {

constexpr uint32_t kMaxHandles = ZX_CHANNEL_MAX_MSG_HANDLES;

// Places in the handle table for all handles of a message: told first, filled when nothing can fail any more.
class Places {
 public:
  Result<> Reserve(HandleTable& table, size_t count) {
    for (; count_ < count; ++count_) {
      PAGODA_TRY_ASSIGN(HandleReservation reservation, table.Reserve());
      places_[count_].emplace(std::move(reservation));
    }
    return {};
  }
  [[nodiscard]] zx_handle_t value(size_t index) const { return places_[index]->value(); }
  void Fill(std::span<Handle> handles) {
    for (size_t i = 0; i < handles.size(); ++i) {
      places_[i]->Commit(std::move(handles[i]));
    }
  }

 private:
  std::array<std::optional<HandleReservation>, kMaxHandles> places_;
  size_t count_ = 0;
};

Result<> TellHandles(Caller& caller, const IncomingBuffers& buffers, std::span<const Handle> handles,
                     const Places& places) {
  if (buffers.form == HandleForm::kPlain) {
    std::array<zx_handle_t, kMaxHandles> values;
    for (size_t i = 0; i < handles.size(); ++i) {
      values[i] = places.value(i);
    }
    return CopyToUser(caller.address_space(), buffers.handles.address, values.data(),
                      handles.size() * sizeof(values[0]));
  }
  std::array<zx_handle_info_t, kMaxHandles> infos;
  for (size_t i = 0; i < handles.size(); ++i) {
    infos[i] = {
        .handle = places.value(i), .type = handles[i].object()->type(), .rights = handles[i].rights(), .unused = 0};
  }
  return CopyToUser(caller.address_space(), buffers.handles.address, infos.data(), handles.size() * sizeof(infos[0]));
}

}  // namespace

Result<> WriteSizes(Caller& caller, const IncomingBuffers& buffers, size_t bytes, size_t handles) {
  if (!buffers.actual_bytes.is_null()) {
    PAGODA_TRY(buffers.actual_bytes.Write(caller, static_cast<uint32_t>(bytes)));
  }
  if (!buffers.actual_handles.is_null()) {
    PAGODA_TRY(buffers.actual_handles.Write(caller, static_cast<uint32_t>(handles)));
  }
  return {};
}

Result<> GiveMessage(Caller& caller, const IncomingBuffers& buffers, MessagePtr message) {
  const std::span<Handle> handles = message->handles();
  const std::span<const std::byte> bytes = message->bytes();
  PAGODA_TRY(WriteSizes(caller, buffers, bytes.size(), handles.size()));
  PAGODA_TRY(CopyToUser(caller.address_space(), buffers.bytes.address, bytes.data(), bytes.size()));
  Places places;
  PAGODA_TRY(places.Reserve(caller.handles(), handles.size()));
  PAGODA_TRY(TellHandles(caller, buffers, handles, places));
  places.Fill(handles);
  return {};
}

}  // namespace gk::syscall
