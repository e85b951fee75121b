// One step of learning: a few inputs against a few outputs as small products of matrices, instead of pair by pair
// (Ji et al. 2016). All dot products first, then all updates, with the outputs held in registers.
#ifndef TRAINING_STEP_H
#define TRAINING_STEP_H

#include "vector.h"

#define OUTPUTS 6                            // at most so many outputs a step: what registers hold
#define INPUTS (REGISTERS == 32 ? 4 : 2)     // inputs whose dot products are worked out side by side
#define UNROLL _Pragma("GCC unroll 32")

// 1 / (1 + exp(-x)), to six digits: exp as a power of two, its fraction by a polynomial.
INLINE vf sigmoid(vf x) {
    const vf to_whole = splat(12582912.f); // 1.5 · 2²³: added, it leaves the nearest whole number in the low bits
    vf power = largest(smallest(x, splat(16.f)), splat(-16.f)) * splat(-1.44269504f);
    vf rounded = power + to_whole, part = power - (rounded - to_whole);
    vf two = splat(1.3333558e-3f);
    two = two * part + splat(9.6181291e-3f);
    two = two * part + splat(5.5504109e-2f);
    two = two * part + splat(2.4022651e-1f);
    two = two * part + splat(6.9314718e-1f);
    two = two * part + splat(1.f);
    vf scale = (vf)(((vi)rounded - (vi)to_whole + 127) << 23);
    return splat(1.f) / (splat(1.f) + two * scale);
}

// Dot products of A inputs with N outputs, written one after the other; `to` has room for whole vectors behind them.
INLINE void dots(const int A, const int N, float *const *in, float *const *out, int64_t dimension, float *to) {
    vf sum[INPUTS * OUTPUTS + LANES];
    UNROLL for (int p = 0; p < (A * N + LANES - 1) / LANES * LANES; p++) sum[p] = splat(0.f);
    for (int64_t k = 0; k < dimension; k += LANES) {
        vf x[INPUTS];
        UNROLL for (int a = 0; a < A; a++) x[a] = load(in[a] + k);
        UNROLL for (int o = 0; o < N; o++) {
            vf y = load(out[o] + k);
            UNROLL for (int a = 0; a < A; a++) sum[a * N + o] += x[a] * y;
        }
    }
    UNROLL for (int p = 0; p < A * N; p += LANES) {
        vf whole = sums(sum + p);
        __builtin_memcpy(to + p, &whole, sizeof whole);
    }
}

// in += g · out and out += gᵀ · in, both from what they were before.
INLINE void update(const int N, int m, float *const *in, float *const *out, int64_t dimension, const float *g) {
    for (int64_t k = 0; k < dimension; k += LANES) {
        vf before[OUTPUTS], after[OUTPUTS];
        UNROLL for (int o = 0; o < N; o++) before[o] = after[o] = load(out[o] + k);
        for (int a = 0; a < m; a++) {
            vf x = load(in[a] + k), moved = x;
            UNROLL for (int o = 0; o < N; o++) {
                vf step = splat(g[a * N + o]);
                moved += step * before[o];
                after[o] += step * x;
            }
            store(in[a] + k, moved);
        }
        UNROLL for (int o = 0; o < N; o++) store(out[o] + k, after[o]);
    }
}

// The first `positive` outputs are right for every input, the others wrong; `times` says how often each output counts,
// or is NULL where all count once. Leaves the gradients times `rate` in `g` [m, N], which has room for LANES more.
INLINE void step_of(const int N, int m, float *const *in, float *const *out, int64_t dimension, float rate, int positive,
                    const float *times, float *g) {
    int a = 0;
    for (; a + INPUTS <= m; a += INPUTS) dots(INPUTS, N, in + a, out, dimension, g + a * N);
    for (; a + 2 <= m; a += 2) dots(2, N, in + a, out, dimension, g + a * N);
    for (; a < m; a++) dots(1, N, in + a, out, dimension, g + a * N);
    for (int p = 0; p < m * N; p += LANES) {
        vf slope = sigmoid(*(vf *)(g + p)) * splat(-rate);
        store(g + p, slope);
    }
    if (positive)
        for (a = 0; a < m; a++) g[a * N] += rate;
    if (times)
        for (int p = 0; p < m * N; p++) g[p] *= times[p % N];
    update(N, m, in, out, dimension, g);
}

static void step(int n, int m, float *const *in, float *const *out, int64_t dimension, float rate, int positive,
                 const float *times, float *g) {
    switch (n) {
    case 6: step_of(6, m, in, out, dimension, rate, positive, times, g); break;
    case 5: step_of(5, m, in, out, dimension, rate, positive, times, g); break;
    case 4: step_of(4, m, in, out, dimension, rate, positive, times, g); break;
    case 3: step_of(3, m, in, out, dimension, rate, positive, times, g); break;
    case 2: step_of(2, m, in, out, dimension, rate, positive, times, g); break;
    case 1: step_of(1, m, in, out, dimension, rate, positive, times, g); break;
    }
}

#endif
