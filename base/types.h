/* types.h - the short scalar names used everywhere. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t  u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t   i8;
typedef int16_t  i16;
typedef int32_t  i32;
typedef int64_t  i64;

/* GNU C extensions the project relies on, named in this one place: 128-bit integers,
 * computed goto (backend/interp), statement attributes, case ranges are not used. */
typedef unsigned __int128 u128;
typedef __int128          i128;

typedef u64 gva; /* guest virtual address  */
typedef u64 gpa; /* guest physical address */

#define COUNT(a)           (sizeof(a) / sizeof((a)[0]))
#define MUST_CHECK         __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a)  __attribute__((format(printf, f, a)))
#define NORETURN           __attribute__((noreturn))
#define LIKELY(c)          __builtin_expect(!!(c), 1)
#define UNLIKELY(c)        __builtin_expect(!!(c), 0)
#define CONTAINER_OF(p, T, m) ((T *)((char *)(p) - offsetof(T, m)))
#define MIN(a, b)          ((a) < (b) ? (a) : (b))
#define MAX(a, b)          ((a) > (b) ? (a) : (b))
