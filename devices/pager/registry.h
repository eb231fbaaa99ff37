// Which pager serves which names: "NAME" and everything below "NAME/".
//
// Threads: Register before the machine starts; Open, List and their Start forms from one thread at a time.
#pragma once

#include <zircon/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "devices/core/error.h"
#include "devices/pager/page_source.h"
#include "shared/base/result.h"

namespace pager {

class Runtime;  // declared only, so that those who open objects need not read Boost.Asio

class Registry {
 public:
  Registry();
  Registry(Registry&&) noexcept;
  Registry& operator=(Registry&&) noexcept;
  ~Registry();

  // Fails, with nothing registered, when the name is taken or is not one (IsValidName).
  base::Result<void, dev::Error> Register(const std::string& name, std::unique_ptr<Pager> pager);

  // Every page source that is opened from now on goes through `wrapper`, with the name it was opened by; called by
  // whichever thread the pager answers on. The same source must get the same answer as long as it is open.
  using Wrapper = std::function<std::shared_ptr<PageSource>(std::string_view, std::shared_ptr<PageSource>)>;
  void SetWrapper(Wrapper wrapper) { wrapper_ = std::make_shared<const Wrapper>(std::move(wrapper)); }

  // The threads for pagers that run in this process: started when first asked for, ended after the pagers have gone.
  // Fails when the host has none left.
  [[nodiscard]] base::Result<Runtime*, dev::Error> runtime();

  [[nodiscard]] bool empty() const { return pagers_.empty(); }

  // `name` comes from the guest, unchecked. ZX_ERR_NOT_FOUND when no pager has it, else what the pager says.
  [[nodiscard]] base::Result<std::shared_ptr<PageSource>, zx_status_t> Open(std::string_view name) const;

  // The names in the directory `name`, as Pager::List has them; empty for those of the pagers themselves. `name` comes
  // from the guest, unchecked.
  [[nodiscard]] base::Result<std::vector<std::string>, zx_status_t> List(std::string_view name) const;

  // The same, as Pager::StartOpen and StartList.
  void StartOpen(std::string_view name, Pager::OpenHandler handler) const;
  void StartList(std::string_view name, Pager::ListHandler handler) const;

  // Tells all pagers.
  void OnGuestEnded() const;

 private:
  // The pager that `name` leads to, and the path to ask it for. ZX_ERR_NOT_FOUND when there is none.
  struct Target {
    Pager* pager;
    std::string_view path;
  };
  [[nodiscard]] base::Result<Target, zx_status_t> Find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;

  std::unique_ptr<Runtime> runtime_;
  std::shared_ptr<const Wrapper> wrapper_;                             // null: none
  std::map<std::string, std::unique_ptr<Pager>, std::less<>> pagers_;  // after what they run on
};

// A pager's name: 1..64 letters, digits, '.', '_', '-'.
[[nodiscard]] bool IsValidName(std::string_view name);

}  // namespace pager
