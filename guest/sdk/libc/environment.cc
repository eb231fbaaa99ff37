// What C programs ask of their surroundings, where the answer is the same every time: there is one locale, no
// environment, and errno is one for all threads (LIBC functions set it, none reads it).
#include <errno.h>
#include <fenv.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>

extern "C" {

static int g_errno;
int* __errno_location() { return &g_errno; }

// Tells libstdc++ that reference counts must be atomic.
char __libc_single_threaded = 0;

char* getenv(const char* /*name*/) { return nullptr; }

char* strerror(int error) {
  switch (error) {
    case 0:
      return const_cast<char*>("success");
    case ENOMEM:
      return const_cast<char*>("out of memory");
    case ERANGE:
      return const_cast<char*>("number out of range");
    case EINVAL:
      return const_cast<char*>("invalid argument");
    case EBADF:
      return const_cast<char*>("stream not open for this");
    default:
      return const_cast<char*>("error");
  }
}

// libstdc++'s conversions ask for the rounding mode, which nothing here ever changes, and for the decimal point.
int fegetround() { return FE_TONEAREST; }
int fesetround(int mode) { return mode == FE_TONEAREST ? 0 : 1; }
char* nl_langinfo(nl_item item) { return const_cast<char*>(item == RADIXCHAR ? "." : ""); }

}  // extern "C"
