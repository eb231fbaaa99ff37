// The memory functions that the compiler calls on its own, declared as the C standard does.
//
// The kernel's own are in lib/memory.cc and arch/x86_64/memory.S; hosted builds use the host's.
#pragma once

#include <stddef.h>

extern "C" {
void* memcpy(void* __restrict destination, const void* __restrict source, size_t length) noexcept;
void* memmove(void* destination, const void* source, size_t length) noexcept;
void* memset(void* destination, int value, size_t length) noexcept;
int memcmp(const void* a, const void* b, size_t length) noexcept;
size_t strlen(const char* text) noexcept;
}
