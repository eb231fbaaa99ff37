#include "devices/pager/nbd/nbd_pager.h"

#include <zircon/errors.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "devices/pager/alarm.h"
#include "devices/pager/host_status.h"
#include "devices/pager/nbd/client.h"
#include "devices/pager/pieces.h"
#include "devices/pager/writeback.h"
#include "shared/base/range.h"

namespace pager::nbd {

namespace {

zx_status_t StatusOf(const Outcome& outcome) { return outcome.error == 0 ? ZX_OK : StatusOfTransfer(outcome.error); }

// One run of bytes for what may be in pieces: the piece where there is only one, else a buffer beside them. Copying
// costs a small part of what a command for each piece would.
class Run {
 public:
  explicit Run(std::span<const iovec> pieces) {
    if (pieces.size() == 1) {
      data_ = static_cast<std::byte*>(pieces.front().iov_base);
    } else {
      buffer_ = std::make_unique_for_overwrite<std::byte[]>(LengthOf(pieces));
      data_ = buffer_.get();
    }
  }

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] bool is_copy() const { return buffer_ != nullptr; }

 private:
  std::unique_ptr<std::byte[]> buffer_;
  std::byte* data_;
};

}  // namespace

// Where dirty pages go.
class NbdPager::Target final : public WritebackTarget {
 public:
  Target(std::shared_ptr<Client> client, std::string name) : client_(std::move(client)), name_(std::move(name)) {}

  void Write(uint64_t offset, std::vector<iovec> data, Handler handler) override {
    const uint64_t length = LengthOf(data);
    const auto run = std::make_shared<Run>(data);
    if (run->is_copy()) {
      CopyOutOf(data, std::span(run->data(), length));
    }
    client_->Submit({.operation = Operation::kWrite,
                     .offset = offset,
                     .length = length,
                     .data = run->data(),
                     .done = [this, run, handler = std::move(handler)](const Outcome& outcome) {
                       OnWritten(outcome);
                       handler(StatusOf(outcome));
                     }});
  }

  void Zero(uint64_t offset, uint64_t length, Handler handler) override {
    client_->Submit({.operation = Operation::kZero,
                     .offset = offset,
                     .length = length,
                     .done = [this, handler = std::move(handler)](const Outcome& outcome) {
                       OnWritten(outcome);
                       handler(StatusOf(outcome));
                     }});
  }

  // The size of an export is the server's business.
  void SetSize(uint64_t /*content_size*/, Handler handler) override { handler(ZX_ERR_NOT_SUPPORTED); }

  void Sync(Handler handler) override {
    client_->Submit(
        {.operation = Operation::kFlush, .done = [this, handler = std::move(handler)](const Outcome& outcome) {
           const std::optional<uint64_t> written_on = std::exchange(written_on_, std::nullopt);
           const bool restarted = written_on && *written_on != outcome.connection;
           handler(outcome.error == 0 && restarted ? ZX_ERR_CANCELED : StatusOf(outcome));
         }});
  }

  void OnLost(zx_status_t status) override { ReportLost(name_, status); }

 private:
  // A flush covers what the same server was told before: of what went over an earlier connection nobody knows.
  void OnWritten(const Outcome& outcome) {
    if (outcome.error == 0) {
      written_on_ = std::min(written_on_.value_or(outcome.connection), outcome.connection);
    }
  }

  const std::shared_ptr<Client> client_;
  const std::string name_;
  std::optional<uint64_t> written_on_;  // the first connection that has something written and not flushed
};

class NbdPager::Source final : public PageSource {
 public:
  Source(const boost::asio::any_io_executor& executor, std::shared_ptr<Client> client, const NbdOptions& options)
      : client_(std::move(client)), info_(InfoOf(client_->exported(), options)) {
    if (!info_.read_only) {
      writeback_ = Writeback::Create(executor, std::make_shared<Target>(client_, options.uri), options.writeback,
                                     std::make_unique<SteadyAlarm>(executor));
    }
  }

  [[nodiscard]] ObjectInfo info() const override { return info_; }

  void Attach(std::shared_ptr<VmoControl> vmo) override {
    if (writeback_) {
      writeback_->Attach(std::move(vmo), info_.content_size);
    }
  }

  void Read(ReadRequest request) override {
    const uint64_t content = info_.content_size - std::min(info_.content_size, request.offset());
    const uint64_t length = std::min(content, request.length());
    const auto run = std::make_shared<Run>(request.pages());
    // Shared, because a std::function can be copied.
    const auto shared = std::make_shared<ReadRequest>(std::move(request));
    client_->Submit({.operation = Operation::kRead,
                     .offset = shared->offset(),
                     .length = length,
                     .data = run->data(),
                     .done = [run, length, shared](const Outcome& outcome) {
                       if (outcome.error == 0 && run->is_copy()) {
                         CopyInto(shared->pages(), std::span(run->data(), length));
                       }
                       if (outcome.error == 0) {
                         ZeroFrom(shared->pages(), length);
                       }
                       shared->Complete(StatusOf(outcome));
                     }});
  }

  void Dirty(DirtyRequest request) override {
    writeback_ ? writeback_->Dirty(std::move(request)) : request.Complete(ZX_ERR_IO);
  }

  void Sync(SyncRequest request) override {
    writeback_ ? writeback_->Sync(std::move(request)) : request.Complete(ZX_OK);
  }

  void Complete(CompleteRequest request) override {
    writeback_ ? writeback_->Complete(std::move(request)) : request.Complete(ZX_OK);
  }

 private:
  static ObjectInfo InfoOf(const Export& exported, const NbdOptions& options) {
    const bool read_only = options.read_only || exported.read_only;
    return {.size = base::AlignUp(exported.size, base::kPageSize),
            .content_size = exported.size,
            .read_only = read_only,
            .trap_dirty = !read_only && options.writeback.dirty_limit != 0};
  }

  const std::shared_ptr<Client> client_;
  const ObjectInfo info_;
  std::shared_ptr<Writeback> writeback_;  // null: read-only
};

NbdPager::NbdPager(std::shared_ptr<Client> client, std::shared_ptr<PageSource> source)
    : client_(std::move(client)), source_(std::move(source)) {}

NbdPager::~NbdPager() { client_->Stop(); }

base::Result<std::unique_ptr<NbdPager>, dev::Error> NbdPager::Create(const boost::asio::any_io_executor& executor,
                                                                     NbdOptions options) {
  PAGODA_TRY_ASSIGN(std::shared_ptr<Client> client,
                    Client::Create({.uri = options.uri, .patience = options.patience, .report = options.report}));
  options.writeback.clock_durability = Durability::kDurable;
  auto source = std::make_shared<Source>(executor, client, options);
  return std::unique_ptr<NbdPager>(new NbdPager(std::move(client), std::move(source)));
}

base::Result<std::shared_ptr<PageSource>, zx_status_t> NbdPager::Open(std::string_view path) {
  if (!path.empty()) {
    return base::Failure{ZX_ERR_NOT_FOUND};
  }
  return source_;
}

void NbdPager::OnGuestEnded() { client_->OnGuestEnded(); }

}  // namespace pager::nbd
