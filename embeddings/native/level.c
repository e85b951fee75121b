// Which level this processor and its system can run: 0 the baseline (on arm64, NEON), 1 AVX2, 2 AVX-512.
#include <stdint.h>

__attribute__((visibility("default"))) int native_level(void);

#if defined(__x86_64__)
#include <cpuid.h>

// By cpuid itself: __builtin_cpu_supports needs a part of the compiler's library that zig does not bring.
enum { FMA = 1 << 12, OSXSAVE = 1 << 27, AVX = 1 << 28, F16C = 1 << 29, POPCNT = 1 << 23 };
enum { BMI1 = 1 << 3, AVX2 = 1 << 5, BMI2 = 1 << 8 };
#define AVX512 ((1u << 16) | (1u << 17) | (1u << 28) | (1u << 30) | (1u << 31))  // F, DQ, CD, BW, VL
enum { LZCNT = 1 << 5 };
enum { YMM_SAVED = 0x6, ZMM_SAVED = 0xe6 };

int native_level(void) {
    unsigned a, b, c, d, ones = FMA | OSXSAVE | AVX | F16C | POPCNT, sevens = BMI1 | AVX2 | BMI2;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & ones) != ones) return 0;
    unsigned saved, high;
    __asm__("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
    if ((saved & YMM_SAVED) != YMM_SAVED) return 0;
    if (!__get_cpuid(0x80000001, &a, &b, &c, &d) || !(c & LZCNT)) return 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (b & sevens) != sevens) return 0;
    return (saved & ZMM_SAVED) == ZMM_SAVED && (b & AVX512) == AVX512 ? 2 : 1;
}
#else
int native_level(void) { return 0; }
#endif
