// A page source whose bytes are in a Store: reads, writeback and COMPLETE, so that a store need only read and write.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "devices/pager/alarm.h"
#include "devices/pager/asio.h"
#include "devices/pager/page_source.h"
#include "devices/pager/store.h"
#include "devices/pager/writeback.h"

namespace pager {

class StoreSource final : public PageSource {
 public:
  // `executor`: where the store's blocking methods run, usually Runtime::executor(); it outlives the source.
  StoreSource(const boost::asio::any_io_executor& executor, std::shared_ptr<Store> store,
              WritebackOptions options = {});
  // The same with another clock.
  StoreSource(const boost::asio::any_io_executor& executor, std::shared_ptr<Store> store, WritebackOptions options,
              std::unique_ptr<Alarm> alarm);

  // The store's; an object with a dirty limit traps dirty pages.
  [[nodiscard]] ObjectInfo info() const override;
  [[nodiscard]] std::string content_version() const override { return store_->content_version(); }
  void Attach(std::shared_ptr<VmoControl> vmo) override;
  // Answers before it returns when the store can do that (Store::ReadNow).
  void Read(ReadRequest request) override;
  void Dirty(DirtyRequest request) override;
  void Sync(SyncRequest request) override;
  void Complete(CompleteRequest request) override;

  // See Writeback::Flush. Any thread.
  void Flush(Writeback::Handler handler);

 private:
  const boost::asio::any_io_executor executor_;
  const std::shared_ptr<Store> store_;
  const WritebackOptions options_;
  const std::shared_ptr<Writeback> writeback_;
};

}  // namespace pager
