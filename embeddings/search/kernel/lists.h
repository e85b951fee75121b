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

typedef float Sixteen __attribute__((vector_size(64), aligned(4), may_alias)); // lies anywhere

// The products of `a` [n] with four `others` [4][n].
static inline void dot_of_four(const float *a, const float *others, int64_t n, float *products) {
    Sixteen sums[4] = {{0}};
    int64_t at = 0;
    for (; at + 16 <= n; at += 16) {
        const Sixteen of_a = *(const Sixteen *)(a + at);
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) sums[i] += of_a * *(const Sixteen *)(others + i * n + at);
    }
    for (int i = 0; i < 4; i++) {
        float sum = 0;
        for (int lane = 0; lane < 16; lane++) sum += sums[i][lane];
        for (int64_t last = at; last < n; last++) sum += a[last] * others[i * n + last];
        products[i] = sum;
    }
}

INLINE int64_t nibbles_of(const List_index *index) { return index->fours + index->twos / 2 + index->ones / 4; }

#endif
