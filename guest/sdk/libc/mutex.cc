// The POSIX mutex functions that std::mutex is made of, on pagoda::Mutex. std::recursive_mutex and std::timed_mutex
// need an identity of the calling thread and do not link.
#include <errno.h>
#include <pthread.h>

#include <new>

#include "guest/sdk/include/pagoda/mutex.h"

namespace {

static_assert(sizeof(pagoda::Mutex) <= sizeof(pthread_mutex_t));

// All zeros, PTHREAD_MUTEX_INITIALIZER, is a free mutex.
// SAFETY: the program treats the object as opaque, and an all-zero pagoda::Mutex is a valid one.
pagoda::Mutex& MutexIn(pthread_mutex_t* mutex) { return *reinterpret_cast<pagoda::Mutex*>(mutex); }

}  // namespace

extern "C" {

int pthread_mutex_init(pthread_mutex_t* mutex, const pthread_mutexattr_t* /*attributes*/) {
  new (mutex) pagoda::Mutex;
  return 0;
}
int pthread_mutex_destroy(pthread_mutex_t* /*mutex*/) { return 0; }
int pthread_mutex_lock(pthread_mutex_t* mutex) {
  MutexIn(mutex).lock();
  return 0;
}
int pthread_mutex_trylock(pthread_mutex_t* mutex) { return MutexIn(mutex).try_lock() ? 0 : EBUSY; }
int pthread_mutex_unlock(pthread_mutex_t* mutex) {
  MutexIn(mutex).unlock();
  return 0;
}

}  // extern "C"
