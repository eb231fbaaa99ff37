#include "devices/pager/overlay/lower.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "devices/core/unique_fd.h"
#include "devices/pager/blob/blob_pager.h"
#include "devices/pager/file/file_store.h"
#include "devices/pager/pager_spec.h"

namespace pager::overlay {

namespace {

base::Failure<dev::Error> Bad(std::string reason) { return base::Failure{dev::Error{std::move(reason)}}; }

// What a file's mark consists of.
struct LastChange {
  int64_t seconds;
  int64_t nanoseconds;
};

base::Result<Lower, dev::Error> OpenFile(const std::string& path) {
  dev::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status;
  if (!file.valid() || ::fstat(file.get(), &status) != 0) {
    return Bad(path + ": " + std::strerror(errno));
  }
  PAGODA_TRY_ASSIGN(std::shared_ptr<FileStore> store, FileStore::Create(std::move(file), path, FileAccess::kReadOnly));
  LowerIdentity identity{.kind = LowerIdentity::Kind::kFile, .content_size = store->info().content_size, .mark = {}};
  if (S_ISREG(status.st_mode)) {
    const LastChange change{.seconds = status.st_mtim.tv_sec, .nanoseconds = status.st_mtim.tv_nsec};
    std::memcpy(identity.mark.data(), &change, sizeof(change));
  }
  return Lower{.store = std::move(store), .identity = identity, .device = status.st_dev, .inode = status.st_ino};
}

base::Result<Lower, dev::Error> OpenBlob(const PagerSpec& spec, const boost::asio::any_io_executor& executor) {
  PAGODA_TRY_ASSIGN(blob::BlobFile file, blob::OpenBlob(spec.argument, spec.options));
  struct stat status;
  if (::stat(spec.argument.c_str(), &status) != 0) {
    return Bad(spec.argument + ": " + std::strerror(errno));
  }
  const LowerIdentity identity{
      .kind = LowerIdentity::Kind::kBlob, .content_size = file.layout().content_size(), .mark = file.digest()};
  return Lower{.store = std::make_shared<blob::BlobStore>(executor, std::move(file)),
               .identity = identity,
               .device = status.st_dev,
               .inode = status.st_ino};
}

}  // namespace

std::string Describe(const LowerIdentity& identity) {
  const std::string size = std::to_string(identity.content_size) + " bytes";
  if (identity.kind == LowerIdentity::Kind::kBlob) {
    return "a blob of " + size + " with the root " + blob::ToHex(identity.mark);
  }
  LastChange change;
  std::memcpy(&change, identity.mark.data(), sizeof(change));
  if (change.seconds == 0 && change.nanoseconds == 0) {
    return "a device of " + size;
  }
  std::string fraction = std::to_string(change.nanoseconds);
  fraction.insert(0, 9 - std::min<size_t>(9, fraction.size()), '0');
  return "a file of " + size + " last changed at @" + std::to_string(change.seconds) + "." + fraction;
}

base::Result<Lower, dev::Error> OpenLower(const std::string& text, const boost::asio::any_io_executor& executor) {
  if (!text.starts_with("blob:") && !text.starts_with("file:")) {
    return OpenFile(text);
  }
  PAGODA_TRY_ASSIGN(const PagerSpec spec, ParseUnnamedPagerSpec(text));
  if (spec.kind == "blob") {
    return OpenBlob(spec, executor);
  }
  if (!spec.options.empty()) {
    return Bad("option '" + spec.options.front() + "': the lower is read-only in any case and has none");
  }
  return OpenFile(spec.argument);
}

}  // namespace pager::overlay
