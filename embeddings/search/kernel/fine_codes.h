// Fine codes: what centre and coarse code leave of a row, one, two, four or eight bits a number, in a line of the cache. With
// one bit there is a finer code as well: two bits a number of what is left then, in two lines.
//
// The last two bytes of a code hold the row's share. Numbers stand in stretches of 32 bytes, byte after byte by their lowest
// bits, then by the next ones: a shift and a mask bring 32 of them at a time.
#ifndef SEARCH_FINE_CODES_H
#define SEARCH_FINE_CODES_H

#include "lists.h"

#include <math.h>

enum { LINE = 64, STRETCH = 32, SHARE_BYTES = 2, AT_A_TIME = 4 };
enum { FINER_BITS = 2, FINER_BYTES = 2 * LINE };
#define FINE_SHARE_UNIT (1 / 32768.0f)
static const float FINER_STEP = 0.375f; // in steps of the fine code

// How many numbers stand in the stretch at a byte with the same shift: the last stretch is shorter by the share.
INLINE int64_t fine_width(int64_t at, int64_t bytes) { return at + STRETCH < bytes ? STRETCH : STRETCH - SHARE_BYTES; }

#if defined(__AVX512F__)
enum { AT_ONCE = 2 * STRETCH }; // bytes of a code
#else
enum { AT_ONCE = STRETCH };
#endif

// A turned target in units of fine or finer codes: the numbers as they meet those of a row, so many bytes after so many, shift
// by shift.
typedef struct {
    int8_t numbers[8 * LINE];
    int64_t bits, bytes; // of a number, and of a code
    int64_t used;        // up to here there are numbers in a code
    float unit;          // what a unit of a product is worth
    float origin;        // the product of a row of which nothing is left, in units
} Fine_query;

// `scale` is that of the codes' steps.
static inline void prepare_fine(const List_index *index, const float *turned, int64_t bits, int64_t bytes, float scale,
                                Fine_query *query) {
    const int64_t count = index->turned;
    // Sums of products must fit into 16 bits: with 8 bits 2 * 2 * 255 * 31, with 4 twice 2 * 2 * 15 * 127.
    const int largest = bits == 8 ? 31 : 127;
    const float most = larger(largest_size(turned, index->steps, count), 1e-12f), per_step = (float)largest / most;
    int32_t sum = 0;
    memset(query->numbers, 0, sizeof query->numbers);
    int64_t i = 0, at = 0;
    for (; i < count; at += STRETCH)
        for (int64_t shift = 0; shift < 8; shift += bits) {
            int8_t *restrict numbers = query->numbers + (at / AT_ONCE * 8 + shift) / bits * AT_ONCE + at % AT_ONCE;
            const int64_t width = fine_width(at, bytes), some = count - i < width ? count - i : width;
            for (int64_t lane = 0; lane < some; lane++)
                numbers[lane] = (int8_t)nearest_whole(turned[i + lane] * index->steps[i + lane] * per_step);
            for (int64_t lane = 0; lane < some; lane++) sum += numbers[lane];
            i += some;
        }
    query->bits = bits, query->bytes = bytes, query->used = at;
    query->unit = scale * most / (float)largest;
    query->origin = 0.5f * (float)((1 << bits) - 1) * (float)sum;
}

INLINE float fine_share(const uint8_t *code, int64_t bytes) {
    uint16_t share;
    memcpy(&share, code + bytes - SHARE_BYTES, SHARE_BYTES);
    return (float)(share > 0 ? share : 1) * FINE_SHARE_UNIT;
}

#if defined(__AVX512F__)

INLINE __m256i folded(__m512i sums) {
    const __m512i four = _mm512_madd_epi16(sums, _mm512_set1_epi16(1));
    return _mm256_add_epi32(_mm512_castsi512_si256(four), _mm512_extracti64x4_epi64(four, 1));
}

// Of four codes at once, so that the numbers of the query are loaded once, and the sums are added up together.
INLINE void fine_products(const uint8_t *const codes[AT_A_TIME], const Fine_query *query, const int bits, int32_t *products) {
    const __m512i mask = _mm512_set1_epi8((char)((1 << bits) - 1));
    const int8_t *numbers = query->numbers;
    __m512i sums[AT_A_TIME], left[AT_A_TIME];
    for (int i = 0; i < AT_A_TIME; i++) sums[i] = _mm512_setzero_si512();
    for (int64_t at = 0; at < query->used; at += AT_ONCE) {
        for (int i = 0; i < AT_A_TIME; i++) left[i] = _mm512_loadu_si512(codes[i] + at);
        for (int shift = 0; shift < 8; shift += bits, numbers += AT_ONCE) {
            const __m512i of_query = _mm512_loadu_si512(numbers);
            for (int i = 0; i < AT_A_TIME; i++) {
                sums[i] = _mm512_add_epi16(sums[i], _mm512_maddubs_epi16(_mm512_and_si512(left[i], mask), of_query));
                left[i] = _mm512_srli_epi16(left[i], bits);
            }
        }
    }
    const __m256i all = _mm256_hadd_epi32(_mm256_hadd_epi32(folded(sums[0]), folded(sums[1])),
                                          _mm256_hadd_epi32(folded(sums[2]), folded(sums[3])));
    _mm_storeu_si128((__m128i *)products, _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1)));
}

#else

#if defined(__AVX2__)

INLINE int32_t fine_product(const uint8_t *code, const Fine_query *query, const int bits) {
    const __m256i mask = _mm256_set1_epi8((char)((1 << bits) - 1));
    const __m256i *numbers = (const __m256i *)query->numbers;
    __m256i sums = _mm256_setzero_si256();
    for (int64_t at = 0; at < query->used; at += STRETCH) {
        __m256i codes = _mm256_loadu_si256((const __m256i *)(code + at));
        for (int shift = 0; shift < 8; shift += bits, numbers++, codes = _mm256_srli_epi16(codes, bits))
            sums = _mm256_add_epi16(
                sums, _mm256_maddubs_epi16(_mm256_and_si256(codes, mask), _mm256_loadu_si256(numbers)));
    }
    sums = _mm256_madd_epi16(sums, _mm256_set1_epi16(1));
    __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(four, _mm_shuffle_epi32(four, 0xb1)));
}

#else

INLINE int32_t fine_product(const uint8_t *code, const Fine_query *query, const int bits) {
    const int8_t *numbers = query->numbers;
    const int mask = (1 << bits) - 1;
    int32_t sum = 0;
    for (const uint8_t *end = code + query->used; code < end; code += STRETCH)
        for (int shift = 0; shift < 8; shift += bits, numbers += STRETCH)
            for (int at = 0; at < STRETCH; at++) sum += (code[at] >> shift & mask) * numbers[at];
    return sum;
}

#endif

INLINE void fine_products(const uint8_t *const codes[AT_A_TIME], const Fine_query *query, const int bits, int32_t *products) {
    for (int i = 0; i < AT_A_TIME; i++) products[i] = fine_product(codes[i], query, bits);
}

#endif

// The products of AT_A_TIME codes.
static inline void fine_products_of(const uint8_t *const codes[AT_A_TIME], const Fine_query *query, int32_t *products) {
    switch (query->bits) {
    case 1: fine_products(codes, query, 1, products); break;
    case 2: fine_products(codes, query, 2, products); break;
    case 4: fine_products(codes, query, 4, products); break;
    default: fine_products(codes, query, 8, products);
    }
}

#endif
