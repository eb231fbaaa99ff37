#include "devices/pager/store_source.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace pager {

namespace {

constexpr size_t kZeroChunk = 64 * 1024;
constexpr std::array<std::byte, kZeroChunk> kZeros{};

// A store as what a writeback writes to. Runs on the strand of the writeback, so it may block.
class StoreTarget final : public WritebackTarget {
 public:
  explicit StoreTarget(std::shared_ptr<Store> store) : store_(std::move(store)) {}

  void Write(uint64_t offset, std::vector<iovec> data, Handler handler) override {
    handler(store_->Write(offset, data));
  }
  void Zero(uint64_t offset, uint64_t length, Handler handler) override { handler(store_->Zero(offset, length)); }
  void SetSize(uint64_t content_size, Handler handler) override { handler(store_->SetSize(content_size)); }
  void Sync(Handler handler) override { handler(store_->Sync()); }
  void OnLost(zx_status_t status) override { store_->OnLost(status); }

 private:
  const std::shared_ptr<Store> store_;
};

}  // namespace

zx_status_t Store::Zero(uint64_t offset, uint64_t length) {
  while (length > 0) {
    const uint64_t size = std::min<uint64_t>(length, kZeroChunk);
    // Write only reads it.
    const iovec piece{.iov_base = const_cast<std::byte*>(kZeros.data()), .iov_len = size};
    if (const zx_status_t status = Write(offset, std::span(&piece, 1)); status != ZX_OK) {
      return status;
    }
    offset += size;
    length -= size;
  }
  return ZX_OK;
}

StoreSource::StoreSource(const boost::asio::any_io_executor& executor, std::shared_ptr<Store> store,
                         WritebackOptions options)
    : StoreSource(executor, std::move(store), options, std::make_unique<SteadyAlarm>(executor)) {}

StoreSource::StoreSource(const boost::asio::any_io_executor& executor, std::shared_ptr<Store> store,
                         WritebackOptions options, std::unique_ptr<Alarm> alarm)
    : executor_(executor),
      store_(std::move(store)),
      options_(options),
      writeback_(Writeback::Create(executor, std::make_shared<StoreTarget>(store_), options, std::move(alarm))) {}

ObjectInfo StoreSource::info() const {
  ObjectInfo info = store_->info();
  info.trap_dirty = info.trap_dirty || (options_.dirty_limit != 0 && !info.read_only);
  return info;
}

void StoreSource::Attach(std::shared_ptr<VmoControl> vmo) {
  const ObjectInfo info = store_->info();
  if (!info.read_only) {
    writeback_->Attach(std::move(vmo), info.content_size);
  }
}

void StoreSource::Read(ReadRequest request) {
  const std::optional<FileRange> range = store_->RangeOf(request.offset(), request.length());
  if (range && request.TryCompleteFromFile(*range)) {
    return;
  }
  const zx_status_t status = store_->ReadNow(request.offset(), request.pages());
  if (status != ZX_ERR_SHOULD_WAIT) {
    request.Complete(status);
    return;
  }
  boost::asio::post(executor_, [store = store_, request = std::move(request)]() mutable {
    request.Complete(store->Read(request.offset(), request.pages()));
  });
}

void StoreSource::Dirty(DirtyRequest request) { writeback_->Dirty(std::move(request)); }

void StoreSource::Sync(SyncRequest request) {
  if (store_->info().read_only) {
    request.Complete(ZX_OK);
  } else {
    writeback_->Sync(std::move(request));
  }
}

void StoreSource::Complete(CompleteRequest request) {
  if (store_->info().read_only) {
    request.Complete(ZX_OK);
  } else {
    writeback_->Complete(std::move(request));
  }
}

void StoreSource::Flush(Writeback::Handler handler) { writeback_->Flush(std::move(handler)); }

}  // namespace pager
