// Scores of rows by their codes: sums of unsigned codes times signed numbers of the query, four dimensions at a time.
//
// Codes lie in blocks of 16 rows: for every four dimensions the four codes of row 0, of row 1, and so on, 64 bytes. A
// number of the query is at most 63, so that two products fit into 16 bits (2 * 255 * 63 < 32768): every level gives
// the same sums, whatever instructions it has.
#ifndef SEARCH_SCORING_H
#define SEARCH_SCORING_H

#include "vector.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK_ROWS = 16, QUAD_BYTES = 4 * BLOCK_ROWS, LARGEST_OF_QUERY = 63 };

// A number of less than 2^22 rounded, in the last bits of what it gives: loops of it become loops of vectors.
#define TO_WHOLE 12582912.0f // 1.5 * 2^23
INLINE uint32_t bits_of(float number) {
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}
INLINE uint32_t nearest_whole(float number) { return bits_of(number + TO_WHOLE); }

INLINE float larger(float a, float b) { return a > b ? a : b; }

// The largest size of a number [n], times its step where there are steps, and not 0.
INLINE float largest_size(const float *numbers, const float *steps, int64_t n) {
    float most[16] = {0};
    int64_t at = 0;
    for (; at + 16 <= n; at += 16)
        for (int lane = 0; lane < 16; lane++)
            most[lane] = larger(most[lane], fabsf(steps ? numbers[at + lane] * steps[at + lane] : numbers[at + lane]));
    for (; at < n; at++) most[0] = larger(most[0], fabsf(steps ? numbers[at] * steps[at] : numbers[at]));
    for (int lane = 1; lane < 16; lane++) most[0] = larger(most[0], most[lane]);
    return larger(most[0], 1e-20f);
}

// The numbers of a query [n] for codes of these steps; gives what a unit of the scores is worth.
static inline float quantise(const float *restrict numbers, const float *restrict steps, int64_t n, int8_t *restrict query) {
    const float unit = largest_size(numbers, steps, n) / LARGEST_OF_QUERY, per_unit = 1 / unit;
    for (int64_t i = 0; i < n; i++) query[i] = (int8_t)nearest_whole(numbers[i] * steps[i] * per_unit);
    return unit;
}

// What the 128 of each code add to a score.
static inline int32_t origin_of(const int8_t *query, int64_t n) {
    int32_t sum = 0;
    for (int64_t i = 0; i < n; i++) sum += query[i];
    return 128 * sum;
}

// Scores of `blocks` blocks go to `scores`, 16 a block; bit r of masks[b] says that row r of block b has `least` or more.
typedef void score_function(const uint8_t *codes, int64_t quads, const void *query, int64_t blocks, int32_t least,
                            int32_t *scores, uint16_t *masks);

#if defined(__AVX2__)
#include <immintrin.h>

INLINE int32_t quad_of(const void *query, int64_t quad) {
    int32_t four;
    memcpy(&four, (const int8_t *)query + 4 * quad, 4);
    return four;
}
#endif

#if defined(__AVX512F__)
#include <cpuid.h>

#define ADD_BY_MADDUBS(sum, at) \
    sum = _mm512_add_epi32(sum, _mm512_madd_epi16(_mm512_maddubs_epi16(_mm512_loadu_si512(at), numbers), ones))
// Not _mm512_dpbusd_epi32: gcc 12 copies every sum before and after it.
#define ADD_BY_DPBUSD(sum, at) \
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(_mm512_loadu_si512(at)), "v"(numbers))
#define KEEP(sum, block)                                                  \
    do {                                                                  \
        _mm512_storeu_si512(scores + BLOCK_ROWS * (block), sum);          \
        masks[block] = (uint16_t)_mm512_cmpge_epi32_mask(sum, enough);    \
    } while (0)

// Four blocks at a time, so that a number of the query is read once for them and sums need not wait for each other.
// Where fewer are left, the last of them is read again in the place of those that are missing.
#define SCORE_BODY(ADD)                                                                           \
    const __m512i enough = _mm512_set1_epi32(least), ones = _mm512_set1_epi16(1);                 \
    const int64_t size = quads * QUAD_BYTES;                                                      \
    (void)ones;                                                                                   \
    for (int64_t block = 0; block < blocks; block += 4) {                                         \
        const int64_t left = blocks - block - 1;                                                  \
        const uint8_t *at = codes + block * size, *at_second = at + (left < 1 ? left : 1) * size; \
        const uint8_t *at_third = at + (left < 2 ? left : 2) * size;                              \
        const uint8_t *at_fourth = at + (left < 3 ? left : 3) * size;                             \
        __m512i first = _mm512_setzero_si512(), second = first, third = first, fourth = first;    \
        for (int64_t quad = 0; quad < quads; quad++) {                                            \
            const __m512i numbers = _mm512_set1_epi32(quad_of(query, quad));                      \
            ADD(first, at + QUAD_BYTES * quad);                                                   \
            ADD(second, at_second + QUAD_BYTES * quad);                                           \
            ADD(third, at_third + QUAD_BYTES * quad);                                             \
            ADD(fourth, at_fourth + QUAD_BYTES * quad);                                           \
        }                                                                                         \
        KEEP(first, block);                                                                       \
        if (left > 0) KEEP(second, block + 1);                                                    \
        if (left > 1) KEEP(third, block + 2);                                                     \
        if (left > 2) KEEP(fourth, block + 3);                                                    \
    }

static void score_without_vnni(const uint8_t *codes, int64_t quads, const void *query, int64_t blocks, int32_t least,
                               int32_t *scores, uint16_t *masks) {
    SCORE_BODY(ADD_BY_MADDUBS)
}

__attribute__((target("avx512vnni"))) static void score_with_vnni(const uint8_t *codes, int64_t quads,
                                                                  const void *query, int64_t blocks, int32_t least,
                                                                  int32_t *scores, uint16_t *masks) {
    SCORE_BODY(ADD_BY_DPBUSD)
}

INLINE int has_vnni(void) {
    static int known = -1; // two threads that ask at once find the same; cpuid takes microseconds in a virtual machine
    int has = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (has < 0) {
        unsigned a, b, c = 0, d;
        has = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c & (1u << 11)) != 0;
        __atomic_store_n(&known, has, __ATOMIC_RELAXED);
    }
    return has;
}

INLINE score_function *score_blocks(void) { return has_vnni() ? score_with_vnni : score_without_vnni; }

#elif defined(__AVX2__)

INLINE __m256i add_products(__m256i sum, const uint8_t *at, __m256i numbers) {
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_loadu_si256((const __m256i *)at), numbers);
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

INLINE uint32_t keep(int32_t *scores, __m256i sum, __m256i enough) {
    _mm256_storeu_si256((__m256i *)scores, sum);
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(sum, enough)));
}

static void score_by_avx2(const uint8_t *codes, int64_t quads, const void *query, int64_t blocks, int32_t least,
                          int32_t *scores, uint16_t *masks) {
    // Every sum is far from INT32_MIN, so "more than INT32_MIN" is as good as "INT32_MIN or more".
    const __m256i enough = _mm256_set1_epi32(least == INT32_MIN ? least : least - 1);
    const int64_t size = quads * QUAD_BYTES;
    int64_t block = 0;
    for (; block + 2 <= blocks; block += 2) {
        const uint8_t *at = codes + block * size;
        __m256i low = _mm256_setzero_si256(), high = low, next_low = low, next_high = low;
        for (int64_t quad = 0; quad < quads; quad++, at += QUAD_BYTES) {
            const __m256i numbers = _mm256_set1_epi32(quad_of(query, quad));
            low = add_products(low, at, numbers);
            high = add_products(high, at + 32, numbers);
            next_low = add_products(next_low, at + size, numbers);
            next_high = add_products(next_high, at + size + 32, numbers);
        }
        int32_t *to = scores + BLOCK_ROWS * block;
        masks[block] = (uint16_t)(keep(to, low, enough) | keep(to + 8, high, enough) << 8);
        masks[block + 1] = (uint16_t)(keep(to + 16, next_low, enough) | keep(to + 24, next_high, enough) << 8);
    }
    for (; block < blocks; block++) {
        const uint8_t *at = codes + block * size;
        __m256i low = _mm256_setzero_si256(), high = low;
        for (int64_t quad = 0; quad < quads; quad++, at += QUAD_BYTES) {
            const __m256i numbers = _mm256_set1_epi32(quad_of(query, quad));
            low = add_products(low, at, numbers);
            high = add_products(high, at + 32, numbers);
        }
        int32_t *to = scores + BLOCK_ROWS * block;
        masks[block] = (uint16_t)(keep(to, low, enough) | keep(to + 8, high, enough) << 8);
    }
}

INLINE score_function *score_blocks(void) { return score_by_avx2; }

#else

static void score_plainly(const uint8_t *codes, int64_t quads, const void *query, int64_t blocks, int32_t least,
                          int32_t *scores, uint16_t *masks) {
    for (int64_t block = 0; block < blocks; block++, scores += BLOCK_ROWS) {
        int32_t sums[BLOCK_ROWS] = {0};
        for (int64_t quad = 0; quad < quads; quad++, codes += QUAD_BYTES) {
            const int8_t *four = (const int8_t *)query + 4 * quad;
            const int32_t a = four[0], b = four[1], c = four[2], d = four[3];
            for (int row = 0; row < BLOCK_ROWS; row++) {
                const uint8_t *of = codes + 4 * row;
                sums[row] += of[0] * a + of[1] * b + of[2] * c + of[3] * d;
            }
        }
        uint32_t mask = 0;
        for (int row = 0; row < BLOCK_ROWS; row++) mask |= (uint32_t)(sums[row] >= least) << row;
        memcpy(scores, sums, sizeof sums);
        masks[block] = (uint16_t)mask;
    }
}

INLINE score_function *score_blocks(void) { return score_plainly; }

#endif
#endif
