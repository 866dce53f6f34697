/* libc.h - declarations enough to compile some of the workloads without a C library: stands for its headers */
#ifndef LIBC_H
#define LIBC_H

#define bool  _Bool
#define true  1
#define false 0
#define NULL  ((void *)0)
#define M_PI  3.14159265358979323846

typedef __SIZE_TYPE__ size_t;
typedef __INT8_TYPE__ int8_t;
typedef __INT16_TYPE__ int16_t;
typedef __INT32_TYPE__ int32_t;
typedef __INT64_TYPE__ int64_t;
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;
typedef __UINTPTR_TYPE__ uintptr_t;
typedef struct file FILE;

extern FILE *stderr;
int printf(const char *, ...);
int fprintf(FILE *, const char *, ...);
void perror(const char *);
void exit(int) __attribute__((noreturn));
void *malloc(size_t);
void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
unsigned long strtoul(const char *, char **, int);
void *memcpy(void *, const void *, size_t);
void *memset(void *, int, size_t);
double sin(double), cos(double), hypot(double, double);

#endif
