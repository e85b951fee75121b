// An index of lists as Python hands it over, and what a search needs beside it.
//
// A row is a centre, a coarse code of what that leaves, and a fine code of what is left then. A score by these is divided
// by the row's own product with them (its share), so that it comes out right for a row near the target, whatever they lost
// (Gao and Long 2024, RaBitQ). Each of the three shows which rows are worth looking at more closely.
//
// All numbers of an index come from a file and were checked in Python before (embeddings/search/list_file.py), but for
// the rows in `ids`: each is compared with the number of rows where it is used.
#ifndef SEARCH_LISTS_H
#define SEARCH_LISTS_H

#include "scoring.h"

typedef struct {
    int64_t rows, dimension;   // of the matrix
    int64_t turned;            // directions that are looked at, a multiple of 4
    int64_t lists, parts;      // rows of a list are parted by how near they are to its centre
    int64_t fours, twos, ones; // directions that have four, two and one bit in coarse codes
    int64_t fine_bits;         // of each number of a fine code: 1, 2, 4 or 8
    const float *rotation;     // [turned][dimension], orthonormal rows
    const float *sizes;        // [turned]: how large numbers of what centres leave are
    const float *steps;        // [turned]: what a unit of a fine code is worth
    const float *centre_steps; // [turned]: what a unit of a centre's code is worth
    const uint8_t *centres;    // codes of the centres, in blocks
    const uint32_t *first_part; // [lists + 1]: where the parts of each list begin
    const float *scales;       // [parts]: what a centre's score is multiplied by to be that of the part's rows
    const float *spreads;      // [parts]: how far they are from that
    const uint32_t *ids;       // [parts * 32]: which row each is, ascending; NO_ROW where a part is filled up
    const uint8_t *coarse;     // shares, in SHARE_UNIT, and coarse codes of the rows, part after part
    const uint8_t *fine;       // [parts * 32][64]
    const uint8_t *finer;      // [parts * 32][128], NULL if there are none
    const float *vectors;      // [rows][dimension], unit rows; NULL if they are read from a file
    int64_t descriptor;        // of that file
    int64_t offset;            // where the rows begin in it
} List_index;

// What is asked, the same for all targets of a call.
typedef struct {
    int64_t k;                 // 1 to LARGEST_K
    int64_t limit;             // only rows below it
    const uint8_t *allowed;    // [rows], 0 for rows that must not be found; NULL allows all
    const uint32_t *excluded;  // rows that must not be found, a few
    int64_t excluded_count;
    int64_t threads;           // with 2 another thread may search while this one waits
    int64_t parted_from;       // so many parts; from there on this one does a half then
    float reach;               // a part is read if its promise, the scaled score of its centre and `reach` spreads, comes up to
                               // the k-th best score
    float coarse_margin;       // fine codes are looked at from this much below the k-th best score, before it is divided
    float fine_margin;         // finer codes are looked at from this much below it by fine codes
    float finer_margin;        // rows are ranked exactly from this much below it by finer codes, or fine ones without them
} Question;

enum { PART_ROWS = 32, LARGEST_K = 2048, SEEDS = 4, CANNOT_READ = -1, MOST_TURNED = 496 };
#define NO_ROW UINT32_MAX
#define SHARE_UNIT (1 / 200.0f)

// ---- Memory that Python gives

INLINE int64_t rounded(int64_t bytes) { return (bytes + 63) / 64 * 64; }

INLINE char *aligned(char *memory) { return memory + (64 - (uintptr_t)memory % 64) % 64; }

INLINE char *part_of(char **room, int64_t bytes) {
    char *part = *room;
    *room += rounded(bytes);
    return part;
}

// ---- Products

#if defined(__AVX512F__)

INLINE __mmask16 first_of_16(int64_t n) { return (__mmask16)(n < 16 ? (1 << n) - 1 : 0xffff); }

static inline float dot(const float *a, const float *b, int64_t n) {
    __m512 sums = _mm512_setzero_ps();
    for (int64_t at = 0; at < n; at += 16) {
        const __mmask16 there = first_of_16(n - at);
        sums = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(there, a + at), _mm512_maskz_loadu_ps(there, b + at), sums);
    }
    return _mm512_reduce_add_ps(sums);
}

// Makes columns of 16 lines of 16 numbers of 4 bytes.
INLINE void transpose(__m512i a[16], __m512i columns[16]) {
    __m512i b[16];
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

// The products of each of four `others` [4][n] with four of `a` [4][n].
static inline void dots_of_four(const float *a, const float *others, int64_t n, float *products) {
    __m512 sums[4][4];
    __m512i lines[16], columns[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) sums[i / 4][i % 4] = _mm512_setzero_ps();
    for (int64_t at = 0; at < n; at += 16) {
        const __mmask16 there = first_of_16(n - at);
        __m512 of_a[4];
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) of_a[i] = _mm512_maskz_loadu_ps(there, a + i * n + at);
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) {
            const __m512 other = _mm512_maskz_loadu_ps(there, others + j * n + at);
#pragma GCC unroll 4
            for (int i = 0; i < 4; i++) sums[j][i] = _mm512_fmadd_ps(of_a[i], other, sums[j][i]);
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) lines[i] = _mm512_castps_si512(sums[i / 4][i % 4]);
    transpose(lines, columns);
    __m512 sum = _mm512_castsi512_ps(columns[0]);
    for (int i = 1; i < 16; i++) sum = _mm512_add_ps(sum, _mm512_castsi512_ps(columns[i]));
    _mm512_storeu_ps(products, sum);
}

#else

static inline float dot(const float *a, const float *b, int64_t n) {
    // Rows of a mapped matrix lie anywhere, so no aligned vectors; the compiler makes wide ones of eight sums.
    float sums[16] = {0}, sum = 0;
    int64_t at = 0;
    for (; at + 16 <= n; at += 16)
        for (int lane = 0; lane < 16; lane++) sums[lane] += a[at + lane] * b[at + lane];
    for (int lane = 0; lane < 16 && at + lane < n; lane++) sums[lane] += a[at + lane] * b[at + lane];
    for (int step = 8; step > 0; step /= 2)
        for (int lane = 0; lane < step; lane++) sums[lane] += sums[lane + step];
    sum = sums[0];
    return sum;
}

#endif

INLINE int64_t nibbles_of(const List_index *index) { return index->fours + index->twos / 2 + index->ones / 4; }

#endif
