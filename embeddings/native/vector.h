// What the kernels of all rooms share: the level that is compiled for, vectors of its widest registers, and sums of lanes.
//
// Every source is compiled once a level, with -DLEVEL=baseline, avx2, avx512 or neon; names that leave a file carry it.
#ifndef NATIVE_VECTOR_H
#define NATIVE_VECTOR_H

#include <stdint.h>

#define NATIVE_JOIN_(a, b) a##_##b
#define NATIVE_JOIN(a, b) NATIVE_JOIN_(a, b)
#define LOCAL(name) NATIVE_JOIN(name, LEVEL)  // a function for other files of the room
#define EXPORT(type, name) __attribute__((visibility("default"))) type NATIVE_JOIN(name, LEVEL)  // one for Python
#define INLINE static inline __attribute__((always_inline))

#if defined(__AVX512F__)
#define LANES 16
#define REGISTERS 32
#elif defined(__AVX__)
#define LANES 8
#define REGISTERS 16
#elif defined(__aarch64__)
#define LANES 4
#define REGISTERS 32
#else
#define LANES 4
#define REGISTERS 16
#endif

#define ROW_FLOATS 16  // rows begin at multiples of 64 bytes, whatever the level

typedef float vf __attribute__((vector_size(4 * LANES), aligned(4 * LANES), may_alias));
typedef int32_t vi __attribute__((vector_size(4 * LANES), aligned(4 * LANES), may_alias));

INLINE vf splat(float value) { return value - (vf){0}; } // a compiler sees through x - 0, not through x + 0
INLINE vf load(const float *from) { return *(const vf *)from; }
INLINE vf choose(vi which, vf yes, vf no) { return (vf)((which & (vi)yes) | (~which & (vi)no)); }
INLINE vf smallest(vf a, vf b) { return choose(a < b, a, b); }
INLINE vf largest(vf a, vf b) { return choose(a > b, a, b); }
INLINE void store(float *to, vf value) { *(vf *)to = value; }

// [a's neighbours added | b's neighbours added] in every 128 bits.
INLINE vf add_neighbours(vf a, vf b) {
#if LANES == 16
    return __builtin_shufflevector(a, b, 0, 2, 16, 18, 4, 6, 20, 22, 8, 10, 24, 26, 12, 14, 28, 30) +
           __builtin_shufflevector(a, b, 1, 3, 17, 19, 5, 7, 21, 23, 9, 11, 25, 27, 13, 15, 29, 31);
#elif LANES == 8
    return __builtin_shufflevector(a, b, 0, 2, 8, 10, 4, 6, 12, 14) +
           __builtin_shufflevector(a, b, 1, 3, 9, 11, 5, 7, 13, 15);
#else
    return __builtin_shufflevector(a, b, 0, 2, 4, 6) + __builtin_shufflevector(a, b, 1, 3, 5, 7);
#endif
}

// The sums of LANES vectors, in their order.
INLINE vf sums(const vf *of) {
    vf four[4];
#if LANES == 16
    vf eight[8];
    for (int i = 0; i < 8; i++)
        eight[i] = __builtin_shufflevector(of[i], of[i + 8], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
                   __builtin_shufflevector(of[i], of[i + 8], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    for (int i = 0; i < 4; i++)
        four[i] = __builtin_shufflevector(eight[i], eight[i + 4], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27) +
                  __builtin_shufflevector(eight[i], eight[i + 4], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
#elif LANES == 8
    for (int i = 0; i < 4; i++)
        four[i] = __builtin_shufflevector(of[i], of[i + 4], 0, 1, 2, 3, 8, 9, 10, 11) +
                  __builtin_shufflevector(of[i], of[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
#else
    for (int i = 0; i < 4; i++) four[i] = of[i];
#endif
    return add_neighbours(add_neighbours(four[0], four[1]), add_neighbours(four[2], four[3]));
}

#endif
