#include "devices/pager/overlay/overlay_pager.h"

#include <utility>

#include "devices/pager/overlay/lower.h"
#include "devices/pager/overlay/overlay_store.h"
#include "devices/pager/overlay/upper_file.h"
#include "devices/pager/serve_options.h"
#include "devices/pager/single_object_pager.h"
#include "devices/pager/store_source.h"

namespace pager::overlay {

base::Result<std::unique_ptr<Pager>, dev::Error> CreateOverlayPager(const boost::asio::any_io_executor& executor,
                                                                    const std::string& upper,
                                                                    const std::vector<std::string>& options) {
  if (upper.empty() || options.empty() || options.front().empty()) {
    return base::Failure{
        dev::Error{"the form is overlay:UPPER,LOWER: a file for what is written, and the file or blob:PATH below it"}};
  }
  PAGODA_TRY_ASSIGN(ServeOptions serving, ParseServeOptions({options.begin() + 1, options.end()}));
  if (serving.access != FileAccess::kReadWrite) {
    return base::Failure{
        dev::Error{"an overlay is always writable and as large as its lower: it has neither 'ro' nor "
                   "'resizable'"}};
  }
  // What becomes clean in the guest is in the record, so that a monitor that is killed loses nothing of it.
  serving.writeback.clock_durability = Durability::kDurable;
  PAGODA_TRY_ASSIGN(const Lower lower, OpenLower(options.front(), executor));
  PAGODA_TRY_ASSIGN(std::unique_ptr<UpperFile> file, UpperFile::Open(upper, lower));
  auto store = std::make_shared<OverlayStore>(lower, std::move(file));
  auto source = std::make_shared<StoreSource>(executor, std::move(store), serving.writeback);
  return std::unique_ptr<Pager>(std::make_unique<SingleObjectPager>(std::move(source)));
}

}  // namespace pager::overlay
