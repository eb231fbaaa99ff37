// A pager that serves one export of an NBD server as one object: `nbd:URI`.
//
// What the guest writes goes back to the server, and is flushed there before its pages become clean: a server that
// crashes between the two would otherwise lose what nobody has any more. The server may restart at any time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "devices/core/error.h"
#include "devices/pager/asio.h"
#include "devices/pager/page_source.h"
#include "devices/pager/writeback_options.h"
#include "shared/base/result.h"

namespace pager::nbd {

class Client;

struct NbdOptions {
  std::string uri;         // what libnbd knows: nbd://HOST[:PORT][/EXPORT], nbd+unix:///[EXPORT]?socket=PATH, ...
  bool read_only = false;  // even if the server lets us write
  WritebackOptions writeback = {};
  std::chrono::milliseconds patience{10'000};                // how long requests wait for a server that has gone
  std::function<void(const std::string&)> report = nullptr;  // one line of text for a person; any thread
};

class NbdPager final : public Pager {
 public:
  // Connects. Fails, with the URI and the reason, when there is no server or its export cannot be served: larger than
  // 2^62, or in blocks larger than a page. `executor` outlives the pager and its sources.
  static base::Result<std::unique_ptr<NbdPager>, dev::Error> Create(const boost::asio::any_io_executor& executor,
                                                                    NbdOptions options);
  // Answers what its sources still hold.
  ~NbdPager() override;

  // Only the empty path exists. All opens share the export.
  base::Result<std::shared_ptr<PageSource>, zx_status_t> Open(std::string_view path) override;
  void OnGuestEnded() override;

 private:
  class Source;
  class Target;

  NbdPager(std::shared_ptr<Client> client, std::shared_ptr<PageSource> source);

  const std::shared_ptr<Client> client_;
  const std::shared_ptr<PageSource> source_;
};

}  // namespace pager::nbd
