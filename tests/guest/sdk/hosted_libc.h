// The guest's C library under the names that it has when it is compiled into a host test (guest/sdk/libc/names.h).
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

extern "C" {
void* pagoda_libc_memcpy(void* to, const void* from, size_t size);
void* pagoda_libc_mempcpy(void* to, const void* from, size_t size);
void* pagoda_libc_memmove(void* to, const void* from, size_t size);
void* pagoda_libc_memset(void* to, int value, size_t size);
int pagoda_libc_memcmp(const void* left, const void* right, size_t size);
void* pagoda_libc_memchr(const void* block, int value, size_t size);
void* pagoda_libc_memrchr(const void* block, int value, size_t size);

size_t pagoda_libc_strlen(const char* text);
size_t pagoda_libc_strnlen(const char* text, size_t limit);
int pagoda_libc_strcmp(const char* left, const char* right);
int pagoda_libc_strncmp(const char* left, const char* right, size_t limit);
int pagoda_libc_strcasecmp(const char* left, const char* right);
char* pagoda_libc_stpcpy(char* to, const char* from);
char* pagoda_libc_strncpy(char* to, const char* from, size_t size);
char* pagoda_libc_strncat(char* to, const char* from, size_t limit);
char* pagoda_libc_strchr(const char* text, int wanted);
char* pagoda_libc_strrchr(const char* text, int wanted);
size_t pagoda_libc_strspn(const char* text, const char* accepted);
size_t pagoda_libc_strcspn(const char* text, const char* rejected);
char* pagoda_libc_strpbrk(const char* text, const char* wanted);
char* pagoda_libc_strstr(const char* text, const char* wanted);
char* pagoda_libc_strtok_r(char* text, const char* separators, char** rest);

long pagoda_libc_strtol(const char* text, char** end, int base);
unsigned long pagoda_libc_strtoul(const char* text, char** end, int base);
double pagoda_libc_strtod(const char* text, char** end);
int pagoda_libc_atoi(const char* text);

void pagoda_libc_qsort(void* base, size_t count, size_t size, int (*compare)(const void*, const void*));
void* pagoda_libc_bsearch(const void* key, const void* base, size_t count, size_t size,
                          int (*compare)(const void*, const void*));

int pagoda_libc_isalnum(int c);
int pagoda_libc_isspace(int c);
int pagoda_libc_ispunct(int c);
int pagoda_libc_isprint(int c);
int pagoda_libc_isxdigit(int c);
int pagoda_libc_iscntrl(int c);
int pagoda_libc_tolower(int c);
int pagoda_libc_toupper(int c);

int pagoda_libc_snprintf(char* buffer, size_t size, const char* format, ...) __attribute__((format(printf, 3, 4)));
int pagoda_libc_vsnprintf(char* buffer, size_t size, const char* format, va_list arguments);
}
