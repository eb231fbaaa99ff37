// A pager in a process of its own, as the monitor uses it: `--pager NAME=unix:PATH[,reconnect=T]`.
//
// It may die and be replaced at any time: what had been asked and not answered is asked of its successor, and nothing
// that a guest has written depends on its life (PROTOCOL.md section 4).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "devices/core/error.h"
#include "devices/core/service_thread.h"
#include "devices/pager/page_source.h"
#include "devices/pager/remote/link.h"
#include "shared/base/result.h"

namespace pager::remote {

class RemoteSource;

class RemotePager final : public Pager {
 public:
  // Connects; waits a moment for a pager that is just being started. Fails, with the path and the reason, when there is
  // none or it speaks another version.
  static base::Result<std::unique_ptr<RemotePager>, dev::Error> Create(LinkOptions options);
  // Answers what its sources still hold.
  ~RemotePager() override;

  // ZX_ERR_IO when the pager process does not answer within the patience.
  void StartOpen(std::string_view path, OpenHandler handler) override;
  void StartList(std::string_view path, ListHandler handler) override;
  void OnGuestEnded() override { link_->OnGuestEnded(); }
  // These wait for it.
  base::Result<std::shared_ptr<PageSource>, zx_status_t> Open(std::string_view path) override;
  base::Result<std::vector<std::string>, zx_status_t> List(std::string_view path) override;

  [[nodiscard]] LinkCounters counters() const { return link_->counters(); }

 private:
  explicit RemotePager(std::shared_ptr<Link> link) : link_(std::move(link)) {}

  void TryToOpen(const std::string& path, int attempts_left, const OpenHandler& handler);
  [[nodiscard]] std::shared_ptr<RemoteSource> FindSource(uint64_t object);

  const std::shared_ptr<Link> link_;
  std::mutex mutex_;                                         // a leaf
  std::map<uint64_t, std::weak_ptr<RemoteSource>> sources_;  // by object; guarded by mutex_
  dev::ServiceThread thread_;                                // last: handlers of opens use all of the above
};

}  // namespace pager::remote
