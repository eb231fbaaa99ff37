#include "devices/pager/runtime.h"

namespace pager {

base::Result<std::unique_ptr<Runtime>, dev::Error> Runtime::Create(size_t threads) {
  std::unique_ptr<Runtime> runtime(new Runtime(threads));
  for (size_t i = 0; i < threads; ++i) {
    PAGODA_TRY_ASSIGN(dev::ServiceThread thread,
                      dev::ServiceThread::Start("pager", [raw = runtime.get()] { raw->context_.run(); }));
    runtime->threads_.push_back(std::move(thread));
  }
  return runtime;
}

Runtime::~Runtime() {
  context_.stop();
  threads_.clear();
}

}  // namespace pager
