// Coarse codes: four, two or one bit a number (embeddings/search/codes.py). What each four bits add stands in a table of 16
// numbers that is made for the query, and a shuffle looks 32 of them up at once (André, Kermarrec and Le Scouarnec 2015).
// Here rows are only told apart into those that may be among the best and all others.
//
// A part's 32 shares come first, then for every two nibbles the bytes of its rows: of rows 0 and 16, of rows 1 and 17, and so
// on. So sums of 16 bits hold a half of the rows each, in their order.
#ifndef SEARCH_COARSE_CODES_H
#define SEARCH_COARSE_CODES_H

#include "lists.h"

#include <math.h>

// Four entries of a table fit into 8 bits, and a code's sum into the positive numbers of 16.
enum { MOST_NIBBLES = 128, TABLE = 16, LARGEST_ENTRY = 63 };

INLINE int64_t bytes_of_part(const List_index *index) { return (1 + nibbles_of(index) / 2) * PART_ROWS; }

// With AVX-512 a register looks up two pairs of nibbles at once: it has the tables of both, each twice.
#if defined(__AVX512F__)
enum { COPIES = 2 };
INLINE int64_t place_of_table(int64_t nibble) { return TABLE * (nibble / 4 * 8 + nibble % 2 * 4 + nibble / 2 % 2 * 2); }
#else
enum { COPIES = 1 };
INLINE int64_t place_of_table(int64_t nibble) { return TABLE * nibble; }
#endif

// Where the share of a row of a part stands, and its byte of every two nibbles.
INLINE int64_t place_in_part(int64_t row) { return 2 * (row % (PART_ROWS / 2)) + row / (PART_ROWS / 2); }

#define OF_FOUR                                                                                                      \
    {-2.7326f, -2.0690f, -1.6181f, -1.2562f, -0.9424f, -0.6568f, -0.3881f, -0.1284f,                                 \
     0.1284f,  0.3881f,  0.6568f,  0.9424f,  1.2562f,  1.6181f,  2.0690f,  2.7326f}
#define A 1.5104f
#define B 0.4528f
#define ONE 0.7979f
static const float LEVELS_OF_FOUR[16] = OF_FOUR, LEVELS_OF_TWO[4] = {-A, -B, B, A}, LEVEL_OF_ONE = ONE;

// By how many bits each number has, 1, 2 or 4: the levels of the first number of each nibble, of the second, and so on.
static const float LEVELS_OF_NIBBLES[3][4][16] = {
    {{-ONE, ONE, -ONE, ONE, -ONE, ONE, -ONE, ONE, -ONE, ONE, -ONE, ONE, -ONE, ONE, -ONE, ONE},
     {-ONE, -ONE, ONE, ONE, -ONE, -ONE, ONE, ONE, -ONE, -ONE, ONE, ONE, -ONE, -ONE, ONE, ONE},
     {-ONE, -ONE, -ONE, -ONE, ONE, ONE, ONE, ONE, -ONE, -ONE, -ONE, -ONE, ONE, ONE, ONE, ONE},
     {-ONE, -ONE, -ONE, -ONE, -ONE, -ONE, -ONE, -ONE, ONE, ONE, ONE, ONE, ONE, ONE, ONE, ONE}},
    {{-A, -B, B, A, -A, -B, B, A, -A, -B, B, A, -A, -B, B, A}, {-A, -A, -A, -A, -B, -B, -B, -B, B, B, B, B, A, A, A, A}},
    {OF_FOUR},
};
#undef OF_FOUR
#undef A
#undef B
#undef ONE

// What one nibble adds: where its numbers begin among those that have any bits, and how many each has.
INLINE int bits_of_nibble(const List_index *index, int64_t nibble, int64_t *start) {
    if (nibble < index->fours) return *start = nibble, 4;
    nibble -= index->fours;
    if (nibble < index->twos / 2) return *start = index->fours + 2 * nibble, 2;
    return *start = index->fours + index->twos + 4 * (nibble - index->twos / 2), 1;
}

// Makes the tables of a turned target; gives what a unit of the sums is worth, and the sum of a row at its centre.
static inline float tabulate(const List_index *index, const float *turned, uint8_t *tables, float *origin) {
    float lows[MOST_NIBBLES], low = 0, most = 1e-9f;
    const int64_t nibbles = nibbles_of(index);
    for (int64_t nibble = 0; nibble < nibbles; nibble++) {
        int64_t start;
        const int bits = bits_of_nibble(index, nibble, &start);
        float largest = 0;
        for (int64_t i = start; i < start + 4 / bits; i++) largest += fabsf(turned[i] * index->sizes[i]);
        largest *= bits == 4 ? LEVELS_OF_FOUR[15] : bits == 2 ? LEVELS_OF_TWO[3] : LEVEL_OF_ONE;
        lows[nibble] = -largest;
        low -= largest;
        most = 2 * largest > most ? 2 * largest : most;
    }
    const float unit = most / LARGEST_ENTRY, scale = LARGEST_ENTRY / most;
    for (int64_t nibble = 0; nibble < nibbles; nibble++) {
        int64_t start;
        const int bits = bits_of_nibble(index, nibble, &start);
        uint8_t *restrict table = tables + place_of_table(nibble);
        float entries[TABLE];
        for (int code = 0; code < TABLE; code++) entries[code] = 0.5f - lows[nibble] * scale;
        for (int i = 0; i < 4 / bits; i++) {
            const float number = turned[start + i] * index->sizes[start + i] * scale;
            for (int code = 0; code < TABLE; code++) entries[code] += number * LEVELS_OF_NIBBLES[bits / 2][i][code];
        }
        for (int code = 0; code < TABLE; code++) {
            const float entry = larger(entries[code] < LARGEST_ENTRY ? entries[code] : LARGEST_ENTRY, 0);
            table[code] = (uint8_t)(int32_t)entry;
        }
        if (COPIES > 1) memcpy(table + TABLE, table, TABLE);
    }
    *origin = -low * scale;
    return unit;
}

// A row passes if its sum is at least `base` and its share times `per_share`, which is in units of 1/256.
typedef struct {
    int16_t base, per_share;
} Bound;

INLINE int16_t within_16(float value) {
    return value > -32768.0f ? value < 32767.0f ? (int16_t)lrintf(value) : 32767 : -32768; // NaN: all rows pass
}

// Gives by bits which of a part's rows pass; their sums go to `sums` [PART_ROWS]. `pairs` of nibbles are an even number.
#if defined(__AVX2__)

// Adds 16-bit numbers up whose high bytes are sums, and those high bytes on their own.
typedef struct {
    __m256i all, high;
} Sums;

#if defined(__AVX512F__)

INLINE __m512i looked_up(const uint8_t *codes, const uint8_t *tables) {
    const __m512i half = _mm512_set1_epi8(15), two = _mm512_loadu_si512(codes);
    return _mm512_add_epi8(
        _mm512_shuffle_epi8(_mm512_load_si512(tables), _mm512_and_si512(two, half)),
        _mm512_shuffle_epi8(_mm512_load_si512(tables + 4 * TABLE), _mm512_and_si512(_mm512_srli_epi16(two, 4), half)));
}

INLINE __m256i two_added(__m512i sums) {
    return _mm256_add_epi16(_mm512_castsi512_si256(sums), _mm512_extracti64x4_epi64(sums, 1));
}

INLINE Sums sums_of(const uint8_t *codes, int64_t pairs, const uint8_t *tables) {
    __m512i all = _mm512_setzero_si512(), high = all;
    int64_t pair = 0;
    for (; pair + 4 <= pairs; pair += 4, codes += 4 * PART_ROWS, tables += 16 * TABLE) {
        const __m512i bytes = _mm512_add_epi8(looked_up(codes, tables), looked_up(codes + 2 * PART_ROWS, tables + 8 * TABLE));
        all = _mm512_add_epi16(all, bytes);
        high = _mm512_add_epi16(high, _mm512_srli_epi16(bytes, 8));
    }
    if (pair < pairs) {
        const __m512i bytes = looked_up(codes, tables);
        all = _mm512_add_epi16(all, bytes);
        high = _mm512_add_epi16(high, _mm512_srli_epi16(bytes, 8));
    }
    return (Sums){two_added(all), two_added(high)};
}

#else

// A shuffle looks up within each half of a register, so both halves have the table.
INLINE __m256i looked_up(const uint8_t *codes, const uint8_t *tables) {
    const __m256i half = _mm256_set1_epi8(15), two = _mm256_loadu_si256((const __m256i *)codes);
    const __m256i low = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)tables));
    const __m256i high = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)(tables + TABLE)));
    return _mm256_add_epi8(_mm256_shuffle_epi8(low, _mm256_and_si256(two, half)),
                           _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(two, 4), half)));
}

INLINE Sums sums_of(const uint8_t *codes, int64_t pairs, const uint8_t *tables) {
    Sums sums = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (int64_t pair = 0; pair < pairs; pair += 2, codes += 2 * PART_ROWS, tables += 4 * TABLE) {
        const __m256i bytes = _mm256_add_epi8(looked_up(codes, tables), looked_up(codes + PART_ROWS, tables + 2 * TABLE));
        sums.all = _mm256_add_epi16(sums.all, bytes);
        sums.high = _mm256_add_epi16(sums.high, _mm256_srli_epi16(bytes, 8));
    }
    return sums;
}

#endif

INLINE __m256i least_of(__m256i shares, Bound bound) {
    return _mm256_adds_epi16(_mm256_mulhrs_epi16(shares, _mm256_set1_epi16(bound.per_share)), _mm256_set1_epi16(bound.base));
}

static inline uint32_t scan(const uint8_t *codes, int64_t pairs, const uint8_t *tables, Bound bound, uint16_t *sums) {
    const __m256i shares = _mm256_loadu_si256((const __m256i *)codes), bits = _mm256_set1_epi16(0x7f80);
    const Sums sums_of_rows = sums_of(codes + PART_ROWS, pairs, tables);
    const __m256i high = sums_of_rows.high;
    const __m256i low = _mm256_sub_epi16(sums_of_rows.all, _mm256_slli_epi16(high, 8)); // what high bytes added is taken off
    _mm256_storeu_si256((__m256i *)sums, low);
    _mm256_storeu_si256((__m256i *)(sums + PART_ROWS / 2), high);
    const __m256i of_low = least_of(_mm256_and_si256(_mm256_slli_epi16(shares, 7), bits), bound);
    const __m256i of_high = least_of(_mm256_and_si256(_mm256_srli_epi16(shares, 1), bits), bound);
    const __m256i fail = _mm256_packs_epi16(_mm256_cmpgt_epi16(of_low, low), _mm256_cmpgt_epi16(of_high, high));
    return ~(uint32_t)_mm256_movemask_epi8(_mm256_permute4x64_epi64(fail, 0xd8));
}

#else

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

static inline uint32_t scan(const uint8_t *codes, int64_t pairs, const uint8_t *tables, Bound bound, uint16_t *sums) {
    const uint8_t *shares = codes;
    uint32_t mask = 0;
    codes += PART_ROWS;
#if defined(__aarch64__)
    const uint8x16_t half = vdupq_n_u8(15);
    uint16x8_t all[2] = {vdupq_n_u16(0), vdupq_n_u16(0)}, high[2] = {all[0], all[0]};
    for (int64_t pair = 0; pair < pairs; pair++, tables += 2 * TABLE)
        for (int i = 0; i < 2; i++, codes += PART_ROWS / 2) {
            const uint8x16_t two = vld1q_u8(codes);
            const uint8x16_t first = vqtbl1q_u8(vld1q_u8(tables), vandq_u8(two, half));
            const uint8x16_t second = vqtbl1q_u8(vld1q_u8(tables + TABLE), vshrq_n_u8(two, 4));
            const uint16x8_t bytes = vreinterpretq_u16_u8(vaddq_u8(first, second));
            all[i] = vaddq_u16(all[i], bytes);
            high[i] = vsraq_n_u16(high[i], bytes, 8);
        }
    for (int i = 0; i < 2; i++) {
        vst1q_u16(sums + 8 * i, vsubq_u16(all[i], vshlq_n_u16(high[i], 8))); // what high bytes added is taken off
        vst1q_u16(sums + PART_ROWS / 2 + 8 * i, high[i]);
    }
#else
    memset(sums, 0, sizeof(uint16_t) * PART_ROWS);
    for (int64_t pair = 0; pair < pairs; pair++, codes += PART_ROWS, tables += 2 * TABLE)
        for (int row = 0; row < PART_ROWS; row++) {
            const uint8_t two = codes[place_in_part(row)];
            sums[row] = (uint16_t)(sums[row] + tables[two & 15] + tables[TABLE + (two >> 4)]);
        }
#endif
    for (int row = 0; row < PART_ROWS; row++) {
        const int32_t least = (((shares[place_in_part(row)] * 128 * bound.per_share) >> 14) + 1) >> 1; // as mulhrs rounds
        mask |= (uint32_t)(sums[row] >= least + bound.base) << row;
    }
    return mask;
}

#endif
#endif
