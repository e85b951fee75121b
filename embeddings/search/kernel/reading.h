// A target on its way through the lists, and how it reads a part: rows whose coarse codes come up to the bound wait for their
// fine codes, those whose fine codes do for their finer ones, if there are any, and what is left for its vectors.
#ifndef SEARCH_READING_H
#define SEARCH_READING_H

#include "best_rows.h"
#include "coarse_codes.h"
#include "fine_codes.h"

#include <math.h>
#include <unistd.h>

enum { MOST_WAITING = 1024, MANY_WAITING = 64, STILL_AWAY = 24, ROWS_AHEAD = 8 };
static const float NO_BOUND = -1e30f;

// A row whose code passed: the next finer one is on its way from memory.
typedef struct {
    float score; // of what was looked at, not divided
    uint32_t place;
} Passed;

// A target on its way through the lists.
typedef struct {
    const float *target;   // [dimension]
    int64_t pairs, of_part; // pairs of nibbles, and bytes of a part's coarse codes
    uint8_t *tables;      // of its coarse codes
    float unit, per_unit; // what a unit of their sums is worth, and the inverse
    float origin;         // the sum of a row at its centre
    Fine_query fine, of_finer;
    float *bases;         // [lists]: the scores of the centres
    uint32_t seeds[SEEDS]; // the lists that are read first
    int64_t seeds_count;
    float *part_bases;    // [parts]: the scores of the parts' centres; of many targets in the same place, as the next two
    uint8_t *is_chosen;   // [parts]: which of them to read
    uint32_t *chosen;     // [parts]: those
    int64_t chosen_count, step; // every so many of them are for it
    Passed *passed;       // [MOST_WAITING]: rows that wait for their fine codes; of many targets in the same place
    int64_t passed_count;
    Passed *finer;        // [MOST_WAITING]: rows that wait for their finer codes, never more than some hundred
    int64_t finer_count;
    Ranked *hits;         // [2 * MOST_WAITING]: rows, with their scores by fine codes, that wait for their vectors
    int64_t hits_count;
    Ranked *doubtful;     // [most_doubtful]: rows whose scores are a little below the bound, to be looked at in the end
    int64_t doubtful_count, most_doubtful;
    Ranked *best;         // [k]: by exact scores, the worst first once there are k
    int64_t held;         // how many there are
    float bound;          // the k-th best score, or NO_BOUND before there are k
    int is_guess;         // the bound is of scores by codes: no row was ranked yet
    int16_t per_share;    // the same in units of the coarse codes' sums
    int is_direction;     // else nothing is near the target
    float *row_room;      // [dimension]: a row that was read
    int cannot_read;
} Search;

// ---- The best rows

static void set_bound(Search *search, float bound) {
    search->bound = bound;
    search->per_share = within_16(256 * SHARE_UNIT * bound * search->per_unit);
}

static void add_to_best(const Question *asked, Search *search, Ranked next) {
    if (add_ranked(search->best, &search->held, asked->k, next)) set_bound(search, search->best[0].score);
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

INLINE void finer_ahead(const List_index *index, uint32_t place) {
    __builtin_prefetch(index->finer + (int64_t)place * FINER_BYTES);
    __builtin_prefetch(index->finer + (int64_t)place * FINER_BYTES + LINE);
}

static void rank_one(const List_index *index, const Question *asked, Search *search, Ranked hit) {
    if (hit.score < search->bound - asked->finer_margin) return; // the bound has risen since
    const float *vector = vector_of(index, hit.row, search->row_room);
    if (vector == NULL) search->cannot_read = 1;
    else add_to_best(asked, search, (Ranked){dot(vector, search->target, index->dimension), hit.row});
}

// Ranks the first `count` hits by their exact cosines.
static void rank(const List_index *index, const Question *asked, Search *search, int64_t count) {
    for (int64_t i = 0; i < count; i++) rank_one(index, asked, search, search->hits[i]);
    search->hits_count -= count;
    memmove(search->hits, search->hits + count, sizeof(Ranked) * (size_t)search->hits_count);
}

// Most of them need not be ranked any more: the bound is about what it will be.
static void rank_doubtful(const List_index *index, const Question *asked, Search *search) {
    const float least = search->bound - asked->finer_margin;
    int64_t count = 0;
    for (int64_t i = 0; i < search->doubtful_count; i++) {
        search->doubtful[count] = search->doubtful[i];
        count += search->doubtful[i].score >= least;
    }
    for (int64_t i = 0; i < count; i++) {
        if (i + ROWS_AHEAD < count) row_ahead(index, search->doubtful[i + ROWS_AHEAD].row);
        rank_one(index, asked, search, search->doubtful[i]);
    }
    search->doubtful_count = 0;
}

INLINE float coarse_score(const Search *search, float base, uint16_t sum) {
    return base + ((float)sum - search->origin) * search->unit;
}

// Adds to the scores of rows, at most AT_A_TIME of them, what their codes among `all` say; `scores` are divided.
INLINE void add_codes(const uint8_t *all, const Fine_query *query, Passed *rows, int64_t count, float *scores) {
    const uint8_t *codes[AT_A_TIME];
    int32_t products[AT_A_TIME];
    for (int64_t i = 0; i < AT_A_TIME; i++) codes[i] = all + (int64_t)rows[i < count ? i : 0].place * query->bytes;
    fine_products_of(codes, query, products);
    for (int64_t i = 0; i < count; i++) {
        rows[i].score += ((float)products[i] - query->origin) * query->unit;
        scores[i] = rows[i].score / fine_share(codes[i], query->bytes);
    }
}

// A row that comes up to the bound as far as codes can say: it waits for its vector, or is doubtful.
static void add_hit(const List_index *index, const Question *asked, Search *search, Passed passed, float score) {
    const uint32_t row = index->ids[passed.place];
    if (!is_wanted(index, asked, row)) return;
    if (score < search->bound && !search->is_guess) {
        if (search->doubtful_count == search->most_doubtful) rank_doubtful(index, asked, search);
        search->doubtful[search->doubtful_count++] = (Ranked){score, row};
    } else {
        if (search->bound != NO_BOUND && !search->is_guess) row_ahead(index, row);
        search->hits[search->hits_count++] = (Ranked){score, row};
    }
}

// Makes hits of those of the first `count` rows that wait for their finer codes that come up to the bound by them.
static void look_closest(const List_index *index, const Question *asked, Search *search, int64_t count) {
    float scores[AT_A_TIME];
    for (int64_t i = 0; i < count; i += AT_A_TIME) {
        const int64_t some = count - i < AT_A_TIME ? count - i : AT_A_TIME;
        add_codes(index->finer, &search->of_finer, search->finer + i, some, scores);
        for (int64_t j = 0; j < some; j++)
            if (scores[j] >= search->bound - asked->finer_margin)
                add_hit(index, asked, search, search->finer[i + j], scores[j]);
    }
    search->finer_count -= count;
    memmove(search->finer, search->finer + count, sizeof(Passed) * (size_t)search->finer_count);
}

// Those of the first `count` rows that passed that come up to the bound by their fine codes wait for their finer ones, or are
// hits where there are none.
static void look_closer(const List_index *index, const Question *asked, Search *search, int64_t count) {
    float scores[AT_A_TIME];
    for (int64_t i = 0; i < count; i += AT_A_TIME) {
        const int64_t some = count - i < AT_A_TIME ? count - i : AT_A_TIME;
        add_codes(index->fine, &search->fine, search->passed + i, some, scores);
        for (int64_t j = 0; j < some; j++) {
            const Passed passed = search->passed[i + j];
            if (index->finer == NULL) {
                if (scores[j] >= search->bound - asked->finer_margin) add_hit(index, asked, search, passed, scores[j]);
            } else if (scores[j] >= search->bound - asked->fine_margin) {
                finer_ahead(index, passed.place);
                search->finer[search->finer_count++] = passed;
            }
        }
    }
    search->passed_count -= count;
    memmove(search->passed, search->passed + count, sizeof(Passed) * (size_t)search->passed_count);
}

// Ranks the hits so far: first those that are best by their codes, then most of the others need not be ranked any more.
static void rank_guessed(const List_index *index, const Question *asked, Search *search) {
    const float guess = search->is_guess ? search->bound : NO_BOUND;
    int64_t first = 0;
    for (int64_t i = 0; i < search->hits_count; i++) {
        const Ranked hit = search->hits[i];
        if (hit.score < guess) continue;
        row_ahead(index, hit.row);
        search->hits[i] = search->hits[first];
        search->hits[first++] = hit;
    }
    if (search->is_guess) set_bound(search, NO_BOUND);
    search->is_guess = 0;
    for (int64_t i = 0; i < first; i++) rank_one(index, asked, search, search->hits[i]);
    const float least = search->bound - asked->finer_margin;
    for (int64_t i = first; i < search->hits_count; i++)
        if (search->hits[i].score >= least) row_ahead(index, search->hits[i].row);
    for (int64_t i = first; i < search->hits_count; i++) rank_one(index, asked, search, search->hits[i]);
    search->hits_count = 0;
}

// Before any row is ranked, the k-th best score by codes stands for the bound: leaves the hits that come up to it. Where they
// are too many, they are ranked.
static void guess_bound(const List_index *index, const Question *asked, Search *search) {
    const int64_t k = asked->k;
    if (search->held > 0 || (search->hits_count <= k && search->hits_count > MOST_WAITING)) rank_guessed(index, asked, search);
    const int is_little = search->is_guess && search->hits_count <= 3 * k && search->hits_count <= MOST_WAITING;
    if (search->held > 0 || search->hits_count <= k || is_little) return;
    Ranked *heap = search->best; // has no rows yet
    memcpy(heap, search->hits, sizeof(Ranked) * (size_t)k);
    for (int64_t i = k / 2; i-- > 0;) sift(heap, k, i);
    for (int64_t i = k; i < search->hits_count; i++)
        if (is_worse(heap[0], search->hits[i])) {
            heap[0] = search->hits[i];
            sift(heap, k, 0);
        }
    const float guess = heap[0].score, least = guess - asked->finer_margin;
    int64_t kept = 0;
    for (int64_t i = 0; i < search->hits_count; i++) {
        search->hits[kept] = search->hits[i];
        kept += search->hits[i].score >= least;
    }
    search->hits_count = kept, search->is_guess = 1;
    set_bound(search, guess);
    if (kept > MOST_WAITING) rank_guessed(index, asked, search);
}

INLINE int has_bound(const Search *search) { return search->bound != NO_BOUND && !search->is_guess; }

// All that still waits.
static void settle(const List_index *index, const Question *asked, Search *search) {
    look_closer(index, asked, search, search->passed_count);
    look_closest(index, asked, search, search->finer_count);
    if (!has_bound(search)) {
        guess_bound(index, asked, search);
        rank_guessed(index, asked, search);
    }
    rank(index, asked, search, search->hits_count);
    rank_doubtful(index, asked, search);
}

// Which sums of a part's rows pass: those with base + (sum - origin) * unit >= bound * share - margin. So the margin of a
// score is the wider, the more its code lost.
static Bound bound_of_sums(const Search *search, const Question *asked, float base) {
    if (search->bound == NO_BOUND) return (Bound){INT16_MIN, 0};
    return (Bound){within_16(search->origin - (base + asked->coarse_margin) * search->per_unit), search->per_share};
}

// What the rows of a part can score at most, as far as that was measured.
INLINE float promise_of(const List_index *index, const Question *asked, float base, int64_t part) {
    return base * index->scales[part] + asked->reach * index->spreads[part];
}

// Reads a part of a list if it promises enough.
INLINE void read_part(const List_index *index, const Question *asked, Search *search, int64_t part, float base) {
    if (promise_of(index, asked, base, part) < search->bound) return;
    if (asked->limit < index->rows && index->ids[part * PART_ROWS] >= asked->limit) return; // its first row is its least
    uint16_t sums[PART_ROWS];
    uint32_t left = scan(index->coarse + part * search->of_part, search->pairs, search->tables,
                         bound_of_sums(search, asked, base), sums);
    for (; left; left &= left - 1) {
        const int row = __builtin_ctz(left);
        const uint32_t place = (uint32_t)(part * PART_ROWS + row);
        __builtin_prefetch(index->fine + (int64_t)place * LINE);
        search->passed[search->passed_count++] = (Passed){coarse_score(search, base, sums[row]), place};
    }
    if (search->passed_count < MANY_WAITING) return;
    if (!has_bound(search)) {
        look_closer(index, asked, search, search->passed_count);
        look_closest(index, asked, search, search->finer_count);
        guess_bound(index, asked, search);
    } else { // what was asked for just now is not there yet
        const int64_t hits = search->hits_count, finer = search->finer_count;
        look_closer(index, asked, search, search->passed_count - STILL_AWAY);
        look_closest(index, asked, search, finer);
        rank(index, asked, search, hits);
    }
}

#endif
