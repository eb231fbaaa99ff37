#include "devices/core/service_thread.h"

#include <pthread.h>
#include <signal.h>

#include <system_error>

namespace dev {

namespace {

// A new thread inherits the mask of its creator, so nothing can be delivered to it before it has run.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;
  ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

base::Result<ServiceThread, Error> ServiceThread::Start(const std::string& name, std::function<void()> body) {
  const AllSignalsBlocked blocked;
  try {
    std::thread thread(std::move(body));
    ::pthread_setname_np(thread.native_handle(), name.c_str());
    return ServiceThread(std::move(thread));
  } catch (const std::system_error& error) {
    return base::Failure{Error{"cannot start thread " + name + ": " + error.what()}};
  }
}

void ServiceThread::Join() {
  if (thread_.joinable()) {
    thread_.join();
  }
}

}  // namespace dev
