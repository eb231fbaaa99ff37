#include "devices/pager/remote/remote_pager.h"

#include <zircon/errors.h>

#include <mutex>
#include <utility>

namespace pager::remote {

// An open object of the pager process.
class RemoteSource final : public PageSource {
 public:
  RemoteSource(std::shared_ptr<Link> link, uint64_t object, const ObjectInfo& info)
      : link_(std::move(link)), object_(object), info_(info) {}
  ~RemoteSource() override { link_->Close(object_); }

  [[nodiscard]] ObjectInfo info() const override {
    const std::lock_guard lock(mutex_);
    return info_;
  }
  // It has been opened again, and is now like this.
  void SetInfo(const ObjectInfo& info) {
    const std::lock_guard lock(mutex_);
    info_ = info;
  }
  void Attach(std::shared_ptr<VmoControl> vmo) override { link_->Attach(object_, std::move(vmo)); }
  void Read(ReadRequest request) override { link_->Ask(object_, std::move(request)); }
  void Dirty(DirtyRequest request) override { link_->Ask(object_, std::move(request)); }
  void Complete(CompleteRequest request) override { link_->Ask(object_, std::move(request)); }

 private:
  const std::shared_ptr<Link> link_;
  const uint64_t object_;
  mutable std::mutex mutex_;
  ObjectInfo info_;  // guarded by mutex_
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

base::Result<std::shared_ptr<PageSource>, zx_status_t> RemotePager::Open(std::string_view path) {
  std::erase_if(sources_, [](const auto& entry) { return entry.second.expired(); });
  // The pager can name an object that is just being closed: it is asked again, after that.
  constexpr int kAttempts = 3;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    PAGODA_TRY_ASSIGN(const Opened opened, link_->Open(path));
    if (opened.existing == 0) {
      auto source = std::make_shared<RemoteSource>(link_, opened.object, opened.info);
      sources_[opened.object] = source;
      return std::shared_ptr<PageSource>(std::move(source));
    }
    const auto known = sources_.find(opened.existing);
    if (const auto source = known == sources_.end() ? nullptr : known->second.lock()) {
      source->SetInfo(opened.info);
      return std::shared_ptr<PageSource>(source);
    }
  }
  return base::Failure{ZX_ERR_BAD_STATE};
}

base::Result<std::vector<std::string>, zx_status_t> RemotePager::List(std::string_view path) {
  return link_->List(path);
}

}  // namespace pager::remote
