#include "devices/pager/registry.h"

#include <algorithm>
#include <utility>

#include "devices/pager/runtime.h"

namespace pager {

namespace {

constexpr size_t kMaxNameLength = 64;
constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

}  // namespace

bool IsValidName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameLength &&
         name.find_first_not_of(kNameCharacters) == std::string_view::npos;
}

Registry::Registry() = default;
Registry::Registry(Registry&&) noexcept = default;
Registry& Registry::operator=(Registry&&) noexcept = default;
Registry::~Registry() = default;

base::Result<void, dev::Error> Registry::Register(const std::string& name, std::unique_ptr<Pager> pager) {
  if (!IsValidName(name)) {
    return base::Failure{
        dev::Error{"'" + name + "' is no name for a pager: 1 to 64 letters, digits, '.', '_' or '-' are"}};
  }
  if (!pagers_.try_emplace(name, std::move(pager)).second) {
    return base::Failure{dev::Error{"there are two pagers named '" + name + "'"}};
  }
  return {};
}

base::Result<Runtime*, dev::Error> Registry::runtime() {
  if (!runtime_) {
    PAGODA_TRY_ASSIGN(runtime_, Runtime::Create());
  }
  return runtime_.get();
}

base::Result<Registry::Target, zx_status_t> Registry::Find(std::string_view name) const {
  const size_t slash = std::min(name.find('/'), name.size());
  const auto found = pagers_.find(name.substr(0, slash));
  // "NAME/" is not NAME: a path after a slash is not empty.
  if (found == pagers_.end() || slash + 1 == name.size()) {
    return base::Failure{ZX_ERR_NOT_FOUND};
  }
  return Target{.pager = found->second.get(), .path = name.substr(std::min(slash + 1, name.size()))};
}

base::Result<std::shared_ptr<PageSource>, zx_status_t> Registry::Open(std::string_view name) const {
  PAGODA_TRY_ASSIGN(const Target target, Find(name));
  PAGODA_TRY_ASSIGN(std::shared_ptr<PageSource> source, target.pager->Open(target.path));
  return wrapper_ ? (*wrapper_)(name, std::move(source)) : std::move(source);
}

base::Result<std::vector<std::string>, zx_status_t> Registry::List(std::string_view name) const {
  if (!name.empty()) {
    PAGODA_TRY_ASSIGN(const Target target, Find(name));
    return target.pager->List(target.path);
  }
  return names();
}

std::vector<std::string> Registry::names() const {
  std::vector<std::string> names;
  for (const auto& entry : pagers_) {
    names.push_back(entry.first);
  }
  return names;
}

void Registry::StartOpen(std::string_view name, Pager::OpenHandler handler) const {
  const auto target = Find(name);
  if (!target.ok()) {
    handler(base::Failure{target.error()});
    return;
  }
  if (wrapper_) {
    handler = [wrapper = wrapper_, name = std::string(name), handler = std::move(handler)](auto source) {
      if (source.ok()) {
        source = (*wrapper)(name, std::move(source).value());
      }
      handler(std::move(source));
    };
  }
  target.value().pager->StartOpen(target.value().path, std::move(handler));
}

void Registry::OnGuestEnded() const {
  for (const auto& entry : pagers_) {
    entry.second->OnGuestEnded();
  }
}

void Registry::StartList(std::string_view name, Pager::ListHandler handler) const {
  if (name.empty()) {
    handler(names());
    return;
  }
  const auto target = Find(name);
  if (!target.ok()) {
    handler(base::Failure{target.error()});
    return;
  }
  target.value().pager->StartList(target.value().path, std::move(handler));
}

}  // namespace pager
