// One form for a row's coarse and fine codes: numbers from 0 to 255, that a target's are multiplied with.
//
// There is one for each number of the fine code, in the order in which they stand there, stretched to 0 to 255. Where a direction
// has a coarse code too, its level is added in the proportion of what both are worth. A target's numbers are in the same order,
// each in units of what one of the row's numbers is worth.
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

// Directions up to here have their number in this place of a fine code: the last stretch is shorter.
INLINE int64_t in_order(const List_index *index) {
    return index->fine_bits == 8 ? LINE - SHARE_BYTES : STRETCH * 8 / index->fine_bits;
}

INLINE int64_t quads_of_coarse(const List_index *index) { return (index->fours + index->twos + index->ones) / 4; }

// Whether the levels of coarse codes can be added to fine ones; else they stand behind them.
INLINE int is_united(const List_index *index) { return 4 * quads_of_coarse(index) <= in_order(index); }

INLINE int64_t steps_of(const List_index *index) {
    const int64_t quads = quads_of_fine(index) + (is_united(index) ? 0 : quads_of_coarse(index));
    return (quads + QUADS_OF_STEP - 1) / QUADS_OF_STEP;
}

// How a direction's number is made of its coarse level, 1 to 255, and of its fine code, 0 to 255: sixteen bits hold the sum.
typedef struct {
    int of_coarse, of_fine; // WHOLE_WEIGHT together
    float unit;             // what a unit of the number is worth
    float centre;           // the number of a row of which nothing is left
} Weights;

enum { WEIGHT_BITS = 7, WHOLE_WEIGHT = 1 << WEIGHT_BITS };

INLINE float unit_of_coarse(const List_index *index, int64_t i) {
    const float largest = i < index->fours                 ? LEVELS_OF_FOUR[15]
                          : i < index->fours + index->twos ? LEVELS_OF_TWO[3]
                                                           : LEVEL_OF_ONE;
    return index->sizes[i] * largest / 127;
}

INLINE float unit_of_fine(const List_index *index, int64_t i) {
    return index->steps[i] * (float)((1 << index->fine_bits) - 1) / 255;
}

static Weights weights_of(const List_index *index, int64_t i) {
    const float coarse = unit_of_coarse(index, i), fine = unit_of_fine(index, i);
    Weights weights = {(int)lrintf(WHOLE_WEIGHT * coarse / (coarse + fine)), 0, coarse + fine, 0};
    if (weights.of_coarse > WHOLE_WEIGHT - 1) weights.of_coarse = WHOLE_WEIGHT - 1; // they are signed bytes
    if (weights.of_coarse < 1) weights.of_coarse = 1;
    weights.of_fine = WHOLE_WEIGHT - weights.of_coarse;
    // What is cut off the sum is a half in the mean.
    weights.centre = (128.0f * (float)weights.of_coarse + 127.5f * (float)weights.of_fine) / WHOLE_WEIGHT - 0.5f;
    return weights;
}

// What the numbers of targets are made of, place after place: those of no direction have a unit of 0.
typedef struct {
    int64_t places, of_fine, coded, united;
    float units[4 * MOST_QUADS], centres[4 * MOST_QUADS];
} Target_units;

static void find_target_units(const List_index *index, Target_units *units) {
    int64_t i = 0, place = 0;
    memset(units, 0, sizeof *units);
    units->coded = 4 * quads_of_coarse(index), units->united = is_united(index) ? units->coded : 0;
    for (int64_t at = 0; at < LINE && i < index->turned; at += STRETCH)
        for (int64_t shift = 0; shift < 8 && i < index->turned; shift += index->fine_bits, place += STRETCH)
            for (int64_t lane = 0; lane < fine_width(at, LINE) && i < index->turned; lane++, i++) {
                const Weights weights =
                    i < units->united ? weights_of(index, i) : (Weights){0, 0, unit_of_fine(index, i), 127.5f};
                units->units[place + lane] = weights.unit, units->centres[place + lane] = weights.centre;
            }
    units->of_fine = place;
    for (int64_t j = units->united; j < units->coded; j++, place++)
        units->units[place] = unit_of_coarse(index, j), units->centres[place] = 128;
    units->places = place;
}

// Puts a turned target's numbers down; gives what a unit of their products is worth, and the product of a row at its centre.
static float number_target(const List_index *index, const Target_units *units, const float *turned, int8_t *numbers,
                           float *origin) {
    float values[4 * MOST_QUADS] = {0};
    int64_t i = 0, place = 0;
    for (int64_t at = 0; at < LINE; at += STRETCH)
        for (int64_t shift = 0; shift < 8 && place < units->of_fine; shift += index->fine_bits, place += STRETCH) {
            const int64_t left = index->turned - i, width = fine_width(at, LINE), some = left < width ? left : width;
            memcpy(values + place, turned + i, sizeof(float) * (size_t)some);
            i += some;
        }
    memcpy(values + place, turned + units->united, sizeof(float) * (size_t)(units->coded - units->united));
    const float most = largest_size(values, units->units, units->places), scale = LARGEST_OF_TARGET / most;
    for (int64_t j = 0; j < units->places; j++) numbers[j] = (int8_t)nearest_whole(values[j] * units->units[j] * scale);
    for (int64_t j = 0; j < units->places; j++) values[j] = (float)numbers[j];
    *origin = dot(values, units->centres, units->places);
    return most / LARGEST_OF_TARGET;
}

// ---- Numbers of rows

INLINE __m512i table_of(const uint8_t table[16]) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)table));
}

typedef struct {
    __m512i fours, twos, ones, fine;
    int64_t weights[MOST_QUADS / 2]; // of the directions of a quad: those of coarse and fine in turn
} Levels;

static Levels levels_of(const List_index *index) {
    const int64_t fine_bits = index->fine_bits;
    uint8_t fours[16], twos[16], ones[16], fine[16];
    for (int i = 0; i < 16; i++) {
        fours[i] = (uint8_t)(128 + lrintf(LEVELS_OF_FOUR[i] * 127 / LEVELS_OF_FOUR[15]));
        twos[i] = (uint8_t)(128 + lrintf(LEVELS_OF_TWO[i & 3] * 127 / LEVELS_OF_TWO[3]));
        ones[i] = i & 1 ? 255 : 1;
        fine[i] = fine_bits == 8 ? 0 : (uint8_t)((i & ((1 << fine_bits) - 1)) * (255 / ((1 << fine_bits) - 1)));
    }
    Levels levels = {table_of(fours), table_of(twos), table_of(ones), table_of(fine), {0}};
    for (int64_t quad = 0; quad < quads_of_coarse(index); quad++) {
        int8_t eight[8];
        for (int i = 0; i < 4; i++) {
            const Weights weights = weights_of(index, 4 * quad + i);
            eight[2 * i] = (int8_t)weights.of_coarse, eight[2 * i + 1] = (int8_t)weights.of_fine;
        }
        memcpy(&levels.weights[quad], eight, sizeof eight);
    }
    return levels;
}

// The codes of 16 rows among the 32 bytes of a pair of nibbles, one in each 32 bits.
INLINE __m512i bytes_of_half(const uint8_t *pair, int half) {
    const __m256i all = _mm256_loadu_si256((const __m256i *)pair);
    const __m256i words = half ? _mm256_srli_epi16(all, 8) : _mm256_and_si256(all, _mm256_set1_epi16(255));
    return _mm512_cvtepu16_epi32(words);
}

// The coarse levels of 16 rows of a part, 1 to 255.
static void levels_of_rows(const List_index *index, const Levels *levels, const uint8_t *coarse, int half, __m512i *quad) {
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
}

INLINE __m512i united(__m512i coarse, __m512i fine, int64_t weights) {
    const __m512i all = _mm512_set1_epi64(weights);
    const __m512i low = _mm512_maddubs_epi16(_mm512_unpacklo_epi8(coarse, fine), all);
    const __m512i high = _mm512_maddubs_epi16(_mm512_unpackhi_epi8(coarse, fine), all);
    return _mm512_packus_epi16(_mm512_srli_epi16(low, WEIGHT_BITS), _mm512_srli_epi16(high, WEIGHT_BITS));
}

// Puts the numbers of 16 rows of a part down.
static void number_rows(const List_index *index, const Levels *levels, const uint8_t *coarse, const uint8_t *fine, int half,
                        int64_t steps, uint8_t *to, float *shares) {
    const int64_t of_coarse = quads_of_coarse(index), units = is_united(index) ? of_coarse : 0;
    const __m512i mask = _mm512_set1_epi8((char)((1 << index->fine_bits) - 1));
    __m512i *quads = (__m512i *)to, lines[16], columns[16], of_levels[MOST_QUADS / 2];
    levels_of_rows(index, levels, coarse, half, of_levels);
    for (int row = 0; row < 16; row++) lines[row] = _mm512_loadu_si512(fine + row * LINE);
    transpose(lines, columns);
    int64_t i = 0, quad = 0;
    for (int64_t at = 0; at < LINE && i < index->turned; at += STRETCH)
        for (int64_t shift = 0; shift < 8 && i < index->turned; shift += index->fine_bits) {
            for (int64_t column = at / 4; column < (at + STRETCH) / 4; column++, quad++) {
                __m512i number = columns[column];
                if (index->fine_bits < 8) {
                    const __m512i codes = _mm512_and_si512(_mm512_srli_epi32(number, (unsigned)shift), mask);
                    number = _mm512_shuffle_epi8(levels->fine, codes);
                }
                quads[quad] = quad < units ? united(of_levels[quad], number, levels->weights[quad]) : number;
            }
            i += fine_width(at, LINE);
        }
    for (int64_t left = units; left < of_coarse; left++) quads[quad++] = of_levels[left];
    while (quad < QUADS_OF_STEP * steps) quads[quad++] = _mm512_setzero_si512();
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
