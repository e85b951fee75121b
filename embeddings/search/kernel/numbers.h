// One form for a row's coarse and fine codes: numbers from 0 to 255, that a target's are multiplied with.
//
// First those of the coarse code, 128 and as much as the level is worth, of each direction that has any bits; then those of the
// fine code, stretched to 0 to 255, in the order in which they stand there. A target's numbers are in the same order, each in
// units of what one of the row's numbers is worth.
#ifndef SEARCH_NUMBERS_H
#define SEARCH_NUMBERS_H

#include "coarse_codes.h"
#include "fine_codes.h"
#include "part_products.h"

enum { MOST_QUADS = 256 };

#if defined(__AVX512F__)

// ---- Numbers of targets

INLINE int64_t quads_of_fine(const List_index *index) {
    int64_t i = 0, quads = 0;
    for (int64_t at = 0; at < LINE && i < index->turned; at += STRETCH)
        for (int64_t shift = 0; shift < 8 && i < index->turned; shift += index->fine_bits, quads += STRETCH / 4)
            i += fine_width(at, LINE);
    return quads;
}

INLINE int64_t quads_of_coarse(const List_index *index) { return (index->fours + index->twos + index->ones) / 4; }

INLINE int64_t steps_of(const List_index *index) {
    return (quads_of_coarse(index) + quads_of_fine(index) + QUADS_OF_STEP - 1) / QUADS_OF_STEP;
}

// Puts a turned target's numbers down; gives what a unit of their products is worth, and the product of a row at its centre.
static float number_target(const List_index *index, const float *turned, int8_t *numbers, float *origin) {
    float values[4 * MOST_QUADS] = {0}, most = 1e-20f;
    const int64_t twos = index->fours + index->twos, coded = twos + index->ones, fine_bits = index->fine_bits;
    for (int64_t i = 0; i < coded; i++) {
        const float largest = i < index->fours ? LEVELS_OF_FOUR[15] : i < twos ? LEVELS_OF_TWO[3] : LEVEL_OF_ONE;
        values[i] = turned[i] * index->sizes[i] * largest / 127;
    }
    const float per_number = (float)((1 << fine_bits) - 1) / 255;
    int64_t i = 0, place = coded;
    for (int64_t at = 0; at < LINE && i < index->turned; at += STRETCH)
        for (int64_t shift = 0; shift < 8 && i < index->turned; shift += fine_bits, place += STRETCH)
            for (int64_t lane = 0; lane < fine_width(at, LINE) && i < index->turned; lane++, i++)
                values[place + lane] = turned[i] * index->steps[i] * per_number;
    for (int64_t j = 0; j < place; j++) most = fmaxf(most, fabsf(values[j]));
    const float scale = LARGEST_OF_TARGET / most;
    int32_t of_coarse = 0, of_fine = 0;
    for (int64_t j = 0; j < place; j++) numbers[j] = (int8_t)lrintf(values[j] * scale);
    for (int64_t j = 0; j < coded; j++) of_coarse += numbers[j];
    for (int64_t j = coded; j < place; j++) of_fine += numbers[j];
    *origin = 128 * (float)of_coarse + 127.5f * (float)of_fine;
    return most / LARGEST_OF_TARGET;
}

// ---- Numbers of rows

// 4-byte groups of 16 rows: columns of what were lines.
static void transpose(const uint8_t *lines, int64_t stride, __m512i columns[16]) {
    __m512i a[16], b[16];
    for (int i = 0; i < 16; i++) a[i] = _mm512_loadu_si512(lines + i * stride);
    for (int i = 0; i < 8; i++) {
        b[2 * i] = _mm512_unpacklo_epi32(a[2 * i], a[2 * i + 1]);
        b[2 * i + 1] = _mm512_unpackhi_epi32(a[2 * i], a[2 * i + 1]);
    }
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 2; j++) {
            a[4 * i + 2 * j] = _mm512_unpacklo_epi64(b[4 * i + j], b[4 * i + 2 + j]);
            a[4 * i + 2 * j + 1] = _mm512_unpackhi_epi64(b[4 * i + j], b[4 * i + 2 + j]);
        }
    // a[4 i + j] has columns j, j + 4, j + 8, j + 12 of lines 4 i to 4 i + 3.
    for (int j = 0; j < 4; j++) {
        const __m512i low = _mm512_shuffle_i32x4(a[j], a[4 + j], 0x88), high = _mm512_shuffle_i32x4(a[j], a[4 + j], 0xdd);
        const __m512i low2 = _mm512_shuffle_i32x4(a[8 + j], a[12 + j], 0x88);
        const __m512i high2 = _mm512_shuffle_i32x4(a[8 + j], a[12 + j], 0xdd);
        columns[j] = _mm512_shuffle_i32x4(low, low2, 0x88);
        columns[8 + j] = _mm512_shuffle_i32x4(low, low2, 0xdd);
        columns[4 + j] = _mm512_shuffle_i32x4(high, high2, 0x88);
        columns[12 + j] = _mm512_shuffle_i32x4(high, high2, 0xdd);
    }
}

INLINE __m512i table_of(const uint8_t table[16]) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)table));
}

typedef struct {
    __m512i fours, twos, ones, fine;
} Levels;

static Levels levels_of(int64_t fine_bits) {
    uint8_t fours[16], twos[16], ones[16], fine[16];
    for (int i = 0; i < 16; i++) {
        fours[i] = (uint8_t)(128 + lrintf(LEVELS_OF_FOUR[i] * 127 / LEVELS_OF_FOUR[15]));
        twos[i] = (uint8_t)(128 + lrintf(LEVELS_OF_TWO[i & 3] * 127 / LEVELS_OF_TWO[3]));
        ones[i] = i & 1 ? 255 : 1;
        fine[i] = fine_bits == 8 ? 0 : (uint8_t)((i & ((1 << fine_bits) - 1)) * (255 / ((1 << fine_bits) - 1)));
    }
    return (Levels){table_of(fours), table_of(twos), table_of(ones), table_of(fine)};
}

// The codes of 16 rows among the 32 bytes of a pair of nibbles, one in each 32 bits.
INLINE __m512i bytes_of_half(const uint8_t *pair, int half) {
    const __m256i all = _mm256_loadu_si256((const __m256i *)pair);
    const __m256i words = half ? _mm256_srli_epi16(all, 8) : _mm256_and_si256(all, _mm256_set1_epi16(255));
    return _mm512_cvtepu16_epi32(words);
}

// Puts the numbers of 16 rows of a part down.
static void number_rows(const List_index *index, const Levels *levels, const uint8_t *coarse, const uint8_t *fine, int half,
                        int64_t steps, uint8_t *to, float *shares) {
    __m512i *quad = (__m512i *)to;
    const __m512i *end = quad + QUADS_OF_STEP * steps;
    const uint8_t *pair = coarse + PART_ROWS;
    for (int64_t i = 0; i < index->fours / 4; i++, pair += 2 * PART_ROWS) {
        const __m512i two = bytes_of_half(pair, half), next = bytes_of_half(pair + PART_ROWS, half);
        const __m512i four = _mm512_or_si512(two, _mm512_slli_epi32(next, 16));
        const __m512i codes = _mm512_or_si512(four, _mm512_slli_epi32(four, 4));
        *quad++ = _mm512_shuffle_epi8(levels->fours, _mm512_and_si512(codes, _mm512_set1_epi8(15)));
    }
    for (int64_t i = 0; i < index->twos / 4; i++, pair += PART_ROWS) {
        const __m512i four = bytes_of_half(pair, half), more = _mm512_or_si512(four, _mm512_slli_epi32(four, 12));
        const __m512i codes = _mm512_or_si512(more, _mm512_slli_epi32(more, 6));
        *quad++ = _mm512_shuffle_epi8(levels->twos, _mm512_and_si512(codes, _mm512_set1_epi8(3)));
    }
    for (int64_t i = 0; i < index->ones / 8; i++, pair += PART_ROWS) {
        const __m512i eight = bytes_of_half(pair, half);
        for (int nibble = 0; nibble < 2; nibble++) {
            const __m512i four = nibble ? _mm512_srli_epi32(eight, 4) : eight;
            const __m512i more = _mm512_or_si512(four, _mm512_slli_epi32(four, 14));
            const __m512i codes = _mm512_or_si512(more, _mm512_slli_epi32(more, 7));
            *quad++ = _mm512_shuffle_epi8(levels->ones, _mm512_and_si512(codes, _mm512_set1_epi8(1)));
        }
    }
    __m512i columns[16];
    transpose(fine, LINE, columns);
    int64_t i = 0;
    const __m512i mask = _mm512_set1_epi8((char)((1 << index->fine_bits) - 1));
    for (int64_t at = 0; at < LINE && i < index->turned; at += STRETCH)
        for (int64_t shift = 0; shift < 8 && i < index->turned; shift += index->fine_bits) {
            for (int64_t column = at / 4; column < (at + STRETCH) / 4; column++)
                *quad++ = index->fine_bits == 8
                              ? columns[column]
                              : _mm512_shuffle_epi8(levels->fine, _mm512_and_si512(_mm512_srli_epi32(columns[column],
                                                                                                     (unsigned)shift), mask));
            i += fine_width(at, LINE);
        }
    while (quad < end) *quad++ = _mm512_setzero_si512();
    const __m512i whole = _mm512_max_epu32(_mm512_srli_epi32(columns[15], 16), _mm512_set1_epi32(1));
    _mm512_storeu_ps(shares, _mm512_mul_ps(_mm512_cvtepi32_ps(whole), _mm512_set1_ps(FINE_SHARE_UNIT)));
}

// Rows from `limit` on, and places that only fill a part up, pass for no bound above nothing.
static void leave_out(const uint32_t *ids, int64_t limit, float *shares) {
    const __m512i least = _mm512_set1_epi32((int)(uint32_t)limit);
    const __mmask16 out = _mm512_cmpge_epu32_mask(_mm512_loadu_si512(ids), least);
    _mm512_mask_storeu_ps(shares, out, _mm512_set1_ps(1e30f));
}

#endif
#endif
