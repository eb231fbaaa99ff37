// The orderly end of a program: destructors of static objects, atexit functions, buffered output, then the kernel.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zircon/syscalls.h>

#include <mutex>
#include <utility>

#include "guest/sdk/include/pagoda/mutex.h"

namespace {

struct Handler {
  void (*function)(void*);
  void* argument;
};

// Handlers in blocks, newest first; the first block needs no memory, and most programs no other.
struct Block {
  static constexpr int kCapacity = 32;
  Block* older;
  int count;
  Handler handlers[kCapacity];
};

constinit pagoda::Mutex g_lock;
constinit Block g_first = {};
constinit Block* g_newest = &g_first;

bool Push(Handler handler) {
  std::lock_guard guard(g_lock);
  if (g_newest->count == Block::kCapacity) {
    auto* block = static_cast<Block*>(malloc(sizeof(Block)));
    if (block == nullptr) {
      return false;
    }
    block->older = g_newest;
    block->count = 0;
    g_newest = block;
  }
  g_newest->handlers[g_newest->count++] = handler;
  return true;
}

// A handler may register others, which then run next.
bool Pop(Handler* handler) {
  std::lock_guard guard(g_lock);
  while (g_newest->count == 0) {
    if (g_newest == &g_first) {
      return false;
    }
    free(std::exchange(g_newest, g_newest->older));
  }
  *handler = g_newest->handlers[--g_newest->count];
  return true;
}

}  // namespace

extern "C" {

void* __dso_handle = nullptr;

int __cxa_atexit(void (*function)(void*), void* argument, void* /*object*/) {
  return Push({function, argument}) ? 0 : -1;
}

int atexit(void (*function)()) {
  return __cxa_atexit([](void* argument) { reinterpret_cast<void (*)()>(argument)(); },
                      reinterpret_cast<void*>(function), nullptr);
}

void _Exit(int code) { zx_process_exit(code); }
void _exit(int code) { zx_process_exit(code); }

void exit(int code) {
  for (Handler handler; Pop(&handler);) {
    handler.function(handler.argument);
  }
  fflush(nullptr);
  zx_process_exit(code);
}

}  // extern "C"
