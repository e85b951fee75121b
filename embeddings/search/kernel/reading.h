// A target on its way through the lists, and how it reads a run of blocks: rows whose coarse codes come up to the bound wait for
// their fine codes, and those whose fine codes do for their vectors.
#ifndef SEARCH_READING_H
#define SEARCH_READING_H

#include "coarse_codes.h"
#include "fine_codes.h"

#include <math.h>
#include <unistd.h>

enum { CHUNK = 32, MOST_WAITING = 2 * CHUNK * BLOCK_ROWS, SOME_WAITING = 16 };
static const float NO_BOUND = -1e30f;

typedef struct {
    float score;
    uint32_t row;
} Ranked;

// A row whose coarse code passed: its fine code is on its way from memory.
typedef struct {
    float score; // of its centre and its coarse code, not divided
    uint32_t place;
} Passed;

// Blocks that are read in one go, of one list.
typedef struct {
    int64_t block, end;
    float base; // the score of its centre
} Run;

// A target on its way through the lists.
typedef struct {
    const float *target;  // [dimension]
    uint8_t *tables;      // of its coarse codes
    float unit, origin;   // what a unit of their sums is worth, and the sum of a row at its centre
    Fine_query fine;
    float *bases;         // [lists]: the scores of the centres
    float *heights;       // [lists]: what each one's parts promise at most
    uint32_t *ordered;    // [lists]: those to read, in the order of their scores
    int64_t chosen;       // how many they are
    int64_t at_list;      // which of them is read
    int64_t at_part;      // and which part of it is next
    uint8_t turns;        // which of every eight lists are for it, by bits
    Passed *passed;       // [MOST_WAITING]: rows that wait for their fine codes; of many targets in the same place
    int64_t passed_count;
    Ranked *hits;         // [MOST_WAITING]: rows, with their scores by fine codes, that wait for their vectors
    int64_t hits_count;
    Ranked *best;         // [k]: by exact scores, the worst first once there are k
    int64_t held;         // how many there are
    float bound;          // the k-th best score, or NO_BOUND before there are k
    int is_direction;     // else nothing is near the target
    int at_once;          // fine codes are in the cache, so rows need not wait for them
    float *row_room;      // [dimension]: a row that was read
    int cannot_read;
} Search;

// ---- The best rows

INLINE int is_worse(Ranked a, Ranked b) { return a.score < b.score || (a.score == b.score && a.row > b.row); }

static void sift(Ranked *heap, int64_t count, int64_t at) {
    const Ranked moved = heap[at];
    for (int64_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && is_worse(heap[child + 1], heap[child])) child++;
        if (!is_worse(heap[child], moved)) break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

static void add_to_best(const Question *asked, Search *search, Ranked next) {
    if (search->held < asked->k) {
        search->best[search->held++] = next;
        if (search->held < asked->k) return;
        for (int64_t i = search->held / 2; i-- > 0;) sift(search->best, search->held, i);
    } else if (is_worse(search->best[0], next)) {
        search->best[0] = next;
        sift(search->best, search->held, 0);
    } else return;
    search->bound = search->best[0].score;
}

// ---- From codes to vectors

static int is_wanted(const List_index *index, const Question *asked, uint32_t row) {
    if (row >= asked->limit || row >= index->rows) return 0; // NO_ROW is among them
    for (int64_t i = 0; i < asked->excluded_count; i++)
        if (asked->excluded[i] == row) return 0;
    return asked->allowed == NULL || asked->allowed[row];
}

static const float *vector_of(const List_index *index, uint32_t row, float *room) {
    if (index->vectors != NULL) return index->vectors + (int64_t)row * index->dimension;
    const int64_t size = index->dimension * (int64_t)sizeof(float);
    return pread((int)index->descriptor, room, (size_t)size, index->offset + row * size) == size ? room : NULL;
}

static void row_ahead(const List_index *index, uint32_t row) {
    if (index->vectors == NULL) return;
    const char *at = (const char *)(index->vectors + (int64_t)row * index->dimension);
    for (int64_t byte = 0; byte < index->dimension * 4; byte += 64) __builtin_prefetch(at + byte);
}

// Ranks the first `count` hits by their exact cosines.
static void rank(const List_index *index, const Question *asked, Search *search, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        const Ranked hit = search->hits[i];
        if (hit.score < search->bound - asked->fine_margin) continue; // the bound has risen since
        const float *vector = vector_of(index, hit.row, search->row_room);
        if (vector == NULL) {
            search->cannot_read = 1;
            break;
        }
        add_to_best(asked, search, (Ranked){dot(vector, search->target, index->dimension), hit.row});
    }
    search->hits_count -= count;
    memmove(search->hits, search->hits + count, sizeof(Ranked) * (size_t)search->hits_count);
}

INLINE float coarse_score(const Search *search, float base, uint16_t sum) {
    return base + ((float)sum - search->origin) * search->unit;
}

// The scores of the first rows, at most AT_A_TIME of them, by their fine codes.
INLINE void fine_scores(const List_index *index, const Search *search, const Passed *rows, int64_t count, float *scores) {
    const int64_t bytes = fine_bytes(index);
    const uint8_t *codes[AT_A_TIME];
    int32_t products[AT_A_TIME];
    for (int64_t i = 0; i < AT_A_TIME; i++) codes[i] = index->fine + rows[i < count ? i : 0].place * bytes;
    fine_products_of(index, codes, &search->fine, products);
    for (int64_t i = 0; i < count; i++)
        scores[i] = (rows[i].score + ((float)products[i] - search->fine.origin) * search->fine.unit) / fine_share(codes[i], bytes);
}

// Makes hits of those of the first `count` rows that passed whose fine codes come up to the bound.
static void look_closer(const List_index *index, const Question *asked, Search *search, int64_t count) {
    float scores[AT_A_TIME];
    for (int64_t i = 0; i < count; i++) {
        const Passed *next = search->passed + i;
        if (i % AT_A_TIME == 0) fine_scores(index, search, next, count - i < AT_A_TIME ? count - i : AT_A_TIME, scores);
        const float score = scores[i % AT_A_TIME];
        if (!(score >= search->bound - asked->fine_margin)) continue;
        const uint32_t row = index->ids[next->place];
        if (!is_wanted(index, asked, row)) continue;
        if (search->bound != NO_BOUND) row_ahead(index, row);
        search->hits[search->hits_count++] = (Ranked){score, row};
    }
    search->passed_count -= count;
    memmove(search->passed, search->passed + count, sizeof(Passed) * (size_t)search->passed_count);
}

// Without a bound all rows are hits: leaves those that come up to the k-th best by fine codes.
static void leave_best_hits(const Question *asked, Search *search) {
    const int64_t k = asked->k;
    if (search->held > 0 || search->hits_count <= k) return;
    Ranked *heap = search->best; // has no rows yet
    memcpy(heap, search->hits, sizeof(Ranked) * (size_t)k);
    for (int64_t i = k / 2; i-- > 0;) sift(heap, k, i);
    for (int64_t i = k; i < search->hits_count; i++)
        if (is_worse(heap[0], search->hits[i])) {
            heap[0] = search->hits[i];
            sift(heap, k, 0);
        }
    const float least = heap[0].score - asked->fine_margin;
    int64_t kept = 0;
    for (int64_t i = 0; i < search->hits_count; i++) {
        search->hits[kept] = search->hits[i];
        kept += search->hits[i].score >= least;
    }
    search->hits_count = kept;
}

// All that still waits.
static void settle(const List_index *index, const Question *asked, Search *search) {
    look_closer(index, asked, search, search->passed_count);
    if (search->bound == NO_BOUND) {
        leave_best_hits(asked, search);
        for (int64_t i = 0; i < search->hits_count; i++) row_ahead(index, search->hits[i].row);
    }
    rank(index, asked, search, search->hits_count);
}

// Which sums of a part's rows pass: those with base + (sum - origin) * unit >= bound * share - margin. So the margin of a
// score is the wider, the more its code lost.
static Bound bound_of_sums(const Search *search, const Question *asked, float base) {
    if (search->bound == NO_BOUND) return (Bound){INT16_MIN, 0};
    const float scale = 1 / search->unit;
    return (Bound){within_16(search->origin - (base + asked->coarse_margin) * scale),
                   within_16(256 * SHARE_UNIT * search->bound * scale)};
}

static void read_run(const List_index *index, const Question *asked, Search *search, Run run, Run next) {
    const int64_t pairs = nibbles_of(index) / 2, size = bytes_of_block(index), of_fine = fine_bytes(index);
    Ahead ahead = {index->coarse + next.block * size, index->coarse + next.end * size};
    uint16_t sums[CHUNK * BLOCK_ROWS], masks[CHUNK];
    for (int64_t block = run.block; block < run.end; block += CHUNK) {
        const int64_t blocks = run.end - block < CHUNK ? run.end - block : CHUNK;
        const int64_t passed = search->passed_count, hits = search->hits_count;
        scan(index->coarse + block * size, pairs, search->tables, bound_of_sums(search, asked, run.base), blocks, sums, masks,
             &ahead);
        for (int64_t b = 0; b < blocks; b++)
            for (uint32_t left = masks[b]; left; left &= left - 1) {
                const int at = __builtin_ctz(left);
                const uint32_t place = (uint32_t)((block + b) * BLOCK_ROWS + at);
                __builtin_prefetch(index->fine + place * of_fine);
                if (of_fine > LINE) __builtin_prefetch(index->fine + place * of_fine + LINE);
                search->passed[search->passed_count++] =
                    (Passed){coarse_score(search, run.base, sums[b * BLOCK_ROWS + at]), place};
            }
        if (search->bound == NO_BOUND || search->passed_count > MOST_WAITING / 2) settle(index, asked, search);
        else if (search->at_once) {
            if (hits > MOST_WAITING) rank(index, asked, search, hits);
            look_closer(index, asked, search, search->passed_count);
        }
        else if (passed >= SOME_WAITING) { // what was asked for just now is not there yet
            look_closer(index, asked, search, passed);
            rank(index, asked, search, hits);
        }
    }
}

#endif
