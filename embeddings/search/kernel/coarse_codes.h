// Coarse codes: four, two or one bit a number (embeddings/search/short_codes.py). What each four bits add stands in a
// table of 16 numbers that is made for the query, and a shuffle looks 32 of them up at once (André, Kermarrec and Le
// Scouarnec 2015). Here rows are only told apart into those that may be among the best and all others.
//
// Codes lie in blocks of 16 rows: first their shares, then for every two nibbles the bytes of row 0, of row 1, and so on.
// The tables of four nibbles stand together (of eight with AVX-512), first those of the low halves of bytes, so that one
// load brings them for 32 bytes (for 64).
#ifndef SEARCH_COARSE_CODES_H
#define SEARCH_COARSE_CODES_H

#include "lists.h"

#include <math.h>

// Four entries of a table fit into 8 bits, and a code's sum into the positive numbers of 16.
enum { MOST_NIBBLES = 128, TABLE = 16, LARGEST_ENTRY = 63 };

INLINE int64_t bytes_of_block(const List_index *index) { return (1 + nibbles_of(index) / 2) * BLOCK_ROWS; }

#if defined(__AVX512F__)
enum { TABLES_TOGETHER = 8 };
#else
enum { TABLES_TOGETHER = 4 };
#endif

INLINE int64_t place_of_table(int64_t nibble) {
    const int64_t within = nibble % TABLES_TOGETHER;
    return (nibble - within + within / 2 + within % 2 * (TABLES_TOGETHER / 2)) * TABLE;
}

static const float LEVELS_OF_FOUR[16] = {-2.7326f, -2.0690f, -1.6181f, -1.2562f, -0.9424f, -0.6568f, -0.3881f, -0.1284f,
                                         0.1284f,  0.3881f,  0.6568f,  0.9424f,  1.2562f,  1.6181f,  2.0690f,  2.7326f};
static const float LEVELS_OF_TWO[4] = {-1.5104f, -0.4528f, 0.4528f, 1.5104f};
static const float LEVEL_OF_ONE = 0.7979f;

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
    memset(tables, 0, MOST_NIBBLES * TABLE); // those that no nibble has are read beside others
    for (int64_t nibble = 0; nibble < nibbles; nibble++) {
        int64_t start;
        const int bits = bits_of_nibble(index, nibble, &start);
        uint8_t *table = tables + place_of_table(nibble);
        float numbers[4];
        for (int i = 0; i < 4 / bits; i++) numbers[i] = turned[start + i] * index->sizes[start + i];
        for (int code = 0; code < TABLE; code++) {
            float value = -lows[nibble];
            if (bits == 4) value += numbers[0] * LEVELS_OF_FOUR[code];
            else if (bits == 2) value += numbers[0] * LEVELS_OF_TWO[code & 3] + numbers[1] * LEVELS_OF_TWO[code >> 2];
            else
                for (int i = 0; i < 4; i++) value += code >> i & 1 ? numbers[i] * LEVEL_OF_ONE : -numbers[i] * LEVEL_OF_ONE;
            const float entry = value * scale + 0.5f;
            table[code] = entry > 0 ? entry < LARGEST_ENTRY ? (uint8_t)entry : LARGEST_ENTRY : 0;
        }
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

// What is read next, so that the memory brings it while this is looked at.
typedef struct {
    const uint8_t *at, *end;
} Ahead;

#if defined(__AVX2__)

INLINE void ask_for_more(Ahead *ahead) {
    __builtin_prefetch(ahead->at);
    __builtin_prefetch(ahead->at + 64);
    ahead->at += ahead->at < ahead->end ? 128 : 0;
}

// Which of 16 rows pass, of whose bytes the even and the odd ones were summed apart; their sums go `to`.
INLINE uint16_t keep_sums(__m128i even, __m128i odd, const uint8_t *shares, Bound bound, uint16_t *to) {
    const __m256i of_rows = _mm256_set_m128i(_mm_unpackhi_epi16(even, odd), _mm_unpacklo_epi16(even, odd));
    const __m256i share = _mm256_slli_epi16(_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)shares)), 7);
    const __m256i least = _mm256_adds_epi16(_mm256_mulhrs_epi16(share, _mm256_set1_epi16(bound.per_share)),
                                            _mm256_set1_epi16(bound.base));
    _mm256_storeu_si256((__m256i *)to, of_rows);
#if defined(__AVX512F__)
    return (uint16_t)_mm256_cmple_epi16_mask(least, of_rows);
#else
    const __m256i below = _mm256_cmpgt_epi16(least, of_rows);
    const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(below), _mm256_extracti128_si256(below, 1));
    return (uint16_t)~_mm_movemask_epi8(bytes);
#endif
}
#endif

#if defined(__AVX512F__)

// Sums of 16 bits: those of even rows come out of `all` when what odd rows added to it is taken off again.
typedef struct {
    __m512i all, odd;
} Sums;

INLINE __m512i looked_up(__m512i four, __m512i low_table, __m512i high_table) {
    const __m512i half = _mm512_set1_epi8(15);
    return _mm512_add_epi8(_mm512_shuffle_epi8(low_table, _mm512_and_si512(four, half)),
                           _mm512_shuffle_epi8(high_table, _mm512_and_si512(_mm512_srli_epi16(four, 4), half)));
}

INLINE void add_to(Sums *sums, __m512i bytes) {
    sums->all = _mm512_add_epi16(sums->all, bytes);
    sums->odd = _mm512_add_epi16(sums->odd, _mm512_srli_epi16(bytes, 8));
}

INLINE __m128i four_added(__m512i sums) {
    const __m256i two = _mm256_add_epi16(_mm512_castsi512_si256(sums), _mm512_extracti64x4_epi64(sums, 1));
    return _mm_add_epi16(_mm256_castsi256_si128(two), _mm256_extracti128_si256(two, 1));
}

INLINE uint16_t passing(const Sums *sums, const uint8_t *shares, Bound bound, uint16_t *to) {
    const __m512i even = _mm512_sub_epi16(sums->all, _mm512_slli_epi16(sums->odd, 8));
    return keep_sums(four_added(even), four_added(sums->odd), shares, bound, to);
}

// Two blocks at a time, so that each table is loaded once for both; where one is left it is read twice.
static inline void scan(const uint8_t *codes, int64_t pairs, const void *tables, Bound bound, int64_t blocks, uint16_t *sums,
                 uint16_t *masks, Ahead *ahead) {
    const int64_t size = (1 + pairs) * BLOCK_ROWS;
    for (int64_t block = 0; block < blocks; block += 2, codes += 2 * size) {
        const int is_last = block + 1 == blocks;
        const uint8_t *at = codes + BLOCK_ROWS, *next = is_last ? at : at + size;
        const __m512i *table = tables;
        Sums first = {_mm512_setzero_si512(), _mm512_setzero_si512()}, second = first;
        int64_t pair = 0;
        for (; pair + 8 <= pairs; pair += 8, at += 8 * BLOCK_ROWS, next += 8 * BLOCK_ROWS, table += 4) {
            ask_for_more(ahead);
            ask_for_more(ahead);
            const __m512i a = _mm512_loadu_si512(table), b = _mm512_loadu_si512(table + 1);
            const __m512i c = _mm512_loadu_si512(table + 2), d = _mm512_loadu_si512(table + 3);
            add_to(&first, _mm512_add_epi8(looked_up(_mm512_loadu_si512(at), a, b),
                                           looked_up(_mm512_loadu_si512(at + 64), c, d)));
            add_to(&second, _mm512_add_epi8(looked_up(_mm512_loadu_si512(next), a, b),
                                            looked_up(_mm512_loadu_si512(next + 64), c, d)));
        }
        for (; pair < pairs; pair += 4, at += 4 * BLOCK_ROWS, next += 4 * BLOCK_ROWS, table += 2) {
            ask_for_more(ahead);
            const __mmask64 there = pair + 4 <= pairs ? ~(__mmask64)0 : ((__mmask64)1 << 16 * (pairs - pair)) - 1;
            const __m512i a = _mm512_loadu_si512(table), b = _mm512_loadu_si512(table + 1);
            add_to(&first, looked_up(_mm512_maskz_loadu_epi8(there, at), a, b));
            add_to(&second, looked_up(_mm512_maskz_loadu_epi8(there, next), a, b));
        }
        masks[block] = passing(&first, codes, bound, sums + block * BLOCK_ROWS);
        if (is_last) return;
        masks[block + 1] = passing(&second, codes + size, bound, sums + (block + 1) * BLOCK_ROWS);
    }
}

#elif defined(__AVX2__)

// Sums of 16 bits: those of even rows come out of `all` when what odd rows added to it is taken off again.
typedef struct {
    __m256i all, odd;
} Sums;

INLINE __m256i looked_up(const uint8_t *codes, __m256i low_table, __m256i high_table) {
    const __m256i half = _mm256_set1_epi8(15), two = _mm256_loadu_si256((const __m256i *)codes);
    return _mm256_add_epi8(_mm256_shuffle_epi8(low_table, _mm256_and_si256(two, half)),
                           _mm256_shuffle_epi8(high_table, _mm256_and_si256(_mm256_srli_epi16(two, 4), half)));
}

INLINE void add_to(Sums *sums, __m256i bytes) {
    sums->all = _mm256_add_epi16(sums->all, bytes);
    sums->odd = _mm256_add_epi16(sums->odd, _mm256_srli_epi16(bytes, 8));
}

INLINE __m128i two_added(__m256i sums) {
    return _mm_add_epi16(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
}

INLINE uint16_t passing(const Sums *sums, const uint8_t *shares, Bound bound, uint16_t *to) {
    const __m256i even = _mm256_sub_epi16(sums->all, _mm256_slli_epi16(sums->odd, 8));
    return keep_sums(two_added(even), two_added(sums->odd), shares, bound, to);
}

// Two blocks at a time, so that each table is loaded once for both; where one is left it is read twice.
static inline void scan(const uint8_t *codes, int64_t pairs, const void *tables, Bound bound, int64_t blocks, uint16_t *sums,
                 uint16_t *masks, Ahead *ahead) {
    const int64_t size = (1 + pairs) * BLOCK_ROWS;
    for (int64_t block = 0; block < blocks; block += 2, codes += 2 * size) {
        const int is_last = block + 1 == blocks;
        const uint8_t *at = codes + BLOCK_ROWS, *next = is_last ? at : at + size;
        const __m256i *table = tables;
        Sums first = {_mm256_setzero_si256(), _mm256_setzero_si256()}, second = first;
        int64_t pair = 0;
        for (; pair + 4 <= pairs; pair += 4, at += 4 * BLOCK_ROWS, next += 4 * BLOCK_ROWS, table += 4) {
            ask_for_more(ahead);
            const __m256i a = _mm256_loadu_si256(table), b = _mm256_loadu_si256(table + 1);
            const __m256i c = _mm256_loadu_si256(table + 2), d = _mm256_loadu_si256(table + 3);
            add_to(&first, _mm256_add_epi8(looked_up(at, a, b), looked_up(at + 32, c, d)));
            add_to(&second, _mm256_add_epi8(looked_up(next, a, b), looked_up(next + 32, c, d)));
        }
        if (pair < pairs) {
            ask_for_more(ahead);
            const __m256i a = _mm256_loadu_si256(table), b = _mm256_loadu_si256(table + 1);
            add_to(&first, looked_up(at, a, b));
            add_to(&second, looked_up(next, a, b));
        }
        masks[block] = passing(&first, codes, bound, sums + block * BLOCK_ROWS);
        if (is_last) return;
        masks[block + 1] = passing(&second, codes + size, bound, sums + (block + 1) * BLOCK_ROWS);
    }
}

#else

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

static inline void scan(const uint8_t *codes, int64_t pairs, const void *tables, Bound bound, int64_t blocks, uint16_t *sums,
                 uint16_t *masks, Ahead *ahead) {
    (void)ahead; // what is read next: loops as slow as this one need not ask for it
    for (int64_t block = 0; block < blocks; block++, sums += BLOCK_ROWS) {
        const uint8_t *shares = codes;
        codes += BLOCK_ROWS;
        memset(sums, 0, 2 * BLOCK_ROWS);
#if defined(__aarch64__)
        uint16x8_t low = vdupq_n_u16(0), high = low;
        for (int64_t pair = 0; pair < pairs; pair++, codes += BLOCK_ROWS) {
            const uint8x16_t two = vld1q_u8(codes);
            const uint8_t *table = (const uint8_t *)tables;
            const uint8x16_t first = vqtbl1q_u8(vld1q_u8(table + place_of_table(2 * pair)), vandq_u8(two, vdupq_n_u8(15)));
            const uint8x16_t second = vqtbl1q_u8(vld1q_u8(table + place_of_table(2 * pair + 1)), vshrq_n_u8(two, 4));
            const uint8x16_t both = vaddq_u8(first, second);
            low = vaddw_u8(low, vget_low_u8(both));
            high = vaddw_u8(high, vget_high_u8(both));
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
            const int32_t least = (((shares[row] * 128 * bound.per_share) >> 14) + 1) >> 1; // as mulhrs rounds
            mask |= (uint32_t)(sums[row] >= least + bound.base) << row;
        }
        masks[block] = (uint16_t)mask;
    }
}

#endif
#endif
