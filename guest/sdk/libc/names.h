// The names under which this C library defines its functions.
//
// In a guest program they are the standard ones. The host's tests compile the same sources into a process that has a C
// library already, so there every name gets a prefix.
#pragma once

#if defined(PAGODA_LIBC_HOSTED_TEST)
#define LIBC(name) pagoda_libc_##name
#else
#define LIBC(name) name
#endif
