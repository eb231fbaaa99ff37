#include "devices/pager/remote/remote_pager.h"

#include <zircon/errors.h>

#include <future>
#include <mutex>
#include <utility>

namespace pager::remote {

// An open object of the pager process.
class RemoteSource final : public PageSource {
 public:
  RemoteSource(std::shared_ptr<Link> link, uint64_t object, const Opened& opened)
      : link_(std::move(link)), object_(object), info_(opened.info), version_(opened.version) {}
  ~RemoteSource() override { link_->Close(object_); }

  [[nodiscard]] ObjectInfo info() const override {
    const std::lock_guard lock(mutex_);
    return info_;
  }
  // It has been opened again, and is now like this.
  void SetOpened(const Opened& opened) {
    const std::lock_guard lock(mutex_);
    info_ = opened.info;
    version_ = opened.version;
  }
  // As of the last open.
  [[nodiscard]] std::string content_version() const override {
    const std::lock_guard lock(mutex_);
    return version_;
  }
  void Attach(std::shared_ptr<VmoControl> vmo) override { link_->Attach(object_, std::move(vmo)); }
  void Read(ReadRequest request) override { link_->Ask(object_, std::move(request)); }
  void Dirty(DirtyRequest request) override { link_->Ask(object_, std::move(request)); }
  void Sync(SyncRequest request) override { link_->Ask(object_, std::move(request)); }
  void Complete(CompleteRequest request) override { link_->Ask(object_, std::move(request)); }

 private:
  const std::shared_ptr<Link> link_;
  const uint64_t object_;
  mutable std::mutex mutex_;
  ObjectInfo info_;      // this and the next: guarded by mutex_
  std::string version_;  // of the content
};

base::Result<std::unique_ptr<RemotePager>, dev::Error> RemotePager::Create(LinkOptions options) {
  const std::string path = options.path;
  auto link = Link::Create(std::move(options));
  if (!link.ok()) {
    return base::Failure{dev::Error{path + ": " + link.error().message + "; `pagoda pager SPEC --socket " + path +
                                    "` starts a pager there"}};
  }
  std::unique_ptr<RemotePager> pager(new RemotePager(std::move(link).value()));
  PAGODA_TRY_ASSIGN(pager->thread_,
                    dev::ServiceThread::Start("pager-link", [raw = pager->link_.get()] { raw->Run(); }));
  return pager;
}

RemotePager::~RemotePager() { link_->Stop(); }

// The pager can name an object that is just being closed: it is asked again, after that.
void RemotePager::StartOpen(std::string_view path, OpenHandler handler) {
  constexpr int kAttempts = 3;
  TryToOpen(std::string(path), kAttempts, handler);
}

void RemotePager::TryToOpen(const std::string& path, int attempts_left, const OpenHandler& handler) {
  link_->Open(path, [this, path, attempts_left, handler](const base::Result<Opened, zx_status_t>& result) {
    if (!result.ok()) {
      handler(base::Failure{result.error()});
      return;
    }
    const Opened& opened = result.value();
    if (opened.existing == 0) {
      const auto source = std::make_shared<RemoteSource>(link_, opened.object, opened);
      {
        const std::lock_guard lock(mutex_);
        std::erase_if(sources_, [](const auto& entry) { return entry.second.expired(); });
        sources_[opened.object] = source;
      }
      handler(std::shared_ptr<PageSource>(source));
    } else if (const auto source = FindSource(opened.existing)) {
      source->SetOpened(opened);
      handler(std::shared_ptr<PageSource>(source));
    } else if (attempts_left > 1) {
      TryToOpen(path, attempts_left - 1, handler);
    } else {
      handler(base::Failure{ZX_ERR_BAD_STATE});
    }
  });
}

std::shared_ptr<RemoteSource> RemotePager::FindSource(uint64_t object) {
  const std::lock_guard lock(mutex_);
  const auto known = sources_.find(object);
  return known == sources_.end() ? nullptr : known->second.lock();
}

void RemotePager::StartList(std::string_view path, ListHandler handler) { link_->List(path, std::move(handler)); }

base::Result<std::shared_ptr<PageSource>, zx_status_t> RemotePager::Open(std::string_view path) {
  std::promise<base::Result<std::shared_ptr<PageSource>, zx_status_t>> done;
  StartOpen(path, [&done](auto result) { done.set_value(std::move(result)); });
  return done.get_future().get();
}

base::Result<std::vector<std::string>, zx_status_t> RemotePager::List(std::string_view path) {
  std::promise<base::Result<std::vector<std::string>, zx_status_t>> done;
  StartList(path, [&done](auto result) { done.set_value(std::move(result)); });
  return done.get_future().get();
}

}  // namespace pager::remote
