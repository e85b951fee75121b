// Scores of rows by codes of four, two and one bit (embeddings/search/short_codes.py): what each four bits of a code add
// stands in a table of 16 numbers that is made for the query, and a shuffle looks 16 or 32 of them up at once (André,
// Kermarrec and Le Scouarnec 2015).
//
// Codes lie in blocks of 16 rows: for every two nibbles the bytes of row 0, of row 1, and so on. The tables of four
// nibbles stand together, in the order 0, 2, 1, 3, so that one load brings those of the low halves of 32 bytes.
#ifndef SEARCH_SHORT_CODES_H
#define SEARCH_SHORT_CODES_H

#include "lists.h"

#include <math.h>

enum { MOST_NIBBLES = 256, TABLE = 16, FAR_AHEAD = 2048 };

INLINE int64_t place_of_table(int64_t nibble) {
    static const int places[4] = {0, 2, 1, 3};
    return (nibble / 4 * 4 + places[nibble % 4]) * TABLE;
}

static const float LEVELS_OF_FOUR[16] = {-2.7326f, -2.0690f, -1.6181f, -1.2562f, -0.9424f, -0.6568f, -0.3881f, -0.1284f,
                                         0.1284f,  0.3881f,  0.6568f,  0.9424f,  1.2562f,  1.6181f,  2.0690f,  2.7326f};
static const float LEVELS_OF_TWO[4] = {-1.5104f, -0.4528f, 0.4528f, 1.5104f};
static const float LEVEL_OF_ONE = 0.7979f;

// What one nibble adds: where its numbers begin among those kept, and how many bits each has.
INLINE int bits_of_nibble(const List_index *index, int64_t nibble, int64_t *start) {
    if (nibble < index->fours) return *start = nibble, 4;
    nibble -= index->fours;
    if (nibble < index->twos / 2) return *start = index->fours + 2 * nibble, 2;
    return *start = index->fours + index->twos + 4 * (nibble - index->twos / 2), 1;
}

// Makes the tables of a rotated target; gives what a unit of the scores is worth.
static float tabulate(const List_index *index, const float *rotated, uint8_t *tables, int32_t *origin) {
    float lows[MOST_NIBBLES], low = 0, most = 1e-20f;
    for (int64_t nibble = 0; nibble < index->nibbles; nibble++) {
        int64_t start;
        const int bits = bits_of_nibble(index, nibble, &start);
        float largest = 0;
        for (int64_t i = start; i < start + 4 / bits; i++) largest += fabsf(rotated[i] * index->steps[i]);
        largest *= bits == 4 ? LEVELS_OF_FOUR[15] : bits == 2 ? LEVELS_OF_TWO[3] : LEVEL_OF_ONE;
        lows[nibble] = -largest;
        low -= largest;
        most = 2 * largest > most ? 2 * largest : most;
    }
    const float unit = most / 255, scale = 255 / most;
    for (int64_t nibble = 0; nibble < index->nibbles; nibble++) {
        int64_t start;
        const int bits = bits_of_nibble(index, nibble, &start);
        uint8_t *table = tables + place_of_table(nibble);
        float numbers[4];
        for (int i = 0; i < 4 / bits; i++) numbers[i] = rotated[start + i] * index->steps[start + i];
        for (int code = 0; code < TABLE; code++) {
            float value = -lows[nibble];
            if (bits == 4) value += numbers[0] * LEVELS_OF_FOUR[code];
            else if (bits == 2) value += numbers[0] * LEVELS_OF_TWO[code & 3] + numbers[1] * LEVELS_OF_TWO[code >> 2];
            else
                for (int i = 0; i < 4; i++) value += code >> i & 1 ? numbers[i] * LEVEL_OF_ONE : -numbers[i] * LEVEL_OF_ONE;
            const float entry = value * scale + 0.5f;
            table[code] = entry > 0 ? entry < 255 ? (uint8_t)entry : 255 : 0;
        }
    }
    *origin = (int32_t)lrintf(-low * scale);
    return unit;
}

#if defined(__AVX2__)

// Sums of 16 bits: those of even rows come out of `all` when what odd rows added to it is taken off again.
typedef struct {
    __m256i all, odd;
} Sums;

INLINE void add_looked_up(Sums *sums, const uint8_t *codes, __m256i low_table, __m256i high_table) {
    const __m256i half = _mm256_set1_epi8(15), two = _mm256_loadu_si256((const __m256i *)codes);
    const __m256i low = _mm256_shuffle_epi8(low_table, _mm256_and_si256(two, half));
    const __m256i high = _mm256_shuffle_epi8(high_table, _mm256_and_si256(_mm256_srli_epi16(two, 4), half));
    sums->all = _mm256_add_epi16(sums->all, _mm256_add_epi16(low, high));
    sums->odd = _mm256_add_epi16(sums->odd, _mm256_add_epi16(_mm256_srli_epi16(low, 8), _mm256_srli_epi16(high, 8)));
}

INLINE uint16_t keep_sums(const Sums *sums, __m256i enough, int32_t *scores) {
    const __m256i odd = sums->odd, even = _mm256_sub_epi16(sums->all, _mm256_slli_epi16(odd, 8));
    const __m128i even_rows = _mm_add_epi16(_mm256_castsi256_si128(even), _mm256_extracti128_si256(even, 1));
    const __m128i odd_rows = _mm_add_epi16(_mm256_castsi256_si128(odd), _mm256_extracti128_si256(odd, 1));
    const __m256i first = _mm256_cvtepu16_epi32(_mm_unpacklo_epi16(even_rows, odd_rows));
    const __m256i last = _mm256_cvtepu16_epi32(_mm_unpackhi_epi16(even_rows, odd_rows));
    _mm256_storeu_si256((__m256i *)scores, first);
    _mm256_storeu_si256((__m256i *)(scores + 8), last);
    const int of_first = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(first, enough)));
    const int of_last = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(last, enough)));
    return (uint16_t)(of_first | of_last << 8);
}

// Two blocks at a time, so that each table is loaded once for both; where one is left it is read twice.
static void score_short(const uint8_t *codes, int64_t pairs, const void *tables, int64_t blocks, int32_t least,
                        int32_t *scores, uint16_t *masks) {
    const __m256i enough = _mm256_set1_epi32(least == INT32_MIN ? least : least - 1);
    for (int64_t block = 0; block < blocks; block += 2) {
        const int is_last = block + 1 == blocks;
        const uint8_t *at = codes + block * pairs * BLOCK_ROWS, *next = is_last ? at : at + pairs * BLOCK_ROWS;
        const __m256i *table = tables;
        Sums first = {_mm256_setzero_si256(), _mm256_setzero_si256()}, second = first;
        for (int64_t pair = 0; pair < pairs; pair += 2, at += 2 * BLOCK_ROWS, next += 2 * BLOCK_ROWS, table += 2) {
            __builtin_prefetch(at + FAR_AHEAD); // without it the memory is waited for
            __builtin_prefetch(next + FAR_AHEAD);
            const __m256i low = _mm256_loadu_si256(table), high = _mm256_loadu_si256(table + 1);
            add_looked_up(&first, at, low, high);
            add_looked_up(&second, next, low, high);
        }
        masks[block] = keep_sums(&first, enough, scores + block * BLOCK_ROWS);
        if (!is_last) masks[block + 1] = keep_sums(&second, enough, scores + (block + 1) * BLOCK_ROWS);
    }
}

#else

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

static void score_short(const uint8_t *codes, int64_t pairs, const void *tables, int64_t blocks, int32_t least,
                        int32_t *scores, uint16_t *masks) {
    for (int64_t block = 0; block < blocks; block++, scores += BLOCK_ROWS) {
        uint16_t sums[BLOCK_ROWS] = {0};
#if defined(__aarch64__)
        uint16x8_t low = vdupq_n_u16(0), high = low;
        for (int64_t pair = 0; pair < pairs; pair++, codes += BLOCK_ROWS) {
            const uint8x16_t two = vld1q_u8(codes);
            const uint8_t *table = (const uint8_t *)tables;
            const uint8x16_t first = vqtbl1q_u8(vld1q_u8(table + place_of_table(2 * pair)), vandq_u8(two, vdupq_n_u8(15)));
            const uint8x16_t second = vqtbl1q_u8(vld1q_u8(table + place_of_table(2 * pair + 1)), vshrq_n_u8(two, 4));
            low = vaddw_u8(vaddw_u8(low, vget_low_u8(first)), vget_low_u8(second));
            high = vaddw_u8(vaddw_u8(high, vget_high_u8(first)), vget_high_u8(second));
        }
        vst1q_u16(sums, low);
        vst1q_u16(sums + 8, high);
#else
        for (int64_t pair = 0; pair < pairs; pair++, codes += BLOCK_ROWS) {
            const uint8_t *first = (const uint8_t *)tables + place_of_table(2 * pair);
            const uint8_t *second = (const uint8_t *)tables + place_of_table(2 * pair + 1);
            for (int row = 0; row < BLOCK_ROWS; row++)
                sums[row] = (uint16_t)(sums[row] + first[codes[row] & 15] + second[codes[row] >> 4]);
        }
#endif
        uint32_t mask = 0;
        for (int row = 0; row < BLOCK_ROWS; row++) {
            scores[row] = sums[row];
            mask |= (uint32_t)(scores[row] >= least) << row;
        }
        masks[block] = (uint16_t)mask;
    }
}

#endif
#endif
